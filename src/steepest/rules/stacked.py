"""The one rule of `two_moment.py`, in place over a stack's flat buffers: each member on its own row.

A stack keeps all its weights in one buffer θ [K, P], and so on; row k is member k. Gradients may come in
blocks of columns, so that a product of matrices can write each in one piece. torch's fused kernels compute
all rows of the table in one pass over memory, RMSProp and NAdamW by way of Adam's. A member that is frozen
is not touched, whatever its numbers. `two_moment.update` is the reference this must match.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from steepest.base.recipe import Recipe
from steepest.rules.rows import LEAST_EPS

_Step = Callable[[float], None]


@dataclass(slots=True)
class RuleState:
    """What a rule remembers: m and v [K, P], and the steps taken [K] (float32, as torch's kernels ask)."""

    first: Tensor
    second: Tensor
    steps: Tensor

    @classmethod
    def zeros(cls, theta: Tensor) -> "RuleState":
        """Before the first step."""
        return cls(torch.zeros_like(theta), torch.zeros_like(theta), torch.zeros(len(theta)))


class StackedRule:
    """The update of every member of a stack, each by its own recipe.

    Args:
        recipes: one per member.
        theta: parameters [K, P], which `step` writes.
        grads: gradients in blocks of columns, [K, n] each, P in all; `step` scratches them.
        state: moments and step counts, written in place.
        decayed: the first `decayed` columns are weights, which penalties apply to; the rest are biases.
    """

    def __init__(
        self,
        recipes: Sequence[Recipe],
        theta: Tensor,
        grads: Sequence[Tensor],
        state: RuleState,
        decayed: int,
    ) -> None:
        self.state = state
        edges = [0, *itertools.accumulate(block.shape[1] for block in grads)]
        self._slices = [slice(a, b) for a, b in itertools.pairwise(edges)]
        self._grads = [[block[k] for block in grads] for k in range(len(recipes))]
        self._weights = [
            (theta[:, a : min(b, decayed)], block[:, : decayed - a])
            for (a, b), block in zip(itertools.pairwise(edges), grads, strict=True)
            if a < decayed
        ]
        self._penalised = [k for k, r in enumerate(recipes) if r.l1 or r.l2]
        self._clipped = [k for k, r in enumerate(recipes) if r.clip_norm]
        self._decays = [r.weight_decay for r in recipes]
        self._shrunk = theta[:, :decayed] if any(self._decays) else None
        self._recipes = recipes
        self._scratch = [torch.empty_like(block[0]) for block in grads]
        self._steps = [self._lane(k, recipe, theta[k]) for k, recipe in enumerate(recipes)]
        self._counted: tuple[list[bool], Tensor] = [], torch.empty(0)
        self._decayed: tuple[tuple[list[float], list[bool]], Tensor] = ([], []), torch.empty(0)

    def step(self, rates: Sequence[float], active: Sequence[bool]) -> None:
        """One step: penalties join the gradient, the gradient is clipped, weights decay, the rule moves them.

        Args:
            rates: learning rate of each member in this step.
            active: members that take part; the others keep every bit.
        """
        with torch.no_grad():
            for k in self._penalised:
                if active[k]:
                    self._penalise(k)
            for k in self._clipped:
                if active[k]:
                    self._clip(k)
            self._move(rates, active)

    def begin(self, rates: Sequence[Sequence[float]]) -> None:
        """Told the rates of the moves to come, [move][member], counted by each member's own moves."""

    def _move(self, rates: Sequence[float], active: Sequence[bool]) -> None:
        """Count the step; weights decay, and the rule moves them."""
        self.state.steps.add_(self._ones(active))
        if self._shrunk is not None:
            self._shrunk.mul_(self._kept(self._shrunk, rates, active))
        for move, rate, moves in zip(self._steps, rates, active, strict=True):
            if moves:
                move(rate)

    def _ones(self, active: Sequence[bool]) -> Tensor:
        """1 for members that take part, 0 for others, [K]; made anew only when that changes."""
        if active != self._counted[0]:
            self._counted = list(active), torch.tensor(active, dtype=self.state.steps.dtype)
        return self._counted[1]

    def _kept(self, weights: Tensor, rates: Sequence[float], active: Sequence[bool]) -> Tensor:
        """What decay leaves of each member's weights, [K, 1]; made anew only when that changes."""
        now = (list(rates), list(active))
        if now != self._decayed[0]:
            kept = [1 - r * d if a else 1.0 for r, d, a in zip(rates, self._decays, active, strict=True)]
            self._decayed = now, weights.new_tensor(kept).unsqueeze(1)
        return self._decayed[1]

    def _penalise(self, k: int) -> None:
        """g ← g + l2·θ + l1·sign θ, weights only."""
        recipe = self._recipes[k]
        for weights, grads in self._weights:
            if recipe.l2:
                grads[k].add_(weights[k], alpha=recipe.l2)
            if recipe.l1:
                grads[k].add_(weights[k].sign(), alpha=recipe.l1)

    def _clip(self, k: int) -> None:
        """Scale the member's gradient down to its largest norm."""
        limit, grads = self._recipes[k].clip_norm, self._grads[k]
        norm = float(get_total_norm(grads))
        if norm > limit:
            for grad in grads:
                grad.mul_(limit / (norm + 1e-6))

    def _lane(self, k: int, recipe: Recipe, theta: Tensor) -> _Step:
        def pieces(row: Tensor) -> list[Tensor]:
            return [row[columns] for columns in self._slices]

        rows = pieces(theta), self._grads[k], pieces(self.state.first[k]), pieces(self.state.second[k])
        count = self.state.steps[k]
        match recipe.optimizer:
            case "gd" | "sgd" | "momentum" | "nesterov":
                return _sgd(recipe, rows)
            case "adagrad":
                return _adagrad(_guarded(recipe), rows, [count] * len(rows[0]))
            case "adam" | "adamw":
                return _adam(_guarded(recipe), rows, [count] * len(rows[0]))
            case "rmsprop":
                return _rmsprop(_guarded(recipe), rows)
            case "nadamw":
                return _nadam(_guarded(recipe), rows, count, self._scratch)


_Rows = tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]
"""θ, g, m and v of a member, each in its blocks."""


def _guarded(recipe: Recipe) -> Recipe:
    """With ε = 0 a weight that never had a gradient would become 0/0; the least normal number prevents it."""
    return recipe if recipe.eps >= LEAST_EPS else recipe.replace(eps=LEAST_EPS)


def _sgd(recipe: Recipe, rows: _Rows) -> _Step:
    theta, grad, first, _ = rows
    beta = recipe.momentum if recipe.optimizer in ("momentum", "nesterov") else 0.0

    def move(rate: float) -> None:
        torch._fused_sgd_(
            theta, grad, first if beta else [], weight_decay=0.0, momentum=beta, lr=rate, dampening=0.0,
            nesterov=recipe.optimizer == "nesterov", maximize=False, is_first_step=False,
        )  # fmt: skip

    return move


def _adagrad(recipe: Recipe, rows: _Rows, count: list[Tensor]) -> _Step:
    theta, grad, _, second = rows

    def move(rate: float) -> None:
        torch._fused_adagrad_(
            theta,
            grad,
            second,
            count,
            lr=rate,
            lr_decay=0.0,
            weight_decay=0.0,
            eps=recipe.eps,
            maximize=False,
        )

    return move


def _adam(recipe: Recipe, rows: _Rows, count: list[Tensor]) -> _Step:
    theta, grad, first, second = rows

    def move(rate: float) -> None:
        torch._fused_adamw_(
            theta, grad, first, second, [], count, lr=rate, beta1=recipe.beta1, beta2=recipe.beta2,
            weight_decay=0.0, eps=recipe.eps, amsgrad=False, maximize=False,
        )  # fmt: skip

    return move


def _rmsprop(recipe: Recipe, rows: _Rows) -> _Step:
    """Adam's kernel with β₁ = 0 after infinitely many steps, when no correction is left; m is g itself."""
    theta, grad, _, second = rows
    always = [torch.tensor(math.inf)] * len(theta)

    def move(rate: float) -> None:
        torch._fused_adamw_(
            theta, grad, grad, second, [], always, lr=rate, beta1=0.0, beta2=recipe.rho,
            weight_decay=0.0, eps=recipe.eps, amsgrad=False, maximize=False,
        )  # fmt: skip

    return move


def _nadam(recipe: Recipe, rows: _Rows, count: Tensor, scratch: list[Tensor]) -> _Step:
    """Adam's kernel over a moment of its own: c₁m + c₂g, with m ← β₁m + (1-β₁)g, is s·(βm + (1-β)g).

    Here c₁ = β₁/(1-β₁ᵗ⁺¹), c₂ = (1-β₁)/(1-β₁ᵗ), s = c₁ + c₂ and β = c₁β₁/s. The kernel divides by 1-βᵗ, which
    the rate it is given takes back.
    """
    theta, grad, first, second = rows
    b1, counts = recipe.beta1, [count] * len(theta)

    def move(rate: float) -> None:
        t = int(count)
        ahead = b1 / (1 - b1 ** (t + 1))
        whole = ahead + (1 - b1) / (1 - b1**t)
        beta = ahead * b1 / whole
        torch._foreach_copy_(scratch, first)
        torch._foreach_lerp_(first, grad, 1 - b1)
        torch._fused_adamw_(
            theta, grad, scratch, second, [], counts, lr=rate * whole * (1 - beta**t), beta1=beta,
            beta2=recipe.beta2, weight_decay=0.0, eps=recipe.eps, amsgrad=False, maximize=False,
        )  # fmt: skip

    return move
