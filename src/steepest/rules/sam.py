"""Sharpness-aware minimisation: descend along the gradient taken at the worst point nearby."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from steepest.rules.bounds import Bound, check_number
from steepest.rules.rule import member_sum, wide

RHO = Bound("radius ρ of the neighbourhood")


def ascent(grads: Sequence[Tensor], rho: Tensor | float) -> list[Tensor]:
    """The step to the worst point nearby, ρ·g/‖g‖ with the norm over all of a member's tensors [K, ...].

    Source: Foret et al. 2021 (arXiv 2010.01412), equation 2 with p = 2.

    Example:
        >>> ascent([torch.tensor([[3.0, 4.0], [0.0, 0.0]])], 1.0)[0].tolist()
        [[0.6..., 0.8...], [0.0, 0.0]]
    """
    norm = torch.stack([member_sum(g.to(torch.float64) ** 2) for g in grads]).sum(0).sqrt()
    factor = torch.as_tensor(rho, dtype=torch.float64) / (norm + 1e-12)
    return [g * wide(factor, g) for g in grads]


class SAM:
    """Wraps an optimizer: two gradients per step, the second at θ + ρ·g/‖g‖.

    Equation:
        e = ρ·∇L(θ)/‖∇L(θ)‖,  θ ← step of the optimizer with ∇L(θ + e)

    Args:
        optimizer: any `torch.optim.Optimizer`.
        rho: radius ρ, in the units of the weights.

    Source: Foret et al. 2021 (arXiv 2010.01412), Algorithm 1. A step costs twice as much.

    Example:
        >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
        >>> sam = SAM(torch.optim.SGD([weight], lr=0.1), rho=0.5)
        >>> def closure():
        ...     sam.optimizer.zero_grad()
        ...     loss = (weight**2).sum()
        ...     loss.backward()
        ...     return loss
        >>> loss = sam.step(closure)                           # the gradient at 1.5 is 3
        >>> round(weight.item(), 6)
        0.7
    """

    def __init__(self, optimizer: Optimizer, rho: float = 0.05) -> None:
        check_number("rho", rho, RHO)
        self.optimizer, self.rho = optimizer, rho

    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        """Run `closure` twice (it must zero the gradients, call backward and return the loss), then step.

        Returns:
            The loss at θ, before the step.
        """
        with torch.enable_grad():
            loss = closure()
        params = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        with torch.no_grad():
            held = [p.clone() for p in params]
            away = ascent([p.grad[None] for p in params], self.rho)
            torch._foreach_add_(params, [a[0] for a in away])
        with torch.enable_grad():
            closure()
        with torch.no_grad():
            torch._foreach_copy_(params, held)
        self.optimizer.step()
        return loss
