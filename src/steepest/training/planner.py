"""The planner: how members of each network shape are trained, chosen by what was measured on this machine.

Shapes of one kind and nearly one size share a choice. A choice is measured once, by some steps of real training
on one core, and kept on disk for this machine, processor and release of torch; a study keeps its own.
"""

import contextlib
import hashlib
import json
import math
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from steepest.base.recipe import Recipe
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec
from steepest.training.measuring import Measured
from steepest.training.precision import has_bfloat16
from steepest.training.way import Way, member_bytes, rounds_well, usual

VERSION = 1
"""Counts up when measurements of earlier code no longer hold."""

WORTH = 1.05
"""How many times as fast as a simpler way another has to be."""

LOSS_SLACK = 0.02
"""Share of the loss by which bfloat16 may differ from float32 after a few steps."""

MODULE_STACKS = (4, 16)
"""Members of the stacks of torch modules that are tried."""

Asked = tuple[Recipe, tuple[Way, ...]]
Measure = Callable[[Sequence[Asked]], list[list[Measured]]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a kind of network, and from what.

    Args:
        kind: what the networks have in common, in words.
        way: the choice.
        why: the reason, in words.
        measured: all ways that were considered.
    """

    kind: str
    way: Way
    why: str
    measured: tuple[Measured, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Choice":
        """The inverse of `as_dict`."""
        measured = tuple(Measured(**{**m, "way": Way(**m["way"])}) for m in given["measured"])
        return cls(given["kind"], Way(**given["way"]), given["why"], measured)


def no_module(_recipe: Recipe, _ports: Ports) -> str:
    """Torch modules do not train in stacks."""
    return "torch modules train one after the other"


@dataclass
class Planner:
    """Ways to train, by kind of network.

    Args:
        ports: what the networks read and write.
        measure: measures recipes in several ways each.
        kept: file that earlier measurements are in; None keeps nothing.
        rounding: False forbids bfloat16.
        stackable: "" if a recipe's torch module can train in stacks, else why it cannot.
        choices: what is known, by kind.
    """

    ports: Ports
    measure: Measure
    kept: Path | None = None
    rounding: bool = True
    stackable: Callable[[Recipe, Ports], str] = no_module
    choices: dict[str, Choice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kept is not None:
            known = _read(self.kept).get(machine(), {})
            self._known = {kind: Choice.from_dict(each) for kind, each in known.items()}
        else:
            self._known = {}

    def way(self, recipe: Recipe) -> Way:
        """How members that follow a recipe are trained: as measured, or as usual while nothing is."""
        choice = self.choices.get(self.kind(recipe))
        return choice.way if choice else self._believed(recipe)

    def learn(self, recipes: Iterable[Recipe]) -> list[Choice]:
        """Measure the kinds of network among `recipes` that are not known yet; returns what was new."""
        unknown: dict[str, Recipe] = {}
        for recipe in recipes:
            kind = self.kind(recipe)
            if kind in self.choices or kind in unknown:
                continue
            if kind in self._known:
                self.choices[kind] = self._known[kind]
            else:
                unknown[kind] = recipe
        if not unknown:
            return []
        asked = [(recipe, self.alternatives(recipe)) for recipe in unknown.values()]
        found = self.measure(asked)
        new = [
            self._chosen(kind, recipe, each)
            for (kind, recipe), each in zip(unknown.items(), found, strict=True)
        ]
        self.choices |= {choice.kind: choice for choice in new}
        if self.kept is not None:
            _keep(self.kept, new)
        return new

    def kind(self, recipe: Recipe) -> str:
        """What a recipe's network has in common with others that are trained the same way."""
        spec = spec_of(recipe, self.ports)
        if isinstance(spec, NetworkSpec):
            size = member_bytes(spec, recipe.batch_size)
            return f"dense, norm {spec.norm}, {_octave(size)} bytes a member, batches of {_octave(recipe.batch_size)}"
        each = cost(spec, recipe.batch_size, 0)
        told = [spec.family, *(str(getattr(recipe, knob)) for knob in _TOLD.get(recipe.network, ()))]
        rounded = "" if self.rounding else ", float32 only"
        return (
            f"{' '.join(told)}, {_octave(each.parameters)} parameters, "
            f"{_octave(each.flops_forward)} operations an example, batches of {_octave(recipe.batch_size)}{rounded}"
        )

    def alternatives(self, recipe: Recipe) -> tuple[Way, ...]:
        """The ways that are worth measuring for a recipe, the simplest first."""
        spec = spec_of(recipe, self.ports)
        if isinstance(spec, NetworkSpec):
            most = usual(recipe, self.ports).members
            sizes = sorted({1, max(1, most // 4), max(1, most // 2), most, min(64, 2 * most)})
            return tuple(Way(True, size) for size in sizes)
        image = self.ports.form == "image"
        ways = [Way(False, 1, channels_last=True)]
        if image:
            ways.append(Way(False, 1, channels_last=False))
            if self.rounding and rounds_well(spec, self.ports) and has_bfloat16():
                ways.append(Way(False, 1, bfloat16=True))
        if not self.stackable(recipe, self.ports):
            ways += [Way(True, size) for size in MODULE_STACKS]
        return tuple(ways)

    def _believed(self, recipe: Recipe) -> Way:
        way = usual(recipe, self.ports)
        return way if self.rounding else Way(way.stacked, way.members, way.channels_last)

    def _chosen(self, kind: str, recipe: Recipe, measured: Sequence[Measured]) -> Choice:
        exact = next((m.loss for m in measured if not m.way.bfloat16), math.nan)
        judged = [_judged(m, exact) for m in measured]
        best = judged[0]
        for other in judged[1:]:
            if not other.why_not and other.rate > WORTH * best.rate:
                best = other
        slowest = min(m.rate for m in judged if m.rate)
        why = f"{best.rate:,.0f} steps a second, {best.rate / slowest:.2g} times the slowest way's"
        reason = (
            self.stackable(recipe, self.ports)
            if not isinstance(spec_of(recipe, self.ports), NetworkSpec)
            else ""
        )
        return Choice(kind, best.way, why + (f"; not stacked: {reason}" if reason else ""), tuple(judged))


_TOLD = {
    "rnn": ("cell", "bidirectional", "readout"),
    "cnn": ("norm", "pooling", "convolution"),
    "transformer": ("norm", "heads"),
    "mlp": ("norm",),
}
"""Knobs that decide how a family's networks are computed, beside their size."""


def _judged(measured: Measured, exact: float) -> Measured:
    """The same, with a reason against it if rounding changed the loss."""
    off = abs(measured.loss - exact)
    if measured.way.bfloat16 and not off <= LOSS_SLACK * abs(exact):
        told = f"its loss differs: {measured.loss:.4g}, {exact:.4g} in float32"
        return Measured(measured.way, measured.rate, measured.loss, told)
    return measured


def _octave(number: float) -> str:
    """The power of two nearest to a number, in words.

    Example:
        >>> _octave(17226), _octave(3)
        ('about 16,384', 'about 4')
    """
    return f"about {2 ** round(math.log2(max(number, 1))):,}"


def machine() -> str:
    """What measurements hold for: this processor, its cores, this release of torch."""
    facts = [str(VERSION), platform.node(), processor(), str(os.cpu_count()), torch.__version__]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def processor() -> str:
    """The name of the processor."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """What is kept, by machine; a file that cannot be read counts as empty."""
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(file.read_text())
        if isinstance(found, dict):
            return found
    return {}


def _keep(file: Path, choices: Sequence[Choice]) -> None:
    """Add choices to a file, in one step; a disk that is full or read-only only costs measuring again."""
    everything = _read(file)
    everything.setdefault(machine(), {}).update({c.kind: c.as_dict() for c in choices})
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.{os.getpid()}")
        partial.write_text(json.dumps(everything))
        partial.replace(file)
