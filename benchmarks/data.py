"""What reading, augmenting and tuning public data takes: `python benchmarks/data.py FOLDER`.

    python benchmarks/data.py FOLDER               reading and augmentation: a minute
    python benchmarks/data.py FOLDER --studies     the four commands of results/data.md besides: 18 minutes
    python benchmarks/data.py FOLDER --write       keep what was measured in results/data.md

FOLDER holds the files that docs/data.md names; what is not there is left out and said. Reading is timed in
fresh processes, imports aside, the first time with an empty cache. Augmentation is what a round of a small
cnn takes longer on batches of 64×3×32×32 with flip, shift, brightness, contrast and erase; rounds with and
without take turns. Exit code 1 if a bound is missed.
"""

import argparse
import datetime
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_page import Figure, Study, with_readings, with_studies
from machine import QUIET, load, machine_line, versions_line
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.data.split import Split
from steepest.networks.families import FAMILY_DEFAULTS
from steepest.training.chunk import Chunk
from steepest.training.matmul import fast_matmul, no_denormals
from steepest.training.member import Member
from steepest.training.source import Source

RESULT = Path(__file__).parent / "results" / "data.md"
DISTRIBUTIONS = ("steepest", "torch", "numpy", "scikit-learn", "optuna")
BATCH, BATCHES, SHAPE, CLASSES = 64, 10, (3, 32, 32), 10
AUGMENTED: Mapping[str, float] = {
    "flip": 0.5, "shift": 0.1, "brightness": 0.2, "contrast": 0.2, "erase": 0.25
}  # fmt: skip
CIFAR, CACHED, ADULT = "CIFAR-10, the first time", "CIFAR-10, from its cache", "adult"
BOUNDS = {CIFAR: 25.0, CACHED: 2.0, ADULT: 1.5}
"""Most seconds of each reading."""
READINGS: Mapping[str, tuple[str, dict[str, Any]]] = {
    CIFAR: ("cifar10-train.parquet", {"test": "cifar10-test.parquet"}),
    ADULT: ("adult-train.csv", {"test": "adult-test.csv", "target": 14}),
}
"""By name: the file, and how it is read."""

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    """A study of results/data.md: arguments of `steepest tune`, and whether it reached what it must."""

    files: tuple[str, ...]
    arguments: tuple[str, ...]
    target: str
    met: Callable[[Facts], bool]

    @property
    def text(self) -> str:
        """As the user types it."""
        return " ".join(["steepest", "tune", *self.arguments])


def bar(facts: Facts, name: str) -> float:
    """A baseline's score on the test rows, turned so that higher is better."""
    return next(float(each["score"]) for each in facts["test"]["baselines"] if name in each["name"])


def reached(facts: Facts) -> float:
    """The mean test score of the winner, turned likewise."""
    return float(facts["test"]["winner"]["score"])


COMMANDS = (
    Command(
        ("cifar10-train.parquet", "cifar10-test.parquet"),
        ("cifar10-train.parquet", "--test", "cifar10-test.parquet", "--budget", "10m"),
        "accuracy ≥ 0.70",
        lambda facts: reached(facts) >= 0.70,
    ),
    Command(
        ("adult-train.csv", "adult-test.csv"),
        ("adult-train.csv", "--test", "adult-test.csv", "--target", "14", "--budget", "3m"),
        "accuracy within 0.015 of gradient-boosted trees",
        lambda facts: reached(facts) >= bar(facts, "trees") - 0.015,
    ),
    Command(
        ("tinyshakespeare.txt",),
        ("tinyshakespeare.txt", "--budget", "5m"),
        "≤ 2.0 nats a character",
        lambda facts: -reached(facts) <= 2.0,
    ),
    Command(
        ("daily-min-temperatures.csv",),
        ("daily-min-temperatures.csv", "--forecast", "Temp", "--budget", "60s"),
        "better than the seasonal naive forecast",
        lambda facts: reached(facts) > bar(facts, "seasonal"),
    ),
)


def read_once(folder: Path, name: str) -> float:
    """Seconds to read a data set in this process."""
    file, how = READINGS[name]
    given = {**how, "test": folder / how["test"]}
    start = time.perf_counter()
    read(folder / file, **given)
    return time.perf_counter() - start


def read_apart(folder: Path, name: str, cache: Path) -> float:
    """The same in a fresh process, which keeps decoded images in `cache`."""
    command = [sys.executable, __file__, str(folder), "--once", name]
    environment = {**os.environ, "STEEPEST_CACHE": str(cache)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{name} could not be read:\n{done.stderr}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def readings(folder: Path, repeats: int) -> list[Figure]:
    """Of what is there: seconds the first time, and of images from the cache."""
    times: dict[str, list[float]] = {what: [] for what in BOUNDS}
    for _, name in itertools.product(range(repeats), READINGS):
        file, how = READINGS[name]
        if not all((folder / each).is_file() for each in (file, how["test"])):
            continue
        with tempfile.TemporaryDirectory() as cache:
            times[name].append(read_apart(folder, name, Path(cache)))
            if name == CIFAR:
                times[CACHED].append(read_apart(folder, name, Path(cache)))
    return [Figure(what, tuple(each), BOUNDS[what], "s") for what, each in times.items() if each]


def augmentation(repeats: int, batches: int = BATCHES) -> Figure:
    """What augmentation adds to a round, in %."""
    draw, rows = np.random.default_rng(0), BATCH * batches
    data = DataSet(
        name="noise", task="classification", target="y", classes=tuple(map(str, range(CLASSES))),
        x=draw.integers(0, 256, (rows + BATCH, int(np.prod(SHAPE))), dtype=np.uint8),
        y=draw.integers(0, CLASSES, rows + BATCH), form="image", shape=SHAPE,
    )  # fmt: skip
    source = Source.of(data, [Split(np.arange(rows), np.arange(rows, rows + BATCH))])
    plain = Recipe(**{"network": "cnn", "batch_size": BATCH, **FAMILY_DEFAULTS["cnn"]})
    shares = []
    torch.set_num_threads(1)
    with no_denormals(), fast_matmul():
        chunks = [Chunk([Member(0, each, 0)], source) for each in (plain, plain.replace(**AUGMENTED))]
        for turn in range(repeats + 1):
            without, augmented = map(round_seconds, chunks)
            if turn:  # the first ones warm up
                shares.append(100 * (augmented / without - 1))
    return Figure("augmentation of a step of a small cnn", tuple(shares), 15.0, "%")


def round_seconds(chunk: Chunk) -> float:
    """Seconds of the next round."""
    start = time.perf_counter()
    chunk.round()
    return time.perf_counter() - start


def study(command: Command, folder: Path) -> Study:
    """Run a command as a whole process, in the folder of the data."""
    with tempfile.TemporaryDirectory() as out:
        line = [sys.executable, "-m", "steepest", "tune", *command.arguments]
        line += ["--json", "--quiet", "--out", str(Path(out) / "run")]
        start = time.perf_counter()
        done = subprocess.run(line, capture_output=True, text=True, cwd=folder, check=False)
        wall = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{command.text}\nended with {done.returncode}:\n{done.stderr}")
    facts = json.loads(done.stdout)
    return Study(command.text, facts, wall, command.target, command.met(facts))


def studies(folder: Path, commands: Sequence[Command]) -> list[Study]:
    """All whose files are there."""
    found = []
    for command in commands:
        if not all((folder / file).is_file() for file in command.files):
            say(f"Not measured, as its files are not in {folder}: {command.text}")
            continue
        found.append(study(command, folder))
        say(f"{command.text}: {found[-1].wall:.0f} s")
    return found


def say(sentence: str) -> None:
    """Talk beside the result."""
    print(sentence, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """What was asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the files of docs/data.md are")
    parser.add_argument(
        "--repeats", type=int, default=3, help="readings of each kind; rounds are ten times that"
    )
    parser.add_argument("--studies", action="store_true", help="run the four commands too")
    parser.add_argument("--quick", action="store_true", help="next to no work: the figures mean nothing")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {RESULT.name}")
    parser.add_argument("--once", choices=READINGS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if not asked.folder.is_dir():
        parser.error(f"no folder {str(asked.folder)!r}")
    if asked.repeats < 1:
        parser.error("--repeats must be at least 1")
    if asked.quick and asked.write:
        parser.error("--write keeps figures that mean something; leave --quick away")
    return asked


def main() -> int:
    """Measure and print."""
    asked, at_start = arguments(), load()
    if asked.once:
        print(json.dumps(read_once(asked.folder, asked.once)))
        return 0
    machine, today = machine_line(at_start), datetime.date.today()
    figures = readings(asked.folder, asked.repeats)
    figures.append(augmentation(1, 1) if asked.quick else augmentation(10 * asked.repeats))
    done = studies(asked.folder, COMMANDS) if asked.studies else []
    print(f"{today} · {machine}\n")
    print("\n".join(each.line for each in (*figures, *done)))
    if asked.write:
        text = RESULT.read_text(encoding="utf-8")
        if done:
            text = with_studies(
                text, done, [f"{today}, one run each, seed 0", machine, versions_line(DISTRIBUTIONS)]
            )
        RESULT.write_text(with_readings(text, figures, f"{today}, {machine}"), encoding="utf-8")
        if at_start is not None and at_start >= QUIET:
            say(f"The machine was busy: measure again before {RESULT.name} is kept.")
    return 0 if asked.quick or all(each.met for each in (*figures, *done)) else 1


if __name__ == "__main__":
    sys.exit(main())
