"""Worker processes that do jobs: one per core, one thread each, the data mapped into memory once.

Results come back in the order of the jobs, whichever worker did them and whenever, so a study does not depend
on the number of workers. A worker that dies takes no result with it: its job is done again by a fresh one.
"""

import os
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from pathlib import Path
from types import TracebackType
from typing import Self

from loky import ProcessPoolExecutor
from loky.process_executor import TerminatedWorkerError

from steepest.training.job import Done, Job, run
from steepest.training.source import Fold, Source

_ATTEMPTS = 3
_source: Source | None = None  # a worker's own view of the data, set once when the worker starts


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(folder: str, classes: int, folds: tuple[Fold, ...]) -> None:
    global _source
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the study, which ends its workers itself
    _source = Source.load(Path(folder), classes, folds)


def _work(job: Job) -> Done:
    if _source is None:
        raise RuntimeError("the worker was asked to work before it was given its data")
    return run(job, _source)


class Workers:
    """A pool of worker processes over one source; use as a context manager.

    Args:
        source: the rows every job reads.
        count: processes; 0 does the work in this process.
    """

    def __init__(self, source: Source, count: int) -> None:
        self.source, self.count = source, count
        self._folder = tempfile.TemporaryDirectory(prefix="steepest-")
        self._pool: ProcessPoolExecutor | None = None
        if count:
            source.save(Path(self._folder.name))
            self._open()

    def _open(self) -> None:
        self._pool = ProcessPoolExecutor(
            max_workers=self.count,
            initializer=_start,
            initargs=(self._folder.name, self.source.classes, self.source.folds),
            env={"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )
        for _ in range(self.count):  # start them now: they import torch while the study reads on
            self._pool.submit(os.getpid)

    def run(self, jobs: Sequence[Job], heard: Callable[[Done], None] = lambda _: None) -> list[Done]:
        """Do all jobs; `heard` is called with each result as it comes, the list is in the jobs' order."""
        if not self.count:
            return [_told(run(job, self.source), heard) for job in jobs]
        found: dict[int, Done] = {}
        for attempt in range(_ATTEMPTS):
            missing = [i for i in range(len(jobs)) if i not in found]
            try:
                for i, done in self._attempt(jobs, missing):
                    found[i] = _told(done, heard)
            except TerminatedWorkerError:
                self._close_pool()
                self._open()
                if attempt + 1 == _ATTEMPTS:
                    lost = [i for i in missing if i not in found]
                    found |= {i: Done((), (), None, 0.0, starved=jobs[i].members) for i in lost}
            if len(found) == len(jobs):
                break
        return [found[i] for i in range(len(jobs))]

    def _attempt(self, jobs: Sequence[Job], missing: Sequence[int]) -> Iterator[tuple[int, Done]]:
        assert self._pool is not None
        futures: dict[Future[Done], int] = {self._pool.submit(_work, jobs[i]): i for i in missing}
        for future in as_completed(futures):
            yield futures[future], future.result()

    def _close_pool(self) -> None:
        if self._pool is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a pool with a dead worker complains while it is put away
                self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None

    def close(self) -> None:
        """End the processes and remove the mapped files."""
        self._close_pool()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _told(done: Done, heard: Callable[[Done], None]) -> Done:
    heard(done)
    return done
