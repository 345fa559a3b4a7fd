"""Where a network's parameters stand in a flat row: weights first, so that penalties apply to a prefix."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from steepest.networks.spec import NetworkSpec


class Layout:
    """Columns of every parameter of one network shape.

    Example:
        >>> from steepest.networks.spec import NetworkSpec
        >>> layout = Layout(NetworkSpec("mlp", inputs=4, outputs=2, hidden=(3,)))
        >>> layout.size, layout.decayed, layout.sizes
        (23, 18, (4, 3, 2))
    """

    def __init__(self, spec: NetworkSpec) -> None:
        layers = spec.layers
        self.sizes = (layers[0].fan_in, *(layer.fan_out for layer in layers))
        shapes = spec.parameter_shapes
        self.weight_names = [layer.weight for layer in layers]
        self.bias_names = [layer.bias for layer in layers]
        self._columns: dict[str, tuple[slice, tuple[int, ...]]] = {}
        start = 0
        for name in (*self.weight_names, *self.bias_names):
            size = math.prod(shapes[name])
            self._columns[name] = slice(start, start + size), shapes[name]
            start += size
        self.size = start
        self.decayed = sum(math.prod(shapes[name]) for name in self.weight_names)

    def views(self, buffer: Tensor, names: list[str]) -> list[Tensor]:
        """Views [K, *shape] of the named parameters in a buffer [K, P]."""
        found = [self._columns[name] for name in names]
        return [buffer[:, columns].view(len(buffer), *shape) for columns, shape in found]

    def flatten(self, parameters: Mapping[str, Tensor], row: Tensor) -> None:
        """Copy parameters into a row [P]."""
        for name, (columns, shape) in self._columns.items():
            row[columns].view(shape).copy_(parameters[name])

    def unflatten(self, row: Tensor) -> dict[str, Tensor]:
        """Parameters of a row [P], copied."""
        return {name: row[columns].view(shape).clone() for name, (columns, shape) in self._columns.items()}


def empty_rows(members: int, layout: Layout, dtype: torch.dtype) -> Tensor:
    """An uninitialised buffer [K, P]."""
    return torch.empty(members, layout.size, dtype=dtype)
