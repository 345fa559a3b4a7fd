"""Losers leave a stack and parts are joined without changing a bit of anybody."""

from dataclasses import replace

import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.networks.initialisation import initialise
from steepest.networks.spec import dense_spec
from steepest.training.chunk import Chunk
from steepest.training.layout import Layout
from steepest.training.member import Member
from steepest.training.source import Source
from steepest.training.state import StackState

PLAIN = Recipe(width=5, batch_size=16, optimizer="adam", norm="batch")
AVERAGED = PLAIN.replace(averaging=0.9)
MEMBERS = [Member(k, AVERAGED if k % 2 else PLAIN, seed=k // 2, fold=k % 3) for k in range(5)]


@pytest.fixture
def trained(classification: Source) -> StackState:
    chunk = Chunk(MEMBERS, classification)
    chunk.round()
    chunk.round()
    chunk.state.alive[3] = False
    return chunk.state


def test_fresh_weights_are_each_members_own(classification: Source) -> None:
    schemes = ["he_uniform", "orthogonal", "he_uniform"]
    trio = [Member(k, Recipe(width=5, initialisation=s), seed=4) for k, s in enumerate(schemes)]
    state = StackState.fresh(trio, classification, torch.float32)
    assert torch.equal(state.theta[0], state.theta[2])  # one replicate starts alike
    assert not torch.equal(state.theta[0], state.theta[1])
    for row, m in zip(state.theta, trio, strict=True):
        spec = dense_spec(m.recipe, classification.x.shape[1], classification.outputs)
        want = initialise(spec, m.recipe.initialisation, m.seed, torch.float32)
        for name, value in Layout(spec).unflatten(row).items():
            assert torch.equal(value, want[name])
    assert (state.round, state.alive) == (0, [True] * 3)
    assert not state.rule.steps.any()


def test_take_then_join_is_the_identity(trained: StackState) -> None:
    joined = StackState.join([trained.take([0, 1]), trained.take([2]), trained.take([3, 4])])
    for a, b in [
        (joined.theta, trained.theta),
        (joined.buffers, trained.buffers),
        (joined.rule.first, trained.rule.first),
        (joined.rule.second, trained.rule.second),
        (joined.rule.steps, trained.rule.steps),
        (joined.average, trained.average),
    ]:
        assert torch.equal(a, b)
    assert (joined.alive, joined.round) == (trained.alive, trained.round) == ([True] * 3 + [False, True], 2)


def test_stacks_of_another_round_or_layout_are_not_joined(trained: StackState) -> None:
    for other in (replace(trained, round=3), replace(trained, channels_last=False)):
        with pytest.raises(ValueError, match="one round and one layout"):
            StackState.join([trained, other])


def test_take_chooses_rows_in_the_given_order_and_copies(trained: StackState) -> None:
    before = trained.theta.clone()
    part = trained.take([4, 3, 1])
    assert torch.equal(part.theta, before[[4, 3, 1]])
    assert torch.equal(part.buffers, trained.buffers[[4, 3, 1]])
    assert torch.equal(part.average, trained.average[[4, 3, 1]])
    assert not torch.equal(part.buffers[0], part.buffers[1])
    assert torch.equal(part.rule.second, trained.rule.second[[4, 3, 1]])
    assert part.alive == [True, False, True]
    part.theta.zero_()
    part.rule.steps.zero_()
    part.alive[0] = False
    assert torch.equal(trained.theta, before)
    assert trained.rule.steps.min() > 0
    assert trained.alive[4]
