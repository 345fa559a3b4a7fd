"""A chunk: members of one network shape and batch size, trained as one tensor program.

The chunk is what runs; a stack is cut into chunks small enough for weights, gradients and moments to stay in
cache. Every member has its own recipe, seed and fold. Nothing here couples two members: the loss is a vector,
reductions are per member, updates go row by row, and randomness is addressed by the member's seed. A member's
path is therefore its path alone, which `tests/training/test_stacked_equals_solo.py` holds it to.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from steepest.networks import loss_gradients
from steepest.networks.dense import DenseStack
from steepest.networks.spec import spec_of
from steepest.rules.schedules import recipe_rates
from steepest.rules.stacked import StackedRule
from steepest.training.augmentation import Augmentation, Mixing, Trainee
from steepest.training.evaluation import Evaluation
from steepest.training.feed import Feed, batch_weights
from steepest.training.layout import Layout
from steepest.training.masks import Masks
from steepest.training.member import Member
from steepest.training.metrics import Values
from steepest.training.source import Source
from steepest.training.state import StackState


def arranged(members: Sequence[Member]) -> list[Member]:
    """Members in the order a chunk wants: dropping ones first, equal activations adjacent."""
    return sorted(members, key=lambda m: (m.recipe.dropout == 0, m.recipe.activation, m.number))


@dataclass(frozen=True, slots=True)
class Point:
    """Where a chunk stands after an epoch: arrays are [K], NaN for members that have diverged."""

    epoch: int
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
        self.members, self._recipes, self._dtype = list(members), recipes, dtype
        self.state = StackState.fresh(members, source, dtype) if state is None else state
        self._feed = Feed(source, members, dtype)
        layout = self._layout = Layout(spec_of(recipes[0], source.x.shape[1], source.outputs))
        theta, grad = self.state.theta, torch.zeros_like(self.state.theta)
        self._weights, self._biases = layout.views(theta, layout.weight_names), layout.biases(theta)
        self._grad_weights, self._grad_biases = layout.views(grad, layout.weight_names), layout.biases(grad)
        self._norm, self._norms = recipes[0].norm, layout.norms(theta, grad, self.state.buffers)
        self._rule = StackedRule(recipes, theta, grad, self.state.rule, layout.decayed)
        self._classes = source.classes
        rows = self._feed.train_rows
        batches = [n if recipes[0].optimizer == "gd" else min(recipes[0].batch_size, n) for n in rows]
        self._batch = max(batches)
        droppers = [m for m in members if m.recipe.dropout > 0 and len(layout.sizes) > 2]
        n = len(droppers)
        self._masks = Masks(droppers, layout.sizes[1:-1], batches[:n], dtype) if droppers else None
        trainees = map(Trainee, members, rows, batches, self._feed.varying)
        self._augmentation = Augmentation(list(trainees), dtype)
        smoothing = [r.label_smoothing for r in recipes]
        self._smoothing = torch.tensor(smoothing, dtype=dtype) if any(smoothing) else None
        names = [r.activation for r in recipes]
        self._program = DenseStack(layout.sizes, names, n, self._batch, dtype, norm=self._norm)
        self._x = torch.empty(len(members), self._batch, layout.sizes[0], dtype=dtype)
        self._gradient = torch.empty(len(members), self._batch, layout.sizes[-1], dtype=dtype)
        self._evaluation: Evaluation | None = None
        self._losses = torch.zeros(len(members), dtype=torch.float64)

    def epoch(self, called_off: Callable[[], bool] = lambda: False) -> bool:
        """Train for one epoch; False if `called_off` said so before its end: the state is then of no use."""
        with torch.no_grad():
            counts = self._feed.train_rows
            steps = [math.ceil(n / self._batch) for n in counts]
            order = self._feed.order(self.state.epoch, max(steps) * self._batch)
            rates = self._rates(steps)
            full = batch_weights([self._batch] * len(counts), 0, self._batch, self._dtype)
            self._losses.zero_()
            last = max(steps) - 1
            for s in range(last + 1):
                start = s * self._batch
                rows = order[:, start : start + self._batch]
                whole = start + self._batch <= min(counts)
                weights = full if whole else batch_weights(counts, start, rows.shape[1], self._dtype)
                active = [a and s < n for a, n in zip(self.state.alive, steps, strict=True)]
                self._step(rows, weights, s, rates[s], active)
                if (s % 32 == 31 or s == last) and called_off():
                    return False
        self._losses /= torch.tensor(steps)
        self.state.epoch += 1
        finite = torch.isfinite(self._losses) & torch.isfinite(self.state.theta.sum(1))
        self.state.alive = [a and bool(ok) for a, ok in zip(self.state.alive, finite, strict=True)]
        return True

    def point(self) -> Point:
        """Score every member on its held-out rows."""
        with torch.no_grad():
            if self._evaluation is None:
                self._evaluation = Evaluation(
                    self._feed, self._layout.sizes, self._recipes, self._classes, self._dtype
                )
            metrics = self._evaluation.run(self._weights, self._biases, self._norms)
        dead = ~np.array(self.state.alive)
        for values in metrics.values():
            values[dead] = np.nan
        steps = self.state.rule.steps.double().numpy().copy()
        return Point(self.state.epoch, steps, self._losses.numpy().copy(), metrics)

    def parameters(self, row: int) -> dict[str, Tensor]:
        """Parameters and running means of one member by name, copied."""
        return self._layout.named(self.state.theta[row], self.state.buffers[row])

    def _rates(self, steps: Sequence[int]) -> list[list[float]]:
        """Learning rates of the coming epoch, [step][member]; members may differ in steps per epoch."""
        table = torch.zeros(max(steps), len(steps), dtype=torch.float64)
        for n in set(steps):
            slots = [k for k, other in enumerate(steps) if other == n]
            recipes = [self._recipes[k] for k in slots]
            horizons = torch.tensor([r.epochs * n for r in recipes])
            table[:n, slots] = recipe_rates(recipes, self.state.epoch * n + 1, n, horizons)
        rates: list[list[float]] = table.tolist()
        return rates

    def _step(
        self, rows: Tensor, weights: Tensor, step: int, rates: Sequence[float], active: Sequence[bool]
    ) -> None:
        program, x, gradient = self._program, self._x, self._gradient
        self._feed.inputs(rows, x)
        targets = self._feed.targets(rows)
        mixing = self._augmentation.apply(x, self.state.epoch, step)
        masks = self._masks.at(self.state.epoch, step, rows.shape[1]) if self._masks else None
        logits = program.forward(x, self._weights, self._biases, masks, self._norms, weights)
        self._losses += self._loss(logits, targets, weights, mixing, gradient)
        program.backward(
            gradient, x, self._weights, self._grad_weights, self._grad_biases, masks, self._norms
        )
        self._rule.step(rates, active)

    def _loss(
        self, logits: Tensor, targets: Tensor, weights: Tensor, mixing: Mixing | None, gradient: Tensor
    ) -> Tensor:
        """Losses [K], with their gradient by the logits written into `gradient`."""
        if not self._classes:
            goal = mixing.numbers(targets) if mixing else targets
            return loss_gradients.squared_error(logits, goal, weights, gradient)
        if mixing:
            others = mixing.codes(targets)
            return loss_gradients.mixed_cross_entropy(
                logits, targets, others, mixing.share, weights, self._smoothing, gradient
            )
        return loss_gradients.cross_entropy(logits, targets, weights, self._smoothing, gradient)
