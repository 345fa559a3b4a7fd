"""Gradient accumulation: several small batches make one step, as if they were one batch."""

import torch
from torch import Tensor
from torch.optim import Optimizer

from steepest.rules.bounds import BadHyper


def mean_so_far(total: Tensor, grad: Tensor, count: int) -> Tensor:
    """The mean of `count` gradients, the newest included: a ← a + (g − a)/count."""
    return total + (grad - total) / count


class Accumulated:
    """Steps an optimizer once per `every` backward passes, on the mean of their gradients.

    Args:
        optimizer: any `torch.optim.Optimizer`.
        every: backward passes per step.

    The mean is over batches: it is the mean over examples where the batches are equally large.

    Example:
        >>> weight = torch.nn.Parameter(torch.zeros(1))
        >>> accumulated = Accumulated(torch.optim.SGD([weight], lr=1.0), every=2)
        >>> for slope in (1.0, 3.0):
        ...     (slope * weight).sum().backward()
        ...     moved = accumulated.step()
        >>> moved, weight.item()
        (True, -2.0)
    """

    def __init__(self, optimizer: Optimizer, every: int) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise BadHyper("every", "must be a whole number, at least 1", every, "Try 4.")
        self.optimizer, self.every, self.passes = optimizer, every, 0

    @torch.no_grad()
    def step(self) -> bool:
        """Call after each backward pass, without `zero_grad`; True where the optimizer moved."""
        self.passes += 1
        if self.passes % self.every:
            return False
        for group in self.optimizer.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    param.grad.div_(self.every)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return True
