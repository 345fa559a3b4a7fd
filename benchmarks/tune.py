"""What the main job costs and brings: `steepest tune digits --budget 60s --json`, as whole processes.

    python benchmarks/tune.py                     3 runs, seeds 0, 1, 2: four minutes
    python benchmarks/tune.py --budget 20s        another budget: figures without targets

Prints medians over the runs beside their targets, and each run's verdict. Exit code 1 if a target is missed.

Wall time is the whole process, from its start to its exit; study seconds are those the study counted itself;
start-up is the difference. Memory is summed over the process and all it started, ten times a second: as RSS,
which counts pages that processes share once for each, and as PSS, which counts them once but is dear to read
and therefore only read when RSS reaches a new high. Shorter peaks are missed. It needs Linux.
"""

import argparse
import datetime
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from machine import load, machine_line, versions_line
from steepest.store.opening import open_journal

PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
GIB = 2.0**30
EVERY = 0.1  # seconds
STANDARD = ("digits", "60s")  # what the targets are for
DISTRIBUTIONS = ("steepest", "torch", "numpy", "scikit-learn", "optuna")


@dataclass(frozen=True)
class Run:
    """One run of the command; NaN for what it did not bring."""

    wall: float
    study: float
    members: float
    accuracy: float
    pss: float
    rss: float
    sentence: str

    @property
    def start_up(self) -> float:
        """Seconds that the study did not count: starting Python, importing, ending."""
        return self.wall - self.study


@dataclass(frozen=True)
class Figure:
    """A row of the table: what, in which unit, and between which bounds it should lie."""

    name: str
    field: str
    form: str
    low: float = -math.inf
    high: float = math.inf

    @property
    def target(self) -> str:
        """The bound in words."""
        if math.isfinite(self.low):
            return f"≥ {self.low:g}"
        return f"≤ {self.high:g}" if math.isfinite(self.high) else ""

    def met(self, value: float) -> bool:
        """Whether a median keeps the bounds; NaN does not, where there is one."""
        return not self.target or self.low <= value <= self.high


FIGURES = (
    Figure("wall time, whole process (s)", "wall", ".1f", high=72),
    Figure("study (s)", "study", ".1f", high=66),
    Figure("start-up (s)", "start_up", ".1f", high=6),
    Figure("members trained to their first rung", "members", ".0f", low=300),
    Figure("test accuracy, mean over fresh seeds", "accuracy", ".4f", low=0.975),
    Figure("peak memory, PSS (GiB)", "pss", ".2f", high=1.5),
    Figure("peak memory, RSS (GiB)", "rss", ".2f"),
)


class Memory:
    """The most memory that a process and its descendants held at a time, in bytes."""

    def __init__(self, root: int) -> None:
        self._root = root
        self.rss = self.pss = math.nan

    def look(self) -> None:
        """Take one sample."""
        family = descendants(self._root)
        rss = sum(_rss(process) for process in family)
        if rss and not rss <= self.rss:
            self.rss = rss
            self.pss = max(sum(_pss(process) for process in family), 0 if math.isnan(self.pss) else self.pss)


def descendants(root: int) -> list[int]:
    """A process and all that it started, directly or not; empty where the system does not tell."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        text = _read(entry)
        if text:  # "PID (name) state PPID …", and a name may hold anything
            parents[int(entry.parent.name)] = int(text.rpartition(")")[2].split()[1])
    family = [root] if root in parents else []
    for process in family:  # grows as it goes
        family += [child for child, parent in parents.items() if parent == process]
    return family


def _rss(process: int) -> int:
    fields = _read(Path(f"/proc/{process}/statm")).split()
    return int(fields[1]) * PAGE if fields else 0


def _pss(process: int) -> int:
    lines = _read(Path(f"/proc/{process}/smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _read(path: Path) -> str:
    """A file of /proc; empty if its process has just gone."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def first_rungs(study: Path) -> int:
    """Members of the search that were scored at least once: the first score is the first rung's."""
    with open_journal(study) as journal:
        searched = {plan.member for plan in journal.members() if plan.stage == "search" and not plan.label}
        return len(searched & {point.member for point in journal.curves()})


def run(data: str, budget: str, seed: int) -> Run:
    """Run the command in a fresh process and folder."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "steepest", "tune", data, "--budget", budget, "--json"]
        command += ["--seed", str(seed), "--out", str(out)]
        with open(Path(folder) / "result.json", "w+", encoding="utf-8") as result:
            with open(Path(folder) / "progress", "w+", encoding="utf-8") as progress:
                start = time.perf_counter()
                process = subprocess.Popen(command, stdout=result, stderr=progress)
                memory = Memory(process.pid)
                while process.poll() is None:
                    memory.look()
                    time.sleep(EVERY)
                wall = time.perf_counter() - start
                progress.seek(0)
                if process.returncode:
                    sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{progress.read()}")
            result.seek(0)
            return _run(json.load(result), wall, memory, first_rungs(out / "study.db"))


def _run(facts: Mapping[str, Any], wall: float, memory: Memory, members: int) -> Run:
    winner = (facts.get("test") or {}).get("winner") or {}
    verdict = facts.get("verdict") or {}
    return Run(
        wall=wall,
        study=_number(facts.get("total_seconds")),
        members=members,
        accuracy=_number(winner.get("score")),
        pss=memory.pss / GIB,
        rss=memory.rss / GIB,
        sentence=verdict.get("sentence") or "no verdict",
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def table(runs: Sequence[Run], targets: bool) -> tuple[list[str], bool]:
    """Medians and ranges as a Markdown table, and whether all targets are met."""
    lines = ["| figure | median | min to max | target | met |", "|---|---:|---:|---:|---|"]
    all_met = True
    for figure in FIGURES:
        values = [float(getattr(each, figure.field)) for each in runs]
        middle = median(values) if all(map(math.isfinite, values)) else math.nan
        met = figure.met(middle)
        wanted = figure.target if targets else ""
        all_met &= met or not wanted
        low, high = (format(each, figure.form) for each in (min(values), max(values)))
        word = ("yes" if met else "NO") if wanted else ""
        lines.append(
            f"| {figure.name} | {middle:{figure.form}} | {low} to {high} | {wanted} | {word} |",
        )
    return lines, all_met


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", nargs="?", default=STANDARD[0])
    parser.add_argument("--budget", default=STANDARD[1])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0, help="of the first run; each further one has the next")
    asked = parser.parse_args()
    if asked.repeats < 1:
        parser.error("--repeats must be at least 1")
    at_start, runs = load(), []
    for number in range(asked.repeats):
        runs.append(run(asked.data, asked.budget, asked.seed + number))
        print(f"run {number + 1} of {asked.repeats}: {runs[-1].wall:.1f} s", file=sys.stderr)
    lines, all_met = table(runs, targets=(asked.data, asked.budget) == STANDARD)
    print(f"# steepest tune {asked.data} --budget {asked.budget}: medians of {asked.repeats}\n")
    print(f"{datetime.date.today()} · `{' '.join(['python', 'benchmarks/tune.py', *sys.argv[1:]])}`  ")
    print(f"{machine_line(at_start)}  \n{versions_line(DISTRIBUTIONS)}\n")
    print("\n".join(lines), end="\n\n")
    for number, each in enumerate(runs):
        print(f"- seed {asked.seed + number}: {each.sentence}")
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
