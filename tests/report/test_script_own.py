"""The exported script of the user's own network, and of one that starts from existing parameters."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from steepest.apps.exporting import START, facts_of, layer_text, write_start
from steepest.base.recipe import Recipe
from steepest.data.dataset import Column, DataSet
from steepest.networks.architecture import build, spec_of
from steepest.report.script import training_script
from steepest.training.source import ports_of

FACTORY = """
from torch import nn

def {name}(inputs: int, outputs: int, width: int = 8, shrink: tuple = (1, 2)):
    layers = [nn.Linear(inputs, width), nn.LayerNorm(width), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.{last})
"""
RUFF = Path(sys.executable).with_name("ruff")


@pytest.fixture
def data() -> DataSet:
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (80, 3)).astype(np.float32)
    y = (x[:, 0] > 3).astype(np.int64)
    return DataSet(
        "toy", "classification", "y", ("no", "yes"), x, y, tuple("abc"), np.ones(3, bool),
        tuple(Column(name, "number") for name in "abc"),
    )  # fmt: skip


def write_factory(folder: Path, name: str = "make", last: str = "Linear(width, outputs)") -> str:
    path = folder / f"net_{name}.py"
    path.write_text(FACTORY.format(name=name, last=last), encoding="utf-8")
    return f"{path}:{name}"


def run_in(folder: Path, data: DataSet, source: str, *found: Path) -> str:
    """What the script prints, its style checked before."""
    (folder / "train.py").write_text(source, encoding="utf-8")
    np.savez(
        folder / "data.npz", x=data.x, y=data.y, scaled=data.scaled,
        train_rows=np.arange(60), test_rows=np.arange(60, 80),
    )  # fmt: skip
    command = [sys.executable, "-W", "error", "train.py"]
    environment = {**os.environ, "PYTHONPATH": ":".join(map(str, found))}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def own(factory: str, **changes: object) -> Recipe:
    return Recipe(
        network="own", factory=factory, initialisation="own", epochs=20, lr=0.02, batch_size=16, **changes
    )


def test_the_users_function_is_imported_and_the_heading_says_so(data, tmp_path):
    nets, folder = tmp_path / "nets", tmp_path / "run"
    nets.mkdir(), folder.mkdir()
    source = training_script(facts_of(data, own(write_factory(nets), own={"width": 16})))
    assert "from net_make import make\n" in source
    assert f"PYTHONPATH='{nets}' python train.py" in ast.get_docstring(ast.parse(source))
    assert "initialise" not in source
    last = run_in(folder, data, source, nets)
    assert float(last.split()[2]) > 0.85


@pytest.mark.parametrize("last", ["Linear(width, outputs)", "LazyLinear(outputs)"])
def test_replaced_layers_are_those_of_the_study(data, tmp_path, last):
    factory = write_factory(tmp_path, "train", last)
    replaced = {"dropout": 0.25, "activation": "gelu", "norm": "rms"}
    recipe = own(factory, replaced=replaced).replace(initialisation="he_normal")
    source = training_script(facts_of(data, recipe))
    assert "import train as own_train" in source
    script = {"__name__": "exported"}
    sys.path.insert(0, str(tmp_path))
    try:
        exec(compile(source, "train.py", "exec"), script)
        network = script["make_network"]()
    finally:
        sys.path.remove(str(tmp_path))
    wanted = build(spec_of(recipe, ports_of(data)))
    assert str(network) == str(wanted)
    assert [type(layer) for layer in network] == [nn.Linear, nn.RMSNorm, nn.GELU, nn.Dropout, nn.Linear]
    with torch.random.fork_rng():
        script["initialise"](network, "he_normal", script["GAIN"])
    network.load_state_dict(wanted.state_dict())
    decayed = {id(weight) for weight in script["weights_of"](network)}
    names = {name for name, parameter in network.named_parameters() if id(parameter) in decayed}
    assert names == set(spec_of(recipe, ports_of(data)).decayed)


def test_training_starts_from_existing_parameters(data, tmp_path):
    torch.save({"0.weight": torch.full((8, 3), 0.5), "else": torch.zeros(2)}, tmp_path / "given.pt")
    changes = {
        "start_from": str(tmp_path / "given.pt"),
        "start_match": "matching",
        "lr": 0.0,
        "weight_decay": 0.0,
    }
    recipe = Recipe(width=8, depth=1, epochs=1, **changes)
    write_start(tmp_path / START, recipe, spec_of(recipe, ports_of(data)))
    with np.load(tmp_path / START) as file:
        assert file.files == ["0.weight"]
    source = training_script(facts_of(data, recipe))
    assert "start.npz beside this one" in ast.get_docstring(ast.parse(source))
    show = source.replace('if __name__ == "__main__":\n    main()', "")
    show = show.replace(
        "    train(network,", "    print(network[0].weight.mean().item())\n    train(network,"
    )
    assert run_in(tmp_path, data, show + "\n\nmain()\n").startswith("test accuracy")
    printed = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert printed.splitlines()[0] == "0.5"


def test_scripts_are_clean(data, tmp_path):
    factory = write_factory(tmp_path)
    (tmp_path / "own.py").write_text(
        training_script(facts_of(data, own(factory, replaced={"dropout": 0.1, "norm": "none"}))),
        encoding="utf-8",
    )
    if not RUFF.exists():
        pytest.skip("ruff is not installed beside this Python: style not checked")
    rules = ["--line-length", "110", "--select", "E,F,W,B,UP,SIM,RET,C4,ARG,PERF"]
    for command in (["check", "--no-cache", *rules], ["format", "--no-cache", "--check", *rules[:2]]):
        line = [str(RUFF), command[0], "--isolated", *command[1:], str(tmp_path / "own.py")]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.parametrize("layer", [nn.GELU(), nn.BatchNorm2d(4), nn.RMSNorm(4, eps=1e-5), nn.GroupNorm(2, 4)])
def test_layers_are_written_as_expressions(layer):
    assert repr(eval(layer_text(layer), {"nn": nn})) == repr(layer)
