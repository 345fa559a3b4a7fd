"""How numbers are computed: on one thread, without denormals, by the faster library where it is as accurate.

On CPUs torch sends float32 products to MKL, which on AMD cores reaches less than half of oneDNN's rate.
Asking oneDNN for "bf16" precision routes them there; on a CPU without bf16 matrix units it still computes in
float32. Where it would really round to bf16 the probe below notices, and nothing is changed; nor is it where
oneDNN is slower, which is measured once on a machine and kept, so that all processes compute alike.
"""

import contextlib
import functools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from steepest.data.image_cache import cache_folder
from steepest.training.kept import machine, settled

TOLERANCE = 2e-6
"""Largest relative error of a float32 product of the probe's size; bf16 rounding is a thousand times that."""

PRODUCT = (16, 64, 128, 128)
"""What is timed: members, rows, and numbers in and out of a hidden layer of the default recipe's stack."""

CALLS, REPEATS = 4, 7
"""Products of a stretch, and stretches of each library, in turns: the quickest counts."""


@dataclass(frozen=True, slots=True)
class Products:
    """How float32 matrices are multiplied by a library, on one core.

    Args:
        rate: floating-point operations a second.
        error: largest difference from the product in float64, as a share of its largest number.
    """

    rate: float
    error: float


@contextlib.contextmanager
def fast_matmul() -> Iterator[bool]:
    """Multiply through oneDNN inside this block, if it is accurate and faster; yields whether it does."""
    if not (_available() and _accurate() and _faster()):
        yield False
        return
    with _onednn():
        yield True


@contextlib.contextmanager
def _onednn() -> Iterator[None]:
    backend: Any = torch.backends.mkldnn  # its type stubs do not know `matmul`
    before = backend.matmul.fp32_precision
    backend.matmul.fp32_precision = "bf16"
    try:
        yield
    finally:
        backend.matmul.fp32_precision = before


def one_thread() -> contextlib.AbstractContextManager[None]:
    """Multiply on one thread inside this block: matrices this small are slower on several, tens of times so
    where threads spin for a core that another process uses."""
    return on_threads(1)


@contextlib.contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Multiply on so many threads inside this block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def no_denormals() -> Iterator[None]:
    """Take numbers too small for a normal float (below 1.2e-38 in float32) as zero inside this block.

    Moments of units that are dead, and squares of the gradients of members that have converged, become that
    small, and processors are many times slower with them: 16 networks of 17,226 parameters on digits trained
    28 % faster without, over 100 epochs (Intel Xeon, one core).
    """
    tiny = torch.tensor(torch.finfo(torch.float32).tiny)
    before = float(tiny * 0.5) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def products() -> tuple[Products, Products | None]:
    """Time products by torch's default library and, where it is there, through oneDNN, on one core.

    The same products in turns, so that both meet the same neighbours on the machine.

    Example:
        >>> default, onednn = products()
        >>> default.rate > 1e8, default.error < 1e-5
        (True, True)
    """
    source = torch.Generator().manual_seed(0)
    members, rows, inputs, outputs = PRODUCT
    a = torch.randn(members, rows, inputs, generator=source)
    b = torch.randn(members, inputs, outputs, generator=source)
    exact = torch.bmm(a.double(), b.double())
    ways: list[Callable[[], contextlib.AbstractContextManager[None]]] = [contextlib.nullcontext]
    ways += [_onednn] if _available() else []
    best, errors = [math.inf] * len(ways), [math.inf] * len(ways)
    with one_thread():
        for _ in range(REPEATS):
            for i, way in enumerate(ways):
                with contextlib.suppress(RuntimeError), way():
                    errors[i] = float((torch.bmm(a, b).double() - exact).abs().max() / exact.abs().max())
                    began = time.perf_counter()
                    for _ in range(CALLS):
                        torch.bmm(a, b)
                    best[i] = min(best[i], (time.perf_counter() - began) / CALLS)
    found = [Products(2 * math.prod(PRODUCT) / t, e) for t, e in zip(best, errors, strict=True)]
    return found[0], found[1] if len(found) > 1 and found[1].rate else None


def _available() -> bool:
    backend: Any = torch.backends.mkldnn
    return bool(backend.is_available())


@functools.cache
def _faster() -> bool:
    """Whether oneDNN is the faster library here: as the first process on this machine found that asked."""

    def find() -> bool:
        default, onednn = products()
        return onednn is not None and onednn.rate > default.rate

    return settled(cache_folder() / f"products-{machine()}.json", find, otherwise=True)


@functools.cache
def _accurate() -> bool:
    """Compare a product through oneDNN's switch with the same product in float64."""
    source = torch.Generator().manual_seed(0)
    a, b = (torch.randn(4, 64, 64, generator=source) for _ in range(2))
    exact = torch.bmm(a.double(), b.double())
    try:
        with _onednn():
            error = (torch.bmm(a, b).double() - exact).abs().max() / exact.abs().max()
    except RuntimeError:
        return False
    return bool(error < TOLERANCE)
