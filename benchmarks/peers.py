"""How long do the tools a user would pick instead take for the same work?

    python benchmarks/peers.py                        all contenders whose library is installed, 3 times each
    python benchmarks/peers.py steepest loop          two of them
    python benchmarks/peers.py --steady               one core, 16 members, all start-up subtracted
    python benchmarks/peers.py --write                keep the table in benchmarks/results/peers.md

The work: 32 learning rates (log-uniform, 1e-4 to 1e-1), 20 epochs each of AdamW with batch 64 on an MLP
64-128-64-10 and scikit-learn's digits, 360 rows held out and scored once, at the end.

Every contender is a file in `benchmarks/peers/` and runs in a process of its own, one after the other; all
take their turn before anybody's second. Its clock leaves out the imports at the top of its file and nothing
else. Ratios are taken within a turn, where both met the same machine, and their median is shown. A contender
whose median accuracy differs from the loop's by more than 0.03 is marked: it may not have done the same work.
"""

import argparse
import datetime
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from machine import QUIET, load, machine_line, versions_line

HERE = Path(__file__).parent
RESULT = HERE / "results" / "peers.md"
STEPS = 23  # of one member in one epoch: 1437 rows in batches of 64
TOLERANCE = 0.03
PATIENCE = 1200  # seconds
DISTRIBUTIONS = ("steepest", "torch", "numpy", "scikit-learn", "optuna", "lightning", "skorch", "ray", "jax")
STEADY = ("steepest", "loop", "jax")
STEADY_MEMBERS, STEADY_EPOCHS = 16, (20, 200)


@dataclass(frozen=True)
class Contender:
    """A way to do the work: how it is asked for, what it is, where it stands, what must be installed."""

    name: str
    title: str
    file: str
    needs: tuple[str, ...] = ()

    def missing(self) -> list[str]:
        """Requirements that are not installed."""
        return [need for need in self.needs if importlib.util.find_spec(need.partition("[")[0]) is None]


CONTENDERS = (
    Contender("steepest", "steepest: `st.sweep`", "steepest_sweep.py"),
    Contender("loop", "PyTorch loop by hand, fused AdamW", "torch_loop.py"),
    Contender("loop2", "the same in 2 processes", "torch_two_processes.py"),
    Contender("jax", "JAX by hand: vmap + scan + jit", "jax_vmap.py", ("jax", "optax")),
    Contender("optuna", "Optuna + DataLoader loop", "optuna_dataloader.py", ("optuna",)),
    Contender("sklearn", "scikit-learn MLPClassifier, 2 jobs ¹", "sklearn_mlp.py"),
    Contender("lightning", "Optuna + Lightning", "optuna_lightning.py", ("optuna", "lightning")),
    Contender("skorch", "skorch GridSearchCV, 2 jobs", "skorch_grid.py", ("skorch",)),
    Contender("ray", "Ray Tune, 2 CPUs", "ray_tune.py", ("ray[tune]",)),
)
FOOTNOTE = "¹ It has no AdamW: Adam with an L2 penalty."
NAMES = tuple(contender.name for contender in CONTENDERS)


class Failed(Exception):
    """A contender ended without a result; the message is its last word."""


@dataclass(frozen=True)
class Run:
    """One turn of one contender."""

    seconds: float
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Row:
    """All turns of one contender, each with steepest's of the same round where there was one."""

    contender: Contender
    runs: tuple[Run, ...]
    ours: tuple[Run, ...]

    @property
    def seconds(self) -> list[float]:
        """Of each turn."""
        return [run.seconds for run in self.runs]

    @property
    def scores(self) -> tuple[float, ...]:
        """Held-out accuracies of the first turn; seeds are fixed, so the others say the same."""
        return self.runs[0].scores

    @property
    def ratio(self) -> float | None:
        """How many times as long as steepest it took."""
        pairs = zip(self.runs, self.ours, strict=False)
        ratios = [run.seconds / ours.seconds for run, ours in pairs]
        return median(ratios) if ratios else None


def do(contender: Contender, members: int, epochs: int) -> Run:
    """One turn in a fresh process."""
    command = [sys.executable, str(HERE / "peers" / contender.file)]
    command += ["--members", str(members), "--epochs", str(epochs)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Failed(f"not done after {PATIENCE} s") from None
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        last = done.stderr.strip().splitlines()[-1:] or ["no output"]
        raise Failed(f"exit code {done.returncode}, {last[0]}")
    found = json.loads(lines[-1])
    return Run(found["seconds"], tuple(found["scores"]))


def race(chosen: Sequence[Contender], repeats: int, members: int, epochs: int) -> tuple[list[Row], list[str]]:
    """Let everyone take their turns; returns a row for each, and in words who dropped out and why."""
    runs: dict[str, list[Run]] = {contender.name: [] for contender in chosen}
    said: dict[str, str] = {}
    for turn in range(repeats):
        for contender in chosen:
            if contender.name in said:
                continue
            try:
                run = do(contender, members, epochs)
            except Failed as failure:
                said[contender.name] = f"{contender.name}: failed; {failure}"
                continue
            runs[contender.name].append(run)
            print(f"turn {turn + 1} of {repeats}: {contender.name} {run.seconds:.2f} s", file=sys.stderr)
    ours = tuple(runs["steepest"]) if "steepest" in runs and "steepest" not in said else ()
    rows = [Row(c, tuple(runs[c.name]), ours) for c in chosen if c.name not in said]
    return rows, list(said.values())


def table(rows: Sequence[Row], members: int, epochs: int) -> list[str]:
    """The rows as a Markdown table."""
    loop = next((median(row.scores) for row in rows if row.contender.name == "loop"), None)
    lines = [
        "| contender | trials/min | min to max | member-steps/s | steepest is | best | median accuracy |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        per_minute = sorted(60 * members / s for s in row.seconds)
        steps = members * epochs * STEPS / median(row.seconds)
        ratio = "" if row.ratio is None or row.contender.name == "steepest" else f"{row.ratio:.2f} × as fast"
        middle = median(row.scores)
        doubt = loop is not None and not abs(middle - loop) <= TOLERANCE
        mark = f" ← not within {TOLERANCE:g} of the loop" if doubt else ""
        lines.append(
            f"| {row.contender.title} | {median(per_minute):,.0f} | {per_minute[0]:,.0f} to"
            f" {per_minute[-1]:,.0f} | {steps:,.0f} | {ratio} | {max(row.scores):.4f} | {middle:.4f}{mark} |"
        )
    if any("¹" in row.contender.title for row in rows):
        lines += ["", FOOTNOTE]
    return lines


def steady_rate(contender: Contender) -> float:
    """Member-steps/s once everything runs: a long sweep less a short one."""
    short, long = STEADY_EPOCHS
    extra = do(contender, STEADY_MEMBERS, long).seconds - do(contender, STEADY_MEMBERS, short).seconds
    if extra <= 0:
        raise Failed(f"{long} epochs took no longer than {short}")
    return STEADY_MEMBERS * STEPS * (long - short) / extra


def steady_race(chosen: Sequence[Contender], repeats: int) -> tuple[list[str], list[str]]:
    """Everyone's steady rate on one core, as a Markdown table; and in words who dropped out and why."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # contenders inherit it
    rates: dict[str, list[float]] = {contender.name: [] for contender in chosen}
    said: dict[str, str] = {}
    for turn in range(repeats):
        for contender in chosen:
            if contender.name in said:
                continue
            try:
                rates[contender.name].append(steady_rate(contender))
            except Failed as failure:
                said[contender.name] = f"{contender.name}: failed; {failure}"
            else:
                print(f"turn {turn + 1} of {repeats}: {contender.name}", file=sys.stderr)
    return steady_table([(c, rates[c.name]) for c in chosen if c.name not in said]), list(said.values())


def steady_table(found: Sequence[tuple[Contender, Sequence[float]]]) -> list[str]:
    """Steady rates as a Markdown table."""
    ours = next((rates for contender, rates in found if contender.name == "steepest"), ())
    lines = ["| contender | member-steps/s | min to max | steepest is |", "|---|---:|---:|---:|"]
    for contender, rates in found:
        ratios = [a / b for a, b in zip(ours, rates, strict=False)]
        ratio = f"{median(ratios):.2f} × as fast" if ratios and contender.name != "steepest" else ""
        span = f"{min(rates):,.0f} to {max(rates):,.0f}"
        lines.append(f"| {contender.title} | {median(rates):,.0f} | {span} | {ratio} |")
    return lines


def installed(chosen: Sequence[Contender]) -> tuple[list[Contender], list[str]]:
    """Those that can run, and in words those that cannot."""
    able = [contender for contender in chosen if not contender.missing()]
    said = [
        f"{c.name}: not installed; pip install {' '.join(repr(n) if '[' in n else n for n in c.missing())}"
        for c in chosen
        if c.missing()
    ]
    return able, said


def arguments() -> argparse.Namespace:
    """What was asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("contenders", nargs="*", metavar="CONTENDER", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--members", type=int, default=32, help="learning rates")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--steady", action="store_true", help="one core, start-up subtracted")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.name}")
    asked = parser.parse_args()
    unknown = [name for name in asked.contenders if name not in NAMES]
    if unknown:
        parser.error(f"no contender is called {unknown[0]!r}; there are {', '.join(NAMES)}")
    if min(asked.repeats, asked.members, asked.epochs) < 1:
        parser.error("--repeats, --members and --epochs must be at least 1")
    if asked.steady and asked.write:
        parser.error("--write keeps the main table only; leave --steady away")
    return asked


def main() -> int:
    """Measure and print; exit code 1 if a contender that was there did not finish."""
    asked, at_start = arguments(), load()
    machine = machine_line(at_start)  # before --steady gives up all cores but one
    names = asked.contenders or (STEADY if asked.steady else NAMES)
    chosen, left_out = installed([c for c in CONTENDERS if c.name in names])
    if asked.steady:
        title = f"Steady state: one core, {STEADY_MEMBERS} members"
        lines, failures = steady_race(chosen, asked.repeats)
    else:
        title = f"{asked.members} learning rates × {asked.epochs} epochs, medians of {asked.repeats}"
        rows, failures = race(chosen, asked.repeats, asked.members, asked.epochs)
        lines = table(rows, asked.members, asked.epochs)
    heading = [
        f"# {title}",
        "",
        f"{datetime.date.today()} · `{' '.join(['python', 'benchmarks/peers.py', *sys.argv[1:]])}`  ",
        f"{machine}  ",
        versions_line(DISTRIBUTIONS),
        "",
    ]
    notes = [f"- {sentence}" for sentence in (*left_out, *failures)]
    text = "\n".join([*heading, *lines, *(["", *notes] if notes else [])])
    print(text)
    if asked.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text + "\n", encoding="utf-8")
        if at_start is not None and at_start >= QUIET:
            print(f"The machine was busy: measure again before {RESULT.name} is kept.", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
