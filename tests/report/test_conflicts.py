"""A search for conflicts in words, as page, picture, Markdown and rows, from what conflicts.json holds."""

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from steepest.report.conflicts import Conflicts, advice, after, headline, lead, rows, to_text
from steepest.report.conflicts_page import to_html, to_markdown
from steepest.report.conflicts_plotly import to_plotly
from steepest.report.figures.heat import draw_heat, shade

VOID = {"meta", "br", "hr"}
MEANS = {
    "conflict": (0.90, 0.93, 0.92, 0.88), "redundant": (0.90, 0.95, 0.95, 0.95),
    "synergy": (0.90, 0.90, 0.90, 0.97), "additive": (0.90, 0.91, 0.92, 0.93),
    "unresolved": (0.90, 0.91, 0.90, 0.90),
}  # fmt: skip
BEST = {
    "conflict": "first",
    "redundant": "first",
    "synergy": "both",
    "additive": "both",
    "unresolved": "first",
}


def pair(kind: str, place: int = 0, sign: float = 1.0, **more: Any) -> dict[str, Any]:
    y00, y10, y01, y11 = (sign * mean for mean in MEANS[kind])
    effect = y11 - y10 - y01 + y00
    return {
        "combination": f"pair-{place}", "first": f"first {place}", "second": f"second {place}", "kind": kind,
        "effect": effect, "standard_error": 0.004, "low": effect - 0.0123, "high": effect + 0.0123,
        "level": 0.99, "n": 20, "n_needed": 64 if kind == "unresolved" else None, "rope": 0.01,
        "p_value": 0.01, "p_adjusted": 0.02, "mean_00": y00, "mean_10": y10, "mean_01": y01, "mean_11": y11,
        "best": BEST[kind], "sentence": f"{kind}: …", "diverged": [0, 0, 0, 0],
        "settings": [[0], [1], [2], [3]], "expected": "conflict: so they say", "source": "A & B 2018", **more,
    }  # fmt: skip


def setting(label: str, mean: float | None) -> dict[str, Any]:
    return {
        "label": label, "mean": mean, "rates": [0.001] * 20, "decays": [0.01] * 20, "scores": [mean] * 20,
        "diverged": 20 if mean is None else 0,
        "recipe": {"epochs": 20, "lr": 0.001, "weight_decay": 0.01},
    }  # fmt: skip


def found(*pairs: dict[str, Any], **more: Any) -> Conflicts:
    return Conflicts.read({
        "form": 1, "objective": "accuracy", "overlap": 1 / 9, "data": "toy", "summary": "toy: 100 rows",
        "fingerprint": "abc", "task": "classification", "rows": 100, "folds": 10, "seeds": 2, "seed": 0,
        "runs": 20, "rungs": 5, "decays": 3, "decades": 2.0, "margin": None, "fixed": {"depth": 1},
        "combinations": [{
            "name": "yours", "switches": [{"name": "a <b>", "words": "a=1"}] * 2,
            "settings": {"norm": "none"},
            "design": "all 4 settings of 2 switches", "rate_tuned": True, "decay_tuned": True,
            "expected": "", "source": "",
        }],
        "trainings": 240, "workers": 2, "notes": ["A note <b>of</b> mine."], "data_notes": [],
        "seconds": 12.0, "machine": {"cores": 2}, "versions": {"steepest": "0"},
        "command": "steepest conflicts …",
        "settings": [setting(f"setting {i}", 0.9) for i in range(4)],
        "pairs": list(pairs or [pair(kind, i) for i, kind in enumerate(MEANS)]), **more,
    })  # fmt: skip


class Balance(HTMLParser):
    """Every tag that opens closes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


HEADS = {
    "conflict": "first 0 and second 0 conflict", "redundant": "first 0 and second 0 are redundant",
    "synergy": "first 0 and second 0 bring more together", "additive": "first 0 and second 0 do not interact",
    "unresolved": "first 0 × second 0: unresolved",
}  # fmt: skip


@pytest.mark.parametrize("kind", MEANS)
def test_the_headline_says_what_the_verdict_says(kind: str) -> None:
    assert headline(found(pair(kind))) == HEADS[kind]


def test_several_pairs_are_counted() -> None:
    facts = found(pair("conflict", 0), pair("conflict", 1), pair("additive", 2))
    assert headline(facts) == "3 pairs: 2 conflicts, 1 no interaction"
    assert lead(facts).startswith("first 0 × second 0: conflict, −0.070 [−0.082, −0.058].")


def test_without_a_finding_nothing_is_claimed() -> None:
    assert lead(found(pair("unresolved"))).startswith("No interaction is shown.")
    assert lead(found(pair("additive"))).startswith("No pair interacts by more than what matters")


def test_a_verdict_comes_with_advice_that_names_the_best_mean() -> None:
    told = {row.kind: advice(row) for row in found().pairs}
    assert "do not combine them, the best mean has first 0 alone" in told["conflict"]
    assert "the best mean has both" in told["synergy"]
    assert "not the same as no interaction" in told["unresolved"]
    idle = found(pair("additive", mean_00=0.9, mean_10=0.901, mean_01=0.902, mean_11=0.9)).pairs[0]
    assert "nothing to interact" in advice(idle)
    worse = found(pair("synergy", best="neither")).pairs[0]
    assert "the best mean has neither" in advice(worse)


def test_what_would_settle_it_is_told() -> None:
    assert after(found(pair("unresolved")).pairs[0]).startswith(
        "about 64 runs of each setting would settle it"
    )
    never = after(found(pair("unresolved", n_needed=None)).pairs[0])
    assert never.startswith("no practical number of runs would settle it")
    assert after(found(pair("conflict", expected="")).pairs[0]) == ""
    sourced = after(found(pair("conflict", source="A 2018 (arXiv 1); B 2019 (arXiv 2)")).pairs[0])
    assert sourced == "expected conflict: so they say (A 2018, arXiv 1; B 2019, arXiv 2)"
    said = to_text(found(pair("conflict", source="A 2018")), 200)
    assert (
        "do not combine them, the best mean has first 0 alone; expected conflict: so they say (A 2018)."
        in said
    )


def numbers(text: str) -> set[str]:
    """The decimals of a text, signs aside."""
    return set(re.findall(r"\d+\.\d{3}", text))


def test_page_text_markdown_and_rows_show_the_same_numbers() -> None:
    facts = found()
    table = rows(facts)
    shown = {
        f"{abs(row[name]):.3f}"
        for row in table
        for name in ("interaction", "low", "high", "mean_neither", "mean_first", "mean_second", "mean_both")
    }
    for text in (to_text(facts, 200), to_markdown(facts), to_html(facts)):
        assert shown <= numbers(text)
    assert [row["verdict"] for row in table] == [
        "conflict", "redundant", "synergy", "no interaction", "unresolved",
    ]  # fmt: skip
    for row in table:
        sides = row["mean_both"] - row["mean_first"] - row["mean_second"] + row["mean_neither"]
        assert row["interaction"] == pytest.approx(sides)


def test_a_loss_is_shown_itself_and_a_conflict_stays_one() -> None:
    facts = found(pair("conflict", sign=1.0), objective="rmse")
    (row,) = facts.pairs
    assert row.means == tuple(-mean for mean in MEANS["conflict"])
    assert row.effect == pytest.approx(0.07)
    assert row.low < row.effect < row.high
    assert shade(row) == "heat loss step-3"
    assert "RMSE should be low, so a conflict is positive." in to_html(facts)


def test_diverged_runs_are_shown() -> None:
    facts = found(pair("conflict", diverged=[0, 0, 0, 7]), settings=[setting("s", None)] * 4)
    for text in (to_text(facts, 200), to_markdown(facts), to_html(facts)):
        assert "0.880 (7 of 20 diverged)" in text
    assert "(20 of 20 diverged)" in to_html(facts)
    assert rows(facts)[0]["diverged"] == 7


def test_the_page_is_sound_and_escapes_what_it_is_given() -> None:
    page = to_html(found())
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    assert "A note &lt;b&gt;of&lt;/b&gt; mine." in page
    assert "a &lt;b&gt;" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_the_text_fits_a_terminal() -> None:
    prose = to_text(found()).split("▸")[1]
    assert max(map(len, prose.splitlines())) <= 80


@pytest.mark.parametrize("width", [760.0, 340.0])
def test_the_map_has_a_field_per_pair_within_its_width(width: float) -> None:
    drawing = draw_heat(found(), width)
    assert drawing is not None
    fields = [e for e in ElementTree.fromstring(str(drawing)) if "heat" in e.get("class", "")]
    assert len(fields) == 5
    for field in fields:
        assert float(field.get("x", "nan")) >= 0
        assert float(field.get("x", "nan")) + float(field.get("width", "nan")) <= width
    assert [field.get("class") for field in fields] == [
        "heat loss step-3", "heat loss step-3", "heat gain step-3", "heat additive", "heat unresolved",
    ]  # fmt: skip


def test_the_plotly_map_is_crossed_where_strategies_are_and_a_list_where_not() -> None:
    listed = to_plotly(found())["data"][0]
    assert listed["x"] == ["interaction"]
    assert listed["y"] == [row.name for row in found().pairs]
    a, b, c = ({"first": x, "second": y} for x, y in (("a", "b"), ("a", "c"), ("b", "c")))
    crossed = to_plotly(found(pair("conflict", **a), pair("synergy", **b), pair("unresolved", **c)))["data"][
        0
    ]
    assert (crossed["y"], crossed["x"]) == (["a", "b"], ["b", "c"])
    assert crossed["z"][1] == [None, 0.0]
    assert crossed["z"][0][0] < 0 < crossed["z"][0][1]


def test_the_plotly_map_colours_what_is_shown_by_its_side() -> None:
    (field, *_) = to_plotly(found())["data"]
    assert [line[0] for line in field["z"]] == [-4.0, -4.0, 4.0, 0.0, 0.0]
    (loss, *_) = to_plotly(found(pair("conflict"), objective="rmse"))["data"]
    assert loss["z"][0][0] < 0 < loss["customdata"][0][0][0]


def test_colours_grow_with_the_effect_and_never_without_a_verdict() -> None:
    steps = [shade(found(pair("synergy", effect=size)).pairs[0]) for size in (0.012, 0.03, 0.05)]
    assert steps == ["heat gain step-1", "heat gain step-2", "heat gain step-3"]
    assert shade(found(pair("unresolved", effect=0.5)).pairs[0]) == "heat unresolved"


def test_many_strategies_become_a_list() -> None:
    drawing = draw_heat(found(*(pair("additive", i) for i in range(12))), 760.0)
    assert drawing is not None
    assert drawing.height > 600
    assert "first 11 × second 11" in str(drawing)


def test_untuned_rates_are_admitted() -> None:
    assert "may be a matter of rates" in to_text(found(rungs=0, decays=0)).replace("\n", " ")
