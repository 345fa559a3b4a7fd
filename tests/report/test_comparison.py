"""A comparison's words, page and picture, from the object that compare.json holds."""

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from steepest.report.comparison import Comparison, headline, lead, rates, to_text
from steepest.report.comparison_page import to_html
from steepest.report.comparison_tables import table_rows, to_markdown
from steepest.report.figures.tradeoff import draw_tradeoff
from steepest.training.metrics import OBJECTIVES, is_lower_better

VOID = {"meta", "br", "hr"}
KINDS = {
    "one better": (["better", "unresolved"], "batch_size 16 is better than 64"),
    "nothing known": (["unresolved", "worse"], "No batch_size is known to be better than 64"),
    "all alike": (["equivalent", "equivalent"], "All values of batch_size do equally well"),
    "all worse": (["worse", "worse"], "batch_size 64 is better than the others"),
}


def row(value: int, mean: float | None, seconds: float | None = 0.2, **more: Any) -> dict[str, Any]:
    return {
        "label": str(value), "mean": mean, "low": None if mean is None else mean - 0.01,
        "high": None if mean is None else mean + 0.01, "scores": [mean] * 10, "diverged": 0, "rate": 0.002,
        "rates": [0.001, 0.002, 0.005], "seconds_per_epoch": 0.01, "recipe": {"epochs": 20},
        "epochs_to_target": None if seconds is None else 4.0, "seconds_to_target": seconds, **more,
    }  # fmt: skip


def found(*rows: dict[str, Any], kinds: list[str] | None = None, **more: Any) -> Comparison:
    rows = rows or (row(16, 0.97, 0.4), row(64, 0.96), row(256, 0.95, None))
    others = [r["label"] for r in rows if r["label"] != "64"]
    words = kinds or ["unresolved"] * len(others)
    verdicts = [
        {"contender": label, "verdict": {"kind": kind, "sentence": f"{kind} against 64: +0.01 accuracy"}}
        for label, kind in zip(others, words, strict=True)
    ]
    means = [r["mean"] or 0.0 for r in rows]
    return Comparison.read({
        "knob": "batch_size", "objective": "accuracy", "reference": "64",
        "best": rows[means.index(max(means))]["label"], "rope": 0.005, "target": 0.965, "overlap": 0.25,
        "rows": list(rows), "verdicts": verdicts, "data": "toy", "summary": "toy: 100 rows",
        "fingerprint": "abc", "folds": 5, "seeds": 2, "seed": 0, "rates": "tuned", "rungs": 7,
        "decades": 2.0,
        "fixed": {"optimizer": "sgd"}, "epochs": [20], "trainings": 240, "notes": ["A note <b>of</b> mine."],
        "seconds": 12.0, "machine": {"cores": 2}, "versions": {"steepest": "0"}, "command": "steepest …",
        **more,
    })  # fmt: skip


class Balance(HTMLParser):
    """Every tag that opens closes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("case", KINDS)
def test_the_headline_says_no_more_than_the_verdicts(case: str) -> None:
    kinds, words = KINDS[case]
    facts = found(kinds=kinds)
    assert headline(facts) == words
    assert f"<h1>{words}</h1>" in to_html(facts)
    assert words in to_text(facts)


@pytest.mark.parametrize(
    ("kinds", "wider", "words"),
    [
        (("better", "unresolved"), ("better", "unresolved"), "batch_size 16 is better than 64"),
        (("better", "unresolved"), ("unresolved",) * 2, "batch_size 16 is better than 64 on these rows"),
        (("worse",) * 2, ("worse", "unresolved"), "batch_size 64 is better than the others on these rows"),
        (("equivalent",) * 2, ("unresolved",) * 2, "All values of batch_size do equally well on these rows"),
    ],
)  # fmt: skip
def test_what_is_not_known_beyond_these_rows_is_not_claimed(
    kinds: tuple[str, str], wider: tuple[str, str], words: str
) -> None:
    interval = {"low": -0.01, "high": 0.02, "level": 0.975}
    beyond = [
        {"contender": label, "verdict": {"kind": kind, "sentence": "", **interval}}
        for label, kind in zip(("16", "256"), wider, strict=True)
    ]  # fmt: skip
    facts = found(kinds=list(kinds), beyond=beyond)
    assert headline(facts) == words
    assert f"<h1>{words}</h1>" in to_html(facts)
    said = "not shown" if wider[0] == "unresolved" else wider[0]
    for text in (to_text(facts), to_html(facts), to_markdown(facts)):
        assert f"Beyond these rows: {said}, [−0.010, +0.020] (97.5 %)" in " ".join(text.split())
    assert [row["beyond"] for row in table_rows(facts)] == [wider[0], None, wider[1]]


def test_the_lead_names_the_best_and_the_soonest() -> None:
    assert lead(found()) == (
        "16 has the highest mean accuracy, 0.970 [0.960, 0.980]. 64 is the first to reach 0.965: "
        "after 4 epochs, 0.2 s a run."
    )


def test_the_terminal_shows_every_value_in_eighty_columns() -> None:
    text = to_text(found())
    assert all(len(line) <= 80 for line in text.splitlines())
    lines = {line.split()[0]: line for line in text.splitlines() if line and line[0].isdigit()}
    assert "4 epochs, 0.4 s" in lines["16"]
    assert "not reached" in lines["256"]
    assert text.count("unresolved against 64") == 2
    assert "A note <b>of</b> mine." in text


def test_a_loss_is_shown_as_itself() -> None:
    facts = found(row(16, -2.0, 0.4), row(64, -3.0, None), objective="mae", target=-2.5, kinds=["better"])
    assert headline(facts) == "batch_size 16 is better than 64"
    assert lead(facts).startswith(
        "16 has the lowest mean MAE, 2.0000 [1.9900, 2.0100]. It is the first to reach 2.5"
    )
    assert "is the best mean plus" in to_text(facts)
    assert "Lower and further left is better" in to_html(facts)
    assert "−" not in to_text(facts).replace("–", "")


@pytest.mark.parametrize("objective", sorted({name for known in OBJECTIVES.values() for name in known}))
def test_every_metric_is_turned_as_its_scores_are(objective: str) -> None:
    facts = found(row(16, 0.97, 0.4), row(64, 0.96), objective=objective)
    assert facts.lower == is_lower_better(objective)
    assert facts.first.mean == pytest.approx(-0.97 if facts.lower else 0.97)
    assert facts.first.low < facts.first.mean < facts.first.high


def test_diverged_runs_are_shown() -> None:
    facts = found(row(16, 0.97), row(64, 0.96, diverged=3))
    assert "0.960 (3 of 10 diverged)" in to_text(facts)
    assert "(3 of 10 diverged)" in to_html(facts)


def test_the_page_parses_stands_alone_and_escapes() -> None:
    html = to_html(found())
    balance = Balance()
    balance.feed(html)
    assert balance.open == []
    assert not {"script", "link", "img", "iframe"} & balance.seen
    assert not re.search(r"(src|href)=|url\(|@import", html)
    assert "A note &lt;b&gt;of&lt;/b&gt; mine." in html
    assert "0.001 to 0.005" in html
    assert html.count("<svg") == 2


@pytest.mark.parametrize(
    ("way", "words"),
    [({"rates": "scaled"}, "Goyal"), ({"rates": "same"}, "keeps the rate"), ({}, "No held-out row")],
)
def test_the_page_says_where_rates_come_from(way: dict[str, Any], words: str) -> None:
    facts = found(**way)
    assert words in rates(facts)
    assert words in to_html(facts)


CASES = {
    "as usual": (row(16, 0.97, 0.4), row(64, 0.96), row(256, 0.95, None)),
    "all in time": (row(16, 0.97, 0.4), row(64, 0.96, 0.01)),
    "none in time": (row(16, 0.97, None), row(64, 0.96, None)),
    "on top of each other": (row(16, 0.96, 0.2), row(64, 0.96, 0.2), row(256, 0.96, 0.2)),
    "one broke": (row(16, None, None), row(64, 0.96)),
    "without intervals": (row(16, 0.97, low=None, high=None), row(64, 0.96, low=None, high=None)),
}


@pytest.mark.parametrize("width", [760.0, 340.0])
@pytest.mark.parametrize("case", CASES)
def test_the_picture_has_one_mark_per_value_inside_its_frame(case: str, width: float) -> None:
    drawing = draw_tradeoff(found(*CASES[case]), width)
    assert drawing is not None
    root = ElementTree.fromstring(str(drawing))
    shown = [r for r in CASES[case] if r["mean"] is not None]
    dots = [e for e in root.iter("path") if "score-dot" in e.attrib["class"]]
    labels = [e for e in root.iter("text") if e.attrib["class"].startswith("row")]
    assert len(dots) == len(labels) == len(shown)
    assert {e.text for e in labels} == {r["label"] for r in shown}
    assert sum("whisker" in e.attrib["class"] for e in root.iter("path")) == sum(
        r["low"] is not None for r in shown
    )
    places = {(e.attrib["x"], e.attrib["y"]) for e in labels}
    assert len(places) == len(labels), "labels lie on each other"
    for dot in dots:
        x, y = map(float, re.findall(r"M([\d.]+) ([\d.]+)", dot.attrib["d"])[0])
        assert 50 <= x <= width
        assert 20 <= y <= 340


def test_sooner_is_further_left_and_never_is_at_the_right() -> None:
    drawing = draw_tradeoff(found(row(16, 0.97, 0.4), row(64, 0.96, 0.2), row(256, 0.95, None)), 760.0)
    places = [float(x) for x in re.findall(r'score-dot \w+" d="M([\d.]+)', str(drawing))]
    assert places[1] < places[0] < places[2]
    assert "not reached" in str(drawing)


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw_tradeoff(found(row(16, None, None), row(64, None, None)), 760.0) is None
