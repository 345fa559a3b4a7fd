"""The network that a recipe asks for: written-out dense layers where those do, torch modules elsewhere."""

import functools
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from steepest.base.augmentation import AugmentationKnobs
from steepest.base.errors import BadInput
from steepest.base.recipe import KNOBS, Recipe
from steepest.networks import build as dense
from steepest.networks.existing import matching, read_parameters
from steepest.networks.families import ModuleSpec, module_spec
from steepest.networks.initialisation import initialise, initialise_module
from steepest.networks.own import Factory, read_factory
from steepest.networks.own_spec import OwnSpec, own_spec
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec, dense_spec

Spec: TypeAlias = NetworkSpec | ModuleSpec | OwnSpec
Renames = tuple[tuple[str, str], ...]
Shapes = tuple[tuple[str, tuple[int, ...]], ...]


class _File(NamedTuple):
    """A file as it was written at one moment; one written over it is another."""

    path: str
    written: int
    size: int


def spec_of(recipe: Recipe, ports: Ports) -> Spec:
    """The network of a recipe.

    A `NetworkSpec` reads flat rows [B, D] and trains in stacks; the others read what `ports` says.

    Args:
        recipe: its architecture knobs, and those of existing parameters, are read.
        ports: what the network reads and writes.

    Raises:
        BadInput: if the family does not suit the data, or existing parameters do not suit the network, with
            the reason.

    Example:
        >>> spec_of(Recipe(depth=2, width=64), Ports.table(8, 3)).hidden
        (64, 64)
    """
    spec = _spec(recipe, ports)
    if recipe.start_from:
        _taken(recipe, spec)
    return spec


def bins_of(recipe: Recipe, ports: Ports) -> int:
    """In how many bins a recipe's network reads each number besides as itself; 0 for none.

    Example:
        >>> bins_of(Recipe(bins=8), Ports("table", (6,), 2, numbers=(0, 4)))
        8
    """
    return recipe.bins if recipe.network == "mlp" and ports.numbers else 0


def starting_parameters(recipe: Recipe, spec: Spec, seed: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Parameters before the first step, by the recipe's initialisation; then existing ones in their place.

    Running means are among them only where existing ones are given.
    """
    if isinstance(spec, NetworkSpec):
        fresh = initialise(spec, recipe.initialisation, seed, dtype, recipe.init_std)
    else:
        fresh = initialise_module(spec, recipe.initialisation, seed, dtype, recipe.init_std, recipe.zero_init)
    if recipe.start_from:
        given = _given(_file(recipe.start_from), _renames(spec))
        fresh |= {name: given[name].to(dtype) for name in _taken(recipe, spec)[0]}
    return fresh


def existing_words(recipe: Recipe, spec: Spec) -> tuple[str, ...]:
    """What the network takes of the existing parameters that its recipe names, and what not."""
    return _taken(recipe, spec)[1] if recipe.start_from else ()


def build(spec: Spec, dtype: torch.dtype = torch.float32) -> nn.Module:
    """The network as a torch module, its parameters without meaning until they are loaded."""
    return dense.build(spec, dtype) if isinstance(spec, NetworkSpec) else spec.build(dtype)


def load(spec: Spec, params: dict[str, Tensor]) -> nn.Module:
    """The network with a copy of parameters and running means in it, on the CPU."""
    if isinstance(spec, NetworkSpec):
        return dense.load(spec, params)
    network = spec.build(next(iter(params.values())).dtype)
    missing, unexpected = network.load_state_dict(params, strict=False)
    assert not unexpected
    assert not {*spec.parameter_shapes, *spec.buffer_shapes} & set(missing)
    return network


def _spec(recipe: Recipe, ports: Ports) -> Spec:
    if recipe.network == "own":
        remedy = "Name it: mymodule:make, or path/to/file.py:make."
        if not recipe.factory:
            raise BadInput("factory", "must name the function that makes your network", "nothing", remedy)
        replaced = {name: value for name, value in recipe.replaced.items() if value != "own"}
        options, layers = (tuple(sorted(known.items())) for known in (recipe.own, replaced))
        return _own(read_factory(recipe.factory), ports, options, layers)
    if recipe.initialisation == "own":
        remedy = "Use 'he_uniform', or give a network of your own."
        raise BadInput("initialisation", "must be another without your own network", "own", remedy)
    ports = ports.binned(bins_of(recipe, ports))
    numbers = not ports.tokens and not ports.codes
    plain = recipe.norm in ("none", "batch", "layer") and not recipe.residual
    dense_family = recipe.network == "linear" or (recipe.network == "mlp" and plain)
    if numbers and dense_family and not _moves(recipe, ports):
        return dense_spec(recipe, ports.inputs, ports.outputs)
    return module_spec(recipe, ports)


def _moves(recipe: Recipe, ports: Ports) -> bool:
    """Whether training changes images or series in ways that need their shape, which flat rows lack."""
    return ports.form in ("image", "series") and any(
        knob.forms == (ports.form,) and bool(getattr(recipe, name))
        for name, knob in KNOBS.items()
        if name in AugmentationKnobs.model_fields
    )


@functools.lru_cache(maxsize=1024)
def _own(factory: Factory, ports: Ports, options: Any, layers: Any) -> OwnSpec:
    return own_spec(factory, ports, dict(options), **dict(layers))


def _taken(recipe: Recipe, spec: Spec) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of what is taken of existing parameters, and what is said of it."""
    shapes = (*spec.parameter_shapes.items(), *spec.buffer_shapes.items())
    return _fitted(_file(recipe.start_from), _renames(spec), shapes, recipe.start_match == "whole")


@functools.lru_cache(maxsize=1024)
def _fitted(
    file: _File, renames: Renames, shapes: Shapes, whole: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = matching(dict(shapes), _given(file, renames), whole)
    return tuple(found.taken), found.said


@functools.lru_cache(maxsize=1)
def _given(file: _File, renames: Renames) -> dict[str, Tensor]:
    """The tensors of a file under the network's names."""
    given = read_parameters(file.path)
    for other, name in renames:
        if other in given:
            tensor = given.pop(other)
            if name:
                given.setdefault(name, tensor)
    return given


def _renames(spec: Spec) -> Renames:
    return spec.renames if isinstance(spec, OwnSpec) else ()


def _file(path: str) -> _File:
    place = Path(path)
    if not place.exists():
        return _File(path, 0, 0)
    return _File(path, place.stat().st_mtime_ns, place.stat().st_size)
