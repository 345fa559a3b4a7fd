"""Rules taken from torch as they are, for one network: LBFGS and Adafactor, with worded errors."""

from typing import Any

from torch import optim
from torch.optim.optimizer import ParamsT

from steepest.rules.bounds import LR, Bound, check_number, check_parameter

_HISTORY = Bound("pairs of steps that curvature is guessed from", 1)
_ITERATIONS = Bound("iterations in one step", 1)


def _checked(params: ParamsT, lr: float, **more: tuple[float, Bound]) -> list[Any]:
    check_number("lr", lr, LR)
    for name, (value, bound) in more.items():
        check_number(name, value, bound)
    listed: list[Any] = [params] if not hasattr(params, "__iter__") else list(params)
    for item in listed:
        if not isinstance(item, dict | tuple):
            check_parameter(item)
    return listed


class LBFGS(optim.LBFGS):
    """Limited-memory BFGS: for full batches and few parameters; a step runs the closure several times.

    Args:
        params: tensors; one group only.
        lr: step length; leave at 1 with a line search.
        max_iter: iterations in one step.
        history_size: pairs kept.
        line_search_fn: "strong_wolfe" or None (torch's default, which may diverge).

    Source: Liu & Nocedal 1989, as `torch.optim.LBFGS` has it.
    Departures: the strong Wolfe line search is on by default.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1.0,
        max_iter: int = 20,
        history_size: int = 100,
        line_search_fn: str | None = "strong_wolfe",
    ) -> None:
        listed = _checked(params, lr, max_iter=(max_iter, _ITERATIONS), history_size=(history_size, _HISTORY))
        super().__init__(listed, lr, max_iter, history_size=history_size, line_search_fn=line_search_fn)


class Adafactor(optim.Adafactor):
    """Adafactor: Adam's second moment kept as row and column means, for networks too large for more.

    Args:
        params: tensors θ, (name, tensor) pairs, or param groups.
        lr: learning rate, per step, relative to the size of each parameter.
        weight_decay: decoupled decay λ.

    Source: Shazeer & Stern 2018 (arXiv 1804.04235), as `torch.optim.Adafactor` has it.
    """

    def __init__(self, params: ParamsT, lr: float = 1e-2, weight_decay: float = 0.0) -> None:
        decay = Bound("weight decay")
        super().__init__(
            _checked(params, lr, weight_decay=(weight_decay, decay)), lr, weight_decay=weight_decay
        )
