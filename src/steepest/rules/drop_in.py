"""What every drop-in optimizer shares: checks, param groups, checkpoints, closures. No arithmetic.

A drop-in is an ordinary `torch.optim.Optimizer`: it takes param groups, closures, torch's learning-rate
schedulers, `GradScaler` and step hooks, and its state carries torch's names where torch has the algorithm, so
that checkpoints load both ways.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, overload

import torch
from torch import Tensor
from torch._compile import _disable_dynamo
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from steepest.base.errors import BadInput, closest
from steepest.rules.bounds import (
    BOUNDS,
    BadHyper,
    BadParameters,
    check_number,
    check_parameter,
)

Group = dict[str, Any]
TORCH_ONLY = ("foreach", "capturable", "differentiable", "fused", "amsgrad", "decoupled_weight_decay")
"""Switches in torch's checkpoints that choose an implementation (or a variant, refused if on)."""


class DropIn(Optimizer):
    """Base of the drop-in optimizers; a subclass declares its state and moves one group of parameters.

    Class attributes:
        slots: names of the per-parameter state, as torch names them; "step" first where steps are counted.
        usual_betas: what `betas` may look like.
        choices: allowed words of arguments that are words.
        bytes_per_parameter: float32 traffic of a step when each array is touched once.
        steps_beside_weights: step counts lie on the weights' device, as fused kernels ask; else on the CPU.
        variants: switches of torch's checkpoints that change the algorithm, and the only value accepted.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    usual_betas: ClassVar[tuple[float, ...]] = (0.9, 0.999)
    choices: ClassVar[Mapping[str, tuple[str | None, ...]]] = {}
    bytes_per_parameter: ClassVar[int] = 12
    steps_beside_weights: ClassVar[bool] = False
    variants: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            what = f"a tensor of shape {list(params.shape)}"
            raise BadParameters("params", "must be an iterable of tensors", what, "Pass `[tensor]`.")
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with settings of their own; settings left out take the defaults.

        Raises:
            BadParameters: for parameters that are no real, dense floating-point tensors.
            BadHyper: for a hyperparameter out of range or an unknown setting.
        """
        if isinstance(param_group, Mapping) and "params" in param_group:
            for param in _listed(param_group["params"]):
                check_parameter(param)
            self._check_settings({**self.defaults, **param_group})
        super().add_param_group(param_group)

    def _check_settings(self, group: Mapping[str, Any]) -> None:
        for name, value in group.items():
            if name in self.choices:
                if value not in self.choices[name]:
                    words = [word for word in self.choices[name] if word]
                    raise BadHyper(name, "must be a known word", value, closest(str(value), words))
            elif name == "betas":
                self._check_betas(value)
            elif name in BOUNDS:
                check_number(name, value)

    def _check_betas(self, value: Any) -> None:
        count = len(self.usual_betas)
        if not isinstance(value, tuple | list) or len(value) != count:
            raise BadHyper("betas", f"must be {count} numbers", value, f"Try {self.usual_betas}.")
        for index, beta in enumerate(value):
            check_number(f"betas[{index}]", beta, BOUNDS["betas"])

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every parameter that has a gradient; gradients are left as they are.

        Under `torch.compile` the step runs between two compiled regions, on the same kernels.

        Args:
            closure: recomputes the loss (and gradients); its value is returned.

        Raises:
            BadParameters: for a sparse gradient.
        """
        if torch.compiler.is_dynamo_compiling():
            loss: float | None = _eagerly(self, closure)
            return loss
        return self._step(closure)

    @torch.no_grad()
    def _step(self, closure: Callable[[], float] | None) -> float | None:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._move(group)
        return loss

    def _move(self, group: Group) -> None:
        """Apply the rule to one group; what a subclass must provide."""
        raise NotImplementedError

    def _kept(self, name: str, states: list[dict[str, Tensor]], params: list[Tensor]) -> list[Tensor]:
        """A moment of each parameter, zeros where it is not there yet."""
        try:
            return [state[name] for state in states]
        except KeyError:
            return [s.setdefault(name, torch.zeros_like(p)) for s, p in zip(states, params, strict=True)]

    def _counted(self, params: list[Tensor]) -> list[tuple[float, list[int]]]:
        """Count a step for each parameter; (step, positions of the parameters that are there)."""
        places: dict[float, list[int]] = {}
        for index, param in enumerate(params):
            state = self.state[param]
            if "step" not in state:
                state["step"] = torch.zeros(())
            state["step"] += 1
            places.setdefault(float(state["step"]), []).append(index)
        return list(places.items())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load a checkpoint of this rule, or of the same algorithm in `torch.optim`.

        Raises:
            BadInput: for the state of another rule, or of a variant this rule does not compute.
        """
        mine = type(self).__name__
        for group in state_dict["param_groups"]:
            for name, wanted in {**self.variants, "amsgrad": False}.items():
                if group.get(name, wanted) != wanted:
                    remedy = f"{mine} computes {name}={wanted} only; go on with the optimizer it came from."
                    raise BadInput(f"state_dict's {name}", f"must be {wanted}", group[name], remedy)
            self._check_settings({k: v for k, v in group.items() if k in self.defaults})
        found = {name for state in state_dict["state"].values() for name in state}
        strangers = sorted(found - set(self.slots))
        if strangers:
            remedy = "It is the state of another rule: load it into that one, or start without state."
            raise BadInput("state_dict", f"must be the state of {mine} {list(self.slots)}", strangers, remedy)
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            for name in TORCH_ONLY:
                group.pop(name, None)
        for param, kept in self.state.items():
            if "step" in kept:
                kept["step"] = kept["step"].to(param.device if self.steps_beside_weights else "cpu")

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # settings that torch's checkpoint does not know
            for name, value in self.defaults.items():
                group.setdefault(name, value)
        for kept in self.state.values():
            if "step" in kept and not isinstance(kept["step"], Tensor):
                kept["step"] = torch.tensor(float(kept["step"]))


# torch's own lazy form of `torch.compiler.disable`, which would load the compiler (1 s) on import
_eagerly: Callable[..., Any] = _disable_dynamo(DropIn._step)


def _listed(params: Any) -> Iterator[Any]:
    if isinstance(params, Tensor):
        yield params
    elif isinstance(params, Sequence):
        for item in params:
            yield item[1] if isinstance(item, tuple) else item  # (name, parameter)


def refuse_sparse(grads: Sequence[Tensor]) -> None:
    """Raise for the first sparse gradient."""
    for grad in grads:
        if grad.is_sparse:
            raise BadParameters(
                "gradient",
                "must be dense",
                f"a sparse tensor of shape {list(grad.shape)}",
                "Use `nn.Embedding(sparse=False)`, or `torch.optim.SparseAdam`.",
            )


def number(value: Any) -> Any:
    """A setting as a plain float: torch allows one-element tensors too."""
    return float(value) if isinstance(value, Tensor) else value


def moving(group: Group) -> tuple[list[Tensor], list[Tensor]]:
    """(parameters with a gradient, their gradients)."""
    params: list[Tensor] = [p for p in group["params"] if p.grad is not None]
    grads: list[Tensor] = [p.grad for p in params]  # type: ignore[misc]
    refuse_sparse(grads)
    return params, grads
