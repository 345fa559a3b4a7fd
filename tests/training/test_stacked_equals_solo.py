"""The contract everything rests on: a member's path in a stack is its path alone."""

import itertools
from typing import get_args

import numpy as np
import pytest
import torch

from steepest.base.architecture import Activation, Initialisation
from steepest.base.optimization import Optimizer
from steepest.base.recipe import Recipe
from steepest.training.chunk import Chunk, arranged
from steepest.training.member import Member
from steepest.training.source import Source

EPOCHS = 50  # four steps each: 200 steps
OPTIMIZERS = [name for name in get_args(Optimizer) if name != "gd"]
RATE = {"sgd": 0.05, "momentum": 0.02, "nesterov": 0.02, "adagrad": 0.02}


def mixed_members() -> list[Member]:
    """Every optimizer, activation, initialisation, penalty and schedule; one member is made to diverge."""
    schemes = itertools.cycle(name for name in get_args(Initialisation) if name != "own")
    schedules = itertools.cycle(["constant", "linear", "cosine", "wsd"])
    drops = itertools.cycle([0.0, 0.3, 0.1])
    augmentations = itertools.cycle([("mixup", 0.4), ("input_noise", 0.1), ("input_dropout", 0.1)])
    members = []
    pairs = itertools.zip_longest(get_args(Activation), OPTIMIZERS * 2)
    for k, (activation, optimizer) in enumerate(pairs):
        recipe = Recipe(
            width=7,
            batch_size=20,
            epochs=EPOCHS,
            activation=activation or "relu",
            optimizer=optimizer,
            lr=RATE.get(optimizer, 0.003),
            initialisation=next(schemes),
            schedule=next(schedules),
            dropout=next(drops),
            warmup=0.1 * (k % 2),
            l1=1e-3 * (k % 3 == 0),
            l2=1e-3 * (k % 4 == 0),
            clip_norm=0.5 * (k % 5 == 0),
            label_smoothing=0.1 * (k % 3 == 1),
            averaging=(0.0, 0.9, 0.99)[k // 2 % 3],
        )
        if k % 4:  # some members have none, some have two
            recipe = recipe.replace(**dict(itertools.islice(augmentations, 1 + k % 2)))
        members.append(Member(k, recipe, seed=k // 2, fold=k % 3))
    wild = Recipe(width=7, batch_size=20, epochs=EPOCHS, optimizer="sgd", lr=1e4, activation="identity")
    return [*members, Member(len(members), wild, seed=0, fold=0)]


def train(members: list[Member], source: Source) -> Chunk:
    chunk = Chunk(members, source, dtype=torch.float64)
    for _ in range(EPOCHS):
        assert chunk.round()
    return chunk


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_norms_do_not_couple_members(norm: str, classification: Source) -> None:
    members = [
        Member(m.number, m.recipe.replace(norm=norm), m.seed, m.fold) for m in arranged(mixed_members()[:-1])
    ]
    stack = train(members, classification)
    assert sum(stack.state.alive) > len(members) / 2
    for k, member in enumerate(members):
        if not stack.state.alive[k]:
            continue
        alone = train([member], classification)
        torch.testing.assert_close(stack.state.theta[k], alone.state.theta[0], rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(stack.state.buffers[k], alone.state.buffers[0], rtol=1e-9, atol=1e-9)
        if member.recipe.averaging:
            torch.testing.assert_close(stack.state.average[k], alone.state.average[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_member_of_a_mixed_stack_equals_its_solo_run(task: str, request: pytest.FixtureRequest) -> None:
    source: Source = request.getfixturevalue(task)
    members = arranged(mixed_members())
    stack = train(members, source)
    point = stack.point()
    assert int(point.steps.max()) == 200
    diverged = [m.number for m, alive in zip(members, stack.state.alive, strict=True) if not alive]
    assert len(members) - 1 in diverged
    assert len(diverged) < len(members) / 4
    for k, member in enumerate(members):
        alone = train([member], source)
        assert alone.state.alive[0] == stack.state.alive[k]
        if not stack.state.alive[k]:
            continue
        torch.testing.assert_close(stack.state.theta[k], alone.state.theta[0], rtol=1e-9, atol=1e-12)
        if member.recipe.averaging:
            torch.testing.assert_close(stack.state.average[k], alone.state.average[0], rtol=1e-9, atol=1e-12)
        solo = alone.point()
        np.testing.assert_allclose(point.train_loss[k], solo.train_loss[0], rtol=1e-9)
        for name, values in point.metrics.items():
            np.testing.assert_allclose(values[k], solo.metrics[name][0], rtol=1e-9, err_msg=name)


def test_order_and_neighbours_do_not_matter(classification: Source) -> None:
    members = arranged(mixed_members())
    whole = train(members, classification)
    some = members[::3]
    part = train(some, classification)
    rows = [members.index(m) for m in some if whole.state.alive[members.index(m)]]
    kept = [k for k, m in enumerate(some) if members.index(m) in rows]
    torch.testing.assert_close(part.state.theta[kept], whole.state.theta[rows], rtol=1e-9, atol=1e-12)


def test_cut_and_continued_equals_uninterrupted(classification: Source) -> None:
    members = arranged(mixed_members())
    whole = train(members, classification)
    first = Chunk(members, classification, dtype=torch.float64)
    for _ in range(EPOCHS // 2):
        first.round()
    keep = [k for k in range(len(members)) if k % 2 == 0]
    second = Chunk([members[k] for k in keep], classification, first.state.take(keep), torch.float64)
    for _ in range(EPOCHS - EPOCHS // 2):
        second.round()
    alive = [i for i, k in enumerate(keep) if whole.state.alive[k]]
    want = whole.state.theta[[keep[i] for i in alive]]
    torch.testing.assert_close(second.state.theta[alive], want, rtol=1e-9, atol=1e-12)
    want = whole.state.average[[keep[i] for i in alive]]
    torch.testing.assert_close(second.state.average[alive], want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("norm", ["none", "layer"])
def test_members_that_differ_in_batch_size_equal_their_solo_runs(norm: str, classification: Source) -> None:
    calm = {"mixup": 0, "norm": norm, "l1": 0, "initialisation": "he_uniform"}  # no chaos that rounding feeds
    members = [
        Member(m.number, m.recipe.replace(batch_size=size, **calm), m.seed, m.fold)
        for m, size in zip(mixed_members(), itertools.cycle([6, 12, 24, 240, 6]), strict=False)
    ]
    members = arranged(members)
    stack = train(members, classification)
    point = stack.point()
    assert len({int(steps) for steps in point.steps}) > 3, "some take more steps than others"
    for k, member in enumerate(members):
        alone = train([member], classification)
        assert alone.state.alive[0] == stack.state.alive[k]
        if not stack.state.alive[k]:
            continue
        solo = alone.point()
        assert point.steps[k] == solo.steps[0]
        torch.testing.assert_close(stack.state.theta[k], alone.state.theta[0], rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(point.train_loss[k], solo.train_loss[0], rtol=1e-8)
        np.testing.assert_allclose(point.metrics["loss"][k], solo.metrics["loss"][0], rtol=1e-8)


@pytest.mark.parametrize("knobs", [{"mixup": 0.2}, {"norm": "batch"}, {"batch_size": 9}])
def test_batches_that_cannot_be_taken_in_parts_are_refused(knobs: dict, classification: Source) -> None:
    recipes = [Recipe(width=4, batch_size=8), Recipe(width=4, batch_size=16)]
    members = [Member(k, r.replace(**knobs) if k else r, seed=k) for k, r in enumerate(recipes)]
    if "norm" in knobs:
        members[0] = Member(0, recipes[0].replace(**knobs), seed=0)
    with pytest.raises(ValueError, match="in parts"):
        Chunk(members, classification)
