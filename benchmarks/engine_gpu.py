"""The rows of graphics cards: what must be reached there, and how fast loops by hand are.

steepest trains on processors only, so far; the table says so where its own figure would stand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

OURS = "does not train on a graphics card yet"


@dataclass(frozen=True)
class GpuRow:
    """Members of a work, and the ratios to be reached against the loops by name."""

    work: str
    title: str
    bounds: tuple[tuple[str, float], ...]


EAGER, GRAPHED = "eager", "graphed"
TITLES = {EAGER: "one after the other, eager", GRAPHED: "one after the other, as a CUDA graph"}
GPU_ROWS = (
    GpuRow("mlp2k", "256 MLPs of 2.4k parameters", ((EAGER, 100), (GRAPHED, 10))),
    GpuRow("cnn", "32 small CNNs, 3×32×32", ((EAGER, 3),)),
    GpuRow("gru", "64 GRUs, 32 states, 40 steps", ((EAGER, 8),)),
)


def gpu_table(found: Mapping[GpuRow, Sequence[Mapping[str, float]]]) -> list[str]:
    """Steps per second of the loops as a Markdown table; every loop is shown, bound or not."""
    lines = ["| work | against | must reach | its steps/s | min to max | steepest |"]
    lines.append("|---|---|---:|---:|---:|---|")
    for row, turns in found.items():
        bounds = dict(row.bounds)
        for name, title in TITLES.items():
            rates = [turn[name] for turn in turns]
            bound = f"≥ {bounds[name]:g} ×" if name in bounds else ""
            span = f"{min(rates):,.0f} to {max(rates):,.0f}"
            lines.append(f"| {row.title} | {title} | {bound} | {median(rates):,.0f} | {span} | {OURS} |")
    return lines
