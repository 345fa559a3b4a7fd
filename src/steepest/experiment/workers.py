"""Worker processes that do jobs: one per core, one thread each, the data mapped into memory once.

Results come back in the order of the jobs, whichever worker did them and whenever, so a study does not depend
on the number of workers. A worker that dies takes no result with it: its job is done again by a fresh one.
"""

import contextlib
import ctypes
import functools
import os
import pickle
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from loky import ProcessPoolExecutor
from loky.process_executor import TerminatedWorkerError

from steepest.training.job import Done, Job, run
from steepest.training.source import Source

_ATTEMPTS = 3
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "48",  # of 1024: each shape's kernels take memory for good
}
_TICK = 0.5  # seconds between signs of life


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ready() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the study, which ends its workers itself


@functools.lru_cache(maxsize=1)
def _source(folder: str) -> Source:
    """A worker's view of the data that `Workers.serve` wrote; the folder is private to this user."""
    path = Path(folder)
    return Source.load(path, **pickle.loads((path / "facts.pickle").read_bytes()))


def _apply(folder: str, task: Callable[..., Any], *arguments: Any) -> Any:
    return task(_source(folder), *arguments)


def _work(folder: str, job: Job) -> Done:
    done = run(job, _source(folder))
    give_back()
    return done


def give_back() -> None:
    """Return freed memory to the system; glibc otherwise keeps what the largest chunk once needed."""
    with contextlib.suppress(OSError, AttributeError):  # another system, another allocator
        ctypes.CDLL("libc.so.6").malloc_trim(0)


class Workers:
    """A pool of worker processes over one source; use as a context manager.

    The processes start at once and import what they need while the study still reads its data.

    Args:
        count: processes; 0 does the work in this process.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._folder = tempfile.TemporaryDirectory(prefix="steepest-")
        self._pool: ProcessPoolExecutor | None = None
        self._served: Source | None = None
        self.stop_file = str(Path(self._folder.name) / "stop")
        if count:
            self._open()

    def serve(self, source: Source) -> None:
        """Give the workers their data. Call it once, before the first job."""
        self._served = source
        if self.count:
            source.save(Path(self._folder.name))
            Path(self._folder.name, "facts.pickle").write_bytes(pickle.dumps(source.facts))

    def stop(self) -> None:
        """Call off the jobs that are running."""
        Path(self.stop_file).touch()

    def go_on(self) -> None:
        """Let jobs run again after `stop`."""
        Path(self.stop_file).unlink(missing_ok=True)

    def submit(self, task: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Call any importable `task(source, *arguments)` in a worker, or here if there are none."""
        if self._pool is not None:
            try:
                return self._future(_apply, task, *arguments)
            except TerminatedWorkerError:  # it died while idle
                self._reopen()
                return self._future(_apply, task, *arguments)
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
    ) -> list[Done]:
        """Do all jobs; the list is in their order.

        Args:
            jobs: what to do.
            heard: called with each result as it comes.
            tick: called now and then while nothing comes.
        """
        if not self.count:
            assert self._served is not None
            return [_told(run(job, self._served), heard) for job in jobs]
        found: dict[int, Done] = {}
        for _ in range(_ATTEMPTS):
            missing = [i for i in range(len(jobs)) if i not in found]
            if not missing:
                break
            try:
                for i, done in self._attempt(jobs, missing, tick):
                    found[i] = _told(done, heard)
            except TerminatedWorkerError:  # most often the system's answer to memory running out
                self._reopen()
        lost = {
            i: Done((), (), None, 0.0, starved=jobs[i].members) for i in range(len(jobs)) if i not in found
        }
        found |= lost
        return [found[i] for i in range(len(jobs))]

    def _attempt(
        self, jobs: Sequence[Job], missing: Sequence[int], tick: Callable[[], None]
    ) -> Iterator[tuple[int, Done]]:
        waiting = {self._future(_work, jobs[i]): i for i in missing}
        while waiting:
            done, _ = wait(waiting, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=waiting.__getitem__):
                yield waiting.pop(future), future.result()
            if not done:
                tick()

    def _future(self, call: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        assert self._pool is not None
        future: Future[Any] = self._pool.submit(call, self._folder.name, *arguments)
        return future

    def _reopen(self) -> None:
        self._close_pool()
        self._open()

    def _open(self) -> None:
        self._pool = ProcessPoolExecutor(
            max_workers=self.count,
            initializer=_ready,
            env=_ENVIRONMENT,
        )
        for _ in range(self.count):
            self._pool.submit(_ready)

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
