"""Where a network's parameters stand in a flat row: weights first, so that penalties apply to a prefix."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from steepest.networks.dense import Norms
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
        self.bias_names = [layer.bias for layer in layers if layer.biased]
        self._biased = [layer.biased for layer in layers]
        self.gain_names = [f"{name}.weight" for name, _ in spec.norms]
        self.shift_names = [f"{name}.bias" for name, _ in spec.norms]
        self.buffer_names = list(spec.buffer_shapes)
        self._units = [units for _, units in spec.norms] if spec.norm == "batch" else []
        self.buffer_size = 2 * sum(self._units)
        self._columns: dict[str, tuple[slice, tuple[int, ...]]] = {}
        start = 0
        for name in (*self.weight_names, *self.bias_names, *self.gain_names, *self.shift_names):
            size = math.prod(shapes[name])
            self._columns[name] = slice(start, start + size), shapes[name]
            start += size
        self.size = start
        self.decayed = sum(math.prod(shapes[name]) for name in self.weight_names)

    def views(self, buffer: Tensor, names: list[str]) -> list[Tensor]:
        """Views [K, *shape] of the named parameters in a buffer [K, P]."""
        found = [self._columns[name] for name in names]
        return [buffer[:, columns].view(len(buffer), *shape) for columns, shape in found]

    def running(self, buffers: Tensor) -> list[Tensor]:
        """Views [K, 2, units] of each batch norm's running mean and variance in a buffer [K, Q]."""
        parts, start = [], 0
        for units in self._units:
            parts.append(buffers[:, start : start + 2 * units].view(len(buffers), 2, units))
            start += 2 * units
        return parts

    def fresh_buffers(self, members: int, dtype: torch.dtype) -> Tensor:
        """Running means 0 and variances 1 for every member, [K, Q]."""
        buffers = torch.zeros(members, self.buffer_size, dtype=dtype)
        for part in self.running(buffers):
            part[:, 1] = 1.0
        return buffers

    def named_buffers(self, row: Tensor) -> dict[str, Tensor]:
        """Running means of one member's row [Q] by name, copied."""
        rows = [r for part in self.running(row.unsqueeze(0)) for r in part[0]]
        return {name: value.clone() for name, value in zip(self.buffer_names, rows, strict=True)}

    def norms(self, theta: Tensor, grad: Tensor, buffers: Tensor) -> Norms | None:
        """Views of everything the norms of a stack work on; None without norms."""
        if not self.gain_names:
            return None
        return Norms(
            gains=self.views(theta, self.gain_names),
            shifts=self.views(theta, self.shift_names),
            grad_gains=self.views(grad, self.gain_names),
            grad_shifts=self.views(grad, self.shift_names),
            running=self.running(buffers),
        )

    def named(self, row: Tensor, buffers: Tensor) -> dict[str, Tensor]:
        """Parameters of a row [P] and running means of a row [Q], by name, copied."""
        return self.unflatten(row) | self.named_buffers(buffers)

    def biases(self, buffer: Tensor) -> list[Tensor | None]:
        """Views [K, out] of each layer's bias in a buffer [K, P], None for layers without one."""
        views = iter(self.views(buffer, self.bias_names))
        return [next(views) if biased else None for biased in self._biased]

    def flatten(self, parameters: Mapping[str, Tensor], row: Tensor) -> None:
        """Copy parameters into a row [P]."""
        for name, (columns, shape) in self._columns.items():
            row[columns].view(shape).copy_(parameters[name])

    def unflatten(self, row: Tensor) -> dict[str, Tensor]:
        """Parameters of a row [P], copied."""
        return {name: row[columns].view(shape).clone() for name, (columns, shape) in self._columns.items()}
