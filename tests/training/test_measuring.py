"""Ways are measured by real training: all are told of, and one that breaks does not stop the others."""

import math
from collections.abc import Callable

import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.training import measuring
from steepest.training.chunk import Chunk
from steepest.training.measuring import Measured, measure
from steepest.training.source import Source
from steepest.training.way import Way

SMALL = Recipe(width=8, depth=1, batch_size=16)
WAYS = (Way(True, 1), Way(True, 4), Way(True, 8))


def test_every_way_is_measured_in_order(classification: Source) -> None:
    found = measure(classification, SMALL, WAYS, math.inf)
    assert tuple(each.way for each in found) == WAYS
    for each in found:
        assert each.rate > 0
        assert 0 < each.loss < 10
        assert each.why_not == ""


def test_when_time_is_up_the_rest_is_left_and_said(classification: Source) -> None:
    first, *rest = measure(classification, SMALL, WAYS, 0.0)
    assert first.rate > 0
    assert rest == [each for each in rest if each.rate == 0 and "no time" in each.why_not]


@pytest.mark.parametrize(
    ("error", "words"),
    [(RuntimeError("no batching rule\nmore"), "no batching rule"), (MemoryError(), "memory did not suffice")],
)
def test_a_way_that_raises_is_said(
    classification: Source, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    whole = measuring._measured

    def breaks(source: Source, recipe: Recipe, way: Way) -> Measured:
        if way.members < 8:
            raise error
        return whole(source, recipe, way)

    monkeypatch.setattr(measuring, "_measured", breaks)
    first, second, third = measure(classification, SMALL, WAYS, math.inf)
    assert (first.why_not, second.why_not, third.why_not) == (words, words, "")
    assert third.rate > 0


def test_few_rows_are_used_whatever_there_are(
    classification: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    class Watched(Chunk):
        def round(self, called_off: Callable[[], bool] = lambda: False) -> bool:
            seen.append(len(self._source.folds[0].train))
            return super().round(called_off)

    monkeypatch.setattr(measuring, "Chunk", Watched)
    measure(classification, SMALL.replace(batch_size=4), WAYS[:1], math.inf)
    assert set(seen) == {4 * measuring.STEPS}
    assert len(seen) == 1 + measuring.ROUNDS


def test_descent_by_all_rows_is_measured_by_rows_too(classification: Source) -> None:
    (found,) = measure(classification, SMALL.replace(optimizer="gd"), WAYS[:1], math.inf)
    assert found.rate > 0


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_those_that_were_asked_for_and_restored(
    classification: Source, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    seen: list[int] = []
    whole = measuring._measured

    def watched(source: Source, recipe: Recipe, way: Way) -> Measured:
        seen.append(torch.get_num_threads())
        return whole(source, recipe, way)

    monkeypatch.setattr(measuring, "_measured", watched)
    before = torch.get_num_threads()
    measure(classification, SMALL, WAYS[:1], math.inf, threads)
    assert seen == [threads]
    assert torch.get_num_threads() == before


def test_nobody_elses_random_numbers_are_touched(classification: Source) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    measure(classification, SMALL, WAYS[:1], math.inf)
    assert torch.equal(torch.rand(2), expected)
