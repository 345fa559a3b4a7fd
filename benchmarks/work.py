"""What a training step of a torch module costs: the constants by which a study foresees its work.

    python benchmarks/work.py            measure and fit: two minutes, on a quiet machine
    python benchmarks/work.py --quick    a few small networks: does it run?

`Study.work` in `experiment/study.py` foresees the seconds of a round of a member as

    steps · (MODULE_CALLS + 4 ns · parameters) + rows · (operations / MODULE_FLOPS + bytes / MODULE_BYTES)

with operations and activation bytes of one example as `networks/cost.py` counts them. Rounds of recurrent,
convolutional, transformer and residual networks of many sizes are timed, on one thread, the quickest of
several; the three constants are the least squares of (foreseen - measured) / measured, none below 0.
"""

import argparse
import itertools
import math
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import nnls

from machine import QUIET, load, machine_line, versions_line
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet, Form
from steepest.data.split import Split
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.training.chunk import Chunk
from steepest.training.matmul import fast_matmul, no_denormals
from steepest.training.member import Member
from steepest.training.source import Source

UPDATE = 4e-9
"""Seconds of the update per parameter and step, which `Study.work` takes as known."""
STEPS, ROUNDS = 4, 3
CLASSES, TOKENS = 10, 65
SHAPES: dict[Form, tuple[int, ...]] = {
    "image": (3, 32, 32), "series": (40, 8), "text": (64,), "table": (64,)
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A network to time.

    Args:
        form: of the data it reads.
        recipe: its knobs.
    """

    form: Form
    recipe: Recipe

    @property
    def name(self) -> str:
        """In words."""
        r = self.recipe
        more = {"cnn": f" {r.stem} {r.pooling}", "rnn": f" {r.cell}"}.get(r.network, "")
        return f"{r.network}{more}, {self.form}, depth {r.depth}, width {r.width}, batch {r.batch_size}"

    def source(self) -> Source:
        """Noise of its form: as many rows as the steps of a round take."""
        draw, rows, shape = np.random.default_rng(0), STEPS * self.recipe.batch_size, SHAPES[self.form]
        size = rows + self.recipe.batch_size, math.prod(shape)
        x: Any = draw.normal(size=size).astype(np.float32)
        if self.form == "image":
            x = draw.integers(0, 256, size, dtype=np.uint8)
        if self.form == "text":
            x = draw.integers(0, TOKENS, size, dtype=np.int32)
        data = DataSet(
            name="noise", task="classification", target="y", classes=tuple(map(str, range(CLASSES))), x=x,
            y=draw.integers(0, CLASSES, size[0]), form=self.form, shape=shape,
            vocabulary=tuple(map(str, range(TOKENS))) if self.form == "text" else (),
            scaled=np.full(size[1], True) if self.form == "table" else np.empty(0, np.bool_),
        )  # fmt: skip
        return Source.of(data, [Split(np.arange(rows), np.arange(rows, size[0]))])


@dataclass(frozen=True)
class Timed:
    """A case, the seconds of a round, and what they depend on: steps, operations and bytes; what is known."""

    case: Case
    seconds: float
    terms: tuple[float, float, float]
    known: float

    def foreseen(self, constants: Sequence[float]) -> float:
        """Seconds by the formula; `constants` multiply the terms."""
        return self.known + float(np.dot(self.terms, constants))


def cases() -> Iterator[Case]:
    """The grid: every family, sizes that a search tries, the smallest of each family first."""
    batches = 32, 128
    for depth, width, batch, stem, pooling in itertools.product(
        (2, 3), (8, 16, 32), batches, ("half", "full"), ("max", "stride")
    ):
        if stem == "full" or pooling == "max":
            yield _case("image", "cnn", depth, width, batch, norm="batch", stem=stem, pooling=pooling)
    for depth, width, batch, cell in itertools.product((1, 2), (32, 64, 128), batches, ("gru", "lstm")):
        yield _case("series", "rnn", depth, width, batch, cell=cell)
    for depth, width, batch in itertools.product((1, 2), (32, 64, 128), batches):
        yield _case("text", "transformer", depth, width, batch, norm="layer", activation="gelu")
    for depth, width, batch in itertools.product((2, 4), (64, 128, 256), batches):
        yield _case("table", "mlp", depth, width, batch, residual=True)


def _case(form: Form, network: str, depth: int, width: int, batch: int, **more: Any) -> Case:
    return Case(
        form, Recipe(**{"network": network, "depth": depth, "width": width, "batch_size": batch, **more})
    )


def timed(case: Case) -> Timed:
    """Time rounds of one member; the first is not counted."""
    source = case.source()
    chunk = Chunk([Member(0, case.recipe, 0)], source)
    best = math.inf
    for turn in range(ROUNDS + 1):
        start = time.perf_counter()
        chunk.round()
        if turn:
            best = min(best, time.perf_counter() - start)
    of = cost(spec_of(case.recipe, source.ports), case.recipe.batch_size, 2)
    rows = STEPS * case.recipe.batch_size
    per_row = of.activation_bytes / case.recipe.batch_size
    terms = float(STEPS), float(rows * of.flops_training), rows * per_row
    return Timed(case, best, terms, STEPS * UPDATE * of.parameters)


def fit(found: Sequence[Timed]) -> list[float]:
    """Seconds per step, per operation and per byte.

    min over c ≥ 0 of Σ ((known + terms·c - seconds) / seconds)²
    """
    seconds = np.array([each.seconds for each in found])
    terms = np.array([each.terms for each in found]) / seconds[:, None]
    scale = np.linalg.norm(terms, axis=0)
    solved, _ = nnls(terms / scale, 1 - np.array([each.known for each in found]) / seconds)
    return [float(c) for c in solved / scale]


def report(found: Sequence[Timed], constants: Sequence[float]) -> list[str]:
    """The constants as the source writes them, and how far each network is from what they foresee."""
    calls, per_operation, per_byte = constants
    rates = [1 / c if c else math.inf for c in (per_operation, per_byte)]
    values = f"{calls:.2g}, {rates[0]:.2g}, {rates[1]:.2g}"
    lines = [f"MODULE_CALLS, MODULE_FLOPS, MODULE_BYTES = {values}", ""]
    lines += ["| network | ms a step | foreseen | ratio |", "|---|---:|---:|---:|"]
    for each in found:
        milliseconds, guess = (1e3 * s / STEPS for s in (each.seconds, each.foreseen(constants)))
        lines.append(f"| {each.case.name} | {milliseconds:.2f} | {guess:.2f} | {guess / milliseconds:.2f} |")
    lines += ["", "Foreseen / measured, quartiles:", ""]
    for family in dict.fromkeys(each.case.recipe.network for each in found):
        ratios = [e.foreseen(constants) / e.seconds for e in found if e.case.recipe.network == family]
        ends = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        lines.append(f"- {family}: {ends[0]:.2f}, {ends[1]:.2f}, {ends[2]:.2f}")
    return lines


def chosen(quick: bool) -> list[Case]:
    """The cases to time: all, or one of each family."""
    every = list(cases())
    return list({case.recipe.network: case for case in reversed(every)}.values()) if quick else every


def main() -> int:
    """Measure, fit and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small network of each family")
    asked, at_start = parser.parse_args(), load()
    torch.set_num_threads(1)
    found = []
    with no_denormals(), fast_matmul():
        for case in chosen(asked.quick):
            found.append(timed(case))
            print(
                f"{case.name}: {1e3 * found[-1].seconds / STEPS:.2f} ms a step", file=sys.stderr, flush=True
            )
    print(f"{machine_line(at_start)}\n{versions_line(('steepest', 'torch'))}\n")
    print("\n".join(report(found, fit(found))))
    if at_start is not None and at_start >= QUIET:
        print("The machine was busy: measure again before these constants are kept.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
