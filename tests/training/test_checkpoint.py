"""Checkpoints: training goes on bit for bit; what is damaged is refused by name; nothing is lost half way."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from steepest.base.errors import BadInput, StoreError
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet, Form
from steepest.data.split import Split
from steepest.networks.ports import Ports
from steepest.training import checkpoint
from steepest.training.checkpoint import Checkpoint, load, save
from steepest.training.chunk import Chunk, arranged
from steepest.training.member import Member
from steepest.training.source import Source
from steepest.training.state import StackState

RULES = ("adamw", "nadamw", "momentum", "rmsprop", "adagrad", "sgd")
SHAPES: dict[Form, tuple[int, ...]] = {"table": (6,), "image": (2, 8, 8), "series": (8, 3), "text": (8,)}
PROGRAMS: dict[str, tuple[Form, dict[str, Any]]] = {
    "dense": ("table", {"norm": "batch", "dropout": 0.3, "input_noise": 0.1}),
    "dense, averaged": ("table", {"norm": "batch", "averaging": 0.9, "residual": True}),
    "convolutions": ("image", {"network": "cnn", "norm": "batch", "dropout": 0.2, "flip": 0.5}),
    "recurrent": ("series", {"network": "rnn", "cell": "gru", "dropout": 0.2}),
    "attention": ("text", {"network": "transformer", "heads": 2, "norm": "layer", "averaging": 0.5}),
}


def source_of(form: Form) -> Source:
    """Forty examples of three classes."""
    draw, shape = np.random.default_rng(0), SHAPES[form]
    x: Any = draw.normal(size=(40, int(np.prod(shape)))).astype(np.float32)
    vocabulary: tuple[str, ...] = ()
    if form == "text":
        x, vocabulary = draw.integers(0, 9, (40, shape[0]), dtype=np.int32), tuple("abcdefghi")
    data = DataSet(
        name="toy", task="classification", target="y", classes=("a", "b", "c"), x=x,
        y=draw.integers(0, 3, 40), form=form, shape=shape, vocabulary=vocabulary,
        scaled=np.ones(shape[0], np.bool_) if form == "table" else np.empty(0, np.bool_),
    )  # fmt: skip
    return Source.of(data, [Split(np.arange(30), np.arange(30, 40)), Split(np.arange(10, 40), np.arange(10))])


def members_of(knobs: dict[str, Any]) -> list[Member]:
    recipes = [
        Recipe(depth=1, width=4, batch_size=8, epochs=5, lr=0.01, schedule="cosine", optimizer=rule, **knobs)
        for rule in RULES
    ]
    return arranged([Member(7 + k, recipe, seed=k // 2, fold=k % 2) for k, recipe in enumerate(recipes)])


def assert_same_state(a: StackState, b: StackState) -> None:
    for name, tensor in checkpoint._tensors(a).items():
        assert torch.equal(tensor, checkpoint._tensors(b)[name]), name
    assert (a.alive, a.round) == (b.alive, b.round)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("program", PROGRAMS)
def test_two_rounds_and_three_through_a_file_are_five(
    program: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    form, knobs = PROGRAMS[program]
    source, members = source_of(form), members_of(knobs)
    whole, part = (Chunk(members, source, dtype=dtype) for _ in range(2))
    with torch.random.fork_rng():
        for _ in range(5):
            whole.round()
        part.round()
        part.round()
        part.state.alive[2] = whole.state.alive[2]
        save(Checkpoint(tuple(members), part.state), tmp_path / "stack.safetensors", source.ports)
        found = load(tmp_path / "stack.safetensors", source.ports)
        assert found.members == tuple(members)
        assert_same_state(found.state, part.state)
        again = Chunk(found.members, source, found.state, dtype=dtype)
        for _ in range(3):
            again.round()
    assert_same_state(again.state, whole.state)
    for name, values in whole.point().metrics.items():
        np.testing.assert_array_equal(values, again.point().metrics[name])


@pytest.fixture
def trained() -> tuple[Checkpoint, Ports]:
    source, members = source_of("table"), members_of({})
    chunk = Chunk(members, source)
    chunk.round()
    chunk.state.alive[1] = False
    return Checkpoint(tuple(members), chunk.state), source.ports


def test_a_frozen_member_stays_frozen(trained: tuple[Checkpoint, Ports], tmp_path: Path) -> None:
    given, ports = trained
    given.state.theta[1] = torch.nan
    save(given, tmp_path / "a", ports)
    found = load(tmp_path / "a", ports)
    assert found.state.alive == [True, False, True, True, True, True]
    assert found.state.theta[1].isnan().all()


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


def reworded(content: bytes) -> bytes:
    assert b'\\"round\\": 1' in content
    return content.replace(b'\\"round\\": 1', b'\\"round\\": 9')


def newer(content: bytes) -> bytes:
    return content.replace(b'"version":"1"', b'"version":"2"')


DAMAGES: list[tuple[Callable[[bytes], bytes], str]] = [
    (cut, "must be a stack's checkpoint, whole"),
    (lambda content: content[:3], "must be a stack's checkpoint, whole"),
    (lambda _: b"", "must be a stack's checkpoint, whole"),
    (lambda content: b"PK" + content, "must be a stack's checkpoint, whole"),
    (flipped, "must be as it was written"),
    (reworded, "must be as it was written"),
    (newer, "must be of version 1 or below, but got 2. Install the steepest"),
]


@pytest.mark.parametrize(("damage", "words"), DAMAGES)
def test_damage_is_told_by_the_files_name(
    damage: Callable[[bytes], bytes], words: str, trained: tuple[Checkpoint, Ports], tmp_path: Path
) -> None:
    path = tmp_path / "stack.safetensors"
    save(trained[0], path, trained[1])
    content = damage(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words) as caught:
        load(path, trained[1])
    assert caught.value.argument == str(path)
    assert path.read_bytes() == content


def test_what_is_no_checkpoint_is_refused(trained: tuple[Checkpoint, Ports], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"must be a stack's checkpoint, but got 'no file'"):
        load(tmp_path / "none", trained[1])
    save_file({"weight": torch.ones(3)}, tmp_path / "network")
    with pytest.raises(BadInput, match="another safetensors file"):
        load(tmp_path / "network", trained[1])
    save(trained[0], tmp_path / "stack", trained[1])
    with pytest.raises(BadInput, match="must hold the networks that its recipes mean here"):
        load(tmp_path / "stack", Ports.table(5, 3))


def test_what_says_too_little_is_refused(trained: tuple[Checkpoint, Ports], tmp_path: Path) -> None:
    path = tmp_path / "stack"
    save(trained[0], path, trained[1])
    said, tensors = checkpoint._read(path)
    said["stack"] = json.dumps({**json.loads(said["stack"]), "members": []})
    del said["digest"]
    save_file(tensors, path, metadata={**said, "digest": checkpoint._digest(said, tensors)})
    with pytest.raises(BadInput, match="can read, but got"):
        load(path, trained[1])


def test_a_write_that_fails_leaves_the_old_checkpoint(
    trained: tuple[Checkpoint, Ports], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, ports = trained
    save(given, tmp_path / "stack", ports)
    before = (tmp_path / "stack").read_bytes()
    given.state.round = 5

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(StoreError, match=r"stack cannot be written .No space left on device"):
            save(given, tmp_path / "stack", ports)
    assert (tmp_path / "stack").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["stack"]
    with pytest.raises(StoreError, match="No such file or directory"):
        save(given, tmp_path / "nowhere" / "stack", ports)


LIMITED = """
import resource, sys
from pathlib import Path
from steepest.base.errors import StoreError
from steepest.networks.ports import Ports
from steepest.training.checkpoint import load, save
path, ports = Path(sys.argv[1]), Ports.table(6, 3)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    save(load(path, ports), path, ports)
except StoreError as error:
    print(error)
"""


def test_a_file_that_may_not_grow_leaves_the_old_checkpoint(
    trained: tuple[Checkpoint, Ports], tmp_path: Path
) -> None:
    path = tmp_path / "stack"
    save(trained[0], path, trained[1])
    assert path.stat().st_size > 1000
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.startswith(f"{path} cannot be written")
    assert ran.stderr == ""
    assert_same_state(load(path, trained[1]).state, trained[0].state)
    assert [each.name for each in tmp_path.iterdir()] == ["stack"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000  # of that process alone
