"""The machine that networks train on: what it is, and what one of its cores was measured to do."""

import math
import os
import time
from dataclasses import asdict, dataclass
from typing import Any

import torch

from steepest.training.kept import processor
from steepest.training.matmul import TOLERANCE, Products, fast_matmul, on_threads, products
from steepest.training.precision import has_bfloat16
from steepest.training.updates import Updates, updates

COPIED = 2**26
"""Bytes of the copy that is timed: more than caches close to a core hold."""

REPEATS = 5


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, and rates of one of its cores.

    Args:
        processor: its name.
        cores: that this process may use.
        memory: bytes; None where the system does not say.
        torch: the release.
        default, onednn: float32 products by torch's default library, and through oneDNN if it is there.
        onednn_chosen: whether products go through oneDNN: as accurate, and faster when that was settled.
        copy: bytes a second that are copied, each read once and written once.
        bfloat16: whether the processor multiplies bfloat16 numbers by itself.
        load: programs that wanted to run over the last minute, on average; None where it is not known.
        graphics: names of the CUDA cards that torch finds; the engine trains on processors.
        updates: what computes updates, and in what time; None where nobody looked.
    """

    processor: str
    cores: int
    memory: int | None
    torch: str
    default: Products
    onednn: Products | None
    onednn_chosen: bool
    copy: float
    bfloat16: bool
    load: float | None
    graphics: tuple[str, ...]
    updates: Updates | None = None

    @property
    def products_words(self) -> str:
        """Which library multiplies, and why."""
        if self.onednn is None:
            return "the default library: torch has no other here"
        if self.onednn_chosen:
            return "oneDNN: as accurate, and the faster"
        rounds = self.onednn.error > TOLERANCE
        return f"the default library: {'oneDNN would round' if rounds else 'oneDNN is no faster'}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        words = {"products_words": self.products_words}
        return {**asdict(self), **words, "updates_words": self.updates.words if self.updates else None}


def look(cores: int, load: float | None = None) -> Machine:
    """Look at this machine, and measure one core; takes about a tenth of a second.

    Args:
        cores: that this process may use.
        load: its load before work of this process was added to it.

    Example:
        >>> found = look(2)
        >>> found.cores, found.copy > 1e8
        (2, True)
    """
    default, onednn = products()
    with fast_matmul() as chosen:
        pass
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return Machine(
        processor=processor(),
        cores=cores,
        memory=memory(),
        torch=torch.__version__,
        default=default,
        onednn=onednn,
        onednn_chosen=chosen,
        copy=copy_rate(),
        bfloat16=has_bfloat16(),
        load=load,
        graphics=tuple(torch.cuda.get_device_name(i) for i in range(cards)),
        updates=updates(),
    )


def memory() -> int | None:
    """Bytes of this machine's memory; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def load_average() -> float | None:
    """Programs that wanted to run over the last minute, on average; None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def copy_rate() -> float:
    """Bytes that one core copies in a second, in the quickest of some copies."""
    source = torch.zeros(COPIED // 4)
    target, best = torch.empty_like(source), math.inf
    with on_threads(1):
        target.copy_(source)  # the system gives memory when it is first written
        for _ in range(REPEATS):
            began = time.perf_counter()
            target.copy_(source)
            best = min(best, time.perf_counter() - began)
    return COPIED / best
