"""How often verdicts err, by simulation with numbers: `python benchmarks/evidence.py`, or `make evidence`.

`--trainings` adds gates of real trainings, for a release.

Prints one row per gate: what must hold, what was found, and the standard error of the finding. Exit code 1 if
a gate fails. Scores are quality + split effect (shared by the pair) + seed noise, SD 1 unless said otherwise.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from steepest.evidence.factorial import interaction
from steepest.evidence.family import against_reference
from steepest.evidence.looks import LATE, POCOCK, pocock_level
from steepest.evidence.paired import Floats, bca_interval, mean_interval, superiority, t_interval
from steepest.evidence.verdict import Verdict, judge

Noise = Callable[[np.random.Generator, tuple[int, ...]], Floats]
LOOKS = (8, 14, 20)
"""Of `tune`, with Pocock's levels."""

CLOSE = 4
"""Comparisons for each of other gates where what is found lies close to its bound."""

TRAINED = 5
"""Comparisons of real trainings for each simulated one: hundreds of them train in a stack's time."""

COMPARED = (10, 15, 20)
"""Of `compare` with 5 folds and 4 seeds, with levels that spend the error late."""


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Seed noise of mean 0, SD 1."""
    return rng.normal(size=shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Seed noise of mean 0, SD 1 with a long lower tail, as accuracies near their ceiling have."""
    return 1.0 - rng.exponential(size=shape)


def heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Seed noise of mean 0, SD 1 with outliers: Student's t, 5 degrees of freedom."""
    return np.asarray(rng.standard_t(5, size=shape) / np.sqrt(5 / 3))


@dataclass(frozen=True)
class Gate:
    """A share of comparisons, and the range it must lie in."""

    name: str
    share: float
    low: float
    high: float
    count: int

    @property
    def standard_error(self) -> float:
        """Of `share`, at the nearest bound: what chance alone moves it by."""
        bound = min(max(self.share, self.low), self.high)
        return float(np.sqrt(max(bound * (1 - bound), 1e-9) / self.count))

    def holds(self, tolerance: float = 0.0) -> bool:
        """Whether the share lies in its range, give or take `tolerance` standard errors."""
        slack = tolerance * self.standard_error
        return self.low - slack <= self.share <= self.high + slack


def verdicts(
    count: int, n: int, effect: float, noise: Noise = normal, *, shared: float = 0.0, seed: int = 0
) -> list[Verdict]:
    """`count` verdicts on n pairs: A better than B by `effect`, split effects of SD `shared` in common."""
    rng = np.random.default_rng(seed)
    split = shared * rng.normal(size=(count, n))
    a, b = effect + split + noise(rng, (count, n)), split + noise(rng, (count, n))
    return [judge(a[i], b[i], seed=i) for i in range(count)]


def told_apart(found: list[Verdict]) -> float:
    """Share of "better" or "worse"."""
    return float(np.mean([v.kind in ("better", "worse") for v in found]))


def same_recipe(count: int) -> list[Gate]:
    """A/A: identical recipes under two names."""
    gates = []
    for n in (8, 10, 20, 40):
        found = verdicts(count, n, 0.0, shared=1.0, seed=n)
        gates.append(Gate(f"A/A told apart, n = {n}", told_apart(found), 0.0, 0.05, count))
    for noise in (skewed, heavy):
        found = verdicts(count, 20, 0.0, noise, seed=1)
        gates.append(Gate(f"A/A told apart, n = 20, {noise.__name__}", told_apart(found), 0.0, 0.05, count))
    gates.append(Gate("A/A told apart, looks 8, 14, 20 (tune)", looked(count, 0.0), 0.0, 0.05, count))
    many = CLOSE * count
    late = looked(many, 0.0, COMPARED, LATE)
    gates.append(Gate("A/A told apart, looks 10, 15, 20 (compare)", late, 0.0, 0.05, many))
    return gates


def looked(count: int, effect: float, plan: tuple[int, ...] = LOOKS, shape: float = POCOCK) -> float:
    """Share called better or worse at any look of the plan."""
    rng = np.random.default_rng(7)
    a, b = effect + rng.normal(size=(count, 20)), rng.normal(size=(count, 20))
    return at_any_look(a, b, plan, shape)


def at_any_look(a: Floats, b: Floats, plan: tuple[int, ...], shape: float) -> float:
    """Share of the rows of a and b that a study with these looks calls better or worse."""
    hits = [
        any(judge(x[:n], y[:n], looks=plan, shape=shape, seed=i).kind in ("better", "worse") for n in plan)
        for i, (x, y) in enumerate(zip(a, b, strict=True))
    ]
    return float(np.mean(hits))


def found_effect(count: int) -> list[Gate]:
    """A is better by 1 seed SD; pairs share nothing, the hardest case."""
    better = float(np.mean([v.kind == "better" for v in verdicts(count, 20, 1.0, seed=3)]))
    half = float(np.mean([v.kind == "better" for v in verdicts(count, 20, 0.5, shared=2.0, seed=4)]))
    same = float(np.mean([v.kind == "equivalent" for v in verdicts(count, 30, 0.0, seed=5)]))
    many = CLOSE * count
    late, early = looked(many, 1.0, COMPARED, LATE), looked(many, 1.0, COMPARED, POCOCK)
    return [
        Gate("1 SD found, n = 20", better, 0.80, 1.0, count),
        Gate("1 SD found, looks 8, 14, 20 (tune), for the record", looked(count, 1.0), 0.0, 1.0, count),
        Gate("1 SD found, looks 10, 15, 20 (compare)", late, 0.80, 1.0, many),
        Gate("the same with Pocock's levels, for the record", early, 0.0, 1.0, many),
        Gate("0.5 SD found, n = 20, for the record", half, 0.0, 1.0, count),
        Gate("A/A called equivalent, n = 30, for the record", same, 0.0, 1.0, count),
    ]


def coverage(count: int) -> list[Gate]:
    """Intervals that hold the truth."""
    gates = []
    for n in (8, 10, 14, 20, 40):
        d = np.random.default_rng(n).normal(size=(count, n))
        gates.append(Gate(f"95 % interval covers, n = {n}", covers(d), 0.93, 0.97, count))
    for noise in (skewed, heavy):
        rng = np.random.default_rng(11)
        both = noise(rng, (count, 20)) - noise(rng, (count, 20))
        gates.append(Gate(f"95 % interval covers, n = 20, {noise.__name__}", covers(both), 0.93, 0.97, count))
    rng = np.random.default_rng(15)
    one = skewed(rng, (count, 20)) - 0.3 * normal(rng, (count, 20))
    gates.append(Gate("95 % interval covers, n = 20, one side skewed", covers(one), 0.93, 0.97, count))
    d = np.random.default_rng(13).normal(size=(count, 14))
    gates.append(Gate("97.7 % interval covers, n = 14", covers(d, pocock_level(LOOKS)), 0.965, 0.99, count))
    chance = np.random.default_rng(14).normal(0.7, 1.0, size=(count, 20))
    truth = 0.758036  # Φ(0.7)
    inside = float(np.mean([s.low < truth < s.high for s in map(superiority, chance)]))
    gates.append(Gate("P(better) interval covers, n = 20", inside, 0.93, 0.97, count))
    d = np.random.default_rng(12).normal(size=(count, 10))
    plain = float(np.mean([low < 0 < high for low, high in (bca_interval(row, expand=False) for row in d)]))
    gates.append(Gate("plain BCa, n = 10, for the record", plain, 0.0, 1.0, count))
    student = float(np.mean([low < 0 < high for low, high in map(t_interval, one)]))
    gates.append(Gate("Student alone, one side skewed, for the record", student, 0.0, 1.0, count))
    return gates


def covers(d: Floats, alpha: float = 0.05) -> float:
    """Share of rows whose interval holds the true mean, 0."""
    return float(np.mean([low < 0 < high for low, high in (mean_interval(row, alpha) for row in d)]))


def overlapping(count: int) -> list[Gate]:
    """Two learners, equally good over data sets, on 15 random 80/20 splits of one set of 100 rows.

    Labels shift both of two features by one SD; one learner thresholds the first feature at the midpoint of
    the class means, the other the second. On a given set one of them is luckier, and every split repeats that
    luck. The correction is an approximation: its bound is 7 %, not 5 %.
    """
    corrected, plain = [], []
    for i in range(count):
        rng = np.random.default_rng(i)
        y = rng.integers(0, 2, size=100)
        x = rng.normal(size=(100, 2)) + y[:, None]
        scores: list[list[float]] = [[], []]
        for _ in range(15):
            order = rng.permutation(100)
            train, test = order[:80], order[80:]
            middle = (x[train][y[train] == 1].mean(axis=0) + x[train][y[train] == 0].mean(axis=0)) / 2
            for learner in (0, 1):
                scores[learner].append(float(np.mean((x[test, learner] > middle[learner]) == y[test])))
        corrected.append(judge(*scores, overlap=0.25, seed=i))
        plain.append(judge(*scores, seed=i))
    return [
        Gate("overlapping splits told apart, corrected", told_apart(corrected), 0.0, 0.07, count),
        Gate("the same, uncorrected, for the record", told_apart(plain), 0.0, 1.0, count),
    ]


def conflicts(count: int) -> list[Gate]:
    """2×2 designs of 20 replicates; planted interactions of 4 seed SD, region of ±1."""
    planted = {
        "conflict": (0.0, 2.0, 2.0, 0.0),
        "synergy": (0.0, 0.0, 0.0, 4.0),
        "redundant": (0.0, 4.0, 4.0, 4.0),
    }
    gates = []
    for kind, means in {**planted, "none": (0.0, 1.0, 1.0, 2.0)}.items():
        rng = np.random.default_rng(len(kind))
        runs = [[m + rng.normal(size=20) for m in means] for _ in range(count)]
        kinds = [interaction(y11=c[3], y10=c[1], y01=c[2], y00=c[0], rope=1.0).kind for c in runs]
        if kind == "none":
            named = float(np.mean([k in planted for k in kinds]))
            gates.append(Gate("no interaction, one named", named, 0.0, 0.05, count))
        else:
            gates.append(
                Gate(f"planted {kind} named", float(np.mean([k == kind for k in kinds])), 0.9, 1.0, count)
            )
    return gates


def tables(count: int) -> list[Gate]:
    """Tables of five contenders on 20 replicates: looks at 10, 15 and 20, Holm at each."""
    plan = COMPARED

    def said(effect: float, seed: int) -> list[tuple[bool, bool]]:
        """(a verdict on the four equal ones, the fifth called better) at any look of each table."""
        rng, found = np.random.default_rng(seed), []
        for i in range(count):
            shared = rng.normal(size=20)
            runs = {name: shared + rng.normal(size=20) for name in "abcde"}
            runs["e"] += effect
            rows = [
                row
                for n in plan
                for row in against_reference(
                    {k: v[:n] for k, v in runs.items()}, "a", looks=plan, shape=LATE, seed=i
                )
            ]
            told = [row for row in rows if row.verdict.kind in ("better", "worse")]
            found.append(
                (
                    any(row.contender != "e" or effect == 0 for row in told),
                    any(row.contender == "e" and row.verdict.kind == "better" for row in told),
                )
            )
        return found

    none, one = said(0.0, 21), said(1.5, 22)
    return [
        Gate("table of 5 equals, one told apart, 3 looks", _share(none, 0), 0.0, 0.05, count),
        Gate("the same beside one that is better", _share(one, 0), 0.0, 0.05, count),
        Gate("that one found (1.5 SD), for the record", _share(one, 1), 0.0, 1.0, count),
    ]


def _share(found: list[tuple[bool, bool]], place: int) -> float:
    return float(np.mean([pair[place] for pair in found]))


def real(count: int) -> list[Gate]:
    """Real trainings: A and B are one recipe; then A's scores are raised by one SD of its runs.

    On these rows, as `compare` judges, with one look and with three; and beyond them, corrected for overlap.
    """
    from evidence_trainings import same_recipe_twice  # brings torch, and minutes of training

    a, b, overlap = same_recipe_twice(count)
    raised = a + a.std(axis=1, ddof=1, keepdims=True)
    apart = [judge(x, y, seed=i) for i, (x, y) in enumerate(zip(a, b, strict=True))]
    found = [judge(x, y, seed=i) for i, (x, y) in enumerate(zip(raised, b, strict=True))]
    beyond = [judge(x, y, overlap=overlap, seed=i) for i, (x, y) in enumerate(zip(a, b, strict=True))]
    wide = [judge(x, y, overlap=overlap, seed=i) for i, (x, y) in enumerate(zip(raised, b, strict=True))]
    looks, raised_looks = (at_any_look(x, b, COMPARED, LATE) for x in (a, raised))
    inside = float(np.mean([v.low <= 0 <= v.high for v in apart]))
    name = "trainings, on these rows"
    return [
        Gate(f"{name}: A/A told apart, n = 20", told_apart(apart), 0.0, 0.05, count),
        Gate(f"{name}: the same, looks 10, 15, 20", looks, 0.0, 0.05, count),
        Gate(f"{name}: 1 SD found, n = 20", told_apart(found), 0.80, 1.0, count),
        Gate(f"{name}: the same, looks 10, 15, 20", raised_looks, 0.80, 1.0, count),
        Gate(f"{name}: 95 % interval covers, n = 20", inside, 0.93, 0.97, count),
        Gate("trainings, beyond them: A/A told apart", told_apart(beyond), 0.0, 0.05, count),
        Gate("trainings, beyond them: 1 SD found, for the record", told_apart(wide), 0.0, 1.0, count),
    ]


def main() -> int:
    """Run every gate and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparisons", type=int, default=400, help="comparisons per gate")
    parser.add_argument("--trainings", action="store_true", help="real trainings too (minutes)")
    asked = parser.parse_args()
    count = asked.comparisons
    started, failed = time.perf_counter(), 0
    print(f"{'gate':48} {'must be':>14} {'found':>7} {'± s.e.':>7}")
    groups = [same_recipe, found_effect, coverage, overlapping, conflicts, tables]
    for group in [*groups, real] if asked.trainings else groups:
        for gate in group(TRAINED * count if group is real else count):
            held = gate.holds(tolerance=2.0)
            failed += not held
            bounds = f"{100 * gate.low:.1f}-{100 * gate.high:.1f} %"
            mark = "" if held else "  FAILS"
            found = f"{100 * gate.share:6.1f} % {100 * gate.standard_error:4.1f} %"
            print(f"{gate.name:48} {bounds:>14} {found}{mark}")
    took = time.perf_counter() - started
    print(f"{count} comparisons per simulated gate, {took:.0f} s; a gate fails beyond 2 s.e.")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
