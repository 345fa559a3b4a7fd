"""The pure face: a rule is `init` and `update` on tensors with a leading member axis, and nothing else.

Hyperparameters arrive with every call, as numbers or as tensors [K], never captured: members differ in
exactly these. State is a dict of tensors, each [K] or shaped like the weights. No reduction crosses members.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from steepest.base.errors import BadInput, closest
from steepest.rules.bounds import BadHyper, BadParameters, check_members, check_parameter

State = dict[str, Tensor]
Hyper = Mapping[str, Tensor | float]
Update = Callable[[Tensor, Tensor, State, dict[str, Tensor]], tuple[Tensor, State]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Two pure functions and the hyperparameters they read.

    Args:
        name: as in `steepest rules`.
        defaults: every hyperparameter and its default.
        start: weights [K, ...] to the state before the first step.
        move: (weights, gradient, state, hyperparameters as float64 [K]) to (weights, state).
        matrices: the rule moves stacks of matrices [K, rows, columns] only.
    """

    name: str
    defaults: Mapping[str, float]
    start: Callable[[Tensor], State]
    move: Update
    matrices: bool = False

    def init(self, theta: Tensor) -> State:
        """State before the first step of a stack [K, ...].

        Raises:
            BadParameters: for no real, dense floating-point stack, or none of matrices where needed.
        """
        check_parameter(theta, "theta")
        if theta.dim() < 1:
            raise BadParameters("theta", "must have a leading member axis", "a number", "Use `theta[None]`.")
        if self.matrices and theta.dim() != 3:
            remedy = "Give other weights to adamw."
            raise BadParameters("theta", "must be [K, rows, columns]", list(theta.shape), remedy)
        step = torch.zeros(len(theta), dtype=torch.float64, device=theta.device)
        return {"step": step} | self.start(_precise(theta))

    def hyper(self, members: int, given: Hyper, device: torch.device | None = None) -> dict[str, Tensor]:
        """Every hyperparameter as float64 [K], checked; those not given take their default.

        Raises:
            BadHyper: for an unknown name, a wrong shape, or a member out of range.
        """
        for name, value in given.items():
            if name not in self.defaults:
                what = f"hyperparameter {name!r}"
                raise BadHyper(what, f"must be one of {self.name}'s", value, closest(name, self.defaults))
            check_members(name, value, members)
        return {
            name: torch.as_tensor(given.get(name, default), dtype=torch.float64, device=device).expand(
                members
            )
            for name, default in self.defaults.items()
        }

    def update(self, theta: Tensor, grad: Tensor, state: State, hyper: Hyper) -> tuple[Tensor, State]:
        """One step of every member; nothing is written in place.

        16-bit weights are moved in float32 and rounded back; their state is float32.

        Args:
            theta, grad: weights and gradients [K, ...].
            state: what `init` or the last `update` returned.
            hyper: hyperparameters, numbers or tensors [K]; those left out take their default.

        Returns:
            New (weights, state).

        Raises:
            BadInput: for the state of another rule.
        """
        checked = self.hyper(len(theta), hyper, theta.device)
        expected = {"step", *self.start(theta[:0])}
        if set(state) != expected:
            remedy = f"Start with `{self.name}.init(theta)`."
            raise BadInput("state", f"must hold {sorted(expected)}", sorted(state), remedy)
        state = state | {"step": state["step"] + 1}
        moved, state = self.move(_precise(theta), _precise(grad), state, checked)
        return moved.to(theta.dtype), state


def _precise(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def member_sum(x: Tensor) -> Tensor:
    """The sum over everything but members, [K] in float64."""
    return (x.sum(dim=list(range(1, x.dim()))) if x.dim() > 1 else x).to(torch.float64)


def wide(value: Tensor, like: Tensor) -> Tensor:
    """Numbers [K] shaped and typed to multiply a stack [K, ...]."""
    return value.to(like.dtype).reshape((-1,) + (1,) * (like.dim() - 1))


def zeros(*names: str) -> Callable[[Tensor], State]:
    """A start of zeros shaped like the weights."""
    return lambda theta: {name: torch.zeros_like(theta) for name in names}
