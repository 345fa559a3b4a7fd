"""The planner: how members of each network shape are trained, chosen by what was measured on this machine.

Shapes of one kind and nearly one size share a choice. A choice is measured once, by some steps of real
training on one core, and kept on disk for this machine, processor and release of torch, unless there was no
time to measure enough; a study keeps its own.
"""

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from steepest.base.recipe import Recipe
from steepest.networks.architecture import spec_of
from steepest.networks.own_spec import OwnSpec
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec
from steepest.training.kept import keep, read_kept
from steepest.training.measuring import NO_TIME, Measured
from steepest.training.precision import has_bfloat16
from steepest.training.way import MOST_MEMBERS, Way, member_bytes, rounds_well, usual

WORTH = 1.1
"""How many times as fast as a simpler way another has to be."""

LOSS_SLACK = 0.02
"""Share of the loss by which bfloat16 may differ from float32 after a few steps."""

MODULE_STACKS = (8, 32)
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
        """For JSON; `words` name the way."""
        return {**asdict(self), "words": str(self.way)}

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
        fresh: measures again what is kept.
        stackable: "" if a recipe's torch module can train in stacks, else why it cannot.
        choices: what is known, by kind.
    """

    ports: Ports
    measure: Measure
    kept: Path | None = None
    rounding: bool = True
    fresh: bool = False
    stackable: Callable[[Recipe, Ports], str] = no_module
    choices: dict[str, Choice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = {} if self.kept is None or self.fresh else read_kept(self.kept)
        self._known: dict[str, Choice] = {}
        for kind, each in kept.items():
            with contextlib.suppress(KeyError, TypeError, AttributeError):  # of a damaged file, what is sound
                self._known[kind] = Choice.from_dict(each)

    def way(self, recipe: Recipe) -> Way:
        """How members that follow a recipe are trained: as measured, or as usual while nothing is."""
        choice = self.choices.get(self.kind(recipe))
        if choice is None:
            return self._believed(recipe)
        if choice.way.stacked and not self._stacks(recipe):  # others of its kind can, with other arguments
            return self._believed(recipe)
        return choice.way

    def step_seconds(self, recipe: Recipe, members: int) -> float:
        """Time of a step of so many members of a recipe, from what was measured; infinite if nothing was.

        A step's calls take a time of their own, and each member some more: two measured sizes of a chunk tell
        both. More members than a chunk holds take several.
        """
        choice = self.choices.get(self.kind(recipe))
        rates: dict[int, float] = {}
        for m in choice.measured if choice else ():
            rates[m.way.members] = max(m.rate, rates.get(m.way.members, 0.0))
        sizes = sorted(size for size, rate in rates.items() if rate)
        if choice is None or len(sizes) < 2:
            return math.inf
        few, many = sizes[0], next((n for n in sizes[1:] if n >= choice.way.members), sizes[-1])
        less, more = few / rates[few], many / rates[many]
        each = max(more - less, 0.0) / (many - few)
        calls = max(less - few * each, 0.0)
        return math.ceil(members / choice.way.members) * calls + members * each

    def learn(self, recipes: Iterable[Recipe]) -> list[Choice]:
        """Measure the kinds of network among `recipes` that are not known yet; returns what was measured.

        What is measured of a kind is the first of its recipes by key, so that their order does not matter.
        """
        unknown: dict[str, Recipe] = {}
        for recipe in sorted(recipes, key=Recipe.key):
            kind = self.kind(recipe)
            if kind not in self.choices and kind in self._known:
                self.choices[kind] = self._known[kind]
            elif kind not in self.choices:
                unknown.setdefault(kind, recipe)
        if not unknown:
            return []
        asked = [(recipe, self.alternatives(recipe)) for recipe in unknown.values()]
        found = self.measure(asked)
        new = [
            self._chosen(kind, recipe, each)
            for (kind, recipe), each in zip(unknown.items(), found, strict=True)
        ]
        self.choices |= {choice.kind: choice for choice in new}
        lasting = {
            c.kind: c.as_dict()
            for c in new
            if whole(c.measured) and not isinstance(spec_of(unknown[c.kind], self.ports), OwnSpec)
        }
        if self.kept is not None and lasting:  # the user's own network may be another tomorrow
            keep(self.kept, lasting)
        return new

    def kind(self, recipe: Recipe) -> str:
        """What a recipe's network has in common with others that are trained the same way."""
        spec = spec_of(recipe, self.ports)
        if isinstance(spec, NetworkSpec):
            size = _octave(member_bytes(spec, recipe.batch_size))
            return f"dense, norm {spec.norm}, {size} bytes a member, batches of {_octave(recipe.batch_size)}"
        parameters = sum(map(math.prod, spec.parameter_shapes.values()))
        name = recipe.factory if isinstance(spec, OwnSpec) else spec.family
        told = [name, *(str(getattr(recipe, knob)) for knob in _TOLD.get(recipe.network, ()))]
        parts = [
            " ".join(told),
            f"{_octave(parameters)} parameters",
            f"{_octave(math.prod(self.ports.shape))} numbers an example",
            f"batches of {_octave(recipe.batch_size)}",
        ]
        return ", ".join(parts if self.rounding else [*parts, "float32 only"])

    def alternatives(self, recipe: Recipe) -> tuple[Way, ...]:
        """The ways that are worth measuring for a recipe, the simplest first."""
        spec = spec_of(recipe, self.ports)
        if isinstance(spec, NetworkSpec):
            most = usual(recipe, self.ports).members
            sizes = sorted({1, max(1, most // 4), most, min(MOST_MEMBERS, 2 * most)})
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

    def _stacks(self, recipe: Recipe) -> bool:
        return isinstance(spec_of(recipe, self.ports), NetworkSpec) or not self.stackable(recipe, self.ports)

    def _believed(self, recipe: Recipe) -> Way:
        way = usual(recipe, self.ports)
        return way if self.rounding else Way(way.stacked, way.members, way.channels_last)

    def _chosen(self, kind: str, recipe: Recipe, measured: Sequence[Measured]) -> Choice:
        exact = next((m.loss for m in measured if not m.way.bfloat16 and not m.why_not), math.nan)
        judged = tuple(_judged(m, exact) for m in measured)
        sound = [m for m in judged if not m.why_not]
        if not sound:
            return Choice(kind, self._believed(recipe), f"as usual: {judged[0].why_not}", judged)
        best = sound[0]
        for other in sound[1:]:
            if other.rate > WORTH * best.rate:
                best = other
        slowest = min(m.rate for m in judged if m.rate)
        why = f"{best.rate:,.0f} steps a second, {best.rate / slowest:.2g} times the slowest way's"
        dense = isinstance(spec_of(recipe, self.ports), NetworkSpec)
        reason = "" if dense else self.stackable(recipe, self.ports)
        return Choice(kind, best.way, why + (f"; not stacked: {reason}" if reason else ""), judged)


_TOLD = {
    "rnn": ("cell", "depth", "bidirectional", "readout"),
    "cnn": ("norm", "depth", "stem", "pooling", "convolution"),
    "transformer": ("norm", "depth", "heads"),
    "mlp": ("norm", "depth"),
}
"""Knobs that decide how a family's networks are computed, beside their size."""


def whole(measured: Sequence[Measured]) -> bool:
    """Whether enough was measured to keep the choice: every way, but for larger stacks than one that was.

    Example:
        >>> one, few, many = Measured(Way(False), 9.0), Measured(Way(True, 8), 5.0), Way(True, 32)
        >>> whole([one, few, Measured(many, why_not=NO_TIME)]), whole([one, Measured(many, why_not=NO_TIME)])
        (True, False)
    """
    stacks = [m.way for m in measured if m.way.members > 1 and m.why_not != NO_TIME]
    left = [m.way for m in measured if m.why_not == NO_TIME]
    return all(any(way == replace(s, members=way.members) for s in stacks) for way in left)


def _judged(measured: Measured, exact: float) -> Measured:
    """The same, with a reason against it if rounding changed the loss."""
    off = abs(measured.loss - exact)
    if measured.way.bfloat16 and not measured.why_not and not off <= LOSS_SLACK * abs(exact):
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
