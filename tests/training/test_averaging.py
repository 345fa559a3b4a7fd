"""The averaged network is the mean it is declared to be; it is scored and kept, and changes no training."""

import numpy as np
import pytest
import torch

from steepest.base.errors import BadRecipe
from steepest.base.recipe import Recipe
from steepest.networks.build import load
from steepest.networks.spec import dense_spec
from steepest.rules.averaging import exponential
from steepest.training.chunk import Chunk
from steepest.training.job import Job, run
from steepest.training.member import Member
from steepest.training.source import Source
from steepest.training.state import StackState

STEPS = 6
PLAIN = Recipe(width=5, batch_size=1000, optimizer="adam", norm="batch", lr=0.05, epochs=STEPS)  # one a round
DECAYS = (0.0, 0.5, 0.99)
MEMBERS = [Member(k, PLAIN.replace(averaging=decay), seed=4) for k, decay in enumerate(DECAYS)]


def trained(members: list[Member], source: Source, rounds: int = STEPS) -> Chunk:
    chunk = Chunk(members, source, dtype=torch.float64)
    for _ in range(rounds):
        assert chunk.round()
    return chunk


def everything(state: StackState) -> torch.Tensor:
    return torch.cat([state.theta, state.buffers], 1)


def test_the_average_is_the_rules_unbiased_exponential_mean(regression: Source) -> None:
    chunk = Chunk(MEMBERS, regression, dtype=torch.float64)
    decays = torch.tensor(DECAYS, dtype=torch.float64)
    expected = torch.zeros_like(everything(chunk.state))
    for step in range(1, STEPS + 1):
        chunk.round()
        expected = exponential(expected, everything(chunk.state), decays, step)
        torch.testing.assert_close(chunk.state.average[1:], expected[1:], rtol=1e-12, atol=1e-14)
        if step == 1:
            assert torch.equal(chunk.state.average[1:], everything(chunk.state)[1:])
    assert not torch.allclose(expected[1], expected[2], rtol=1e-3)


def test_training_is_that_of_a_member_without(regression: Source) -> None:
    state = trained(MEMBERS, regression).state
    assert torch.equal(state.theta[1], state.theta[0])
    assert torch.equal(state.theta[2], state.theta[0])
    assert torch.equal(state.buffers[2], state.buffers[0])


def test_what_is_scored_and_kept_is_the_average(regression: Source) -> None:
    chunk = trained(MEMBERS, regression)
    before, average = everything(chunk.state).clone(), chunk.state.average.clone()
    point = chunk.point()
    assert torch.equal(everything(chunk.state), before)
    assert torch.equal(chunk.state.average, average)
    for k, member in enumerate(MEMBERS):
        fold = regression.folds[member.fold]
        spec = dense_spec(member.recipe, regression.x.shape[1], regression.outputs)
        network = load(spec, chunk.parameters(k)).eval()
        x = torch.from_numpy(fold.standard.x(regression.x[fold.held_out])).double()
        with torch.no_grad():
            error = network(x)[:, 0].numpy() - fold.standard.y(regression.y[fold.held_out])
        assert point.metrics["loss"][k] == pytest.approx(float(np.mean(error**2)), rel=1e-5)
    assert len(set(point.metrics["loss"].tolist())) == 3
    assert len(set(point.train_loss.tolist())) == 1


def test_a_frozen_member_keeps_its_average(regression: Source) -> None:
    chunk = trained(MEMBERS, regression, 2)
    kept, chunk.state.alive = chunk.state.average.clone(), [True, False, True]
    chunk.round()
    assert torch.equal(chunk.state.average[1], kept[1])
    assert not torch.equal(chunk.state.average[2], kept[2])


def test_nothing_is_held_where_nobody_averages(regression: Source) -> None:
    state = trained(MEMBERS[:1], regression, 1).state
    assert state.average.shape == (1, 0)
    assert state.take([0]).average.shape == (1, 0)


def test_stacks_with_and_without_averages_join(regression: Source) -> None:
    whole = trained(MEMBERS, regression)
    parts = [trained([member], regression, 2).state for member in MEMBERS]
    joined = Chunk(MEMBERS, regression, StackState.join(parts), torch.float64)
    for _ in range(STEPS - 2):
        joined.round()
    for k, member in enumerate(MEMBERS):
        for mine, other in zip(
            joined.state.scored(k, member.recipe), whole.state.scored(k, member.recipe), strict=True
        ):
            torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-12)


def test_a_job_goes_on_with_the_averages(regression: Source) -> None:
    members = tuple(MEMBERS)
    whole = run(Job(members, STEPS, (STEPS,)), regression)
    half = run(Job(members, 3, (3,)), regression)
    again = run(Job(members, STEPS, (STEPS,), half.state), regression)
    assert whole.state is not None
    assert again.state is not None
    assert torch.equal(again.state.average, whole.state.average)
    assert again.points[0].metrics["loss"].tolist() == whole.points[0].metrics["loss"].tolist()


@pytest.mark.parametrize("bad", [1.0, -0.1, "much"])
def test_a_decay_that_never_forgets_is_refused(bad: object) -> None:
    with pytest.raises(BadRecipe, match="averaging must"):
        Recipe.make(averaging=bad)
