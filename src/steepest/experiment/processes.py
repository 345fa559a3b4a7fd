"""Worker processes, each at the far end of a pipe of its own, so that who is at work on what is always known.

Nothing is shared between them, no queue and no lock. A process that dies, even half way through sending an
answer, ends its own pipe: its task is done again by a fresh one, and the others do not notice. (Where all
answers pass through one queue, its reader would wait for the rest of such an answer for ever.) A process that
falls asleep over a task is ended and replaced likewise.

Forked processes start in milliseconds, with everything imported and the data in place. That is safe where
the forking process has a single Python thread and no graphics card, see `can_fork`: a child computes on one
thread, as the workers of torch's own data loaders do, so it never waits for OpenMP threads that only its
parent has.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

import torch
from loky.backend import get_context
from threadpoolctl import threadpool_limits

from steepest.experiment.messages import Message, receive

Start = Literal["fork", "spawn"]

ATTEMPTS = 3
"""Processes that may die over one task before it is given up, and before their first sign of life."""

ASLEEP_SECONDS = 60.0
"""How long a process may sleep over a task without using a moment of its core."""

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "48",  # of 1024: each shape's kernels take memory for good
}
STARVED = 77
"""Exit code of a process without the memory to take in its task."""

_PARENT_SECONDS = 1.0  # between looks whether the parent is still there


class WorkerLost(RuntimeError):
    """Every process that attempted a task died over it; the message says how the last one did."""


def can_fork() -> bool:
    """Whether this process may be copied while it runs.

    A fork copies the calling thread alone: a lock that another thread holds stays locked in the copy. torch
    refuses to differentiate in the copy where its threads for graphics cards have started, so that a machine
    with one does without. JAX starts threads of its own when it is imported, and warns of deadlocks.
    """
    alone = threading.active_count() == 1 and "jax" not in sys.modules
    return sys.platform.startswith("linux") and alone and torch.cuda.device_count() == 0


class Call(Future[Any]):
    """A task on its way. Asking for its answer lets the processes go on with theirs meanwhile."""

    def __init__(
        self, pool: "Processes", task: Callable[..., Any], arguments: tuple[Any, ...], attempts: int
    ) -> None:
        super().__init__()
        self.task, self.arguments, self.left = task, arguments, attempts
        self._pool = pool

    @property
    def over(self) -> bool:
        """Whether the answer is there, without a look at the processes."""
        return super().done()

    def done(self) -> bool:
        """Whether the answer is there."""
        self._pool.turn(0.0)
        return self.over

    def result(self, timeout: float | None = None) -> Any:
        """The answer; raises what the task raised, or `WorkerLost`."""
        self._await(timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What the task raised, None if it returned."""
        self._await(timeout)
        return super().exception(0)

    def settle(self, good: bool, value: Any) -> None:
        """Take in what came of the task; a call that was withdrawn wants nothing any more."""
        if self.cancelled():
            return
        if good:
            self.set_result(value)
        else:
            self.set_exception(value)

    def _await(self, timeout: float | None) -> None:
        end = time.monotonic() + (timeout if timeout is not None else float("inf"))
        while not self.over and time.monotonic() < end:
            self._pool.turn(min(0.5, max(0.0, end - time.monotonic())))


@dataclass(eq=False, slots=True)
class _Hand:
    """One process, its pipe, and what it is at work on."""

    process: BaseProcess
    pipe: "Connection[Any, Any]"
    ready: bool = False
    call: Call | None = None
    used: int = -1
    quiet: float = 0.0


class Processes:
    """Processes that do tasks: importable functions, called as `task(context(), *arguments)`.

    All of its methods belong to one thread. Where no process can be started, tasks are done in this one.

    Args:
        count: processes.
        start: "fork" or "spawn"; a spawned process imports everything anew, and leaves `__main__` alone.
        context: called in the process for every task; what it returns is the task's first argument. To a
            spawned process it must be importable.
    """

    def __init__(self, count: int, start: Start, context: Callable[[], Any]) -> None:
        self._count, self._start, self._context = count, start, context
        self._hands: list[_Hand] = []
        self._queue: deque[Call] = deque()
        self._stillborn, self._looked = 0, time.monotonic()
        self._fill()

    @property
    def pids(self) -> list[int]:
        """The processes there are."""
        return [hand.process.pid for hand in self._hands if hand.process.pid is not None]

    def submit(self, task: Callable[..., Any], *arguments: Any, attempts: int = ATTEMPTS) -> Call:
        """Have a task done.

        Args:
            task: an importable function of (context, *arguments).
            arguments: what it is called with, pickled.
            attempts: processes that may die over it.
        """
        call = Call(self, task, arguments, attempts)
        self._queue.append(call)
        self._assign()
        return call

    def withdraw(self, calls: Sequence[Call]) -> None:
        """Take back what has not begun; nobody asks for the answers of the rest."""
        for call in calls:
            call.cancel()
        self._queue = deque(call for call in self._queue if not call.cancelled())

    def turn(self, timeout: float) -> None:
        """Wait for answers, at most so many seconds, and hand out what waits."""
        self._fill()
        if not self._hands:
            self._here()
            return
        self._assign()
        busy = [hand for hand in self._hands if hand.call is not None or not hand.ready]
        ends: list[Any] = [end for hand in busy for end in (hand.pipe, hand.process.sentinel)]
        heard = set(wait(ends, timeout)) if ends else set()
        for hand in busy:
            if hand.pipe in heard or hand.process.sentinel in heard:
                self._hear(hand)
        self._wake()
        self._assign()

    def close(self) -> None:
        """End the processes, whatever they are at."""
        for hand in self._hands:
            _kill(hand)
        for hand in self._hands:
            _put_away(hand)
        self._hands.clear()
        for call in self._queue:
            call.cancel()
        self._queue.clear()

    # -- details -----------------------------------------------------------------------------------------

    def _fill(self) -> None:
        while len(self._hands) < self._count and self._stillborn < ATTEMPTS:
            try:
                self._hands.append(self._begin())
            except OSError as error:  # no memory, or no process, left to be had
                self._fail(str(error))

    def _begin(self) -> _Hand:
        context: Any = get_context("loky") if self._start == "spawn" else multiprocessing.get_context("fork")
        near, far = multiprocessing.Pipe()
        others = [near, *(hand.pipe for hand in self._hands)] if self._start == "fork" else []
        how = {"env": ENVIRONMENT} if self._start == "spawn" else {}
        try:
            process = context.Process(
                target=_serve, args=(far, others, self._context, os.getpid()), daemon=True, **how
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # waiting OpenMP threads do no harm
                process.start()
        except BaseException:
            near.close()
            raise
        finally:
            far.close()
        return _Hand(process, near)

    def _fail(self, cause: str) -> None:
        self._stillborn += 1
        if self._stillborn == ATTEMPTS:
            warnings.warn(
                f"No worker process could be started ({cause}): the work is done by fewer.", stacklevel=2
            )

    def _assign(self) -> None:
        for hand in self._hands:
            while self._queue and hand.ready and hand.call is None:
                call = self._queue.popleft()
                try:
                    message = Message((call.task, call.arguments))
                except Exception as error:
                    call.set_exception(error)
                    continue
                hand.call, hand.used, hand.quiet = call, -1, 0.0
                with contextlib.suppress(OSError):  # it is dead, which `turn` finds out
                    message.send(hand.pipe)

    def _here(self) -> None:
        """Do one task in this process."""
        if self._queue:
            call = self._queue.popleft()
            try:
                call.set_result(call.task(self._context(), *call.arguments))
            except Exception as error:
                call.set_exception(error)

    def _hear(self, hand: _Hand) -> None:
        try:
            if not hand.pipe.poll():
                raise EOFError
            answer = receive(hand.pipe)
        except (EOFError, OSError):
            self._bury(hand)
            return
        if not hand.ready:
            hand.ready, self._stillborn = True, 0
        elif hand.call is not None:
            call, hand.call = hand.call, None
            call.settle(*answer)

    def _bury(self, hand: _Hand) -> None:
        """See what becomes of the task of a process that died; `turn` starts another process."""
        self._hands.remove(hand)
        _put_away(hand)
        cause = _cause(hand.process.exitcode)
        if not hand.ready:
            self._fail(cause)
        if hand.call is None or hand.call.over:
            return
        hand.call.left -= 1
        if hand.call.left > 0:
            self._queue.appendleft(hand.call)
        else:
            hand.call.set_exception(WorkerLost(cause))

    def _wake(self) -> None:
        """End processes that sleep over their task: not where the system does not tell, see `_use`."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, 1.0), now  # no more, lest a suspended parent count
        for hand in self._hands:
            if hand.call is None or hand.process.pid is None:
                continue
            used, asleep = _use(hand.process.pid)
            hand.quiet = hand.quiet + passed if asleep and used == hand.used else 0.0
            hand.used = used
            if hand.quiet > ASLEEP_SECONDS:
                _kill(hand)


def _use(pid: int) -> tuple[int, bool]:
    """Ticks of processor time a process has used, and whether it sleeps: on Linux, elsewhere never."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return -1, False
    return int(fields[11]) + int(fields[12]), fields[0] in "STt"


def _kill(hand: _Hand) -> None:
    with contextlib.suppress(ProcessLookupError):
        if hand.process.pid is not None:
            os.kill(hand.process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def _put_away(hand: _Hand) -> None:
    hand.process.join()
    hand.pipe.close()


def _cause(code: int | None) -> str:
    """How a process ended, in words.

    Example:
        >>> _cause(-9)
        'its process was ended by SIGKILL, as the system does where memory runs out'
    """
    if code == STARVED:
        return "memory did not suffice to hand its process the task"
    if code is None or code >= 0:
        return f"its process ended by itself, with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    reason = ", as the system does where memory runs out" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{reason}"


# -- in the process --------------------------------------------------------------------------------------


def _serve(
    pipe: "Connection[Any, Any]",
    others: Sequence["Connection[Any, Any]"],
    context: Callable[[], Any],
    parent: int,
) -> None:
    """Do tasks as they come, until the pipe ends."""
    for other in others:  # copies of the parent's, which would keep a dead parent's pipes open
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the study, which ends its workers itself
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    torch.set_num_threads(1)
    threadpool_limits(1)
    os.environ.update(ENVIRONMENT)
    with contextlib.suppress(EOFError, OSError):
        Message("ready").send(pipe)
        while True:
            try:
                task, arguments = receive(pipe)
            except MemoryError:
                sys.exit(STARVED)
            _answer(task, context, arguments).send(pipe)


def _end_with(parent: int) -> None:
    """End when the parent has: nobody would read what comes."""
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    os._exit(1)


def _answer(task: Callable[..., Any], context: Callable[[], Any], arguments: tuple[Any, ...]) -> Message:
    """What comes of a task: (True, its result) or (False, its error)."""
    try:
        return Message((True, task(context(), *arguments)))
    except Exception as error:
        return _refusal(error)


def _refusal(error: BaseException) -> Message:
    """An error that can be read at the other end; one that cannot be pickled goes by its name and words."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, MemoryError):
        cause = cause.__context__
    error = cause or error  # what broke for want of memory says so
    error.add_note(traceback.format_exc())
    try:
        pickle.loads(pickle.dumps(error))
        return Message((False, error))
    except Exception:
        return Message((False, RuntimeError(f"{type(error).__name__}: {error}")))
