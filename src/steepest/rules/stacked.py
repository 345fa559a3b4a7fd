"""The one rule of `two_moment.py`, in place over a stack's flat buffers: each member on its own row.

A stack keeps all its weights in one buffer θ [K, P], all gradients in another, and so on; row k is member k.
torch's fused kernels compute four rows of the table (SGD, momentum, AdaGrad, Adam) in one pass over memory,
and a row of a buffer is all they need. The remaining ones are written out with scalar arithmetic. A member
that is frozen is not touched, whatever its numbers. `two_moment.update` is the reference this must match.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

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
        theta, grad: flat buffers [K, P]; `step` writes θ, and scratches the gradient.
        state: moments and step counts, written in place.
        decayed: the first `decayed` columns are weights, which penalties apply to; the rest are biases.
    """

    def __init__(
        self, recipes: Sequence[Recipe], theta: Tensor, grad: Tensor, state: RuleState, decayed: int
    ) -> None:
        self.state = state
        self._grad, self._scratch = grad, torch.empty_like(theta[0])
        self._weights = [(theta[k, :decayed], grad[k, :decayed]) for k in range(len(recipes))]
        self._penalised = [k for k, r in enumerate(recipes) if r.l1 or r.l2]
        self._decays = [r.weight_decay for r in recipes]
        self._recipes = recipes
        self._steps = [self._lane(k, recipe, theta[k], grad[k]) for k, recipe in enumerate(recipes)]

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
            for k, move in enumerate(self._steps):
                if active[k]:
                    if self._recipes[k].clip_norm:
                        self._clip(k)
                    self.state.steps[k] += 1
                    if self._decays[k]:
                        self._weights[k][0].mul_(1 - rates[k] * self._decays[k])
                    move(rates[k])

    def _penalise(self, k: int) -> None:
        """g ← g + l2·θ + l1·sign θ, weights only."""
        (weights, grads), recipe = self._weights[k], self._recipes[k]
        if recipe.l2:
            grads.add_(weights, alpha=recipe.l2)
        if recipe.l1:
            grads.add_(weights.sign(), alpha=recipe.l1)

    def _clip(self, k: int) -> None:
        """Scale the member's gradient down to its largest norm."""
        limit, grad = self._recipes[k].clip_norm, self._grad[k]
        norm = float(torch.linalg.vector_norm(grad))
        if norm > limit:
            grad.mul_(limit / (norm + 1e-6))

    def _lane(self, k: int, recipe: Recipe, theta: Tensor, grad: Tensor) -> _Step:
        rows = [theta], [grad], [self.state.first[k]], [self.state.second[k]]
        count = [self.state.steps[k]]
        match recipe.optimizer:
            case "gd" | "sgd" | "momentum" | "nesterov":
                return _sgd(recipe, rows)
            case "adagrad":
                return _adagrad(_guarded(recipe), rows, count)
            case "adam" | "adamw":
                return _adam(_guarded(recipe), rows, count)
            case "rmsprop":
                return _rmsprop(_guarded(recipe), rows, self._scratch)
            case "nadamw":
                return _nadam(_guarded(recipe), rows, count[0], self._scratch)


_Rows = tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]


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


def _rmsprop(recipe: Recipe, rows: _Rows, scratch: Tensor) -> _Step:
    (theta,), (grad,), _, (second,) = rows

    def move(rate: float) -> None:
        second.mul_(recipe.rho).addcmul_(grad, grad, value=1 - recipe.rho)
        theta.addcdiv_(grad, torch.sqrt(second, out=scratch).add_(recipe.eps), value=-rate)

    return move


def _nadam(recipe: Recipe, rows: _Rows, count: Tensor, scratch: Tensor) -> _Step:
    (theta,), (grad,), (first,), (second,) = rows
    b1, b2 = recipe.beta1, recipe.beta2

    def move(rate: float) -> None:
        t = int(count)
        first.lerp_(grad, 1 - b1)
        second.mul_(b2).addcmul_(grad, grad, value=1 - b2)
        grad.mul_((1 - b1) / (1 - b1**t)).add_(first, alpha=b1 / (1 - b1 ** (t + 1)))  # m̂, over the gradient
        torch.sqrt(second, out=scratch).div_((1 - b2**t) ** 0.5).add_(recipe.eps)
        theta.addcdiv_(grad, scratch, value=-rate)

    return move
