"""What a recipe says of the user's own network, and of existing parameters; these become fields of `Recipe`.

The arguments of the network's function are knobs too, written `own.width`; they are declared where the
function is. The layers of a network that can be replaced are `replaced.dropout`, `replaced.activation` and
`replaced.norm`; "own" leaves them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel

from steepest.base.knobs import Knob

GROUPS = ("own", "replaced")
"""Fields that hold several knobs, each written `group.name`."""

REPLACED = ("dropout", "activation", "norm")

_OWN = {"network": ("own",)}


class OwnKnobs(BaseModel):
    """The user's own network, and the parameters that training starts from."""

    factory: Annotated[
        str,
        Knob(
            "function that makes the network: module:function, or path/to/file.py:function",
            when=_OWN,
            splits_stack=True,
        ),
    ] = ""
    own: Annotated[
        dict[str, Any], Knob("arguments of that function, less those that the data fill", when=_OWN)
    ] = {}
    replaced: Annotated[
        dict[str, Any],
        Knob("dropout rate, activation and norm in place of the network's; own leaves them", when=_OWN),
    ] = {}
    start_from: Annotated[
        str, Knob("file of existing parameters to start from: .safetensors, .pt or .pth")
    ] = ""
    start_match: Annotated[
        Literal["whole", "matching"],
        Knob("whether these must be the whole network's, or are taken where name and shape match"),
    ] = "whole"


def dotted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with every group as knobs of its own.

    Example:
        >>> dotted({"lr": 0.1, "own": {"width": 64}})
        {'lr': 0.1, 'own.width': 64}
    """
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, dict) and name in GROUPS
        flat |= {f"{name}.{key}": each for key, each in value.items()} if inner else {name: value}
    return flat


def grouped(values: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `dotted`; later values win.

    Example:
        >>> grouped({"own": {"width": 64}, "own.depth": 2, "lr": 0.1})
        {'own': {'width': 64, 'depth': 2}, 'lr': 0.1}
    """
    nested: dict[str, Any] = {}
    for name, value in dotted(values).items():
        group, _, key = name.partition(".")
        if key and group in GROUPS:
            nested.setdefault(group, {})[key] = value
        else:
            nested[name] = value
    return nested


def plain(value: Any) -> Any:
    """A value that files can hold, lists as tuples; anything else raises `TypeError`."""
    if isinstance(value, list | tuple):
        return tuple(plain(each) for each in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError
