"""What a pass through the user's own network leaves behind: values kept in Python, buffers, draws."""

import random
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from steepest.networks.own_lines import Sources

_DEPTH = 4
"""How deep values within values are compared."""


class Kept(NamedTuple):
    """A value that a layer keeps in an attribute."""

    layer: nn.Module
    name: str
    attribute: str

    @property
    def path(self) -> str:
        """As the network's own names go: "block.calls"."""
        return f"{self.name}.{self.attribute}" if self.name else self.attribute


class State:
    """What a network holds at one moment.

    Example:
        >>> network = nn.Linear(2, 1)
        >>> network.calls = 0
        >>> before = State(network)
        >>> network.calls += 1
        >>> [kept.path for kept in before.changed(State(network))]
        ['calls']
    """

    def __init__(self, network: nn.Module) -> None:
        usual = vars(nn.Module()).keys()
        self._alive: list[Any] = []  # what is compared by identity must not be freed meanwhile
        self._kept = {
            Kept(layer, name, attribute): self._trace(value, _DEPTH)
            for name, layer in network.named_modules()
            for attribute, value in vars(layer).items()
            if attribute not in usual
        }
        tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        self._tensors = {name: (t, t.detach().clone()) for name, t in tensors.items()}

    def changed(self, later: "State") -> tuple[Kept, ...]:
        """Attributes, parameters and buffers apart, that are there later only or hold something else."""
        return tuple(
            kept for kept, trace in later._kept.items() if kept not in self._kept or self._kept[kept] != trace
        ) + tuple(kept for kept in self._kept if kept not in later._kept)

    def altered(self, later: "State") -> Iterator[tuple[str, Tensor, Tensor, bool]]:
        """(name, before, after, replaced) of each parameter or buffer with other values, shape or type.

        One that is there at one moment only is compared with no numbers.
        """
        for name in {**self._tensors, **later._tensors}:
            none = torch.empty(0), torch.empty(0)
            (old, before), (new, after) = self._tensors.get(name, none), later._tensors.get(name, none)
            if not same(before, after) or before.dtype != after.dtype:
                yield name, before, after, old is not new or old.data_ptr() != new.data_ptr()

    def put_back(self, names: Mapping[str, Any]) -> None:
        """Give the named tensors their values of this moment again, in place."""
        with torch.no_grad():
            for name in names:
                tensor, value = self._tensors[name]
                tensor.copy_(value)

    def _trace(self, value: Any, depth: int) -> Any:
        """Something that compares equal as long as the value stays."""
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return type(value), repr(value)
        self._alive.append(value)
        if isinstance(value, Tensor):
            return id(value), value._version
        if isinstance(value, np.ndarray):
            return value.shape, value.dtype.str, value.tobytes()
        if isinstance(value, np.random.Generator):
            return repr(value.bit_generator.state)
        if isinstance(value, random.Random):
            return value.getstate()
        if isinstance(value, torch.Generator):
            return value.get_state().numpy().tobytes()
        if depth and isinstance(value, list | tuple | set | frozenset | deque):
            return type(value), tuple(self._trace(each, depth - 1) for each in value)
        if depth and isinstance(value, Mapping):
            return type(value), tuple((repr(k), self._trace(v, depth - 1)) for k, v in value.items())
        plain = isinstance(value, type | FunctionType | ModuleType | nn.Module)
        if depth and not plain and hasattr(value, "__dict__"):
            return id(value), self._trace(vars(value), depth - 1)
        return id(value)


class Draw(NamedTuple):
    """Random numbers that were drawn: on which line of the user's, by which layer of a library if any."""

    where: str
    layer: nn.Module | None


class Draws(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes every use of torch's generator inside its block.

    Args:
        sources: of the network that runs in the block.
    """

    def __init__(self, sources: Sources) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._sources = sources
        self.found: list[Draw] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **(kwargs or {}))
        before = torch.random.get_rng_state()
        result = func(*args, **(kwargs or {}))
        if not torch.equal(before, torch.random.get_rng_state()):
            self.found.append(Draw(*self._sources.running(sys._getframe(1))))
        return result


def same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors hold the same numbers; what is not a number equals itself."""
    if a.shape != b.shape:
        return False
    return bool(torch.all((a == b) | ((a != a) & (b != b))))
