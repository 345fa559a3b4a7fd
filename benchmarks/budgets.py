"""Budgets of time that are kept: the share that studies use of theirs, as a user would time the command.

    python benchmarks/budgets.py                      # everything that is at hand
    python benchmarks/budgets.py digits:10s iris:20s  # some

Each study is a fresh process. Its wall time counts from the call to the return of `steepest tune`; its own
count ("inside") from the command's first line. A budget is kept if the first is at most 103 % of it, and used
if it is at least 85 %, unless the search ended for another reason than the budget.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from steepest.report.facts import Facts, read_facts
from steepest.store.opening import open_journal

DATA = Path(__file__).parents[2] / "shared" / "data"
KEPT, USED = 1.03, 0.85

STUDIES: dict[str, tuple[str, ...]] = {
    "iris": ("iris",),
    "digits": ("digits",),
    "series": (str(DATA / "daily-min-temperatures.csv"), "--forecast", "Temp", "--network", "rnn"),
    "cifar": (str(DATA / "cifar10-test.parquet"), "--network", "cnn"),
}
BUDGETS = ("5s", "10s", "20s", "60s")


def main(asked: list[str]) -> None:
    """Run the studies and print a row for each."""
    print(
        f"{'study':<8} {'budget':>6} {'wall':>7} {'inside':>7} {'used':>6}  {'end':<9} {'verdict':<11} undone"
    )
    for name, budget in [a.split(":") for a in asked] or [(n, b) for n in STUDIES for b in BUDGETS]:
        command = STUDIES[name]
        if Path(command[0]).is_absolute() and not Path(command[0]).exists():
            print(f"{name:<8} {command[0]} is not here")
            continue
        print(row(name, budget, command), flush=True)


def row(name: str, budget: str, command: tuple[str, ...]) -> str:
    """One study, timed from outside."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        words = ["tune", *command, "--budget", budget, "--out", str(folder), "--quiet"]
        started = time.perf_counter()
        done = subprocess.run(
            [str(Path(sys.executable).with_name("steepest")), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        wall = time.perf_counter() - started
        if done.returncode:
            return f"{name:<8} {budget:>6} {wall:7.2f} {done.stderr.strip().splitlines()[-1]}"
        with open_journal(folder) as journal:
            facts = read_facts(journal)
    return _told(name, budget, wall, facts)


def _told(name: str, budget: str, wall: float, facts: Facts) -> str:
    seconds = float(budget.removesuffix("s"))
    share, inside = wall / seconds, facts.total_seconds or 0.0
    verdict = facts.verdict.kind if facts.verdict else "open"
    mark = " over" if share > KEPT else " idle" if share < USED and facts.end_reason == "budget" else ""
    spent = f"{name:<8} {budget:>6} {wall:7.2f} {inside:7.2f} {share:6.0%}{mark}"
    return f"{spent}  {facts.end_reason:<9} {verdict:<11} {'; '.join(facts.missed)}"


if __name__ == "__main__":
    main(sys.argv[1:])
