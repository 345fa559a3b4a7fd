"""The network that a caller asks for: families, or one of their own; and the parameters it starts from."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from steepest.base.errors import BadInput
from steepest.base.recipe import KNOBS
from steepest.search.asked import declared, fixed_of, refuse_both
from steepest.search.space_file import read_space

Asked = str | Callable[..., nn.Module] | Sequence[str] | None


class Chosen(NamedTuple):
    """What a caller asks for, as a study reads it.

    Args:
        families: that compete; () for those that suit the data.
        fixed: knobs that it fixes.
        here: the network cannot reach other processes by name, so it trains in this one.
    """

    families: tuple[str, ...]
    fixed: dict[str, Any]
    here: bool = False

    @property
    def knobs(self) -> dict[str, Any]:
        """The same as knobs of one recipe.

        Raises:
            BadInput: for several families.
        """
        if len(self.families) > 1:
            raise BadInput("network", "must be one for one recipe", self.families, "Name one of them.")
        return {**({"network": self.families[0]} if self.families else {}), **self.fixed}


def chosen(network: Asked, start_from: str | Path | None = None, matching: bool = False) -> Chosen:
    """Read the arguments `network`, `start_from` and `matching` of `steepest.tune`.

    Example:
        >>> chosen("mynet:make").fixed
        {'network': 'own', 'factory': 'mynet:make'}
        >>> chosen(["mlp", "cnn"]).families
        ('mlp', 'cnn')
    """
    existing = _existing(start_from, matching)
    if callable(network):
        name, here = _named(network)
        return Chosen(("own",), {"network": "own", "factory": name, **existing}, here)
    if isinstance(network, str) and ":" in network:
        return Chosen(("own",), {"network": "own", "factory": network, **existing})
    families = (network,) if isinstance(network, str) else tuple(network or ())
    if any(":" in family for family in families):
        remedy = "Give it alone, or families of steepest alone."
        raise BadInput("network", "must be your own network or families, not both", families, remedy)
    return Chosen(families, existing)


def looked_for(
    space: Mapping[str, Any] | str | Path | None, fixed: Mapping[str, Any], asked: Chosen
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read the argument `space` of `steepest.tune`.

    Args:
        space: knob → what is asked of it, or a file of that.
        fixed: knobs that are fixed otherwise.
        asked: the network that is asked for.

    Returns:
        (knobs to search as the user says, knobs to fix).

    Raises:
        BadRecipe: for what cannot be read, and a knob that is asked for twice.

    Example:
        >>> looked_for({"lr": "1e-3..1e-1", "depth": 2}, {"width": 64}, Chosen((), {}))
        ({'lr': '1e-3..1e-1'}, {'width': 64, 'depth': 2})
    """
    given = dict(space) if isinstance(space, Mapping) else read_space(space) if space is not None else {}
    named = {"network": asked.families} if asked.families else {}
    refuse_both(given, fixed)
    refuse_both(given, {**named, **asked.fixed}, second="network")
    declared(given, KNOBS)  # refused now rather than after a long file is read
    single = fixed_of(given)
    return {key: value for key, value in given.items() if key not in single}, {**fixed, **single}


def workers_for(asked: Chosen, workers: int | None, most: int) -> int:
    """Processes to train in.

    Raises:
        BadInput: for other processes than this one, where the network cannot reach them.
    """
    if not asked.here:
        return most if workers is None else workers
    if workers:
        constraint = "must be 0 for a network of this script or notebook: other processes cannot import it"
        raise BadInput("workers", constraint, workers, "Put its function in a file of its own.")
    return 0


def _existing(start_from: str | Path | None, matching: bool) -> dict[str, Any]:
    if start_from is not None:
        return {"start_from": str(start_from), "start_match": "matching" if matching else "whole"}
    if matching:
        remedy = "Name the file by start_from (--start-from)."
        raise BadInput("matching", "must come with existing parameters", True, remedy)
    return {}


def _named(call: Callable[..., nn.Module]) -> tuple[str, bool]:
    """The name under which a callable is found again, and whether only this process finds it."""
    module, name = getattr(call, "__module__", ""), getattr(call, "__qualname__", "")
    owner: Mapping[str, Any] = vars(sys.modules[module]) if module in sys.modules else {}
    if owner.get(name) is not call:
        constraint = "must be a function or class of a module, which recipes name"
        remedy = "Define it by def outside of other functions; put what it needs into keyword arguments."
        raise BadInput("network", constraint, name or type(call).__name__, remedy)
    return f"{module}:{name}", module == "__main__"
