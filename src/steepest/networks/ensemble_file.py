"""An ensemble on disk: one safetensors file that is all that is needed to use it again, nothing pickled."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.networks.ensemble import Ensemble, Made, Scaling
from steepest.networks.ports import Ports

NAME = "ensemble.safetensors"
"""Of the file in a run folder."""

VERSION = 1
"""Of the file: which tensors it holds, and what they mean."""

_KIND, _MEMBERS = "steepest ensemble", "members."


def save_ensemble(ensemble: Ensemble, path: Path) -> None:
    """Write an ensemble.

    Args:
        ensemble: what to write.
        path: its file.

    Raises:
        OSError, SafetensorError: if it cannot be written.

    Example:
        >>> import tempfile
        >>> made = Made(Recipe(network="linear"), Ports.table(1, 2), "classification", ("no", "yes"))
        >>> member = {"0.weight": torch.ones(2, 1), "0.bias": torch.zeros(2)}
        >>> ensemble = Ensemble(made, [member] * 3, [Scaling(torch.zeros(1), torch.ones(1))] * 3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_ensemble(ensemble, Path(folder, NAME))
        ...     again = load_ensemble(folder)
        >>> len(again), again.made.classes
        (3, ('no', 'yes'))
    """
    made = ensemble.made
    tensors = {_MEMBERS + name: tensor for name, tensor in ensemble.states().items()}
    tensors |= {"y_mean": ensemble.y_mean, "y_scale": ensemble.y_scale, "noise": ensemble.noise}
    tensors |= {f"reads.{name}": t for name, t in ensemble.reads.named_buffers()} if ensemble.reads else {}
    about = {
        "kind": _KIND,
        "version": str(VERSION),
        "recipe": json.dumps(made.recipe.dotted()),
        "ports": json.dumps(dataclasses.asdict(made.ports)),
        "task": made.task,
        "classes": json.dumps(made.classes),
        "single": json.dumps(made.single),
        "columns": json.dumps(made.columns),
    }
    save_file({name: t.detach().cpu().contiguous() for name, t in tensors.items()}, path, metadata=about)


def load_ensemble(place: str | Path) -> Ensemble:
    """Read an ensemble that a study kept; the study itself is not needed.

    Args:
        place: the run folder, or the file.

    Raises:
        BadInput: if there is no such file, or it is damaged, another one, or of a newer steepest.
    """
    path = Path(place)
    path = path / NAME if path.is_dir() else path
    about, tensors = _read(path)
    if about.get("kind") != _KIND:
        raise _refusal(path, "must be an ensemble's file", "another safetensors file")
    if int(about["version"]) > VERSION:
        remedy = "Install the steepest that wrote it."
        raise BadInput(str(path), f"must be of version {VERSION} or below", int(about["version"]), remedy)
    try:
        made = _made(about)
        states = {n.removeprefix(_MEMBERS): t for n, t in tensors.items() if n.startswith(_MEMBERS)}
        count = len(tensors["y_mean"])
        members = [{name: tensor[k] for name, tensor in states.items()} for k in range(count)]
        return Ensemble(made, members, _scalings(tensors, count), float(tensors["noise"]))
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise _refusal(path, "must be an ensemble that this steepest can read", str(error)) from error


def _made(about: dict[str, str]) -> Made:
    said: dict[str, Any] = {name: json.loads(text) for name, text in about.items() if name in _JSON}
    ports = {name: _frozen(value) for name, value in said["ports"].items()}
    return Made(
        Recipe.make(**said["recipe"]), Ports(**ports), about["task"], tuple(said["classes"]), said["single"],
        said["columns"],
    )  # fmt: skip


_JSON = ("recipe", "ports", "classes", "single", "columns")


def _scalings(tensors: dict[str, Tensor], count: int) -> list[Scaling]:
    numbers = tensors["y_mean"].flatten().tolist(), tensors["y_scale"].flatten().tolist()
    if "reads.mean" not in tensors:  # tokens
        nothing = torch.empty(0)
        return [Scaling(nothing, nothing, y_mean=m, y_scale=s) for m, s in zip(*numbers, strict=True)]
    mean, scale, clip, edges = (tensors[f"reads.{name}"] for name in ("mean", "scale", "clip", "edges"))
    return [
        Scaling(mean[k, 0], scale[k, 0], float(clip[k]), edges[k], numbers[0][k], numbers[1][k])
        for k in range(count)
    ]


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            about: dict[str, str] = file.metadata() or {}
            return about, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        remedy = "Keep it: steepest tune DATA --keep ensemble."
        raise BadInput(str(path), "must be an ensemble's file", "no file", remedy) from error
    except (SafetensorError, OSError) as error:
        raise _refusal(path, "must be an ensemble's file, whole", str(error)) from error


def _refusal(path: Path, constraint: str, given: str) -> BadInput:
    return BadInput(str(path), constraint, given, "Name a run folder that holds ensemble.safetensors.")
