"""Progress for files and machines: plain lines where there is no terminal, JSON lines where --json asks."""

import json
import math
from dataclasses import asdict
from typing import IO, Any

from steepest.apps.cli import snapshots
from steepest.base.progress import Progress

EVERY = 10.0
"""Seconds between two plain lines of the same stage: a log stays readable."""
EVERY_JSON = 1.0
"""Seconds between two JSON lines of the same stage."""


class Pace:
    """Lets a snapshot through when the stage changes, and then once in `every` seconds."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._stage = ""
        self._last = -math.inf

    def due(self, snapshot: Progress) -> bool:
        """Whether this snapshot should be written."""
        if snapshot.stage == snapshots.DONE:
            return False
        if snapshot.stage == self._stage and snapshot.elapsed - self._last < self._every:
            return False
        self._stage, self._last = snapshot.stage, snapshot.elapsed
        return True


class PlainLines:
    """A listener that writes one line now and then.

    Example:
        >>> import sys
        >>> lines = PlainLines(sys.stdout)
        >>> lines.say("column 3 is constant: left out")
        - column 3 is constant: left out
        >>> lines.progress(Progress("search", 12.0, 0.2, 64, 30, 17250.0, 0.97, 0.96, "accuracy", 48.0))
        [12 s] search 20%: 30 training of 64 started, 17,250 member-steps/s,
        accuracy 0.9700 (above the bar by 0.0100), 48 s left
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._pace = Pace(EVERY)

    def progress(self, snapshot: Progress) -> None:
        """One line at each change of stage and every ten seconds."""
        if self._pace.due(snapshot):
            print(_line(snapshot), file=self._stream, flush=True)

    def say(self, sentence: str) -> None:
        """The sentence, on a line of its own."""
        print(f"- {sentence}", file=self._stream, flush=True)


class JsonLines:
    """A listener that writes one JSON object per line: {"progress": {…}} or {"say": "…"}.

    Example:
        >>> import sys
        >>> JsonLines(sys.stdout).say("task: classification")
        {"say": "task: classification"}
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._pace = Pace(EVERY_JSON)

    def progress(self, snapshot: Progress) -> None:
        """Once a second at most, and at each change of stage."""
        if self._pace.due(snapshot):
            self._write({"progress": asdict(snapshot)})

    def say(self, sentence: str) -> None:
        """The sentence as {"say": …}."""
        self._write({"say": sentence})

    def _write(self, record: dict[str, Any]) -> None:
        print(to_json(record), file=self._stream, flush=True)


def to_json(value: Any, indent: int | None = None) -> str:
    """Strict JSON: NaN and the infinities, which JSON does not have, become null.

    Example:
        >>> to_json({"loss": float("nan"), "n": 3})
        '{"loss": null, "n": 3}'
    """
    return json.dumps(_strict(value), indent=indent, ensure_ascii=False, allow_nan=False, default=str)


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): _strict(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(v) for v in value]
    return value


def _line(snapshot: Progress) -> str:
    parts = []
    if snapshot.started:
        parts.append(snapshots.members(snapshot))
    if snapshot.steps_per_second > 0:
        parts.append(f"{snapshot.steps_per_second:,.0f} member-steps/s")
    if snapshot.best is not None:
        against = snapshots.margin(snapshot)
        shown = f"{snapshots.name(snapshot)} {snapshots.score(snapshot, snapshot.best)}"
        parts.append(f"{shown} ({against})" if against else shown)
    if snapshot.seconds_left is not None or snapshot.spent is not None:
        parts.append(snapshots.left(snapshot))
    head = f"[{snapshots.seconds(snapshot.elapsed)}] {snapshot.stage} {snapshot.share:.0%}"
    return f"{head}: {', '.join(parts)}" if parts else head
