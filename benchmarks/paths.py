"""How often are steps of an explanation named: one look halfway, or Pocock's? `python benchmarks/paths.py`.

Paths of three steps with known gains: the gain of a step on a replicate = its true gain + what all replicates
share, since their splits share rows (variance `OVERLAP`) + noise of the pair (variance 1). Judged by the
functions that judge real trainings: as `steepest explain` does, half of the pairs first at a level of 0.001;
once, at 20 pairs; and at Pocock's level, stopping where every step is known or out of reach.

Exit code 1 if a path without any gain has a named step more often than in 5 %, beyond chance.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from steepest.base.recipe import Recipe
from steepest.evidence.family import step_levels
from steepest.evidence.verdict import Verdict, judge
from steepest.experiment.ablation import Switch, steps
from steepest.experiment.confirmation import OVERLAP
from steepest.experiment.path_scope import MOST_PAIRS, looks

PATHS = {
    "strong": (4.0, 4.0, 4.0),
    "mixed": (3.0, 1.5, 1.0),
    "weak": (2.0, 1.0, 0.5),
    "none": (0.0, 0.0, 0.0),
}
"""Gains of the steps, in standard deviations of a pair."""

Plan = Callable[[np.ndarray], tuple[list[Verdict], int]]


@dataclass(frozen=True)
class Share:
    """What a plan found on paths of one kind: shares of steps named, mean pairs, paths with any named."""

    named: tuple[float, ...]
    pairs: float
    any_named: int
    of: int


def at_most(pairs: int) -> Plan:
    """The plan of `steepest explain` where the budget pays for so many pairs."""

    def judged(scores: np.ndarray) -> tuple[list[Verdict], int]:
        count = len(scores) - 1
        path = [(Switch({f"knob {k}": (0, 1)}), Recipe()) for k in range(count)]
        for n, alpha in looks(pairs, count):
            found, total = steps(path, scores[:, :n].tolist(), "score", False, 0, alpha)
            verdicts = [step.verdict for step in found]
            if "unresolved" not in {v.kind for v in (*verdicts, total)}:
                break
        return verdicts, n

    return judged


def pocock(plan: Sequence[int]) -> Plan:
    """Looks at Pocock's level after so many pairs each."""

    def judged(scores: np.ndarray) -> tuple[list[Verdict], int]:
        def at(k: int, n: int, alpha: float) -> Verdict:
            return judge(scores[k, :n], scores[k - 1, :n], alpha=alpha, overlap=OVERLAP, looks=plan)

        for n in plan:
            first = [at(k, n, 0.05).p_value for k in range(1, len(scores))]
            levels = step_levels(first, 0.05, plan)
            found = [at(k, n, level) for k, level in enumerate(levels, start=1)]
            if all(v.kind != "unresolved" or v.n_needed is None for v in found):
                break
        return found, n

    return judged


def once(pairs: int) -> Plan:
    """One look at the end."""
    return pocock([pairs])


def shares(gains: Sequence[float], plan: Plan, runs: int) -> Share:
    """Judge so many paths."""
    named, pairs, wrong = np.zeros(len(gains)), 0, 0
    for seed in range(runs):
        draw = np.random.default_rng(seed)
        shared = np.sqrt(OVERLAP) * draw.normal(size=(len(gains), 1))
        gained = np.array(gains)[:, None] + shared + draw.normal(size=(len(gains), MOST_PAIRS))
        scores = np.vstack([np.zeros(MOST_PAIRS), np.cumsum(gained, axis=0)])
        verdicts, n = plan(scores)
        hits = np.array([v.kind in ("better", "worse") for v in verdicts])
        named, pairs, wrong = named + hits, pairs + n, wrong + int(hits.any())
    return Share(tuple(named / runs), pairs / runs, wrong, runs)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="paths of each kind")
    runs = parser.parse_args().runs
    plans = {f"{MOST_PAIRS} pairs, as it is": at_most(MOST_PAIRS), "20 pairs, once": once(20),
             "Pocock 8, 24, 40": pocock([8, 24, 40])}  # fmt: skip
    held = True
    for kind, gains in PATHS.items():
        for name, plan in plans.items():
            found = shares(gains, plan, runs)
            told = "  ".join(f"{100 * share:3.0f} %" for share in found.named)
            allowed = stats.binom.ppf(0.999, found.of, 0.05)
            fails = kind == "none" and found.any_named > allowed
            held &= not fails
            print(f"{kind:8} {name:20} named {told}   {found.pairs:4.1f} pairs{'  FAILS' if fails else ''}")
    return int(not held)


if __name__ == "__main__":
    sys.exit(main())
