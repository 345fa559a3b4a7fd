"""The strategy and the sampler that a study is asked for, checked before anything is read."""

from collections.abc import Callable
from typing import Any

from steepest.base.errors import BadInput, closest
from steepest.search.rivals import STRATEGIES
from steepest.search.samplers import place_of, sampler_of


def checked_strategy(name: str) -> str:
    """A name of `STRATEGIES`.

    Raises:
        BadInput: for another one.

    Example:
        >>> checked_strategy("random")
        'random'
    """
    if name not in STRATEGIES:
        raise BadInput("strategy", "must be a known name", name, closest(name, STRATEGIES))
    return name


def checked_sampler(sampler: str | Callable[..., Any]) -> str:
    """How a sampler is written down; "" for none.

    Raises:
        BadInput: for what is no Optuna sampler, or cannot be found again by name.
    """
    if not sampler:
        return ""
    name = place_of(sampler)
    sampler_of(name)
    return name
