"""Existing parameters: read from a file, and fitted to a network by name and shape."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from steepest.base.errors import BadInput, closest

SUFFIXES = (".safetensors", ".pt", ".pth")
_WRAPPERS = ("module.", "_orig_mod.")
"""What data-parallel and compiled networks put before every name."""
_NESTS = ("state_dict", "model_state_dict", "model")
"""Where checkpoints keep the parameters, beside an optimizer's state and the like."""
_SHOWN = 6


class Matched(NamedTuple):
    """What a network takes from existing parameters.

    Args:
        taken: name → tensor, in the network's names and shapes.
        said: one sentence each on what was taken, left and started afresh.
    """

    taken: dict[str, Tensor]
    said: tuple[str, ...]


def read_parameters(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a file, by name, on the CPU.

    A `.pt` or `.pth` file is read without running code that it may hold. Where it is a whole checkpoint, its
    parameters are found under "state_dict", "model_state_dict" or "model". A "module." or "_orig_mod." before
    every name is taken off.

    Args:
        path: of a `.safetensors`, `.pt` or `.pth` file.

    Raises:
        BadInput: for another kind of file, one that cannot be read, and one that holds no tensors by name.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "layer.pt"
        >>> torch.save(torch.nn.Linear(2, 1).state_dict(), path)
        >>> {name: tuple(value.shape) for name, value in read_parameters(path).items()}
        {'weight': (1, 2), 'bias': (1,)}
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        remedy = "Save them by torch.save(network.state_dict(), 'network.pt'), or as safetensors."
        raise BadInput("parameters", f"must be a file that ends in {', '.join(SUFFIXES)}", str(path), remedy)
    if not path.is_file():
        raise BadInput("parameters", "must be a file", f"{path} (not found)", "Check the path.")
    read = _safetensors if path.suffix.lower() == ".safetensors" else _torch
    return _unwrapped(read(path))


def matching(wanted: Mapping[str, tuple[int, ...]], given: Mapping[str, Tensor], whole: bool) -> Matched:
    """What a network takes from existing parameters.

    Args:
        wanted: name → shape of the network's parameters, and of its running means.
        given: the existing parameters.
        whole: True: every one must be there, in its shape, and no other. False: those whose name and shape
            match are taken, and the rest starts as it would have.

    Raises:
        BadInput: if the whole does not match, if nothing does, and for a number that is not finite.

    Example:
        >>> taken, said = matching({"a": (2,), "b": (3,)}, {"a": torch.ones(2), "b": torch.ones(4)}, False)
        >>> list(taken), said
        (['a'], ('took 1 of 2 parameters', 'started afresh, of another shape: b (here 3, there 4)'))
    """
    given = {name: value for name, value in given.items() if not name.endswith("num_batches_tracked")}
    fitting = [name for name, shape in wanted.items() if name in given and tuple(given[name].shape) == shape]
    misshapen = [name for name in wanted if name in given and name not in fitting]
    missing = [name for name in wanted if name not in given]
    unknown = [name for name in given if name not in wanted]
    shapes = [f"{n} (here {_size(wanted[n])}, there {_size(given[n].shape)})" for n in misshapen]
    differences = [
        (f"{fate}, " * (not whole)) + f"{what}: {_listed(names)}"
        for fate, what, names in (
            ("started afresh", "of another shape", shapes),
            ("started afresh", "not given", missing),
            ("left", "not in the network", unknown),
        )
        if names
    ]
    if whole and differences:
        remedy = "Use the network they were trained in, or take what matches: matching=True, --matching."
        raise BadInput("parameters", "must be those of the network", "; ".join(differences), remedy)
    if not fitting:
        example = closest(missing[0], unknown) if missing and unknown else ""
        remedy = f"For {missing[0]!r}: {example}" if example else "Check the network's sizes."
        raise BadInput("parameters", "must match at least one name and shape", _listed(given), remedy)
    for name in fitting:
        if not torch.isfinite(given[name]).all():
            raise BadInput(
                "parameters", "must be finite", f"{name} with NaN or infinity", "Use an earlier checkpoint."
            )
    taken = {name: given[name].detach().clone() for name in fitting}
    return Matched(taken, (f"took {len(fitting)} of {len(wanted)} parameters", *differences))


def _safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # arbitrary bytes can fail in any way
        if "Unsupported global" not in str(error) and "Unsupported class" not in str(error):
            raise _unreadable(path, error) from None
        constraint = "must hold tensors only: reading other objects would run code that the file holds"
        remedy = "Save network.state_dict() instead of the network itself, or write safetensors."
        raise BadInput("parameters", constraint, str(path), remedy) from None


def _unreadable(path: Path, error: Exception) -> BadInput:
    reason = str(error).strip().split("\n")[0].rstrip(".")[:120] or type(error).__name__
    remedy = "Copy or save it again: it may be cut short, or another kind of file."
    return BadInput("parameters", "must be a readable file", f"{path} ({reason})", remedy)


def _unwrapped(found: Any) -> dict[str, Tensor]:
    """name → tensor, out of a checkpoint and without a wrapper's prefix."""
    if isinstance(found, Mapping):
        found = next((found[nest] for nest in _NESTS if isinstance(found.get(nest), Mapping)), found)
    tensors = isinstance(found, Mapping) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()
    )
    if not found or not tensors:
        got = _listed(map(str, found)) if isinstance(found, Mapping) else type(found).__name__
        remedy = "Save network.state_dict()."
        raise BadInput("parameters", "must hold tensors by name", got or "nothing", remedy)
    named: dict[str, Tensor] = dict(found)
    for wrapper in _WRAPPERS:
        if all(name.startswith(wrapper) for name in named):
            named = {name.removeprefix(wrapper): value for name, value in named.items()}
    return named


def _size(shape: Iterable[int]) -> str:
    return "×".join(map(str, shape)) or "a number"


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
