"""What a study may vary of the user's own network, and of a network that starts from existing parameters."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from steepest.base.errors import BadInput
from steepest.base.knobs import Choice, Knob, Range
from steepest.base.own import REPLACED, plain
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet, Rows
from steepest.data.split import Split
from steepest.networks.architecture import build, existing_words, spec_of
from steepest.networks.own import OwnKnob, read_factory
from steepest.networks.ports import Ports
from steepest.networks.replacing import replaceable
from steepest.search.space import Space
from steepest.training.source import Source
from steepest.training.trust import trust

LAYERS: Mapping[str, Choice] = {
    "dropout": Choice(("own", 0.0, 0.1, 0.25, 0.5), (0.5, 0.125, 0.125, 0.125, 0.125)),
    "activation": Choice(("own", "relu", "gelu", "silu", "mish", "tanh"), (0.5, 0.1, 0.1, 0.1, 0.1, 0.1)),
    "norm": Choice(("own", "none", "batch", "layer", "group", "rms"), (0.5, 0.1, 0.1, 0.1, 0.1, 0.1)),
}
"""What a network's layers are replaced by; half of the time they stay."""

_TOLD_BY = {"dropout": "drop", "activation": "act", "norm": "norm"}
"""Part of an argument's name that says the factory offers the knob itself."""

LOOKED = 256
"""Rows that the user's own network is looked over with, at most."""

_WHEN = {"network": ("own",)}


def own_defaults(factory: str, ports: Ports) -> dict[str, Any]:
    """What a recipe says of the user's own network before anything is searched: all as the network has it.

    Args:
        factory: its name, as `steepest.networks.own.read_factory` reads it.
        ports: what the network reads and writes.
    """
    changes: dict[str, Any] = {"network": "own", "factory": factory, "initialisation": "own"}
    for knob in read_factory(factory).knobs:
        with contextlib.suppress(TypeError):  # what no file can hold stays with the factory
            changes[f"own.{knob.name}"] = plain(knob.default)
    for layer in _replaceable(Recipe.make(**changes), ports):
        changes[f"replaced.{layer}"] = "own"
    return changes


def own_knobs(recipe: Recipe, ports: Ports) -> dict[str, Knob]:
    """The knobs of the user's own network: its arguments, and the layers that can be replaced.

    Members need not share them to fill stacks: torch modules train one after the other.
    """
    factory = read_factory(recipe.factory)
    found = {
        f"own.{knob.name}": Knob(f"argument of {factory.function}", search=_search(knob), when=_WHEN)
        for knob in factory.knobs
        if knob.search is not None
    }
    for layer in _replaceable(recipe, ports):
        name = f"replaced.{layer}"
        where = _possible(recipe, ports, name, LAYERS[layer])
        if len(where.options) > 1:
            found[name] = Knob(f"{layer} in place of the network's", search=where, when=_WHEN)
    return found


def refuse_idle(recipe: Recipe, fixed: Iterable[str]) -> None:
    """Refuse knobs of the built-in families that a user fixes for a network of their own."""
    idle = sorted(set(fixed) & {"depth", "width", *REPLACED})
    if recipe.network != "own" or not idle:
        return
    name = idle[0]
    owner = "replaced" if name in REPLACED else "own"
    raise BadInput(
        name,
        "must be a knob of your own network: this one is of the built-in families",
        recipe.factory,
        f"Write {owner}.{name}.",
    )


def beside_existing(space: Space, ports: Ports) -> set[str]:
    """Knobs that stay, because another value would not fit the existing parameters, or be overwritten."""
    base = space.base
    if not base.start_from or base.start_match != "whole":
        return set()
    kept = {"initialisation", "init_std", "zero_init"}
    for name in {*space.structural, *space.extra} & set(space.names):
        where = space.everywhere(name)
        values = where.options if isinstance(where, Choice) else (where.low, where.high)
        if any(not _fits(base.replace(**{name: value}), ports) for value in values):
            kept.add(name)
    return kept


def beginning(recipe: Recipe, ports: Ports) -> tuple[str, ...]:
    """What a study says of the network it was given, one sentence each."""
    spec = spec_of(recipe, ports)
    said = existing_words(recipe, spec)
    return (f"{recipe.start_from}: {'; '.join(said)}",) if said else ()


def trusted(recipe: Recipe, data: DataSet, rows: Rows) -> tuple[str, ...]:
    """What a study says of the user's own network once it has been looked over; () of any other.

    Args:
        recipe: of the network.
        data, rows: what it learns; some of the rows are shown to it.

    Raises:
        BadInput: for a network that cannot be trained as it stands, with the file and line.
    """
    if recipe.network != "own":
        return ()
    few = rows[:: -(-len(rows) // LOOKED)]
    found = trust(recipe, Source.of(data, [Split(few, few[:0])]))
    return (f"{recipe.factory}: {found.words}",)


def _search(knob: OwnKnob) -> Range | Choice | None:
    return replace(knob.search, whole=True) if knob.whole and isinstance(knob.search, Range) else knob.search


def _replaceable(recipe: Recipe, ports: Ports) -> tuple[str, ...]:
    """Layers of the network that no argument of its factory stands for."""
    arguments = [knob.name for knob in read_factory(recipe.factory).knobs]
    as_is = recipe.replace(**{name: "own" for name in recipe.dotted() if name.startswith("replaced.")})
    spec = spec_of(as_is.replace(start_from=""), ports)
    there = replaceable(build(spec))
    return tuple(layer for layer in there if not any(_TOLD_BY[layer] in name for name in arguments))


def _possible(recipe: Recipe, ports: Ports, name: str, where: Choice) -> Choice:
    """The options that the network can be made with."""
    weights = dict(zip(where.options, where.weights or (), strict=True))
    options = [o for o in where.options if _fits(recipe.replace(**{name: o}), ports)]
    return Choice(tuple(options), tuple(weights[o] for o in options))


def _fits(recipe: Recipe, ports: Ports) -> bool:
    try:
        spec_of(recipe, ports)
    except BadInput:
        return False
    return True
