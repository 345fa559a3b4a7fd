"""Does our search find better recipes in the same time than others? And which shares serve it best?

    python benchmarks/search.py --record             record the pools that are missing: ten quiet minutes
    python benchmarks/search.py                      replay every strategy on them: the anytime table
    python benchmarks/search.py --shares             replay our search with one share changed at a time
    python benchmarks/search.py --overhead           what the strategy itself takes with 5,000 members
    python benchmarks/search.py --live               run `steepest tune` and a rival by hand, 10 minutes each
    python benchmarks/search.py --live --budget 20s  the same, shorter

`--write` puts the table into `benchmarks/results/search.md`. A replay (`search/replay.py`) trains nothing:
curves, costs and confirmed scores are those recorded (`search/record.py`), kept in `benchmarks/recorded/`.

Gains are confirmed scores of the present leader, on each pool's own scale: 0 is its median recipe, 1 its
best. The intervals resample data sets, and repeats within them (95 %, 2,000 draws).
"""

import argparse
import datetime
import functools
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from machine import load as machine_load
from machine import machine_line
from search.live import SETS, live
from search.overhead import overhead
from search.record import Array, load, timed
from search.replay import PoolSpace, Replay, gained
from search.works import works
from steepest.search.policy import Policy
from steepest.search.rivals import STRATEGIES
from steepest.search.shares import SHARES, Shares
from steepest.search.stacked import Stacked
from steepest.search.strategy import Strategy

RECORDED = Path(__file__).parent / "recorded"
RESULTS = Path(__file__).parent / "results" / "search.md"
FRACTIONS = (0.1, 0.25, 0.5, 1.0)
WORKERS = 2

VARIANTS: dict[str, Shares] = {
    "as it is": SHARES,
    "first 0.6, always to the end": replace(SHARES, first=0.6, sparing=False),
    "always to the end": replace(SHARES, sparing=False),
    "first 0.15": replace(SHARES, first=0.15),
    "first 0.45": replace(SHARES, first=0.45),
    "first 0.6": replace(SHARES, first=0.6),
    "first 0.8": replace(SHARES, first=0.8),
    "portfolio 0": replace(SHARES, portfolio=0.0),
    "portfolio 0.25": replace(SHARES, portfolio=0.25),
    "prior 0.3": replace(SHARES, prior=0.3),
    "prior 0.9": replace(SHARES, prior=0.9),
    "model 0.7, local 0.2": replace(SHARES, model=0.7, local=0.2),
    "model 0.2, local 0.6": replace(SHARES, model=0.2, local=0.6),
    "model 0, local 0 (uniform)": replace(SHARES, model=0.0, local=0.0),
    "luck 0": replace(SHARES, luck=0.0),
    "luck 0.3": replace(SHARES, luck=0.3),
    "ties 0": replace(SHARES, ties=0.0),
    "impatient": replace(SHARES, patient=False),
}


def made(name: str, space: PoolSpace, seed: int) -> Strategy:
    """A strategy by name, or ours with the shares of that name."""
    if name in STRATEGIES:
        return STRATEGIES[name](Policy(space, seed), seed, None, WORKERS)
    shares = VARIANTS[name]
    return Stacked(Policy(space, seed, shares=shares), seed, None, shares)


def replayed(path: Path, name: str, budget: float, repeats: range) -> Array:
    """Gains [repeats, fractions] of a strategy on one pool; a budget in full trainings of mean cost."""
    records, rows = load(path), []
    seconds = budget * float(records.seconds.mean()) * records.curves.shape[1]
    for seed in repeats:
        replay = Replay(records, seconds)
        replay.run(made(name, PoolSpace(records), seed))
        rows.append(gained(records, replay.confirmed(FRACTIONS, seed)))
    return np.array(rows)


def interval(gains: Array, draws: int = 2000) -> Array:
    """95 % bootstrap interval [2, fractions] of the mean of gains [data sets, repeats, fractions]."""
    rng = np.random.default_rng(0)
    sets = rng.integers(0, gains.shape[0], (draws, gains.shape[0]))
    repeats = rng.integers(0, gains.shape[1], (draws, gains.shape[0], gains.shape[1]))
    means = np.array([gains[s[:, None], r].mean(axis=(0, 1)) for s, r in zip(sets, repeats, strict=True)])
    bounds: Array = np.percentile(means, [2.5, 97.5], axis=0)
    return bounds


def table(names: Sequence[str], budgets: Sequence[float], repeats: range, paths: Sequence[Path]) -> list[str]:
    """The anytime table, every other row also against the first: the gain lost at the end, in pairs."""
    head = ["strategy", "budget", *(f"after {f:.0%}" for f in FRACTIONS), f"{names[0]} less this, at the end"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    tasks = [(name, budget, path) for budget in budgets for name in names for path in paths]
    with ProcessPoolExecutor(WORKERS) as pool:
        every = list(pool.map(functools.partial(_task, repeats), tasks))
    at = iter(every)
    for budget in budgets:
        first: Array | None = None
        for name in names:
            gains = np.array([next(at) for _ in paths])
            first = gains if first is None else first
            low, high = interval(gains)
            cells = [
                f"{m:.2f} ({a:.2f} to {b:.2f})" for m, a, b in zip(gains.mean((0, 1)), low, high, strict=True)
            ]
            apart = first - gains
            (low, high), mean = interval(apart)[:, -1], apart[:, :, -1].mean()
            versus = "" if name == names[0] else f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"
            lines.append("| " + " | ".join([name, f"{budget:g} trainings", *cells, versus]) + " |")
    return lines


def _task(repeats: range, task: tuple[str, float, Path]) -> Array:
    name, budget, path = task
    return replayed(path, name, budget, repeats)


def _record(again: bool) -> list[str]:
    RECORDED.mkdir(exist_ok=True)
    skipped: list[str] = []
    for work in works(skipped):
        if again or not (RECORDED / f"{work.name}.npz").exists():
            print(timed(work, RECORDED), flush=True)
    return skipped


def _kept(title: str, lines: Sequence[str], command: str) -> None:
    """Put a section into the results, in place of the one of the same title."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Searches compared\n"
    parts = [part for part in text.split("\n## ") if not part.startswith(title + "\n")]
    when = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {machine_line(machine_load())}"
    body = "\n".join([title, "", f"`{command}`, {when}.", "", *lines, ""])
    RESULTS.write_text("\n## ".join([part.rstrip() + "\n" for part in parts] + [body]), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("record", "again", "shares", "overhead", "live", "write"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--budgets", type=float, nargs="+", default=[6, 12], help="of a replay, in trainings")
    parser.add_argument("--budget", default="10m", help="of a live run")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the first repeat of a replay")
    parser.add_argument("--only", nargs="+", default=[], help="data sets, strategies or shares by name")
    return parser.parse_args()


def main() -> int:
    """Do what the arguments ask."""
    asked = _arguments()
    command = " ".join(["python", "benchmarks/search.py", *(a for a in sys.argv[1:] if a != "--write")])
    if asked.record:
        print("\n".join(_record(asked.again)))
        return 0
    paths = sorted(RECORDED.glob("*.npz"))
    paths = [p for p in paths if p.stem in asked.only] or paths
    sections: dict[str, Callable[[], list[str]]] = {}
    if asked.overhead:
        sections["What a strategy itself takes"] = overhead
    elif asked.live:
        sections["Live: time to the rival's score"] = functools.partial(
            live, asked.budget, asked.repeats, [name for name in SETS if name in asked.only] or SETS
        )
    elif not paths:
        print("nothing is recorded yet: run with --record first")
        return 1
    else:
        names = list(VARIANTS if asked.shares else STRATEGIES)
        names = (
            [n for n in names if n in asked.only or n == names[0]] if set(names) & set(asked.only) else names
        )
        repeats = range(asked.seed, asked.seed + asked.repeats)
        title = "Shares of our search, replayed" if asked.shares else "Strategies, replayed"
        sections[title] = functools.partial(table, names, asked.budgets, repeats, paths)
    for title, make in sections.items():
        lines = make()
        print("\n".join(lines))
        if asked.write:
            _kept(title, lines, command)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    raise SystemExit(main())
