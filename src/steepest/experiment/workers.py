"""Workers that do jobs: one process per core, one thread each, all over the same data.

Results come back in the order of the jobs, whichever worker did them and whenever, so a study does not depend
on the number of workers. A worker that dies takes no result with it: its job is done again by a fresh one, in
halves if it dies twice, until it is known which member it was.
"""

import contextlib
import ctypes
import functools
import os
import pickle
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from steepest.base.errors import StoreError
from steepest.experiment.processes import ATTEMPTS, Call, Processes, Start, WorkerLost, can_fork
from steepest.training.job import Done, Job, halves, joined, out_of_memory, run
from steepest.training.source import Source

_TICK = 0.5  # seconds between signs of life


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.lru_cache(maxsize=1)
def _source(folder: str) -> Source:
    """A worker's view of the data that `Workers.serve` wrote; the folder is private to this user."""
    path = Path(folder)
    return Source.load(path, **pickle.loads((path / "facts.pickle").read_bytes()))


def _work(source: Source, job: Job) -> Done:
    done = run(job, source)
    give_back()
    return done


def give_back() -> None:
    """Return freed memory to the system; glibc otherwise keeps what the largest chunk once needed."""
    with contextlib.suppress(OSError, AttributeError):  # another system, another allocator
        ctypes.CDLL("libc.so.6").malloc_trim(0)


class Workers:
    """A pool of worker processes over one source; use as a context manager.

    Spawned processes start at once and import what they need while the study still reads its data; they map
    the data from files. Forked ones start when the data is served, in milliseconds, and find it in memory.

    Args:
        count: processes; 0 does the work in this process.
        start: "spawn", or "fork", which is done where it is safe (`can_fork`) and spawns elsewhere.
    """

    def __init__(self, count: int, start: Start = "spawn") -> None:
        self.count = count
        self.start: Start = "fork" if start == "fork" and can_fork() else "spawn"
        self._folder = tempfile.TemporaryDirectory(prefix="steepest-")
        self._served: Source | None = None
        self.stop_file = str(Path(self._folder.name) / "stop")
        self.pool: Processes | None = None
        if count and self.start == "spawn":
            self.pool = Processes(count, "spawn", functools.partial(_source, self._folder.name))

    def serve(self, source: Source) -> None:
        """Give the workers their data. Call it once, before the first job.

        Raises:
            StoreError: if there is no room for the files that spawned workers map.
        """
        self._served = source
        if not self.count:
            return
        if self.start == "fork":
            self.pool = Processes(self.count, "fork", lambda: source)
            return
        folder = Path(self._folder.name)
        try:
            source.save(folder)
            (folder / "facts.pickle").write_bytes(pickle.dumps(source.facts))
        except OSError as error:
            raise StoreError(
                f"{folder} cannot hold the {source.x.nbytes / 1e6:.1f} MB of data that the workers share "
                f"({error.strerror or 'not all of it was written'}). Free some space, set TMPDIR to another "
                "folder, or take 0 workers."
            ) from error

    def stop(self) -> None:
        """Call off the jobs that are running."""
        Path(self.stop_file).touch()

    def go_on(self) -> None:
        """Let jobs run again after `stop`."""
        Path(self.stop_file).unlink(missing_ok=True)

    def submit(self, task: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call any importable `task(source, *arguments)` in a worker, or here if there are none."""
        if self.pool is not None:
            return self.pool.submit(task, *arguments)
        here: Future[Any] = Future()
        try:
            here.set_result(task(self._served, *arguments))
        except Exception as error:
            here.set_exception(error)
        return here

    def run(
        self,
        jobs: Sequence[Job],
        heard: Callable[[Done], None] = lambda _: None,
        tick: Callable[[], None] = lambda: None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Done]:
        """Do all jobs; the list is in their order.

        Args:
            jobs: what to do.
            heard: called with each result as it comes.
            tick: called now and then while nothing comes.
            meanwhile: called once, when the processes have their first jobs.
        """
        if self.pool is None:
            assert self._served is not None
            meanwhile()
            return [_told(run(job, self._served), heard) for job in jobs]
        found: dict[int, Done] = {}
        at_work = _AtWork(self.pool)
        for i, job in enumerate(jobs):
            at_work.add(i, 0, job)
        try:
            if jobs:
                self.pool.turn(_TICK)  # whose processes may only just have started
            meanwhile()
            while at_work.calls:
                self.pool.turn(_TICK)
                ended = at_work.ended()
                found |= {i: _told(done, heard) for i, done in ended}
                if not ended:
                    tick()
        finally:
            self.pool.withdraw(list(at_work.calls))
        return [found[i] for i in range(len(jobs))]

    def close(self) -> None:
        """End the processes and remove the mapped files."""
        if self.pool is not None:
            self.pool.close()
            self.pool = None
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(eq=False)
class _AtWork:
    """Jobs on their way, each whole or in parts: (number of the job, its first member) of every call."""

    pool: Processes
    calls: dict[Call, tuple[int, int, Job]] = field(default_factory=dict)
    parts: dict[int, dict[int, Done]] = field(default_factory=dict)

    def add(self, number: int, first: int, job: Job) -> None:
        """Hand a job, or a part of it, to the pool."""
        attempts = ATTEMPTS if len(job.members) == 1 else ATTEMPTS - 1
        self.calls[self.pool.submit(_work, job, attempts=attempts)] = number, first, job

    def ended(self) -> list[tuple[int, Done]]:
        """The jobs that are complete since the last look."""
        over = [call for call in self.calls if call.over]
        numbers = set()
        for call in over:
            number, first, job = self.calls.pop(call)
            done = self._result(call, number, first, job)
            if done is not None:
                self.parts.setdefault(number, {})[first] = done
                numbers.add(number)
        complete = sorted(numbers - {number for number, _, _ in self.calls.values()})
        return [(number, self._whole(number)) for number in complete]

    def _result(self, call: Call, number: int, first: int, job: Job) -> Done | None:
        """What a call brought; None if it goes on in halves."""
        error = call.exception(0)
        if error is None:
            done: Done = call.result(0)
            return done
        short = out_of_memory(error)
        if not (short or isinstance(error, WorkerLost)):
            raise error
        if len(job.members) > 1:
            one, other = halves(job)
            self.add(number, first, one)
            self.add(number, first + len(one.members), other)
            return None
        if short:
            return Done((), (), None, 0.0, starved=job.members)
        return Done((), (), None, 0.0, lost=((job.members[0], str(error)),))

    def _whole(self, number: int) -> Done:
        parts = self.parts.pop(number)
        return joined([parts[first] for first in sorted(parts)]) if len(parts) > 1 else parts[0]


def _told(done: Done, heard: Callable[[Done], None]) -> Done:
    heard(done)
    return done
