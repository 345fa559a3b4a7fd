"""Are planted interactions named, and pairs without one left alone? `python benchmarks/conflicts.py`.

By simulation with numbers: score = quality of the setting + effect of the split (shared) + noise of the run,
judged by the same function as real trainings, several pairs in one table. `--trained` asks the same of real
trainings on tables whose truth is known by construction, `--tuned` with rates tuned in every setting.

Planted with real networks, on labels that are the exclusive or of two signs:

- conflict: one hidden layer learns it with ReLU or sigmoid, and eight layers do with ReLU; through eight
  sigmoids no gradient passes, so that both together stay near chance.
- synergy: it takes a non-linearity and more than one unit; either alone stays near chance.
- none: two switches that hardly change what is learned.

Exit code 1 if a gate fails: planted interactions named in 90 % of runs or more, others in 5 % or fewer.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from steepest.base.budget import Clock
from steepest.base.progress import Silent
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.evidence.interactions import Named, Square, judged
from steepest.experiment.conflicting import Asked, conflicts
from steepest.experiment.switches import combinations

RUNS = 40
NAMED = ("conflict", "redundant", "synergy")

PLANTED = {
    "conflict": (0.0, 3.0, 3.0, 0.0),
    "synergy": (0.0, 0.0, 0.0, 6.0),
    "redundant": (0.0, 6.0, 6.0, 6.0),
    "none": (0.0, 1.0, 1.0, 2.0),
    "none, both useless": (0.0, 0.0, 0.0, 0.0),
    "none, one strong": (0.0, 5.0, 0.0, 5.0),
}
"""Means with neither, the first, the second, both, in SD of a run's noise."""


@dataclass(frozen=True)
class Share:
    """How often pairs of one kind were named as they should be.

    Args:
        truth: what was planted.
        right: planted interactions named as planted; others not named at all.
        of: pairs.
    """

    truth: str
    right: int
    of: int

    @property
    def holds(self) -> bool:
        """Whether the gate is met."""
        return self.right >= (0.95 if self.truth.startswith("none") else 0.9) * self.of


def table(seed: int, n: int = 20, split: float = 1.0) -> list[Named]:
    """One simulated search for conflicts: six pairs on the same splits.

    Args:
        seed: of the noise.
        n: replicates.
        split: SD of what a split adds to all settings, in SD of a run.
    """
    rng = np.random.default_rng(seed)
    shared = split * rng.normal(size=n)
    pairs = []
    for truth, means in PLANTED.items():
        y00, y10, y01, y11 = (mean + shared + rng.normal(size=(1, n)) for mean in means)
        pairs.append(Square((truth, "other"), (y00, y10, y01, y11)))
    return judged(pairs, overlap=1 / 9, seed=seed)


def simulated(runs: int = RUNS, n: int = 20, split: float = 1.0) -> list[Share]:
    """The gates on simulated scores."""
    found: dict[str, list[str]] = {truth: [] for truth in PLANTED}
    for seed in range(runs):
        for pair in table(seed, n, split):
            found[pair.names[0]].append(pair.found.kind)
    return [share(truth, kinds) for truth, kinds in found.items()]


def share(truth: str, kinds: Sequence[str]) -> Share:
    """How many of the verdicts are right."""
    if truth.startswith("none"):
        return Share(truth, sum(kind not in NAMED for kind in kinds), len(kinds))
    return Share(truth, sum(kind == truth for kind in kinds), len(kinds))


def exclusive(rows: int, seed: int) -> DataSet:
    """Classes by whether two signs differ: no line tells them apart, and one unit cannot."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, size=(rows, 2))
    return read((pd.DataFrame(x), (x[:, 0] * x[:, 1] > 0).astype(int)), task="classification")


TRAINED = {
    "conflict": (("activation=relu,sigmoid", "depth=1,8"), {"width": 16}),
    "synergy": (("activation=identity,relu", "width=1,64"), {"depth": 1}),
    "none": (("label_smoothing=0,0.02", "beta1=0.9,0.85"), {"depth": 1, "width": 32}),
}
"""Switches and other knobs of the real trainings."""

COMMON = {"batch_size": 16, "lr": 1e-2, "epochs": 15}


def train(truth: str, seed: int, tuned: bool, rows: int = 400) -> str:
    """What a real search for conflicts says of a pair whose truth is known.

    Args:
        truth: a key of `TRAINED`.
        seed: of the rows, the folds and the networks.
        tuned: whether every setting finds its own rate and decay.
        rows: of the table.
    """
    switches, fixed = TRAINED[truth]
    asked = Asked(combinations(switches), seed=seed, tuned=tuned, fixed={**COMMON, **fixed}, workers=0)
    return conflicts(exclusive(rows, seed), asked, Silent(), Clock()).pairs[0].found.kind


def trained(runs: int, tuned: bool) -> Iterator[Share]:
    """The gates on real trainings, each as soon as it is known."""
    for truth in TRAINED:
        yield share(truth, [train(truth, seed, tuned) for seed in range(runs)])


def main() -> int:
    """Run the gates and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="searches for conflicts, each with every pair")
    parser.add_argument("--trained", action="store_true", help="real trainings in place of simulated scores")
    parser.add_argument("--tuned", action="store_true", help="these with rates and decays tuned")
    asked = parser.parse_args()
    started = time.perf_counter()
    print(f"{'planted':24} {'right':>12} {'must be':>10}")
    held = True
    for each in trained(asked.runs, asked.tuned) if asked.trained else simulated(asked.runs):
        least = "≥ 95 %" if each.truth.startswith("none") else "≥ 90 %"
        mark = "" if each.holds else "  FAILS"
        print(f"{each.truth:24} {each.right:4} of {each.of:4} {least:>10}{mark}", flush=True)
        held &= each.holds
    print(f"{asked.runs} runs, {time.perf_counter() - started:.0f} s")
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
