"""How numbers are computed: on one thread, without denormals, by the faster library where it is as accurate.

On CPUs torch sends float32 products to MKL, which on AMD cores reaches less than half of oneDNN's rate.
Asking oneDNN for "bf16" precision routes them there; on a CPU without bf16 matrix units it still computes in
float32. Where it would really round to bf16 the probe below notices, and nothing is changed.
"""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import torch

_TOLERANCE = 2e-6
"""Largest relative error of a float32 product of the probe's size; bf16 rounding is a thousand times that."""


@contextlib.contextmanager
def fast_matmul() -> Iterator[bool]:
    """Multiply through oneDNN inside this block, if it is accurate here; yields whether it does."""
    backend: Any = torch.backends.mkldnn  # its type stubs do not know `matmul`
    if not (backend.is_available() and _accurate()):
        yield False
        return
    before = backend.matmul.fp32_precision
    backend.matmul.fp32_precision = "bf16"
    try:
        yield True
    finally:
        backend.matmul.fp32_precision = before


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Multiply on one thread inside this block: matrices this small are slower on several, tens of times so
    where threads spin for a core that another process uses."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
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


@functools.cache
def _accurate() -> bool:
    """Compare a product through oneDNN's switch with the same product in float64."""
    source = torch.Generator().manual_seed(0)
    a, b = (torch.randn(4, 64, 64, generator=source) for _ in range(2))
    exact = torch.bmm(a.double(), b.double())
    backend: Any = torch.backends.mkldnn
    before = backend.matmul.fp32_precision
    try:
        backend.matmul.fp32_precision = "bf16"
        error = (torch.bmm(a, b).double() - exact).abs().max() / exact.abs().max()
    except RuntimeError:
        return False
    finally:
        backend.matmul.fp32_precision = before
    return bool(error < _TOLERANCE)
