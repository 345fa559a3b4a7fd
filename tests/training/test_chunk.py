"""Members whose folds differ in length, and that end in short batches, still train as they would alone."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from torch import nn

from steepest.base.recipe import Recipe
from steepest.networks.build import load
from steepest.networks.spec import dense_spec
from steepest.training.chunk import Chunk, arranged
from steepest.training.feed import Feed
from steepest.training.member import Member
from steepest.training.source import Fold, Source

EPOCHS = 4


def uneven(source: Source) -> Source:
    """70, 61 and 48 training rows: five, four and three steps of 16, the last ones of 6, 13 and 16 rows."""
    cut = [
        Fold(f.train[: len(f.train) - less], f.held_out[: len(f.held_out) - less // 4], f.standard)
        for f, less in zip(source.folds, (0, 9, 22), strict=True)
    ]
    return dataclasses.replace(source, folds=tuple(cut))


def members(norm: str, **knobs: object) -> list[Member]:
    kinds = itertools.cycle([("adamw", 0.2), ("sgd", 0.0), ("rmsprop", 0.3), ("nesterov", 0.0)])
    base = Recipe.make(**{"width": 6, "batch_size": 16, "epochs": EPOCHS, "lr": 0.01, "norm": norm, **knobs})
    recipes = [base.replace(optimizer=o, dropout=d) for o, d in itertools.islice(kinds, 6)]
    return arranged([Member(k, r, seed=k // 2, fold=k % 3) for k, r in enumerate(recipes)])


def trained(group: list[Member], source: Source) -> Chunk:
    chunk = Chunk(group, source, dtype=torch.float64)
    for _ in range(EPOCHS):
        assert chunk.round()
    return chunk


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize(
    "knobs", [{"schedule": "linear", "warmup": 0.3}, {"batch_size": 65}, {"clip_norm": 0.3}]
)
def test_uneven_folds_in_one_stack(norm: str, knobs: dict[str, object], classification: Source) -> None:
    source = uneven(classification)
    group = members(norm, **knobs)
    stack = trained(group, source)
    point = stack.point()
    for k, member in enumerate(group):
        alone = trained([member], source)
        torch.testing.assert_close(stack.state.theta[k], alone.state.theta[0], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(stack.state.buffers[k], alone.state.buffers[0], rtol=1e-9, atol=1e-12)
        solo = alone.point()
        assert point.steps[k] == solo.steps[0]
        np.testing.assert_allclose(point.train_loss[k], solo.train_loss[0], rtol=1e-9)
        for name, values in point.metrics.items():
            np.testing.assert_allclose(values[k], solo.metrics[name][0], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_the_exported_network_computes_what_the_stack_computes(norm: str, regression: Source) -> None:
    source = uneven(regression)
    stack = trained(members(norm), source)
    point = stack.point()
    for k, member in enumerate(stack.members):
        fold = source.folds[member.fold]
        spec = dense_spec(member.recipe, source.x.shape[1], source.outputs)
        network: nn.Sequential = load(spec, stack.parameters(k)).eval()
        x = torch.from_numpy(fold.standard.x(source.x[fold.held_out])).double()
        with torch.no_grad():
            error = network(x)[:, 0].numpy() - fold.standard.y(source.y[fold.held_out])
        assert point.metrics["loss"][k] == pytest.approx(float(np.mean(error**2)), rel=1e-5)


def test_all_rows_are_one_batch_for_gradient_descent(classification: Source) -> None:
    source = uneven(classification)
    recipe = Recipe(width=6, batch_size=16, optimizer="gd", lr=0.1, epochs=EPOCHS)
    stack = trained([Member(k, recipe, seed=5, fold=k) for k in range(3)], source)
    assert stack.point().steps.tolist() == [EPOCHS] * 3
    alone = trained([Member(2, recipe, seed=5, fold=2)], source)
    torch.testing.assert_close(stack.state.theta[2], alone.state.theta[0], rtol=1e-9, atol=1e-12)


def test_gradient_descent_takes_all_rows_also_where_an_epoch_is_cut(classification: Source) -> None:
    source = uneven(classification)
    recipe = Recipe(width=6, optimizer="gd", lr=0.1, epochs=EPOCHS, schedule="linear")
    whole = trained([Member(0, recipe, seed=5, fold=1)], source)
    cut = Chunk(
        [Member(0, recipe, seed=5, fold=1)], dataclasses.replace(source, rounds=3), None, torch.float64
    )
    for _ in range(3 * EPOCHS):
        assert cut.round()
    torch.testing.assert_close(cut.state.theta, whole.state.theta, rtol=1e-12, atol=1e-14)
    assert (cut.state.round, cut.point().steps.tolist()) == (3 * EPOCHS, [EPOCHS])


def test_rounds_of_an_epoch_take_its_rows_once(classification: Source) -> None:
    source = dataclasses.replace(classification, rounds=4)
    feed = Feed(source, [Member(0, Recipe(), seed=5, fold=0)], torch.float64)
    rows = torch.cat([feed.order(part)[0] for part in range(4)])
    train = source.folds[0].train
    assert len(rows) == 4 * (len(train) // 4)
    assert len(set(rows.tolist())) == len(rows)
    assert set(rows.tolist()) <= set(train.tolist())
    assert not torch.equal(feed.order(0), feed.order(4)), "the next epoch has an order of its own"


def test_an_epoch_that_is_called_off_says_so(classification: Source) -> None:
    chunk = Chunk(members("none"), classification)
    assert not chunk.round(lambda: True)
    assert chunk.state.round == 0
