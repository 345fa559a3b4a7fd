import dataclasses
import itertools
import math
import re

import pytest

from steepest.report.facts import Facts, read_facts
from steepest.report.figures import (
    draw_baselines,
    draw_curves,
    draw_differences,
    draw_knobs,
    draw_search,
)
from steepest.report.figures.baselines import contenders
from steepest.report.figures.curves import bands
from steepest.report.records import Member, OuterTest, Scores, Study, Verdict
from steepest.store import CurvePoint


def _dots(drawing, kind):
    path = re.search(rf'<path class="{kind}" d="([^"]*)"', str(drawing))
    return path[1].count("M") if path else 0


def _member(number, scores, **changes):
    curve = tuple(
        CurvePoint(number, float(e), e, math.nan, math.nan, s) for e, s in enumerate(scores, start=1)
    )
    values = {
        "stage": "search",
        "label": "",
        "origin": "prior",
        "replicate": 0,
        "recipe": {},
        "parameters": 1,
    }
    values |= {"status": "finished", "score": scores[-1], "curve": curve}
    return Member(number=number, **{**values, **changes})


def test_nothing_is_drawn_of_nothing():
    facts = Facts(Study())
    for draw in (draw_baselines, draw_curves, draw_differences, draw_search):
        assert draw(facts, 760) is None
    assert draw_knobs(facts) == []


def test_every_replicate_is_a_dot(story):
    assert _dots(draw_differences(read_facts(story()), 760), "replicate") == 8


def test_a_replicate_that_diverged_is_left_out_of_the_dots():
    verdict = Verdict("unresolved", winner_scores=(0.9, math.nan, 0.91), default_scores=(0.8, 0.8, 0.8))
    assert _dots(draw_differences(Facts(Study(), verdict=verdict), 760), "replicate") == 2


def test_dots_that_would_overlap_are_piled_up():
    verdict = Verdict("better", winner_scores=(0.9,) * 5, default_scores=(0.8,) * 5)
    path = re.search(
        r'class="replicate" d="([^"]*)"', str(draw_differences(Facts(Study(), verdict=verdict), 760))
    )
    assert len(set(re.findall(r"M([\d.]+ [\d.]+)h0", path[1]))) == 5


def test_bands_hold_lowest_mean_and_highest():
    members = (
        _member(0, [0.5, 0.7], stage="confirm", label="default"),
        _member(1, [0.6, math.nan], stage="confirm", label="default"),
        _member(2, [0.7, 0.8], stage="confirm", label="default"),
    )
    (band,) = bands(Facts(Study(), members))
    assert band.epochs == (1.0, 2.0)
    assert band.low == (0.5, 0.7)
    assert band.mean == pytest.approx((0.6, 0.75))
    assert band.high == (0.7, 0.8)
    assert band.runs == 3


def test_the_search_shows_who_stayed_and_who_left(story):
    facts = read_facts(story())
    drawing = draw_search(facts, 760)
    stayed = sum(m.status == "finished" for m in facts.of("search"))
    dropped = sum(m.status == "dropped" for m in facts.of("search"))
    assert _dots(drawing, "stayed-end") == stayed
    assert _dots(drawing, "tried-end") == dropped
    assert f"{stayed + dropped} members" in str(drawing)


def test_one_rung_and_one_member_are_enough_for_a_picture():
    assert draw_search(Facts(Study(), (_member(0, [0.5]),)), 340) is not None


def test_a_disaster_does_not_squeeze_the_others():
    members = (*(_member(i, [0.8 + i / 1000]) for i in range(60)), _member(60, [-1e9]))
    drawing = str(draw_search(Facts(Study(score_name="r2"), members), 760))
    assert ">0.8" in drawing
    assert "e9" not in drawing


def test_there_is_a_panel_for_each_knob_that_varied(story):
    panels = {panel.name: panel for panel in draw_knobs(read_facts(story()))}
    assert list(panels)[:2] == ["optimizer", "lr"]
    assert {"width", "activation", "dropout", "schedule", "weight_decay", "batch_size"} <= set(panels)
    assert not {"clip_norm", "epochs", "network", "beta1"} & set(panels)
    assert ">off<" in str(panels["weight_decay"].drawing)  # zero has no place on a logarithmic axis


def test_contenders_share_their_rows(story):
    where, entries = contenders(read_facts(story()))
    assert where == "test"
    assert [entry.score for entry in entries] == sorted((entry.score for entry in entries), reverse=True)
    before = dataclasses.replace(read_facts(story()), test=None)
    where, entries = contenders(before)
    assert where == "held-out"
    assert {entry.kind for entry in entries} == {"found", "default", "baseline"}


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("width", [340, 760])
def test_long_names_of_baselines_have_room(count, width):
    long = "gradient-boosted trees on 8×8 thumbnails, at most 5,000 rows"
    names = (long, "naive forecast: the value 365 days before", "linear model", "trigram model")[:count]
    rows = tuple(Scores(name, 0.3 + 0.1 * place, 0.01, 3) for place, name in enumerate(names))
    test = OuterTest(Scores(score=0.8, sd=0.01), Scores(score=0.7), rows)
    drawing = draw_baselines(Facts(Study(), test=test), width)
    found = re.findall(
        r'<text class="row [a-z]+" x="([\d.]+)" y="([\d.]+)"( text-anchor="end")?>([^<]*)<', str(drawing)
    )
    lines = sorted((float(y), float(x), bool(end), words) for x, y, end, words in found)
    said = " ".join(words for *_, words in lines)
    assert all(name in said for name in (*names, "found recipe", "default"))  # in lines, nothing lost
    for _, x, end, words in lines:  # a letter of 13 pixels is 7 wide on average
        assert (x - 7 * len(words) if end else x) >= 0
        assert (x if end else x + 7 * len(words)) <= width
    heights = [y for y, *_ in lines]
    assert all(below - above >= 14 for above, below in itertools.pairwise(heights))
    assert heights[-1] < drawing.height - 42
    assert str(drawing).count("score-dot") == count + 2
