"""A chunk: members of one network shape and batch size, trained as one tensor program.

The chunk is what runs; a stack is cut into chunks small enough for weights, gradients and moments to stay in
cache. Every member has its own recipe, seed and fold. Nothing here couples two members: the loss is a vector,
reductions are per member, updates go row by row, and randomness is addressed by the member's seed. A member's
path is therefore its path alone, which `tests/training/test_stacked_equals_solo.py` holds it to.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from steepest.networks.architecture import spec_of
from steepest.networks.spec import NetworkSpec
from steepest.rules.schedules import recipe_rates
from steepest.rules.stacked import StackedRule
from steepest.training.averaging import Averages
from steepest.training.dense_program import DenseProgram, DenseViews
from steepest.training.feed import Feed
from steepest.training.layout import Gradients, Layout
from steepest.training.member import Member
from steepest.training.metrics import Values
from steepest.training.module_program import ModuleProgram
from steepest.training.objective import Objective
from steepest.training.program import Program
from steepest.training.source import Source
from steepest.training.state import StackState


def arranged(members: Sequence[Member]) -> list[Member]:
    """Members in the order a chunk wants: dropping ones first, equal activations adjacent."""
    return sorted(members, key=lambda m: (m.recipe.dropout == 0, m.recipe.activation, m.number))


@dataclass(frozen=True, slots=True)
class Point:
    """Where a chunk stands after a round: arrays are [K], NaN for members that have diverged."""

    round: int
    steps: Values
    train_loss: Values
    metrics: dict[str, Values]


class Chunk:
    """Train members together.

    Args:
        members: of one network shape and one batch size, in `arranged` order.
        source: the rows they train on.
        state: where to go on from; None starts afresh.
        dtype: floating-point type of everything.
    """

    def __init__(
        self,
        members: Sequence[Member],
        source: Source,
        state: StackState | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        recipes = [m.recipe for m in members]
        descends = recipes[0].optimizer == "gd"  # by all rows in one step, at the start of each epoch
        self._parts = source.rounds if descends else 1
        source = replace(source, rounds=1) if self._parts > 1 else source
        self.members, self._recipes, self._source = list(members), recipes, source
        self.state = StackState.fresh(members, source, dtype) if state is None else state
        self._feed = Feed(source, members, dtype)
        spec = spec_of(recipes[0], source.ports)
        layout = self._layout = Layout(spec)
        theta, buffers = self.state.theta, self.state.buffers
        apart = [each.weight for each in spec.layers] if isinstance(spec, NetworkSpec) else []
        gradients = Gradients(layout, len(members), dtype, apart)
        self._rule = StackedRule(recipes, theta, gradients.blocks, self.state.rule, layout.decayed)
        weighted = any(r.class_weights for r in recipes)
        shares = self._feed.class_shares(source.classes) if weighted else None
        objective = Objective(source.task, recipes, shares, dtype)
        rows = self._feed.train_rows
        batches = [n if descends else min(recipes[0].batch_size, n) for n in rows]
        self._batch = max(batches)
        self._program: Program
        if isinstance(spec, NetworkSpec):
            views = DenseViews(spec, layout, theta, gradients, buffers)
            self._program = DenseProgram(spec, members, source, self._feed, views, batches, objective, dtype)
        else:
            self._program = ModuleProgram(
                members,
                source,
                self._feed,
                layout,
                theta,
                gradients.blocks[0],
                buffers,
                batches,
                objective,
                dtype,
            )
        self._averages = Averages(recipes, self.state)
        self._losses = torch.zeros(len(members), dtype=torch.float64)

    def round(self, called_off: Callable[[], bool] = lambda: False) -> bool:
        """Train for one round; False if `called_off` said so before its end: the state is then of no use."""
        number, part = divmod(self.state.round, self._parts)
        if part:
            self.state.round += 1
            return True
        with torch.no_grad():
            counts = self._feed.train_rows
            steps = [math.ceil(n / self._batch) for n in counts]
            order = self._feed.order(number, max(steps) * self._batch)
            rates = self._rates(number, steps)
            self._losses.zero_()
            last = max(steps) - 1
            for s in range(last + 1):
                start = s * self._batch
                active = [a and s < n for a, n in zip(self.state.alive, steps, strict=True)]
                rows = order[:, start : start + self._batch]
                self._losses += self._program.step(rows, start, number, s, active)
                self._rule.step(rates[s], active)
                self._averages.update(active)
                if (s % self._program.patience == 0 or s == last) and called_off():
                    return False
        self._losses /= torch.tensor(steps)
        self.state.round += 1
        finite = torch.isfinite(self._losses) & torch.isfinite(self.state.theta.sum(1))
        self.state.alive = [a and bool(ok) for a, ok in zip(self.state.alive, finite, strict=True)]
        return True

    def point(self) -> Point:
        """Score every member on its held-out rows."""
        with torch.no_grad(), self._averages.in_place():
            metrics = self._program.score()
        dead = ~np.array(self.state.alive)
        for values in metrics.values():
            values[dead] = np.nan
        steps = self.state.rule.steps.double().numpy().copy()
        return Point(self.state.round, steps, self._losses.numpy().copy(), metrics)

    def parameters(self, row: int) -> dict[str, Tensor]:
        """Parameters and running means of one member by name, copied."""
        return self._layout.named(*self.state.scored(row, self._recipes[row]))

    def _rates(self, number: int, steps: Sequence[int]) -> list[list[float]]:
        """Learning rates of a round, [step][member]; members may differ in steps per round."""
        table = torch.zeros(max(steps), len(steps), dtype=torch.float64)
        for n in set(steps):
            slots = [k for k, other in enumerate(steps) if other == n]
            recipes = [self._recipes[k] for k in slots]
            horizons = torch.tensor([self._source.total_rounds(r.epochs) * n for r in recipes])
            table[:n, slots] = recipe_rates(recipes, number * n + 1, n, horizons)
        rates: list[list[float]] = table.tolist()
        return rates
