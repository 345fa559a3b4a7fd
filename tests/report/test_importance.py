"""The same knobs, shares and chances on every face of the report."""

from dataclasses import replace

import pandas as pd
import pytest

from steepest.report.export import to_dict
from steepest.report.facts import Facts, read_facts
from steepest.report.figures import draw_importance
from steepest.report.importance import COLUMNS, frame_rows, mattered, room
from steepest.report.markdown import to_markdown
from steepest.report.page import to_html
from steepest.report.records import Finalist, Importance, Room, Study
from steepest.report.text import to_text
from steepest.store import Document, open_journal

VALUES = [
    {"label": "adam", "n": 40, "at_best": 0.97, "low": 0.96, "high": 0.98, "sure": 0.91},
    {"label": "sgd", "n": 3, "at_best": None, "low": None, "high": None, "sure": 0.0},
    {"label": "momentum", "n": 37, "at_best": 0.95, "low": 0.94, "high": 0.96, "sure": 0.09},
]
SHARE = {"share": 0.62, "low": 0.4, "high": 0.8, "p_value": 0.0005, "p_adjusted": 0.001}


def row(knob: str, **values) -> dict:
    return {
        "knob": knob, **SHARE, "shared": False, "later": {"knob": knob, **SHARE, "share": 0.51},
        "forest": 0.33, "forest_low": 0.2, "forest_high": 0.5, "values": [], **values,
    }  # fmt: skip


BODY = {
    "uniform": 80, "needed": 30, "best": 8, "structures": 7, "first_epochs": 3.0, "last_epochs": 27.0,
    "forest_interactions": 0.2,
    "rows": [
        row("optimizer", values=VALUES),
        row("depth", share=0.1, low=0.0, high=0.3, p_value=0.2, p_adjusted=0.4, later=None),
        *(row(f"other{i}", share=0.0, low=0.0, high=0.1, p_value=0.9, p_adjusted=1.0) for i in range(9)),
    ],
    "room": {
        "leaders": 12, "rounds": 3, "noise": 0.005, "spread": 0.003, "spread_high": 0.006, "gain": 0.0049,
        "gain_high": 0.0098, "p_value": 0.01,
    },
}  # fmt: skip


@pytest.fixture
def facts(tmp_path) -> Facts:
    with open_journal(tmp_path / "study.db", create=True) as journal:
        journal.record(
            documents=[
                Document("study", {"data": "digits", "score_name": "accuracy"}),
                Document("importance", BODY),
            ]
        )
        return read_facts(journal)


def test_every_face_says_the_same(facts) -> None:
    shown = replace(facts, finalists=(Finalist("finalist 1"),))
    for text in (to_text(shown), to_markdown(shown), to_html(shown)):
        assert "nothing else of 11 knobs stands out" in " ".join(text.split())
    page = to_markdown(facts)
    assert "| `optimizer` | 62 % (40 to 80) | 0.001 | 51 % (40 to 80) | 33 % |" in page
    assert "adam: 0.97" in page
    assert "sure to 91 %" in page
    frame = pd.DataFrame(frame_rows(facts.importance), columns=COLUMNS)
    assert frame.shape == (11, len(COLUMNS))
    assert (frame["best"][0], frame["sure"][0], frame["later"][0]) == ("adam", 0.91, 0.51)
    assert to_dict(facts)["importance"]["rows"][0]["values"][2]["n"] == 37


def test_the_picture_has_a_bar_per_knob_that_there_is_room_for(facts) -> None:
    drawing = str(draw_importance(facts, 760))
    assert drawing.count("whisker share") == 8
    assert drawing.count("<rect") == 2  # the others have no share
    assert "62 %" in drawing
    assert draw_importance(Facts(Study()), 760) is None


def test_none_stands_out(facts) -> None:
    rest = replace(facts.importance, rows=facts.importance.rows[1:])
    words = mattered(replace(facts, importance=rest))
    assert words.startswith(
        "none of 10 knobs stands out from chance among 80 uniform members (likeliest: depth"
    )


def test_too_few_is_said_without_numbers() -> None:
    few = Facts(Study(), importance=Importance(uniform=1, needed=30))
    assert mattered(few) == "not known: 1 member was drawn uniformly, 30 are needed"
    assert "%" not in to_markdown(few)
    assert mattered(Facts(Study())) == ""


def test_room_where_leaders_differ(facts) -> None:
    assert "the best of them is worth 0.0049 more than their mean, 0.0098 at most" in room(facts)
    alike = Importance(room=Room(12, 3, 0.005, 0.0, 0.003, 0.0, 0.005, 0.4))
    assert "do not differ beyond chance" in room(Facts(Study(), importance=alike))
    assert room(Facts(Study(), importance=Importance())) == ""
