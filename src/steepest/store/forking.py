"""What a forked child must not keep: a lock would outlive the parent that holds it."""

import os
import weakref
from collections.abc import Callable


def in_children(drop: Callable[[], None]) -> None:
    """Call a method in every child that is forked from now on, for as long as its object lives.

    Args:
        drop: a bound method that takes nothing. It must not disturb what the parent shares with the child.
    """
    alive = weakref.WeakMethod(drop)

    def call() -> None:
        method = alive()
        if method is not None:
            method()

    os.register_at_fork(after_in_child=call)


def put_nothing_in_place(descriptor: int) -> None:
    """Let a file descriptor of this process lead to /dev/null.

    What it led to stays as it is for other processes that have it, and nothing written here reaches them.
    """
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)
