"""Does the engine reach what it must? Every figure is a ratio measured in one run on one machine.

    python benchmarks/engine.py                        all rows, 3 turns each: about half an hour
    python benchmarks/engine.py --only gru lstm cnn    some of them
    python benchmarks/engine.py --write                keep the table in benchmarks/results/engine.md
    python benchmarks/engine.py --quick                next to no work: does everything run?

Every contender of a row runs in a process of its own, alone, and all take their turn before anybody's second.
A ratio is that of member-steps per second within a turn, so that both met the same machine; the median over
the turns is what counts. Where a row names the better of several ways, it is the better one of each turn.
Beside each ratio stands how near steepest came to what the machine could do at best (`engine/ceiling.py`),
and the median accuracy of the members, which shows whether both did the work.

`--gpu` prints the table of graphics cards instead, where there is one.

Contenders are the files of `engine/` and, for the rows with everything included, those of `peers/`. Exit code
1 if a bound is missed or a contender failed.
"""

import argparse
import contextlib
import datetime
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

import peers
from engine_gpu import GPU_ROWS, gpu_table
from engine_rows import Row, Way, rows
from engine_table import Ceiling, Line, Run, first_rung_lines, markdown, memory_line, row_lines
from machine import QUIET, cores, load, machine_line, versions_line
from steepest.training.precision import has_bfloat16

HERE = Path(__file__).parent
RESULT = HERE / "results" / "engine.md"
PATIENCE = 3600  # seconds
MEMORY, FIRST = "memory", "first"
MEMORY_WORK, MEMORY_MEMBERS = "mlp17k", 256


class Bench:
    """Runs scripts and keeps what is said of those that failed.

    Args:
        repeats: turns of each contender.
        quick: next to no work.
    """

    def __init__(self, repeats: int, quick: bool) -> None:
        self.repeats, self.quick = repeats, quick
        self.notes: list[str] = []
        self.failed = False
        self._ceilings: dict[tuple[str, int], Ceiling] = {}

    def script(self, name: str, *arguments: str) -> Any:
        """The line of JSON that a script prints."""
        paths = [str(HERE / "peers"), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONPATH": os.pathsep.join(paths)}
        command = [sys.executable, str(HERE / name), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise peers.Failed(f"not done after {PATIENCE} s") from None
        return _answer(done.returncode, done.stdout, done.stderr)

    def run(self, way: Way, members: int, epochs: int) -> Run:
        """One real turn of a way."""
        found = self.script(way.script, *way.arguments, "--members", str(members), "--epochs", str(epochs))
        steps = found.get("steps", members * epochs * peers.STEPS)  # those of `peers` are known
        return Run(found["seconds"], steps, tuple(found["scores"]))

    def turn(self, row: Row, way: Way) -> Run:
        """One turn at a row's work: really, by two runs of other lengths, or by the difference of two."""
        if row.steady:
            with one_core():
                short, long = (self.run(way, row.members, epochs) for epochs in row.steady)
            if long.seconds <= short.seconds:
                raise peers.Failed("a long run took no longer than a short one")
            return Run(long.seconds - short.seconds, long.steps - short.steps, long.scores)
        if way.real and row.members > max(way.real):
            few, more = (self.run(way, members, row.epochs) for members in way.real)
            return more.reckoned(few, way.real, row.members)
        return self.run(way, row.members, row.epochs)

    def ceiling(self, work: str, processes: int) -> Ceiling:
        """The limit of a work on so many cores, measured once, on all of them at a time."""
        key = work, processes
        if key not in self._ceilings:
            seconds = "0.001" if self.quick else "0.1"
            command = [sys.executable, str(HERE / "engine" / "ceiling.py"), work, "--seconds", seconds]
            environment = {**os.environ, "PYTHONPATH": str(HERE / "peers")}
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
            started: list[subprocess.Popen[str]] = [
                subprocess.Popen(command, **pipes)  # type: ignore[call-overload]
                for _ in range(processes)
            ]
            ended = [(process, *process.communicate()) for process in started]
            found = [_answer(process.returncode, out, err) for process, out, err in ended]
            self._ceilings[key] = Ceiling.of(found)
        return self._ceilings[key]

    def race(self, row: Row) -> list[Line]:
        """All turns of a row."""
        ways = list(dict.fromkeys([row.ours, *(way for against in row.against for way in against.ways)]))
        absent = {way: "not installed" for way in ways if way.missing()}
        runs: dict[Way, list[Run]] = {way: [] for way in ways if way not in absent}
        for turn in range(self.repeats):
            for way in [way for way in ways if way not in absent]:
                try:
                    runs[way].append(self.turn(row, way))
                except peers.Failed as failure:
                    absent[way] = "failed"
                    self.fail(f"{row.name}: {way.title} failed; {failure}")
                    if way == row.ours:
                        return []
                    continue
                seconds = runs[way][-1].seconds
                _say(f"{row.name}, turn {turn + 1} of {self.repeats}: {way.title} {seconds:.2f} s")
        shown = {way: found for way, found in runs.items() if way not in absent}
        lines = row_lines(row, shown, absent, self.ceiling(row.work, row.processes))
        if row.because and not all(line.met for line in lines):
            self.notes.append(f"{row.name}: {row.because}")
        return lines

    def memory(self) -> list[Line]:
        """Memory of a stack beside what its numbers need."""
        members = 4 if self.quick else MEMORY_MEMBERS
        found = [
            self.script("engine/memory.py", MEMORY_WORK, "--members", str(members))
            for _ in range(self.repeats)
        ]
        return [memory_line(members, [each["grown"] / each["needed"] for each in found], found[0]["needed"])]

    def first(self) -> list[Line]:
        """Time to the first rung of a cold study."""
        return first_rung_lines([self.script("engine/first_rung.py") for _ in range(self.repeats)])

    def fail(self, sentence: str) -> None:
        """Note a failure."""
        self.failed = True
        self.notes.append(sentence)
        _say(sentence)


def _answer(code: int, out: str, err: str) -> Any:
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if code or not lines:
        raise peers.Failed(f"exit code {code}, {(err.strip().splitlines() or ['no output'])[-1]}")
    return json.loads(lines[-1])


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Confine this process, and those it starts, to one core inside this block."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def arguments(known: Sequence[Row]) -> argparse.Namespace:
    """What was asked."""
    names = [*(row.name for row in known), MEMORY, FIRST]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="ROW", default=names, help=f"of {', '.join(names)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="next to no work: the figures mean nothing")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULT.name}")
    parser.add_argument("--gpu", action="store_true", help="the table of graphics cards instead")
    asked = parser.parse_args()
    unknown = [name for name in asked.only if name not in names]
    if unknown:
        parser.error(f"no row is called {unknown[0]!r}; there are {', '.join(names)}")
    if asked.repeats < 1:
        parser.error("--repeats must be at least 1")
    if asked.quick and asked.write:
        parser.error("--write keeps figures that mean something; leave --quick away")
    return asked


def measured(bench: Bench, known: Sequence[Row], names: Sequence[str]) -> list[Line]:
    """The lines of the rows that were asked for."""
    lines: list[Line] = []
    for row in known:
        if row.name in names:
            lines += bench.race(row.quick() if bench.quick else row)
    for name, measure in ((MEMORY, bench.memory), (FIRST, bench.first)):
        if name in names:
            try:
                lines += measure()
            except peers.Failed as failure:
                bench.fail(f"{name}: failed; {failure}")
    return lines


def gpu(bench: Bench, write: bool) -> int:
    """Measure and print the rows of graphics cards, or say that there is none."""
    if not torch.cuda.is_available():
        print("There is no graphics card here that torch can use, so its rows were not measured.")
        return 0
    found = {
        row: [bench.script("engine/gpu.py", row.work) for _ in range(bench.repeats)]
        for row in dict.fromkeys(GPU_ROWS)
    }
    card, versions = torch.cuda.get_device_name(), versions_line(peers.DISTRIBUTIONS)
    heading = ["# On a graphics card", "", f"{datetime.date.today()} · {card}, medians of {bench.repeats}  "]
    text = "\n".join([*heading, f"{versions}, CUDA {torch.version.cuda}", "", *gpu_table(found)])
    print(text)
    if write:
        (RESULT.parent / "gpu.md").write_text(text + "\n", encoding="utf-8")
    return 0


def main() -> int:
    """Measure and print."""
    known = rows(has_bfloat16())
    asked, at_start = arguments(known), load()
    machine = machine_line(at_start)
    if cores() < 2:
        _say("One core: rows of two processes take turns on it.")
    bench = Bench(asked.repeats, asked.quick)
    if asked.gpu:
        return gpu(bench, asked.write)
    lines = measured(bench, known, asked.only)
    heading = [
        f"# What the engine must reach, medians of {asked.repeats}",
        "",
        f"{datetime.date.today()} · `{' '.join(['python', 'benchmarks/engine.py', *sys.argv[1:]])}`  ",
        f"{machine}  ",
        versions_line(peers.DISTRIBUTIONS),
        "",
    ]
    if asked.quick:
        heading += ["Quick: next to no work was done, so the figures mean nothing.", ""]
    text = "\n".join([*heading, *markdown(lines, bench.notes)])
    print(text)
    if asked.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text + "\n", encoding="utf-8")
        if at_start is not None and at_start >= QUIET:
            _say(f"The machine was busy: measure again before {RESULT.name} is kept.")
    missed = any(line.met is False for line in lines) and not asked.quick
    return 1 if bench.failed or missed else 0


if __name__ == "__main__":
    sys.exit(main())
