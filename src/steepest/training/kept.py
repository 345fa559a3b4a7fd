"""What was measured on this machine and is kept on disk, so that it is measured once."""

import contextlib
import functools
import hashlib
import json
import os
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

VERSION = 2
"""Counts up when measurements of earlier code no longer hold."""


@functools.cache
def machine() -> str:
    """What measurements hold for, as a key: this processor, its cores, this release of torch."""
    facts = [str(VERSION), platform.node(), processor(), str(os.cpu_count()), torch.__version__]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def processor() -> str:
    """The name of the processor."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def read_kept(file: Path) -> dict[str, Any]:
    """What a file holds for this machine; one that cannot be read, or holds something else, counts as empty.

    Example:
        >>> read_kept(Path("nowhere.json"))
        {}
    """
    found = _everything(file).get(machine())
    return found if isinstance(found, dict) else {}


def keep(file: Path, entries: Mapping[str, Any]) -> None:
    """Add to what a file holds for this machine, in one step; a disk that is full or read-only keeps nothing.

    Of two processes that add at once the second may take back what the first added: it is measured again.
    """
    everything = _everything(file)
    known = everything.get(machine())
    everything[machine()] = {**(known if isinstance(known, dict) else {}), **entries}
    with contextlib.suppress(OSError):
        _write(file, json.dumps(everything)).replace(file)


def settled(file: Path, find: Callable[[], bool], otherwise: bool) -> bool:
    """An answer that all processes on this machine share: that of the first one to ask.

    Args:
        file: where it is kept, for this machine alone.
        find: finds the answer.
        otherwise: the answer where none can be kept, so that processes agree there too.
    """
    with contextlib.suppress(OSError, ValueError):
        return bool(json.loads(file.read_text()))
    with contextlib.suppress(OSError, ValueError):
        partial = _write(file, json.dumps(find()))
        try:
            with contextlib.suppress(FileExistsError):
                os.link(partial, file)  # fails if another process was quicker: its answer holds
            return bool(json.loads(file.read_text()))
        finally:
            partial.unlink()
    return otherwise


def _everything(file: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(file.read_text())
        if isinstance(found, dict):
            return found
    return {}


def _write(file: Path, text: str) -> Path:
    """The text, whole, in a file beside the one it is for."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    partial.write_text(text)
    return partial
