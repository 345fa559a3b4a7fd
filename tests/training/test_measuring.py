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

    def breaks(source: Source, recipe: Recipe, way: Way, clock: Callable[[], float], rate: float) -> Measured:
        if way.members < 8:
            raise error
        return whole(source, recipe, way, clock, rate)

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


class Ticking:
    """Stands in for `time`: processor time passes by 1 second a look, the clock on the wall by 4."""

    def __init__(self, resolution: float = 1e-9) -> None:
        self.resolution, self.used, self.shown = resolution, 0.0, 0.0

    def process_time(self) -> float:
        self.used += 1.0
        return self.used

    def perf_counter(self) -> float:
        self.shown += 4.0
        return self.shown

    def monotonic(self) -> float:
        return 0.0

    def get_clock_info(self, _name: str) -> "Ticking":
        return self


@pytest.mark.parametrize(
    ("resolution", "threads", "alone", "seconds"),
    [(1e-9, 1, True, 1.0), (0.016, 1, True, 4.0), (1e-9, 2, True, 4.0), (1e-9, 1, False, 4.0)],
)
def test_one_thread_is_measured_by_what_it_computes_and_not_by_what_it_waits(
    classification: Source, monkeypatch: pytest.MonkeyPatch,
    resolution: float, threads: int, alone: bool, seconds: float,
) -> None:  # fmt: skip
    monkeypatch.setattr(measuring, "time", Ticking(resolution))
    monkeypatch.setattr(measuring, "LONG_ENOUGH", math.inf)
    recipe = SMALL.replace(batch_size=4)
    (found,) = measure(classification, recipe, WAYS[1:2], math.inf, threads, alone)
    assert found.rate == WAYS[1].members * measuring.STEPS / seconds


def test_ways_far_behind_are_given_up_and_larger_stacks_not_begun(
    classification: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, made = [0.0], list[int]()

    class Slow(Chunk):
        """Each member of a stack takes a second a step, each other one a hundredth."""

        def round(self, called_off: Callable[[], bool] = lambda: False) -> bool:
            made.append(len(self.members))
            for _ in range(measuring.STEPS):
                now[0] += len(self.members) if len(self.members) > 1 else 0.01
                if called_off():
                    return False
            return super().round()

    monkeypatch.setattr(measuring, "Chunk", Slow)
    monkeypatch.setattr(measuring, "_clock", lambda *_: lambda: now[0])
    recipe = SMALL.replace(batch_size=4)
    alone, *stacks = measure(classification, recipe, WAYS, math.inf)
    assert alone.rate == pytest.approx(100)
    assert [(each.rate, each.why_not) for each in stacks] == [(0.0, measuring.BEHIND)] * 2
    assert (made.count(4), made.count(8)) == (1, 0)


def test_descent_by_all_rows_is_measured_by_rows_too(classification: Source) -> None:
    (found,) = measure(classification, SMALL.replace(optimizer="gd"), WAYS[:1], math.inf)
    assert found.rate > 0


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_those_that_were_asked_for_and_restored(
    classification: Source, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    seen: list[int] = []
    whole = measuring._measured

    def watched(
        source: Source, recipe: Recipe, way: Way, clock: Callable[[], float], rate: float
    ) -> Measured:
        seen.append(torch.get_num_threads())
        return whole(source, recipe, way, clock, rate)

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
