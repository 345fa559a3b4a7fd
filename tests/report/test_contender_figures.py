"""The pictures of a comparison: curves with bands, ranks with bars, ranges of good rates."""

from typing import Any
from xml.etree import ElementTree

import pytest

from steepest.report.comparison import Comparison
from steepest.report.figures.contenders import draw_contenders
from steepest.report.figures.good_rates import draw_good_rates
from steepest.report.figures.ranks import draw_ranks


def row(label: str, mean: float | None, **more: Any) -> dict[str, Any]:
    curve = [[float(e), None if mean is None else mean - 0.1 / e] for e in range(1, 6)]
    band = [[e, None if v is None else v - 0.01, None if v is None else v + 0.01] for e, v in curve]
    return {
        "label": label, "mean": mean, "low": mean and mean - 0.01, "high": mean and mean + 0.01,
        "scores": [mean] * 10, "diverged": 0, "rate": 0.01, "rates": [0.01], "seconds_per_epoch": 0.1,
        "recipe": {"epochs": 5}, "epochs_to_target": None, "seconds_to_target": None, "curve": curve,
        "band": band, "good_rates": {"low": 0.001, "high": 0.1, "decades": 2.5, "open_below": True,
        "open_above": False}, **more,
    }  # fmt: skip


def found(*rows: dict[str, Any], groups: list[list[str]] | None = None) -> Comparison:
    names = [r["label"] for r in rows]
    return Comparison.read({
        "knob": "optimizer", "objective": "accuracy", "reference": names[0], "best": names[-1], "rope": 0.01,
        "target": 0.9, "rows": list(rows), "verdicts": [],
        "ranking": {"names": names, "mean_ranks": [1.0 + i for i in range(len(names))],
                    "groups": groups or []},
    })  # fmt: skip


FULL = found(row("sgd", 0.9), row("adam", 0.92), row("lion", 0.85), groups=[["sgd", "adam"]])


@pytest.mark.parametrize("draw", [draw_contenders, draw_ranks, draw_good_rates])
@pytest.mark.parametrize("width", [900.0, 380.0])
def test_every_contender_is_named_and_nothing_lies_outside(draw: Any, width: float) -> None:
    picture = str(draw(FULL, width))
    assert "nan" not in picture
    shapes = ElementTree.fromstring(picture)
    texts = [(each.text, float(each.get("x") or 0)) for each in shapes.iter("text")]
    assert {"sgd", "adam", "lion"} <= {words for words, _ in texts}
    assert all(0 <= x <= width for _, x in texts)


def test_there_is_a_band_and_a_curve_for_each() -> None:
    picture = str(draw_contenders(FULL, 900.0))
    assert picture.count('class="band ') == picture.count('class="curve ') == 3


def test_a_bar_joins_each_group() -> None:
    bars = str(draw_ranks(FULL, 900.0)).count('class="whisker default"')
    assert bars == 1


def test_an_arrow_shows_an_open_end() -> None:
    closed = row("sgd", 0.9)
    closed["good_rates"] = {**closed["good_rates"], "open_below": False}
    one, none = found(row("sgd", 0.9), row("adam", 0.9)), found(closed, row("adam", 0.9))
    assert (
        str(draw_good_rates(one, 900.0)).count("<path")
        == str(draw_good_rates(none, 900.0)).count("<path") + 1
    )


def test_what_is_not_known_is_not_drawn() -> None:
    nothing = found(row("sgd", None, good_rates=None), row("adam", None, good_rates=None))
    assert draw_contenders(nothing, 900.0) is None
    assert draw_good_rates(nothing, 900.0) is None
    short = [{**row(name, 0.9), "curve": [[1.0, 0.9]]} for name in ("sgd", "adam")]
    assert draw_contenders(found(*short), 900.0) is None
