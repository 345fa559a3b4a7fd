"""What probes found, as it goes into the journal and into the cause of a member's end."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from steepest.training.job import Done
from steepest.training.probes.watch import Look


def probe_bodies(
    done: Done, members: Collection[int], epochs: Callable[[int], float]
) -> Iterator[dict[str, Any]]:
    """Documents of kind "probes", one per member that was looked at; `steepest.store.probed` reads them.

    Args:
        done: what a job brought.
        members: numbers of those to write down.
        epochs: rounds in epochs.
    """
    looks: dict[int, list[Look]] = {}
    for look in done.looks:
        if look.member in members:
            looks.setdefault(look.member, []).append(look)
    for number, found in looks.items():
        yield {
            "member": number,
            "layers": {of: list(names) for of, names in found[0].layers.items() if of != "places"},
            "looks": [_plain(look, epochs(look.round)) for look in found],
        }


def fault_words(looks: Sequence[Look], member: int) -> str:
    """Where a member's first number was that was not finite: ", first at step 7 in 3.weight"; "" if unknown.

    Example:
        >>> values = {"fault_step": 7.0, "fault_place": 0.0}
        >>> fault_words([Look(4, 1, values, {"places": ("3.weight", "loss")})], member=4)
        ', first at step 7 in 3.weight'
    """
    found = next((f for look in looks if look.member == member and (f := _fault(look))), None)
    return f", first at step {found[0]} in {found[1]}" if found else ""


def _plain(look: Look, epoch: float) -> dict[str, Any]:
    """One look: six digits of what is known, and the place of a fault by its name."""
    values = {name: _short(value) for name, value in look.values.items() if _known(value)}
    fault = _fault(look)
    return {"epoch": epoch, **values, **({"fault_place": fault[1]} if fault else {})}


def _fault(look: Look) -> tuple[int, str] | None:
    step, place = look.values["fault_step"], look.values["fault_place"]
    assert isinstance(step, float)
    assert isinstance(place, float)
    return None if math.isnan(step) else (int(step), look.layers["places"][int(place)])


def _known(value: float | list[float]) -> bool:
    return any(not math.isnan(v) for v in (value if isinstance(value, list) else [value]))


def _short(value: float | list[float]) -> float | list[float]:
    return [float(f"{v:.6g}") for v in value] if isinstance(value, list) else float(f"{value:.6g}")
