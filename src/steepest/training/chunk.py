"""A chunk: members of one network shape and batch size, trained as one tensor program.

The chunk is what runs; a stack is cut into chunks small enough for weights, gradients and moments to stay in
cache. Every member has its own recipe, seed and fold. Nothing here couples two members: the loss is a vector,
reductions are per member, updates go row by row, and randomness is addressed by the member's seed. A member's
path is therefore its path alone, which `tests/training/test_stacked_equals_solo.py` holds it to.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.networks.architecture import Spec, spec_of
from steepest.networks.spec import NetworkSpec
from steepest.rules.schedules import recipe_rates
from steepest.training.accumulation import Accumulation
from steepest.training.averaging import Averages
from steepest.training.dense_program import DenseProgram, DenseViews
from steepest.training.feed import Feed
from steepest.training.layout import Gradients, Layout
from steepest.training.member import Member
from steepest.training.metrics import Values
from steepest.training.module_program import ModuleProgram
from steepest.training.objective import Objective
from steepest.training.probes.watch import Look, Watch
from steepest.training.program import Program
from steepest.training.source import Source
from steepest.training.state import StackState
from steepest.training.updates import rule_of
from steepest.training.vmapped_program import VmappedProgram
from steepest.training.way import Way, usual


def batch_matters(recipe: Recipe, spec: Spec) -> bool:
    """Whether a recipe's batches must stay whole: their rows are coupled, or a step takes all rows."""
    dense = isinstance(spec, NetworkSpec) and spec.norm != "batch"
    return not dense or recipe.mixup > 0 or recipe.optimizer == "gd"


def _part(recipes: Sequence[Recipe], spec: Spec) -> int:
    """Rows of a step where recipes differ in batch size: the smallest one's; 0 where all are the same.

    Raises:
        ValueError: where some batches cannot be taken in such parts.
    """
    sizes = {r.batch_size for r in recipes}
    if len(sizes) == 1:
        return 0
    least = min(sizes)
    if any(size % least for size in sizes) or any(batch_matters(r, spec) for r in recipes):
        raise ValueError("members of one chunk differ in batch size, but not all can take batches in parts")
    return least


def arranged(members: Sequence[Member]) -> list[Member]:
    """Members in the order a chunk wants: dropping ones first, equal activations adjacent."""
    return sorted(members, key=lambda m: (m.recipe.dropout == 0, m.recipe.activation, m.number))


@dataclass(frozen=True, slots=True)
class Point:
    """Where a chunk stands after a round: arrays are [K], NaN for members that have diverged.

    Probes are [K] or [K, layers], as `probes.declared.PROBES` says; `layers` names their columns.
    """

    round: int
    steps: Values
    train_loss: Values
    metrics: dict[str, Values]
    probes: dict[str, Values] = field(default_factory=dict)
    layers: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Chunk:
    """Train members together.

    Args:
        members: of one network shape and one batch size, in `arranged` order.
        source: the rows they train on.
        state: where to go on from; None starts afresh.
        dtype: floating-point type of everything.
        probes: whether to measure what `Point.probes` holds. Training is the same, bit by bit.
        way: how they are trained; None for the usual way.
    """

    def __init__(
        self,
        members: Sequence[Member],
        source: Source,
        state: StackState | None = None,
        dtype: torch.dtype = torch.float32,
        probes: bool = False,
        way: Way | None = None,
    ) -> None:
        recipes = [m.recipe for m in members]
        descends = recipes[0].optimizer == "gd"  # by all rows in one step, at the start of each epoch
        self._parts = source.rounds if descends else 1
        source = replace(source, rounds=1) if self._parts > 1 else source
        self.members, self._recipes, self._source = list(members), recipes, source
        way = way or usual(recipes[0], source.ports)
        if state is None:
            state = StackState.fresh(members, source, dtype, way.channels_last)
        self.state = state
        self._feed = Feed(source, members, dtype)
        spec = spec_of(recipes[0], source.ports)
        layout = self._layout = Layout(spec, state.channels_last)
        apart = [each.weight for each in spec.layers] if isinstance(spec, NetworkSpec) else []
        gradients = Gradients(layout, len(members), dtype, apart)
        self._rule = rule_of(recipes, state.theta, gradients.blocks, self.state.rule, layout.decayed)
        rows = self._feed.train_rows
        batches = [n if descends else min(r.batch_size, n) for r, n in zip(recipes, rows, strict=True)]
        part = 0 if descends else _part(recipes, spec)
        self._batch, self._batches = part or max(batches), batches
        self._accumulation = Accumulation(gradients.blocks, batches, rows, part) if part else None
        self._program = self._made(spec, gradients, part, dtype, way)
        self._averages = Averages(recipes, self.state)
        self._losses = torch.zeros(len(members), dtype=torch.float64)
        self.frozen = [False] * len(members)  # members that have stopped: scored, but no longer trained
        self._watch: Watch | None = None
        if probes:
            steps = [math.ceil(n / self._batch) for n in rows]
            numbers = [m.number for m in members]
            self._watch = Watch(numbers, layout, self.state, gradients, self._program, batches, steps)

    def _made(self, spec: Spec, gradients: Gradients, part: int, dtype: torch.dtype, way: Way) -> Program:
        """The program that computes losses and gradients."""
        members, recipes, source, feed, state = (
            self.members, self._recipes, self._source, self._feed, self.state
        )  # fmt: skip
        weighted = any(r.class_weights for r in recipes)
        shares = feed.class_shares(source.classes) if weighted else None
        objective, batches = Objective(source.task, recipes, shares, dtype), self._batches
        if isinstance(spec, NetworkSpec):
            views = DenseViews(spec, self._layout, state.theta, gradients, state.buffers)
            return DenseProgram(spec, members, source, feed, views, batches, objective, dtype, part)
        make = VmappedProgram if way.stacked else ModuleProgram
        rows = state.theta, gradients.blocks[0], state.buffers
        how = state.channels_last, way.bfloat16
        return make(members, source, feed, self._layout, *rows, batches, objective, dtype, *how)

    def round(self, called_off: Callable[[], bool] = lambda: False) -> bool:
        """Train for one round; False if `called_off` said so before its end: the state is then of no use."""
        number, part = divmod(self.state.round, self._parts)
        if part:
            self.state.round += 1
            return True
        with torch.no_grad():
            counts = self._feed.train_rows
            parts = [math.ceil(n / self._batch) for n in counts]
            steps = [math.ceil(n / batch) for n, batch in zip(counts, self._batches, strict=True)]
            order = self._feed.order(number, max(parts) * self._batch)
            rates = self._rates(number, steps)
            self._rule.begin(rates)
            self._losses.zero_()
            last = max(parts) - 1
            going = [a and not f for a, f in zip(self.state.alive, self.frozen, strict=True)]
            active, least = going, min(parts)
            for s in range(last + 1):
                start = s * self._batch
                if s >= least:
                    active = [a and s < n for a, n in zip(going, parts, strict=True)]
                rows = order[:, start : start + self._batch]
                if self._watch:
                    self._watch.before(number, s, active)
                losses = self._program.step(rows, start, number, s, active)
                self._losses += losses
                if self._watch:
                    self._watch.between(losses, s, active)
                moved = self._update(rates, s, active)
                if self._watch:
                    self._watch.after(s)
                self._averages.update(moved)
                if (s % self._program.patience == 0 or s == last) and called_off():
                    return False
        self._losses /= torch.tensor(steps)
        self.state.round += 1
        sound = torch.isfinite(self.state.theta.sum(1))
        if self._watch:
            self._watch.ended(sound)
        finite = torch.isfinite(self._losses) & sound
        self.state.alive = [a and bool(ok) for a, ok in zip(self.state.alive, finite, strict=True)]
        return True

    def _update(self, rates: Sequence[Sequence[float]], s: int, active: Sequence[bool]) -> Sequence[bool]:
        """Let the rule move the active members that are at the end of a batch; returns who that is."""
        if self._accumulation is None:
            self._rule.step(rates[s], active)
            return active
        start = s * self._batch
        moving = self._accumulation.add(start, active)
        last = len(rates) - 1
        now = [rates[min(start // batch, last)][k] for k, batch in enumerate(self._batches)]
        self._rule.step(now, moving)
        return moving

    def point(self) -> Point:
        """Score every member on its held-out rows."""
        with torch.no_grad(), self._averages.in_place():
            metrics = self._program.score()
        dead = ~np.array(self.state.alive)
        for values in metrics.values():
            values[dead] = np.nan
        steps = self.state.rule.steps.double().numpy().copy()
        point = Point(self.state.round, steps, self._losses.numpy().copy(), metrics)
        return (
            replace(point, probes=self._watch.values(), layers=self._watch.layers) if self._watch else point
        )

    @property
    def train_loss(self) -> Tensor:
        """Mean training loss of each member in the latest round, [K]."""
        return self._losses

    @property
    def looks(self) -> tuple[Look, ...]:
        """What every look at a member found so far; () without probes."""
        return tuple(self._watch.looks) if self._watch else ()

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
