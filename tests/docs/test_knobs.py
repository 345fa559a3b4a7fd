"""The page of all knobs is what their declarations say."""

import importlib.util
from pathlib import Path

from steepest.base.knobs import Choice, Knob, Range
from steepest.base.recipe import KNOBS

DOCS = Path(__file__).parents[2] / "docs"
spec = importlib.util.spec_from_file_location("knobs_build", DOCS / "knobs_build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
PAGE = (DOCS / "knobs.md").read_text(encoding="utf-8")


def test_the_page_of_knobs_is_current():
    assert build.page() == PAGE, "run python docs/knobs_build.py"


def test_every_knob_has_one_row():
    rows = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(KNOBS)


def test_ranges_are_worded():
    knob = Knob(
        "how fast",
        search=Range(1e-4, 0.3, scale="log", off=0.0),
        search_by={
            ("optimizer", "sgd"): Range(0.1, 2000, center=1.5),
            ("network", "cnn"): Choice((1, 2), (0.25, 0.75)),
            ("network", "rnn"): Choice((1, 2), (0.25, 0.75)),
            ("task", "regression"): Choice((False, True)),
        },
    )
    assert build.searched("speed", knob).split("<br>") == [
        "0.0001 to 0.3, logarithmic; 0 half of the time",
        "sgd: 0.1 to 2,000, around 1.5",
        "cnn or rnn: 1 25%, 2 75%",
        "regression: no, yes",
    ]
    assert build.searched("speed", Knob("how fast")) == "-"
