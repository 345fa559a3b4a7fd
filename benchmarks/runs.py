"""What `steepest runs` takes on a large study: 5,000 members with four scores each.

    python benchmarks/runs.py [--members 5000] [--repeats 5]

Whole processes, imports included; the median of wall time and of processor time. Where processor time is well
below wall time, other work was on the machine.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.store import CurvePoint, Document, MemberPlan, Outcome, open_journal

RUNGS = (1.0, 3.0, 9.0, 27.0)
COMMANDS = (
    ("show", "large"),
    ("show", "large", "--member", "17"),
    ("list",),
    ("export", "large", "--to", "csv"),
    ("export", "large", "--to", "parquet"),
    ("export", "large", "--to", "json"),
    ("export", "large", "--to", "optuna"),
)


def forge(folder: Path, members: int) -> None:
    """A search as a journal holds it: recipes that differ in five knobs."""
    draw, base = generator(0, "runs"), Recipe().dotted()
    about = {"data": "digits", "task": "classification", "form": "table", "score_name": "accuracy"}
    with open_journal(folder, create=True) as journal:
        journal.record(documents=[Document("study", about)])
        plans, points, ends = [], [], []
        for number in range(members):
            knobs = {"lr": 10 ** draw.uniform(-5, 0), "dropout": draw.uniform(0, 0.5)}
            knobs |= {"width": int(draw.choice([32, 64, 128])), "depth": int(draw.integers(1, 4))}
            recipe = {**base, **knobs, "optimizer": str(draw.choice(["adamw", "sgd"]))}
            plans.append(MemberPlan(number, "search", "", recipe, number, 0, 0, 17_226, "prior"))
            scores = draw.normal(0.9, 0.02, len(RUNGS))
            points += [
                CurvePoint(number, e, int(22 * e), 0.5, 0.4, s) for e, s in zip(RUNGS, scores, strict=True)
            ]
            ends.append(Outcome(number, "finished", "", scores[-1], RUNGS[-1], 0.3))
        journal.plan(plans)
        journal.record(points, ends)


def measure(command: tuple[str, ...], home: Path, repeats: int) -> tuple[float, float]:
    """Median wall and processor seconds of a whole command."""
    wall, busy = [], []
    for _ in range(repeats):
        before, began = os.times(), time.perf_counter()
        program = [sys.executable, "-m", "steepest", "runs", *command]
        subprocess.run(program, cwd=home, check=True, capture_output=True)
        after = os.times()
        wall.append(time.perf_counter() - began)
        busy.append(sum(after[2:4]) - sum(before[2:4]))
    return statistics.median(wall), statistics.median(busy)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=5000)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        forge(home / "runs" / "large", asked.members)
        print(f"{asked.members:,} members × {len(RUNGS)} scores, load average {os.getloadavg()[0]:.1f}\n")
        print("| steepest runs … | wall | processor |\n|---|---:|---:|")
        for command in COMMANDS:
            wall, busy = measure(command, home, asked.repeats)
            print(f"| {' '.join(command)} | {wall:.2f} s | {busy:.2f} s |")


if __name__ == "__main__":
    main()
