"""What a measurement was made on: machine, load and versions, in one line each."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from pathlib import Path

QUIET = 1.5
"""Load average from which figures are not worth keeping: somebody else wants the cores too."""


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def load() -> float | None:
    """Programs that wanted to run over the last minute, on average; None where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def machine_line(load_at_start: float | None) -> str:
    """Processor, cores, system, load."""
    parts = [processor(), f"{cores()} cores", platform.system()]
    if load_at_start is None:
        parts.append("load average not known")
    else:
        busy = " (busy: do not trust these figures)" if load_at_start >= QUIET else ""
        parts.append(f"load average at start {load_at_start:.2f}{busy}")
    return ", ".join(parts)


def versions_line(distributions: Iterable[str]) -> str:
    """Python and those of the distributions that are installed."""
    parts = [f"Python {platform.python_version()}"]
    for name in distributions:
        try:
            parts.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(parts)
