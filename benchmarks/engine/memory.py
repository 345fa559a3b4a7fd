"""By how much a process grows at most while a stack trains, beside what its numbers need.

Prints one line of JSON: {"grown": bytes, "needed": bytes}. A member trains before the measurement, so that
the data and what libraries load are there; then the system's note of the largest size is set back. Needed are
each member's weights, gradients, moments and the activations of a batch. It needs Linux.
"""

import json
from pathlib import Path

from turn import parser
from works import WORKS, Work

from steepest.experiment.workers import give_back
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.training.job import Job, run
from steepest.training.member import Member
from steepest.training.source import Source
from work import rates

PROCESS = Path("/proc/self")
RESET_PEAK = "5"


def sizes() -> tuple[int, int]:
    """Memory of this process now and at most since the last reset, in bytes."""
    fields = dict(line.split(":", 1) for line in (PROCESS / "status").read_text("utf-8").splitlines())
    now, most = (int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def train(work: Work, source: Source, members: int) -> None:
    """One round of one job, which is one stack."""
    made = tuple(Member(i, work.recipe(lr=rate, epochs=1), seed=0) for i, rate in enumerate(rates(members)))
    run(Job(made, 1, (1,)), source)


def growth(work: Work, members: int) -> int:
    """Bytes that a stack adds at most."""
    source = work.source()
    train(work, source, 1)
    give_back()
    (PROCESS / "clear_refs").write_text(RESET_PEAK, "utf-8")
    before, _ = sizes()
    train(work, source, members)
    return sizes()[1] - before


def needed(work: Work, members: int) -> int:
    """Bytes that the members' numbers take."""
    return members * cost(spec_of(work.recipe(), work.source().ports), work.batch, 2).training_bytes


def main() -> None:
    """Measure and print."""
    asked = parser(__doc__ or "").parse_args()
    work = WORKS[asked.work]
    line = {"grown": growth(work, asked.members), "needed": needed(work, asked.members)}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
