"""Work that Ctrl-C does not cut in two."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def undisturbed(work: Callable[[], Result]) -> Result:
    """Do something whole, and then let a Ctrl-C that came meanwhile have its way.

    Python raises `KeyboardInterrupt` in the main thread, between any two of its instructions; a driver of a
    database that is stopped like that may not be able to speak to its server again. So the work is done in a
    thread of its own, which ends with this call.

    Args:
        work: what to do; it has to end by itself.

    Raises:
        KeyboardInterrupt: after the work is done, where it was asked for meanwhile.

    Example:
        >>> undisturbed(lambda: 6 * 7)
        42
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    begun, ended = threading.Lock(), threading.Event()
    done: Future[Result] = Future()

    def attempt() -> None:
        if begun.acquire(blocking=False):
            try:
                done.set_result(work())
            except BaseException as error:
                done.set_exception(error)
            ended.set()

    asked: KeyboardInterrupt | None = None
    try:
        threading.Thread(target=attempt, name="steepest store").start()
    except KeyboardInterrupt as interrupt:
        asked = interrupt
        if begun.acquire(blocking=False):  # before the thread came to it: now it never will
            raise
    while not ended.is_set():
        try:
            ended.wait(1.0)
        except KeyboardInterrupt as interrupt:
            asked = interrupt
    if asked is not None:
        raise asked
    return done.result()
