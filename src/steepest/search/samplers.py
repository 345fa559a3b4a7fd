"""Optuna's samplers by name, or anybody's by the place of its class or function."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from optuna.samplers import BaseSampler

from steepest.base.errors import BadInput, closest
from steepest.search.silence import quiet
from steepest.search.suggest import SAMPLERS, Maker


def _of_class(kind: Callable[..., BaseSampler]) -> Maker:
    return lambda seed: kind(seed=seed)


_FORM = 'Name a class or a function of a seed as "module:name", such as optuna.samplers:NSGAIIISampler.'


def sampler_of(name: str) -> Maker:
    """The sampler of a name, or of a place "module:name": a sampler class, or a function from a seed to one.

    Raises:
        BadInput: for an unknown name, and where there is no sampler at the place.

    Example:
        >>> type(sampler_of("random")(0)).__name__, type(sampler_of("optuna.samplers:TPESampler")(0)).__name__
        ('RandomSampler', 'TPESampler')
    """
    if ":" not in name:
        if name not in SAMPLERS:
            raise BadInput("sampler", "must be a known name", name, f"{closest(name, SAMPLERS)} {_FORM}")
        return SAMPLERS[name]
    module, _, place = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in place.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise BadInput("sampler", "must be where it is said to be", name, f"{error}. {_FORM}") from None
    kind: Any = found if inspect.isclass(found) else None
    make: Maker = found if kind is None else _of_class(kind)
    with quiet():
        _check(make, name)
    return make


def place_of(sampler: str | Callable[..., BaseSampler]) -> str:
    """How a study writes a sampler down: by its name, or the place of its class or function.

    Raises:
        BadInput: for what cannot be found again by name.

    Example:
        >>> from optuna.samplers import RandomSampler
        >>> place_of(RandomSampler)
        'optuna.samplers._random:RandomSampler'
    """
    if isinstance(sampler, str):
        return sampler
    module, name = getattr(sampler, "__module__", ""), getattr(sampler, "__qualname__", "")
    if not module or not name or "<" in name:
        remedy = "Give a class or a function of a module, which a study that goes on can find again."
        raise BadInput("sampler", "must have a name", sampler, remedy)
    return f"{module}:{name}"


def _check(make: Maker, name: str) -> None:
    """It must make a sampler from a seed."""
    try:
        made: object = make(0)
    except Exception as error:
        constraint = "must make a sampler from a seed alone"
        raise BadInput("sampler", constraint, name, f"{type(error).__name__}: {error}. {_FORM}") from error
    if not isinstance(made, BaseSampler):
        raise BadInput("sampler", "must make an Optuna sampler", type(made).__name__, _FORM)
