"""Looks: what may be judged, and at which level."""

from types import SimpleNamespace
from typing import Any

import pytest

from steepest.base.recipe import Recipe
from steepest.experiment import confirmation
from steepest.experiment.pace import EXTENTS, LOOKS
from steepest.experiment.part import Part

FIRST = SimpleNamespace(member=SimpleNamespace(recipe=Recipe(lr=0.1)), score=0.9)
PURSE = SimpleNamespace(limit=60.0, alarm=lambda until: until)
PACE = SimpleNamespace(
    closing=lambda *_: 0.0,
    measure=lambda: None,
    extent=EXTENTS[0],
    pairs=lambda *_: 1000,
    purse=PURSE,
    left=60.0,
)


class Study:
    """As much of a study as confirmation asks for."""

    objective, settings, members = "accuracy", SimpleNamespace(seed=0, reference="the default"), ()

    def __init__(self) -> None:
        self.notes: dict[str, Any] = {}
        self.missed: list[str] = []

    def enter(self, _: str) -> None: ...

    def decide(self, _: str, answer: Any) -> Any:
        return answer()

    def note(self, kind: str, body: Any) -> None:
        self.notes[kind] = body


def confirm(monkeypatch: pytest.MonkeyPatch, complete: int) -> tuple[Any, Study]:
    """Two equal contenders; only `complete` replicates of all come to their end."""

    def replicates(_s: Any, recipes: Any, _l: Any, new: range, *_: Any) -> list[list[float]]:
        done = [r for r in new if r < complete]
        return [[0.9 + 0.01 * ((r * (i + 3)) % 5) for r in done] for i in range(len(recipes))]

    monkeypatch.setattr(confirmation, "_replicates", replicates)
    study = Study()
    arguments: Any = (study, PACE, [FIRST], Recipe(), 0.001, Part(0, 9, 0))
    return confirmation.confirm(*arguments), study


@pytest.mark.parametrize(("complete", "judged"), [(8, 8), (11, 8), (14, 14), (19, 14), (20, 20)])
def test_only_planned_looks_are_judged(monkeypatch: pytest.MonkeyPatch, complete: int, judged: int) -> None:
    found, study = confirm(monkeypatch, complete)
    assert found.verdict.n == judged
    assert found.verdict.look == LOOKS.index(judged) + 1
    assert found.verdict.level > 0.95
    assert len(study.notes["verdict"]["winner_scores"]) == judged


def test_before_the_first_look_there_is_one_look_at_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = confirm(monkeypatch, 7)
    assert (found.verdict.n, found.verdict.look, found.verdict.level) == (7, None, 0.95)


def test_the_first_look_is_reached_in_parts_where_time_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[range] = []
    fitting = iter([3, 1, 0])  # estimates, one before each part

    def replicates(_s: Any, recipes: Any, _l: Any, new: range, *_: Any) -> list[list[float]]:
        asked.append(new)
        return [[0.9 - 0.05 * i + 0.01 * (r % 3) for r in new] for i in range(len(recipes))]

    monkeypatch.setattr(confirmation, "_replicates", replicates)
    monkeypatch.setattr(PACE, "pairs", lambda *_: next(fitting))
    arguments: Any = (Study(), PACE, [FIRST], Recipe(), 0.001, Part(0, 9, 0))
    found = confirmation.confirm(*arguments)
    assert asked == [range(3), range(3, 4)]
    assert (found.verdict.n, found.verdict.look) == (4, None)


def test_one_replicate_is_begun_however_short_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PACE, "pairs", lambda *_: 0)
    found, _ = confirm(monkeypatch, 20)
    assert found.verdict.n == 1


@pytest.mark.parametrize(
    ("kind", "first", "default", "handed_out"),
    [
        ("better", [0.9], [0.8], "first"),
        ("equivalent", [0.79], [0.8], "first"),
        ("worse", [0.9], [0.8], "default"),
        ("unresolved", [0.9, 0.8], [0.8, 0.8], "first"),
        ("unresolved", [0.9, 0.6], [0.8, 0.8], "default"),
        ("unresolved", [0.9, float("nan")], [0.8, 0.8], "default"),
        (None, [], [], "default"),
    ],
)
def test_what_is_handed_out(kind: str | None, first: Any, default: Any, handed_out: str) -> None:
    verdict: Any = SimpleNamespace(kind=kind) if kind else None
    assert confirmation._falls_short([first, default], verdict) == (handed_out == "default")
