"""What probes cost: `python benchmarks/probes.py`; the same training with and without takes turns in one run.

Rows: a stack of 16 mlps of 17,226 parameters on rows as wide as scikit-learn's digits, a stack of 16 small
mlps, a mixed stack with dropout and batch normalisation, and a small cnn on images of CIFAR's shape. Each
turn trains both chunks for as many rounds as lie between two looks, so that every turn has one look; the
ratio is the median over turns of what probes add to the same turn's time without them. Times are those of the
process, which runs one thread.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path

import numpy as np
import torch

from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.training.chunk import Chunk, arranged
from steepest.training.matmul import fast_matmul, no_denormals
from steepest.training.member import Member
from steepest.training.probes.watch import period
from steepest.training.source import Source

BOUND = 0.03
"""Most that probes may add to the time of training."""


@dataclass(frozen=True, slots=True)
class Work:
    """One row: recipes that train together on random rows of a shape."""

    what: str
    recipes: tuple[Recipe, ...]
    shape: tuple[int, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians over turns: seconds without probes, and what probes add, as a share of them."""

    what: str
    seconds: float
    added: float
    low: float
    high: float

    def line(self) -> str:
        """As a row of a Markdown table."""
        kept = "yes" if self.added <= BOUND else "**no**"
        spread = f"{100 * self.low:.1f} to {100 * self.high:.1f}"
        return f"| {self.what} | {1000 * self.seconds:.1f} | {100 * self.added:.1f} | {spread} | {kept} |"


def works(small: bool) -> list[Work]:
    """What is trained; `small` takes few rows and small images."""
    rates = np.geomspace(1e-4, 1e-2, 16)
    plain = tuple(Recipe(width=128, taper=0.5, depth=2, epochs=10_000, lr=float(r)) for r in rates)
    little = tuple(Recipe(width=16, depth=2, epochs=10_000, lr=float(r)) for r in rates)
    mixed = tuple(
        r.replace(dropout=0.2 * (k % 2), norm="batch", activation=("relu", "tanh", "gelu")[k % 3])
        for k, r in enumerate(plain)
    )
    cnn = (Recipe(network="cnn", width=16, depth=3, norm="batch", epochs=10_000, batch_size=32),)
    rows, side = (64, 8) if small else (1437, 32)
    return [
        Work("16 mlps 64-128-64-10 (17 k parameters), AdamW", plain, (64,), rows),
        Work("16 mlps 64-16-16-10 (1.5 k parameters), AdamW", little, (64,), rows),
        Work("16 mlps 64-128-64-10, dropout, batch norm, three activations", mixed, (64,), rows),
        Work(f"1 cnn of 3 stages from 16 channels, 3 × {side} × {side}", cnn, (3, side, side), rows),
    ]


def source_of(work: Work) -> Source:
    """Random rows of ten classes, a fifth of them held out."""
    draw = np.random.default_rng(0)
    rows = work.rows + work.rows // 4
    x = draw.normal(size=(rows, int(np.prod(work.shape)))).astype(np.float32)
    form = "image" if len(work.shape) == 3 else "table"
    classes = tuple("abcdefghij")
    scaled = np.ones(x.shape[1] if form == "table" else 0, np.bool_)
    data = DataSet(name="random", task="classification", target="y", classes=classes, x=x, form=form,
                   y=draw.integers(0, 10, rows), shape=work.shape, scaled=scaled)  # fmt: skip
    return Source.of(data, [Split(np.arange(work.rows), np.arange(work.rows, rows))])


def measured(work: Work, turns: int) -> Cost:
    """Both sides take turns; the first turn of each prepares."""
    source = source_of(work)
    members = arranged(list(starmap(Member, ((k, r, k) for k, r in enumerate(work.recipes)))))
    sides = [Chunk(members, source, probes=probes) for probes in (False, True)]
    rounds = period(-(-work.rows // work.recipes[0].batch_size))
    times: list[list[float]] = [[], []]
    with fast_matmul(), no_denormals():
        for turn in range(turns + 1):
            for side in (0, 1) if turn % 2 else (1, 0):
                begin = time.process_time()
                for _ in range(rounds):
                    sides[side].round()
                times[side].append(time.process_time() - begin)
    plain, probed = (np.array(each[1:]) for each in times)
    low, added, high = np.quantile(probed / plain - 1, [0.25, 0.5, 0.75])
    return Cost(work.what, statistics.median(plain) / rounds, float(added), float(low), float(high))


def table(found: Sequence[Cost], turns: int) -> list[str]:
    """The lines of the page."""
    machine = f"torch {torch.__version__}, Python {platform.python_version()}, {platform.machine()}, 1 thread"
    return [
        "# What probes cost",
        "",
        f"`python benchmarks/probes.py --turns {turns}`; medians over {turns} turns; {machine}.",
        "",
        "| what trains | without, ms a round | probes add, % | quartiles | at most 3 % |",
        "|---|---|---|---|---|",
        *(cost.line() for cost in found),
    ]


def main() -> None:
    """Measure, print, and write the table if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=60, help="of each row; a cnn takes a tenth as many")
    parser.add_argument("--small", action="store_true", help="little data, to see whether it runs")
    parser.add_argument("--out", type=Path, help="write the table here as Markdown")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = [
        measured(w, options.turns if len(w.shape) == 1 else max(2, options.turns // 10))
        for w in works(options.small)
    ]
    lines = table(found, options.turns)
    print("\n".join(lines))
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
