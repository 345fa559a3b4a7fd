"""The two-moment rule as a loop of machine code, made from `two_moment.c` by the C compiler of the machine.

torch's fused kernels take a call for each member, and divide twice for each weight; the loop takes a call for
all members and divides once. Compiling takes a fraction of a second, once: the library is kept in a folder.
Nothing is contracted or reordered, so the loop gives the same bits on every machine.
"""

import contextlib
import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import torch
from torch import Tensor

OPTIONS = ("-O3", "-shared", "-fPIC", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math")

PROCESSOR_OPTIONS = (("-march=native",), ("-mcpu=native",), ())
"""What tells a compiler to use all that this processor has: compilers and processors differ in its name."""

COMPILERS = ("cc", "gcc", "clang")

PATIENCE = 60.0
"""Seconds after which a compiler is taken to be stuck."""


class NotBuilt(Exception):
    """There is no library, and why, in words."""


def build(folder: Path, machine: str) -> Path:
    """The library, from the folder or, where it is not there yet, compiled into it.

    Args:
        folder: where it is kept.
        machine: names what it is compiled for: a library for one processor may not run on another.

    Raises:
        NotBuilt: where it cannot be compiled or kept.
    """
    source = resources.files("steepest.rules").joinpath("two_moment.c").read_bytes()
    key = hashlib.sha256(source + repr((OPTIONS, PROCESSOR_OPTIONS)).encode()).hexdigest()[:16]
    file = folder / f"updates-{machine}-{key}.so"
    if _own(file):
        return file
    command, partial, why = _compiler(), file.with_name(f"{file.name}.{os.getpid()}"), ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for options in PROCESSOR_OPTIONS:
            why = _compiled([*command, *OPTIONS, *options, "-x", "c", "-", "-o", str(partial), "-lm"], source)
            if not why:
                partial.replace(file)
                return file
    except OSError as error:
        why = str(error)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    raise NotBuilt(f"the C compiler {command[0]!r} failed: {why}")


def _own(file: Path) -> bool:
    """Whether a file is there, and this user's own: it is code that will run."""
    try:
        return not hasattr(os, "getuid") or file.stat().st_uid == os.getuid()
    except OSError:
        return False


def _compiler() -> list[str]:
    """The command of this machine's C compiler: what `CC` says, else the first of the usual ones."""
    for command in (os.environ["CC"],) if os.environ.get("CC") else COMPILERS:
        words = shlex.split(command)
        if shutil.which(words[0]):
            return words
    raise NotBuilt("there is no C compiler")


def _compiled(command: Sequence[str], source: bytes) -> str:
    """Compile; returns why it failed, in words, or ""."""
    try:
        done = subprocess.run(command, input=source, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return f"not done after {PATIENCE:g} s"
    said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
    return said[0] if done.returncode else ""


class Loop:
    """The loop of a library.

    Args:
        library: that `build` made.

    Raises:
        NotBuilt: where it cannot be loaded.
    """

    def __init__(self, library: Path) -> None:
        try:
            found = ctypes.CDLL(str(library))
            self._calls = {torch.float32: found.move_float, torch.float64: found.move_double}
        except (OSError, AttributeError) as error:
            raise NotBuilt(f"the compiled library cannot be loaded: {error}") from None
        for call in self._calls.values():
            call.argtypes, call.restype = [ctypes.c_void_p] * 6 + [ctypes.c_int64] * 5, None

    def knows(self, dtype: torch.dtype) -> bool:
        """Whether there is a loop for this type of number."""
        return dtype in self._calls

    def move(
        self, theta: Tensor, grad: Tensor, first: Tensor, second: Tensor, numbers: Tensor, active: Tensor,
        decays: bool,
    ) -> None:  # fmt: skip
        """One step of the active members, in place.

        Args:
            theta, first, second: columns [K, n] of the members' rows, of equal strides; columns lie together.
            grad: [K, n], only read; columns lie together.
            numbers: [K, 9], contiguous: the first nine of `compact`'s.
            active: [K] uint8, contiguous; members that are 0 keep every bit, whatever their numbers.
            decays: whether these columns take decay.
        """
        self._calls[theta.dtype](
            theta.data_ptr(), grad.data_ptr(), first.data_ptr(), second.data_ptr(), numbers.data_ptr(),
            active.data_ptr(), *theta.shape, theta.stride(0), grad.stride(0), int(decays),
        )  # fmt: skip
