"""Recorded pools are of different kinds, small, and can be replayed; data that are not there are named."""

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from steepest.base.budget import Budget
from steepest.data.read import read
from steepest.data.split import outer_split
from steepest.experiment.settings import Settings
from steepest.experiment.starting import default_recipe, space_of
from steepest.search.policy import Policy
from steepest.search.rivals import STRATEGIES

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
POOLS = sorted((BENCHMARKS / "recorded").glob("*.npz"))


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of the benchmark."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return lambda name: import_module(f"search.{name}")


def test_pools_are_of_different_kinds_and_small(part: Any) -> None:
    found = [part("record").load(path) for path in POOLS]
    assert len(found) >= 8
    assert {records.form for records in found} == {"table", "image", "text", "series"}
    assert {records.task for records in found} >= {"classification", "regression", "forecasting"}
    assert max(path.stat().st_size for path in POOLS) < 1e6
    for records in found:
        assert len(records.recipes) == len(records.curves) == len(records.confirmed) >= 40
        assert np.isfinite(records.confirmed).all()
        assert (records.seconds > 0).all()
        assert records.noise >= 0


@pytest.mark.parametrize("name", ["reviews", "cifar"])
def test_a_pool_is_replayed_the_same_every_time(part: Any, name: str) -> None:
    records = part("record").load(BENCHMARKS / "recorded" / f"{name}.npz")
    seconds = 6 * float(records.seconds.mean()) * records.curves.shape[1]
    ended = []
    for _ in range(2):
        replay, space = part("replay").Replay(records, seconds), part("replay").PoolSpace(records)
        replay.run(STRATEGIES["steepest"](Policy(space, 0), 0, None, 2))
        ended.append((replay.trail, replay.confirmed((0.5, 1.0), 0)))
    assert ended[0] == ended[1]
    assert len(ended[0][0]) > 9


def test_data_that_are_not_there_are_named(
    part: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    works = part("works")
    monkeypatch.setattr(works, "SHARED", tmp_path)
    said: list[str] = []
    assert {work.name for work in works.works(said)} == {work.name for work in works.BUILT_IN}
    assert f"cifar: skipped, cifar10-test.parquet is not in {tmp_path}" in said
    assert len(said) == len(works.FILES)


def test_the_rival_by_hand_knows_every_optimizer_of_the_space_and_learns(part: Any) -> None:
    hand = part("by_hand")
    data = read("iris")
    default = default_recipe(data, None, {})
    space = space_of(Settings(Budget.parse("1m"), 0, Path()), data, default)
    assert set(hand.OPTIMIZERS) == set(space.everywhere("optimizer").options)
    rows = hand.Rows(data, outer_split(data, 0))
    for optimizer in hand.OPTIMIZERS:
        rate = 0.1 if optimizer == "sgd" else 0.02
        recipe = default.replace(
            optimizer=optimizer, lr=rate, epochs=8, batch_size=32, weight_decay=0.01, l1=1e-5, l2=1e-5,
            clip_norm=1.0, schedule="cosine", warmup=0.05, dropout=0.1, norm="batch", bins=16,
        )  # fmt: skip
        heard: list[int] = []
        score = hand.train(recipe, rows, 0, lambda epoch, _, seen=heard: seen.append(epoch) is None)
        assert heard == list(range(1, 9))
        assert score > 0.7, optimizer


def test_the_rival_by_hand_stops_where_it_is_told_to(part: Any) -> None:
    hand, data = part("by_hand"), read("diabetes")
    rows = hand.Rows(data, outer_split(data, 0))
    heard: list[int] = []
    hand.train(default_recipe(data, None, {}), rows, 0, lambda epoch, _: heard.append(epoch) or epoch < 3)
    assert heard == [1, 2, 3]
