"""The works of the rows: data, the recipe, the same network by hand, and the products it consists of.

Digits are those of the comparison with other tools. Sequences and images are made here, of the shapes that
the rows name; both can be learnt, so that accuracy shows whether everybody did the work.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet, Form
from steepest.data.split import Split
from steepest.training.source import Source
from work import digits as read_digits

BATCH = 64
"""Examples of a step, unless the work has its own."""
STEPS, FEATURES, STATES = 40, 8, 32
CHANNELS, SIDE = (3, 16, 32), 32
ROWS, HELD_OUT = 1280, 320
GATES = {"gru": 3, "lstm": 4}
WINDOW = 3 * 3


class Rows(NamedTuple):
    """Numbers as they come, [N, …], and class codes [N], to train on and held out."""

    x: NDArray[Any]
    y: NDArray[np.int64]
    x_held: NDArray[Any]
    y_held: NDArray[np.int64]


class Product(NamedTuple):
    """`times` products of [m, k] by [k, n] in one step of one member."""

    m: int
    k: int
    n: int
    times: int = 1

    @property
    def operations(self) -> int:
        """Multiplications and additions of all of them."""
        return 2 * self.m * self.k * self.n * self.times


@dataclass(frozen=True)
class Work:
    """What every contender of a row does.

    Args:
        name: how it is asked for.
        form, shape: of one example.
        classes: how many.
        rows: the data.
        knobs: of the recipe; the learning rate is each member's own.
        network: the same network by hand.
        products: of one step, forward and backward, without those for the gradient of the data.
        batch: examples of a step.
        bfloat16: whether the engine may multiply in bfloat16 here, where the processor can.
    """

    name: str
    form: Form
    shape: tuple[int, ...]
    classes: int
    rows: Callable[[], Rows]
    knobs: Mapping[str, Any]
    network: Callable[[], nn.Module]
    products: tuple[Product, ...]
    batch: int = BATCH
    bfloat16: bool = False

    def recipe(self, **changes: Any) -> Recipe:
        """The recipe with some knobs changed."""
        return Recipe(**{"batch_size": self.batch, **self.knobs, **changes})

    def source(self) -> Source:
        """The same rows as steepest holds them, divided as for everybody."""
        rows = self.rows()
        x, y = np.concatenate([rows.x, rows.x_held]), np.concatenate([rows.y, rows.y_held])
        flat = x.reshape(len(x), -1)
        data = DataSet(
            name=self.name, task="classification", target="y", classes=tuple(map(str, range(self.classes))),
            x=flat, y=y, form=self.form, shape=self.shape,
            scaled=np.full(flat.shape[1], True) if self.form == "table" else np.empty(0, np.bool_),
        )  # fmt: skip
        n = len(rows.x)
        return Source.of(data, [Split(np.arange(n), np.arange(n, len(x)))])

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The rows as a loop by hand reads them: in memory, as floats, standardised where they are pixels."""
        rows = self.rows()
        x, x_held = (torch.from_numpy(each).float() for each in (rows.x, rows.x_held))
        if self.form == "image":
            spread, mean = torch.std_mean(x, (0, 2, 3), keepdim=True)
            x, x_held = (x - mean) / spread, (x_held - mean) / spread
        return x, torch.from_numpy(rows.y), x_held, torch.from_numpy(rows.y_held)


def digits() -> Rows:
    """1437 rows of 64 numbers to train on, 360 held out."""
    return Rows(*read_digits())


def sequences() -> Rows:
    """Waves of four lengths under noise, each feature a little behind the one before."""
    draw = np.random.default_rng(0)
    y = np.arange(ROWS + HELD_OUT) % 4
    phase = draw.uniform(0, 2 * math.pi, (len(y), 1, 1))
    turns = 2 * math.pi * (1 + y)[:, None, None] * np.arange(STEPS)[:, None] / STEPS
    x = np.sin(turns + phase - 0.3 * np.arange(FEATURES)) + 0.5 * draw.normal(size=(len(y), STEPS, FEATURES))
    return _divided(x.astype(np.float32), y)


def images() -> Rows:
    """Pixels of 3×32×32 in CIFAR's layout: ten coarse patterns of colour under noise."""
    draw = np.random.default_rng(0)
    y = np.arange(ROWS + HELD_OUT) % 10
    patterns = np.kron(draw.normal(0, 40, (10, 3, 4, 4)), np.ones((1, 1, SIDE // 4, SIDE // 4)))
    x = 128 + patterns[y] + draw.normal(0, 50, (len(y), 3, SIDE, SIDE))
    return _divided(np.clip(x, 0, 255).astype(np.uint8), y)


def _divided(x: NDArray[Any], y: NDArray[np.int64]) -> Rows:
    return Rows(x[:ROWS], y[:ROWS], x[ROWS:], y[ROWS:])


class Recurrent(nn.Module):
    """A recurrent layer and a linear map of its last state, as the tutorials write it."""

    def __init__(self, kind: type[nn.GRU] | type[nn.LSTM], classes: int) -> None:
        super().__init__()
        self.layer, self.head = kind(FEATURES, STATES, batch_first=True), nn.Linear(STATES, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [B, classes] for x [B, steps, features]."""
        logits: Tensor = self.head(self.layer(x)[0][:, -1])
        return logits


def dense(sizes: tuple[int, ...]) -> nn.Sequential:
    """Linear maps with ReLU between them."""
    layers: list[nn.Module] = []
    for read, write in itertools.pairwise(sizes):
        layers += [nn.Linear(read, write), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def convolutional(classes: int) -> nn.Sequential:
    """Convolution, batch norm, ReLU and pooling, stage by stage; the mean over positions; a linear map."""
    layers: list[nn.Module] = []
    for read, write in itertools.pairwise(CHANNELS):
        convolution = nn.Conv2d(read, write, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(write), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS[-1], classes))


def map_products(rows: int, read: int, write: int, first: bool = False) -> Iterator[Product]:
    """Of a linear map of `rows` rows: forward, by the weights, and by what it reads unless that is data."""
    yield Product(rows, read, write)
    yield Product(read, rows, write)
    if not first:
        yield Product(rows, write, read)


def _mlp(name: str, *sizes: int, batch: int = BATCH) -> Work:
    knobs = {"depth": len(sizes) - 2, "width": sizes[1]}
    if len(set(sizes[1:-1])) > 1:
        knobs["taper"] = sizes[2] / sizes[1]
    maps = enumerate(itertools.pairwise(sizes))
    products = tuple(p for i, (read, write) in maps for p in map_products(batch, read, write, i == 0))
    return Work(
        name,
        "table",
        sizes[:1],
        sizes[-1],
        digits,
        {"network": "mlp", **knobs},
        partial(dense, sizes),
        products,
        batch,
    )


def _recurrent(cell: str, kind: type[nn.GRU] | type[nn.LSTM]) -> Work:
    written = GATES[cell] * STATES
    products = (
        *map_products(BATCH * STEPS, FEATURES, written, first=True),  # what is read, at all steps at once
        Product(BATCH, STATES, written, STEPS),  # states, one step after the other, and back
        Product(BATCH, written, STATES, STEPS),
        Product(STATES, BATCH * STEPS, written),
        *map_products(BATCH, STATES, 4),
    )
    knobs = {"network": "rnn", "cell": cell, "depth": 1, "width": STATES}
    return Work(cell, "series", (STEPS, FEATURES), 4, sequences, knobs, partial(Recurrent, kind, 4), products)


def _convolutional() -> Work:
    products: list[Product] = []
    for stage, (read, write) in enumerate(itertools.pairwise(CHANNELS)):
        positions = BATCH * (SIDE >> stage) ** 2
        products += map_products(positions, WINDOW * read, write, stage == 0)
    products += map_products(BATCH, CHANNELS[-1], 10)
    knobs = {"network": "cnn", "depth": 2, "width": CHANNELS[1], "convolutions": 1, "norm": "batch"}
    network = partial(convolutional, 10)
    return Work(
        "cnn", "image", (3, SIDE, SIDE), 10, images, knobs, network, tuple(products), bfloat16=True
    )  # fmt: skip


WORKS = {
    work.name: work
    for work in (
        _mlp("mlp2k", 64, 32, 10),
        _mlp("mlp17k", 64, 128, 64, 10),
        _mlp("mlp17k-32", 64, 128, 64, 10, batch=32),
        _mlp("mlp85k", 64, 256, 256, 10),
        _recurrent("gru", nn.GRU),
        _recurrent("lstm", nn.LSTM),
        _convolutional(),
    )
}
"""Every work by name."""
