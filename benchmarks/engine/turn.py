"""One turn of a contender: what it is asked for, the clock, and the line of JSON it answers with."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from works import WORKS


class Trained(NamedTuple):
    """What came of a turn: held-out accuracy of each member, and optimizer steps of all members together."""

    scores: Sequence[float]
    steps: int


def parser(about: str) -> argparse.ArgumentParser:
    """The arguments that all contenders take."""
    found = argparse.ArgumentParser(description=about.splitlines()[0])
    found.add_argument("work", choices=WORKS)
    found.add_argument("--members", type=int, default=32)
    found.add_argument("--epochs", type=int, default=20)
    return found


def answer(train: Callable[[], Trained]) -> None:
    """Train on the clock and print {"seconds": …, "steps": …, "scores": […]}.

    The rows are in memory when the clock starts; workers, first weights and scoring are on it.
    """
    start = time.perf_counter()
    found = train()
    seconds = time.perf_counter() - start
    line = {"seconds": seconds, "steps": found.steps, "scores": [float(score) for score in found.scores]}
    print(json.dumps(line), flush=True)
