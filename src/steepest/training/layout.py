"""Where a network's parameters stand in a flat row: weights first, so that penalties apply to a prefix."""

import bisect
import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from steepest.networks.architecture import Spec
from steepest.networks.own_spec import OwnSpec


class Layout:
    """Columns of every parameter, and of every running mean, of one network shape.

    Kernels of convolutions stand with their channels last, as the fastest convolutions on processors read
    them; not those of the user's own network, which may take the order of what they write for granted.

    Args:
        spec: the network.
        channels_last: False lets kernels stand as torch makes them.

    Example:
        >>> from steepest.networks.spec import NetworkSpec
        >>> layout = Layout(NetworkSpec("mlp", inputs=4, outputs=2, hidden=(3,)))
        >>> layout.size, layout.decayed
        (23, 18)
    """

    def __init__(self, spec: Spec, channels_last: bool = True) -> None:
        self.channels_last = channels_last and not isinstance(spec, OwnSpec)
        shapes = spec.parameter_shapes
        weights = [name for name in shapes if name in spec.decayed]
        self.columns = _columns(
            (name, shapes[name]) for name in (*weights, *(n for n in shapes if n not in spec.decayed))
        )
        self._buffers = _columns(spec.buffer_shapes.items())
        self.size = _end(self.columns)
        self.buffer_size = _end(self._buffers)
        self.decayed = sum(math.prod(shapes[name]) for name in weights)
        self._spec = spec

    def view(self, rows: Tensor, name: str) -> Tensor:
        """View [K, *shape] of a parameter in parameters [K, P]."""
        return _view(rows, *self.columns[name], self.channels_last)

    def views(self, rows: Tensor, names: Iterable[str]) -> list[Tensor]:
        """Views of several parameters."""
        return [self.view(rows, name) for name in names]

    def buffer_view(self, rows: Tensor, name: str) -> Tensor:
        """View [K, *shape] of a running mean in running means [K, Q]."""
        return _view(rows, *self._buffers[name], self.channels_last)

    @property
    def buffers(self) -> Collection[str]:
        """Names of the running means."""
        return self._buffers.keys()

    def fresh_buffers(self, members: int, dtype: torch.dtype) -> Tensor:
        """Running means before the first step, for every member, [K, Q]."""
        rows = torch.empty(members, self.buffer_size, dtype=dtype)
        for name, value in self._spec.fresh_buffers().items():
            self.buffer_view(rows, name).copy_(torch.as_tensor(value))
        return rows

    def named(self, row: Tensor, buffers: Tensor) -> dict[str, Tensor]:
        """Parameters of a row [P] and running means of a row [Q], by name, copied."""
        return self.unflatten(row) | {
            name: self.buffer_view(buffers.unsqueeze(0), name)[0].clone() for name in self._buffers
        }

    def flatten(self, parameters: Mapping[str, Tensor], row: Tensor) -> None:
        """Copy parameters into a row [P]."""
        for name in self.columns:
            self.view(row.unsqueeze(0), name)[0].copy_(parameters[name])

    def flatten_buffers(self, given: Mapping[str, Tensor], row: Tensor) -> None:
        """Copy those running means that are given into a row [Q]."""
        for name in self._buffers:
            if name in given:
                self.buffer_view(row.unsqueeze(0), name)[0].copy_(given[name])

    def unflatten(self, row: Tensor) -> dict[str, Tensor]:
        """Parameters of a row [P], copied."""
        return {
            name: self.view(row.unsqueeze(0), name)[0].clone(memory_format=torch.contiguous_format)
            for name in self.columns
        }


class Gradients:
    """The gradients of a stack, in blocks of columns that lie together in memory.

    A product of matrices for all members is written in one piece where its matrices follow one another; in
    rows [K, P], as parameters stand, each member's would be a product of its own.

    Args:
        layout: of the parameters.
        members: K.
        dtype: floating-point type.
        apart: names of weights that get a block each, in the layout's order, which they must begin; the other
            columns share one, and with () all do.

    Example:
        >>> from steepest.networks.spec import NetworkSpec
        >>> layout = Layout(NetworkSpec("mlp", inputs=4, outputs=2, hidden=(3,)))
        >>> gradients = Gradients(layout, members=5, dtype=torch.float32, apart=["0.weight"])
        >>> [tuple(block.shape) for block in gradients.blocks]
        [(5, 12), (5, 11)]
        >>> gradients.view("0.weight").is_contiguous()
        True
    """

    def __init__(self, layout: Layout, members: int, dtype: torch.dtype, apart: Sequence[str] = ()) -> None:
        ends = [layout.columns[name][0].stop for name in apart]
        self._edges = [0, *ends, *([layout.size] if layout.size > max(ends, default=0) else [])]
        self._layout = layout
        self.blocks = [torch.zeros(members, b - a, dtype=dtype) for a, b in itertools.pairwise(self._edges)]

    def view(self, name: str) -> Tensor:
        """View [K, *shape] of the gradient of a parameter."""
        columns, shape = self._layout.columns[name]
        i = bisect.bisect_right(self._edges, columns.start) - 1
        start = self._edges[i]
        within = slice(columns.start - start, columns.stop - start)
        return _view(self.blocks[i], within, shape, self._layout.channels_last)

    def views(self, names: Iterable[str]) -> list[Tensor]:
        """Views of several gradients."""
        return [self.view(name) for name in names]


Columns = dict[str, tuple[slice, tuple[int, ...]]]


def _columns(named: Iterable[tuple[str, tuple[int, ...]]]) -> Columns:
    columns: Columns = {}
    start = 0
    for name, shape in named:
        size = math.prod(shape)
        columns[name] = slice(start, start + size), shape
        start += size
    return columns


def _end(columns: Columns) -> int:
    return max((columns_of.stop for columns_of, _ in columns.values()), default=0)


def _view(rows: Tensor, columns: slice, shape: tuple[int, ...], channels_last: bool) -> Tensor:
    if len(shape) < 4 or not channels_last:
        return rows[:, columns].view(len(rows), *shape)
    out, channels, *window = shape
    last = rows[:, columns].view(len(rows), out, *window, channels)
    return last.movedim(-1, 2)
