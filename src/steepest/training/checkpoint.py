"""A stack on disk: its state, and who its members are, in one safetensors file.

A file is written beside its place, forced to the disk and put there in one move: whoever looks finds the old
checkpoint or the new one, whole, also where the power failed or the disk was full half way.
"""

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from steepest.base.errors import BadInput, StoreError
from steepest.base.recipe import Recipe
from steepest.networks.architecture import spec_of
from steepest.networks.ports import Ports
from steepest.rules.stacked import RuleState
from steepest.training.layout import Layout
from steepest.training.member import Member
from steepest.training.state import StackState

VERSION = 1
"""Of the file: which tensors it holds, and what they mean."""

_KIND = "steepest stack"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A stack between two rounds of its training.

    Args:
        members: whose state it is, row by row.
        state: everything that training changes.
    """

    members: tuple[Member, ...]
    state: StackState


def save(checkpoint: Checkpoint, path: Path, ports: Ports) -> None:
    """Write a checkpoint, in place of one that is there.

    Args:
        checkpoint: what to write.
        path: its file; the folder must be there.
        ports: what the members' networks read and write.

    Raises:
        StoreError: if it cannot be written, as where the disk is full; what was there before is still there.

    Example:
        >>> ports, member = Ports.table(2, 1), Member(0, Recipe(width=3), seed=0)
        >>> state = StackState(torch.zeros(1, 26), RuleState.zeros(torch.zeros(1, 26)), [True], round=4)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(Checkpoint((member,), state), Path(folder, "stack.safetensors"), ports)
        ...     load(Path(folder, "stack.safetensors"), ports).state.round
        4
    """
    tensors = _tensors(checkpoint.state)
    said = _said(checkpoint, ports)
    part = ""
    try:
        handle, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
        save_file(tensors, part, metadata={**said, "digest": _digest(said, tensors)})
        _to_disk(Path(part))
        Path(part).replace(path)
        _to_disk(path.parent)
    except (OSError, SafetensorError) as error:
        raise StoreError(
            f"{path} cannot be written ({_cause(error)}). Free some space, or use another folder; what was "
            "there before is kept."
        ) from error
    finally:
        if part:
            Path(part).unlink(missing_ok=True)


def load(path: Path, ports: Ports) -> Checkpoint:
    """Read a checkpoint. Trained on in the same way, it goes on bit for bit as if it had never stopped.

    Args:
        path: a file that `save` wrote.
        ports: what the members' networks read and write, as then.

    Raises:
        BadInput: if it is no checkpoint, damaged, cut short, of a newer steepest or of other networks.
    """
    said, tensors = _read(path)
    if said.get("kind") != _KIND:
        raise _refusal(path, "must be a stack's checkpoint", "another safetensors file")
    if int(said["version"]) > VERSION:
        remedy = "Install the steepest that wrote it."
        raise BadInput(str(path), f"must be of version {VERSION} or below", int(said["version"]), remedy)
    digest = said.pop("digest", "")
    if digest != _digest(said, tensors):
        raise _refusal(path, "must be as it was written", "a file whose contents have changed")
    try:
        checkpoint = _checkpoint(json.loads(said["stack"]), tensors)
        layout = _columns(checkpoint, ports)
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise _refusal(path, "must be a checkpoint that this steepest can read", str(error)) from error
    if layout != json.loads(said["layout"]):
        remedy = "Go on with the data and the steepest that it was written with."
        raise BadInput(str(path), "must hold the networks that its recipes mean here", "others", remedy)
    return checkpoint


# -- details ---------------------------------------------------------------------------------------------


def _tensors(state: StackState) -> dict[str, Tensor]:
    """Every tensor of a state by name. Fields that are added to it are saved without a word here."""
    parts: dict[str, Any] = {"": state, "rule.": state.rule}
    return {
        prefix + field.name: value.contiguous()
        for prefix, part in parts.items()
        for field in dataclasses.fields(part)
        if isinstance(value := getattr(part, field.name), Tensor)
    }


def _said(checkpoint: Checkpoint, ports: Ports) -> dict[str, str]:
    members = [
        {"number": m.number, "seed": m.seed, "fold": m.fold, "recipe": m.recipe.dotted()}
        for m in checkpoint.members
    ]
    fields = {field.name: getattr(checkpoint.state, field.name) for field in dataclasses.fields(StackState)}
    plain = {name: value for name, value in fields.items() if not isinstance(value, Tensor | RuleState)}
    return {
        "kind": _KIND,
        "version": str(VERSION),
        "stack": json.dumps({"members": members, "state": plain}),
        "layout": json.dumps(_columns(checkpoint, ports)),
        "torch": torch.__version__,
    }


def _columns(checkpoint: Checkpoint, ports: Ports) -> dict[str, list[list[int]]]:
    """Where every parameter and running mean lies in its row: its first number, shape and strides."""
    spec = spec_of(checkpoint.members[0].recipe, ports)
    layout = Layout(spec, checkpoint.state.channels_last)
    rows = torch.empty(1, layout.size), torch.empty(1, layout.buffer_size)
    views = {name: layout.view(rows[0], name)[0] for name in spec.parameter_shapes}
    views |= {name: layout.buffer_view(rows[1], name)[0] for name in layout.buffers}
    return {
        name: [[int(view.storage_offset())], list(view.shape), list(view.stride())]
        for name, view in views.items()
    }


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            said: dict[str, str] = file.metadata() or {}
            return said, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise _refusal(path, "must be a stack's checkpoint", "no file") from error
    except (SafetensorError, OSError) as error:
        raise _refusal(path, "must be a stack's checkpoint, whole", str(error)) from error


def _checkpoint(stack: Mapping[str, Any], tensors: dict[str, Tensor]) -> Checkpoint:
    rule = {name.removeprefix("rule."): t for name, t in tensors.items() if name.startswith("rule.")}
    own: dict[str, Any] = {name: t for name, t in tensors.items() if not name.startswith("rule.")}
    members = tuple(
        Member(m["number"], Recipe.make(**m["recipe"]), m["seed"], m["fold"]) for m in stack["members"]
    )
    state = StackState(rule=RuleState(**rule), **own, **stack["state"])
    if not len(members) == len(state.alive) == len(state.theta) > 0:
        raise ValueError(f"{len(members)} members, {len(state.theta)} rows")
    return Checkpoint(members, state)


def _digest(said: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    """A checksum of all that the file says and holds."""
    found = hashlib.blake2b(json.dumps(sorted(said.items())).encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        found.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _to_disk(path: Path) -> None:
    """Force a file, or a folder's list of files, out of the system's memory."""
    if path.is_dir() and os.name == "nt":  # there folders cannot be opened
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cause(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    full = "StorageFull" in str(error) or "No space left" in str(error) or "code: 28" in str(error)
    return "no space left on the disk" if full else str(error)


def _refusal(path: Path, constraint: str, given: str) -> BadInput:
    return BadInput(str(path), constraint, given, "Go on from an older checkpoint, or start anew.")
