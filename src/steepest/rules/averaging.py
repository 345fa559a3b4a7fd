"""Averages of weights along training: exponential (EMA) and equal (SWA)."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from steepest.rules.bounds import BETA, BadHyper, check_number
from steepest.rules.rule import wide


def exponential(average: Tensor, theta: Tensor, decay: Tensor | float, step: Tensor | float) -> Tensor:
    """One step of the exponential mean of weights, unbiased from its first step on.

    a ← a + w·(θ − a) with w = (1 − decay)/(1 − decayᵗ): at t = 1 the average is θ itself, later it forgets at
    `decay` (Kingma & Ba 2015, section 7.2, written without a separate correction).

    Args:
        average, theta: [K, ...].
        decay: forgetting per step, a number or [K].
        step: 1-based number of this update, a number or [K].

    Example:
        >>> a = exponential(torch.zeros(1, 1), torch.ones(1, 1), 0.9, 1)
        >>> exponential(a, 2 * torch.ones(1, 1), 0.9, 2).item()
        1.526...
    """
    keep = torch.as_tensor(decay, dtype=torch.float64)
    weight = (1 - keep) / (1 - keep ** torch.as_tensor(step, dtype=torch.float64))
    return average + wide(weight.expand(len(theta)), theta) * (theta - average)


def equal(average: Tensor, theta: Tensor, count: Tensor | float) -> Tensor:
    """The equal mean of `count` weights, newest included: a ← a + (θ − a)/count (arXiv 1803.05407, eq. 2)."""
    share = 1 / torch.as_tensor(count, dtype=torch.float64)
    return average + wide(share.expand(len(theta)), theta) * (theta - average)


class Averaged:
    """An average of a network's parameters, kept beside any optimizer.

    Args:
        params: the parameters to follow.
        decay: forgetting per update of an exponential mean; None takes the equal mean (SWA).

    Batch norm's running statistics belong to the weights of training: refresh them for the average.

    Example:
        >>> weight = torch.nn.Parameter(torch.zeros(1))
        >>> average = Averaged([weight], decay=None)
        >>> for value in (1.0, 3.0):
        ...     _ = weight.data.fill_(value)
        ...     average.update()
        >>> with average.in_place():
        ...     print(weight.item())
        2.0
        >>> weight.item()
        3.0
    """

    def __init__(self, params: Iterable[Tensor], decay: float | None = 0.999) -> None:
        self.params = list(params)
        if decay is not None:
            check_number("decay", decay, BETA)
        self.decay, self.count = decay, 0
        self.average = [p.detach().clone() for p in self.params]

    @torch.no_grad()
    def update(self) -> None:
        """Take the present weights into the average; call after `optimizer.step()`."""
        self.count += 1
        weight = 1 / self.count if self.decay is None else newest_share(self.decay, self.count)
        torch._foreach_lerp_(self.average, self.params, weight)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average into the network for as long as the block lasts."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        swap_(zip(self.params, self.average, strict=True))

    def state_dict(self) -> dict[str, object]:
        """The average and how many updates it holds."""
        return {"count": self.count, "average": [a.clone() for a in self.average]}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Go on from `state_dict`.

        Raises:
            BadHyper: where the shapes are those of another network.
        """
        average, count = state["average"], state["count"]
        assert isinstance(average, list)
        assert isinstance(count, int)
        shapes, wanted = [list(a.shape) for a in average], [list(p.shape) for p in self.params]
        if shapes != wanted:
            raise BadHyper("state", f"must hold averages shaped {wanted}", shapes, "Use the same network.")
        self.count, self.average = count, [a.clone() for a in average]


def newest_share(decay: float, count: int) -> float:
    """w of the newest weights in an average of `count` with decay d, unbiased: w = (1 - d)/(1 - dᵗ).

    Example:
        >>> newest_share(0.9, 1), round(newest_share(0.9, 1000), 6)
        (1.0, 0.1)
    """
    return (1 - decay) / (1 - decay**count)


@torch.no_grad()
def swap_(pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Let the tensors of each pair exchange what they hold.

    Example:
        >>> a, b = torch.ones(2), torch.zeros(2)
        >>> swap_([(a, b)])
        >>> a, b
        (tensor([0., 0.]), tensor([1., 1.]))
    """
    for one, other in pairs:
        held = one.clone()
        one.copy_(other)
        other.copy_(held)
