"""What a journal holds: plans before the work, curves and outcomes after it, documents about the whole study.

All are frozen and plain. Scores are higher-is-better, whatever the study's metric is called. Each record
names the sitting that wrote it, which the journal fills in: 0 before any began. Records that say the same are
equal, whichever sitting wrote them.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Stage = Literal["calibrate", "search", "confirm", "final"]
Status = Literal["finished", "dropped", "diverged", "interrupted", "out of memory", "lost"]
_STATUSES = frozenset(get_args(Status))


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """One training run that is about to start.

    Args:
        member: number of the run in its study, unique, from 0.
        stage: what the run is for.
        label: its name within the stage: "default", "finalist 1", … ; "" for a plain candidate.
        recipe: every knob's value, as plain JSON values.
        seed: seed of the run's initial weights, data order and noise.
        replicate: number of the replicate; runs of one replicate share split, data order and, where shapes
            match, initial weights.
        split: number of the development split that is held out.
        parameters: trainable numbers of the network.
        origin: who proposed it: "default", "portfolio", "prior", "uniform", "tpe", "mutation".
        sitting: number of the sitting that planned it.
    """

    member: int
    stage: Stage
    label: str
    recipe: Mapping[str, Any]
    seed: int
    replicate: int
    split: int
    parameters: int
    origin: str
    sitting: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A member's state at one moment of its training.

    Args:
        member: the run.
        epoch: passes over the training rows so far.
        step: optimizer steps so far.
        train_loss: mean loss on training batches since the last point; NaN if not measured.
        held_out_loss: mean loss on the held-out rows; NaN if not measured.
        score: the study's score on the held-out rows, higher is better.
        sitting: number of the sitting that measured it.
    """

    member: int
    epoch: float
    step: int
    train_loss: float
    held_out_loss: float
    score: float
    sitting: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a member ended. Failure is a value: it has a status and a cause, and never stops a neighbour.

    Args:
        member: the run.
        status: how it ended.
        cause: why, in words: "loss was NaN at step 312"; "" where the status says it all.
        score: its last score, None where there is none.
        epochs: passes over the training rows it made.
        seconds: its share of the stack's wall time.
        sitting: number of the sitting in which it ended.
    """

    member: int
    status: Status
    cause: str
    score: float | None
    epochs: float
    seconds: float
    sitting: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if self.status not in _STATUSES:
            raise ValueError(f"status must be one of {sorted(_STATUSES)}, but got {self.status!r}")


@dataclass(frozen=True, slots=True)
class Document:
    """A conclusion about the study as a whole. Documents of one kind pile up; the latest one counts.

    Args:
        kind: "study", "calibration", "baselines", "rung", "finalists", "verdict", "curse", "test", "recipe",
            "importance" (which knobs mattered), "explanation" (the way from the default to the winner, one
            switch at a time), "conflicts" (which strategies go together in the found recipe), "examples"
            (what the data looks like, before and after augmentation, and what the network got wrong; pictures
            are PNG files as base64), "probes" (what was seen inside one member's training: all of them count,
            and `probed.py` reads them), "ways" (how networks were trained, and what was measured to decide
            it), "timing", "decision" (an answer that hung on the clock, told again on resuming), "clock"
            (seconds that have passed), "state" (files with members' weights), "end".
        body: plain JSON values; NaN and infinities are allowed, NumPy numbers and arrays become plain ones.
        time: when it was written, in seconds since 1970-01-01 UTC.
        sitting: number of the sitting that wrote it.
    """

    kind: str
    body: Mapping[str, Any]
    time: float = field(default_factory=time.time)
    sitting: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Sitting:
    """One process at work on the study: a study that was resumed twice has three.

    Args:
        number: from 1, in the order they began.
        started: when it began, in seconds since 1970-01-01 UTC.
        pid: number of its process.
        host: name of its machine.
        provenance: plain JSON values: code version, versions of libraries, machine, command.
    """

    number: int
    started: float
    pid: int
    host: str
    provenance: Mapping[str, Any]
