"""Ctrl-C: the first ends the search and lets the study confirm what it has, the second stops at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from steepest.experiment.study import Study


@contextmanager
def graceful(study: Study) -> Iterator[None]:
    """Answer SIGINT inside this block; elsewhere than in the main thread Python keeps its own way."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(_number: int, _frame: FrameType | None) -> None:
        if study.interrupted:
            raise KeyboardInterrupt
        study.interrupted = True
        if study.stage in ("test", "write"):  # nearly done: stopping now would cost the network
            study.listener.say("Finishing; this takes a moment. Ctrl-C again stops at once.")
        elif study.stage == "train":
            study.workers.stop()
            study.listener.say("Stopping the training; it leaves no network.")
        else:
            study.workers.stop()
            study.listener.say("Ending the search; confirming what there is. Ctrl-C again stops at once.")

    before: Any = signal.signal(signal.SIGINT, heard)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
