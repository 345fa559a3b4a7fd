"""Work that is done whole, in the main thread's stead."""

import signal
import threading
import time

import pytest

from steepest.store.undisturbed import undisturbed


def test_what_is_raised_comes_through():
    def fail():
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        undisturbed(fail)


def test_another_thread_does_it_itself():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(undisturbed(threading.current_thread)))
    thread.start()
    thread.join()
    assert seen == [thread]


def test_ctrl_c_waits_for_the_end():
    ended = []

    def work():
        for _ in range(2):  # to the main thread, as a terminal's does; raised here it could come too late
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.05)
        ended.append(True)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt):
            undisturbed(work)
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == [True]


@pytest.mark.parametrize("begins", [True, False])
def test_ctrl_c_while_the_thread_starts_means_all_or_nothing(begins, monkeypatch):
    start, ended = threading.Thread.start, []

    def interrupted(thread):
        if begins:
            start(thread)
            thread.join()
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        undisturbed(lambda: ended.append(True))
    assert ended == [True] * begins
