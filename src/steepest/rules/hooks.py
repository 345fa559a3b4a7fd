"""Options for any `torch.optim.Optimizer`, ours or torch's: clipping, L1, cautious decay, hung on its steps.

Each function registers a step hook and returns its handle; `handle.remove()` takes the option off again. The
hooks run around `step()`: give it gradients, not a closure. Penalties leave biases, norms and single numbers
alone (parameters with fewer than two axes) unless `every` is True.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from steepest.rules.bounds import DECAY, Bound, check_number
from steepest.rules.clipping import clip_norm, clip_value
from steepest.rules.drop_in import number
from steepest.rules.penalties import cautiously_decayed, shrink

_LIMIT = Bound("largest gradient", open_low=True)
_L1 = Bound("L1 penalty λ·Σ|w|")


def _moving(optimizer: Optimizer) -> Iterator[tuple[Tensor, Tensor, float]]:
    """(parameter, gradient, rate) of everything that will move."""
    for group in optimizer.param_groups:
        for param in group["params"]:
            if param.grad is not None:
                yield param, param.grad, number(group["lr"])


def clip_before_step(
    optimizer: Optimizer, norm: float | None = None, value: float | None = None
) -> RemovableHandle:
    """Clip gradients in place before each step: entries to ±value, then the global norm to `norm`.

    Example:
        >>> weight = torch.nn.Parameter(torch.zeros(2))
        >>> optimizer = torch.optim.SGD([weight], lr=1.0)
        >>> handle = clip_before_step(optimizer, norm=1.0)
        >>> weight.grad = torch.tensor([3.0, 4.0])
        >>> optimizer.step()
        >>> [round(w, 3) for w in weight.tolist()]
        [-0.6, -0.8]
    """
    for name, limit in (("norm", norm), ("value", value)):
        if limit is not None:
            check_number(name, limit, _LIMIT)

    @torch.no_grad()
    def clip(moved: Optimizer, _args: Any, _kwargs: Any) -> None:
        grads = [grad for _, grad, _ in _moving(moved)]
        if value is not None:
            for grad in grads:
                grad.copy_(clip_value(grad[None], value)[0])
        if norm is not None and grads:
            clipped, _ = clip_norm([grad[None] for grad in grads], norm)
            torch._foreach_copy_(grads, [each[0] for each in clipped])

    return optimizer.register_step_pre_hook(clip)


def l1_before_step(optimizer: Optimizer, l1: float, every: bool = False) -> RemovableHandle:
    """Add the subgradient l1·sign θ to the gradients before each step."""
    check_number("l1", l1, _L1)

    @torch.no_grad()
    def penalise(moved: Optimizer, _args: Any, _kwargs: Any) -> None:
        for param, grad, _ in _moving(moved):
            if every or param.dim() >= 2:
                grad.add_(param.sign(), alpha=l1)

    return optimizer.register_step_pre_hook(penalise)


def proximal_l1_after_step(optimizer: Optimizer, l1: float, every: bool = False) -> RemovableHandle:
    """Shrink weights by lr·l1 after each step, through zero never: exact zeros (proximal gradient).

    With adaptive rules the threshold is lr·l1 for every weight, not divided by its √v: decoupled, as weight
    decay is.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([[1.0, 0.05]]))
        >>> optimizer = torch.optim.SGD([weight], lr=0.1)
        >>> handle = proximal_l1_after_step(optimizer, l1=1.0)
        >>> weight.grad = torch.zeros(1, 2)
        >>> optimizer.step()
        >>> [round(w, 3) for w in weight[0].tolist()]
        [0.9, 0.0]
    """
    check_number("l1", l1, _L1)

    @torch.no_grad()
    def pull(moved: Optimizer, _args: Any, _kwargs: Any) -> None:
        for param, _, rate in _moving(moved):
            if every or param.dim() >= 2:
                param.copy_(shrink(param[None], rate * l1)[0])

    return optimizer.register_step_post_hook(pull)


def cautious_decay(
    optimizer: Optimizer, weight_decay: float, every: bool = False
) -> tuple[RemovableHandle, RemovableHandle]:
    """Decay by lr·weight_decay only where the step moves a weight towards zero (arXiv 2510.12402).

    Set the optimizer's own weight_decay to 0 beside it.
    """
    check_number("weight_decay", weight_decay, DECAY)
    before: list[Tensor] = []

    @torch.no_grad()
    def remember(moved: Optimizer, _args: Any, _kwargs: Any) -> None:
        before[:] = [param.clone() for param, _, _ in _moving(moved)]

    @torch.no_grad()
    def decay(moved: Optimizer, _args: Any, _kwargs: Any) -> None:
        for (param, _, rate), old in zip(_moving(moved), before, strict=True):
            if every or param.dim() >= 2:
                step = old - param
                param.copy_(cautiously_decayed(old[None], step[None], rate * weight_decay)[0] - step)
        before.clear()

    return optimizer.register_step_pre_hook(remember), optimizer.register_step_post_hook(decay)
