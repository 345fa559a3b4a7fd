"""The exported script reads a table's numbers in bins as a study does, where the recipe asks for it."""

import importlib.util
import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from steepest.apps.exporting import facts_of
from steepest.base.recipe import Recipe
from steepest.data.dataset import Column, DataSet
from steepest.data.split import Split
from steepest.data.standardise import CLIP, Standardiser
from steepest.networks.architecture import build, spec_of, starting_parameters
from steepest.report.script import training_script
from steepest.report.script.excerpt import unresolved
from steepest.training import precision
from steepest.training.chunk import Chunk
from steepest.training.member import Member
from steepest.training.source import Source, ports_of

RUFF = Path(sys.executable).with_name("ruff")
ROWS, TRAIN = 200, 150
FOLDED = (
    {"norm": "none"},
    {"norm": "batch", "depth": 1},
    {"residual": True, "norm": "rms"},
    {"norm": "group", "taper": 0.5},
)


def data_of(codes: bool) -> DataSet:
    """Numbers that are missing, mostly zero, mostly 3, constant or few; a boolean; a code."""
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (ROWS, 7)).astype(np.float32)
    x[rng.random(ROWS) < 0.2, 0] = np.nan
    x[:, 1] = np.where(rng.random(ROWS) < 0.7, 0, np.abs(x[:, 1]))
    x[:, 2] = np.where(rng.random(ROWS) < 0.7, 3, x[:, 2])
    x[:, 3], x[:, 4], x[:, 5] = 0.1, np.round(x[:, 4]), x[:, 5] > 3
    x[7, 0], x[160, 0] = 500, -500
    kinds = ["number"] * 5 + ["boolean", "code" if codes else "number"]
    if codes:
        x[:, 6] = rng.integers(0, 4, ROWS)
    columns = tuple(
        Column(name, kind, values=("u", "v", "w") if kind == "code" else ())
        for name, kind in zip("abcdefg", kinds, strict=True)
    )
    scaled = np.array([kind == "number" for kind in kinds])
    y = np.nan_to_num(x[:, 1]) + x[:, 5].astype(np.float64)
    return DataSet("toy", "regression", "y", (), x, y, tuple("abcdefg"), scaled, columns)


def write(data: DataSet, recipe: Recipe, folder: Path) -> ModuleType:
    """The script beside its data, as a module."""
    rows = {"train_rows": np.arange(TRAIN), "test_rows": np.arange(TRAIN, ROWS)}
    np.savez(folder / "data.npz", x=data.x, y=data.y, scaled=data.scaled, **rows)
    path = folder / "train.py"
    path.write_text(training_script(facts_of(data, recipe)), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("exported_train", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("codes", [False, True], ids=["numbers", "codes"])
@pytest.mark.parametrize("bins", [4, 8, 16, 32, 64])
def test_inputs_are_those_of_the_data_room(bins: int, codes: bool, tmp_path: Path) -> None:
    data = data_of(codes)
    module = write(data, Recipe(bins=bins), tmp_path)
    standard = Standardiser.fit(data, np.arange(TRAIN))
    read = module.read_data(tmp_path / "data.npz")
    if codes:
        ends, theirs = read.ends, module.inputs_of(read, torch.arange(ROWS))
        assert (theirs.shape[1],) == module.SHAPE
    else:
        rows = torch.cat([read["x"], read["x_test"]])
        ends, theirs = read["ends"], module.inputs_of(rows, read["ends"])
    ours = standard.x(data, bins)
    np.testing.assert_array_equal(ends.numpy(), standard.edges(bins))
    assert theirs.dtype == torch.float32
    assert theirs.shape == (ROWS, 7 + bins * (5 if codes else 6))
    np.testing.assert_array_equal(theirs, ours)
    assert theirs[:, 0].max() == CLIP
    between = (ours[:, 7:] > 0) & (ours[:, 7:] < 1)
    assert between.any()


@pytest.mark.parametrize("codes", [False, True], ids=["numbers", "codes"])
@pytest.mark.parametrize("more", FOLDED, ids=["plain", "batch", "residual", "group"])
def test_network_is_the_one_that_is_built(more: dict, codes: bool, tmp_path: Path) -> None:
    data, recipe = data_of(codes), Recipe(width=8, bins=16, **more)
    module = write(data, recipe, tmp_path)
    built = build(spec_of(recipe, ports_of(data))).state_dict()
    made = module.make_network().state_dict()
    assert {name: value.shape for name, value in made.items()} == {n: v.shape for n, v in built.items()}


@pytest.mark.parametrize("codes", [False, True], ids=["numbers", "codes"])
def test_noise_leaves_bins_alone_and_dropout_does_not(codes: bool, tmp_path: Path) -> None:
    data = data_of(codes)
    module = write(data, Recipe(bins=8, input_noise=0.25), tmp_path)
    read = module.read_data(tmp_path / "data.npz")
    noise = read.noise if codes else read["noise"]
    varies = Standardiser.fit(data, np.arange(TRAIN)).varies
    assert varies.any()
    assert noise.tolist() == [*(0.25 * varies).tolist(), *[0.0] * 8 * (5 if codes else 6)]
    module = write(data, Recipe(bins=8, input_dropout=0.9), tmp_path)
    perturbed = module.augmented if codes else module.perturbed
    with torch.random.fork_rng():
        left = perturbed(torch.ones(100, 47)).mean(0)
    assert 0 < left.min() < left.max() < 0.5


def test_script_runs_and_prints_the_metric(tmp_path, capsys, monkeypatch) -> None:
    module = write(
        data_of(codes=False), Recipe(bins=16, width=32, epochs=40, lr=1e-2, schedule="cosine"), tmp_path
    )
    monkeypatch.setattr(sys, "argv", ["train.py"])
    with torch.random.fork_rng():
        module.main()
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith("(50 rows)")
    assert float(last.split("R2 ")[1].split(",")[0]) > 0.9


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_training_of_a_dense_network_follows_the_engine(
    norm: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    data = data_of(codes=False)
    recipe = Recipe(bins=8, width=8, norm=norm, optimizer="gd", lr=0.1, l2=1e-3, weight_decay=0.1)
    source = Source.of(data, [Split(np.arange(TRAIN), np.arange(TRAIN, ROWS))])
    chunk = Chunk([Member(0, recipe, seed=3)], source)
    for _ in range(4):
        chunk.round()
    module = write(data, recipe, tmp_path)
    network, read = module.make_network(), module.read_data(tmp_path / "data.npz")
    start = starting_parameters(recipe, spec_of(recipe, ports_of(data)), 3, torch.float32)
    network.load_state_dict(start, strict=False)
    y = (read["y"] - read["y"].mean()) / read["y"].std(correction=0)
    module.train(network, read["x"], y.float(), 4, read["ends"])
    assert capsys.readouterr().out.count("loss of the last batch") == 4
    for name, expected in chunk.parameters(0).items():
        torch.testing.assert_close(network.state_dict()[name], expected, rtol=2e-3, atol=2e-5)
    assert not torch.equal(network.state_dict()["0.weight"], start["0.weight"])


def test_every_script_is_clean_and_uses_only_what_it_defines(tmp_path: Path) -> None:
    kinds = {"input_noise": 0.1, "input_dropout": 0.2, "mixup": 0.3}
    augmented = [{}, *({k: v} for k, v in kinds.items()), kinds]
    classes = {"classification": ("a", "b"), "regression": (), "multilabel": ("a", "b")}
    data = data_of(codes=False)
    y = data.x[:, 5]
    targets = {
        "classification": y.astype(np.int64),
        "regression": data.y,
        "multilabel": np.stack([y, 1 - y], 1),
    }
    every = itertools.product(
        classes, augmented, ({}, {"class_weights": 0.5, "focal": 1.0, "optimizer": "gd"}), ("none", "batch")
    )
    for i, (task, some, more, norm) in enumerate(every):
        of_task = replace(data, task=task, classes=classes[task], y=targets[task])
        source = training_script(facts_of(of_task, Recipe(bins=16, norm=norm, **some, **more)))
        assert not unresolved(source)
        (tmp_path / f"train_{i}.py").write_text(source, encoding="utf-8")
    if not RUFF.exists():
        pytest.skip("ruff is not installed beside this Python: style not checked")
    rules = ["--line-length", "110", "--select", "E,F,W,I,B,UP,SIM,RET,C4,ARG,PERF"]
    for command in (["check", "--no-cache", *rules], ["format", "--no-cache", "--check", *rules[:2]]):
        line = [str(RUFF), command[0], "--isolated", *command[1:], str(tmp_path)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_script_of_classes_runs(task: str, tmp_path: Path, capsys, monkeypatch) -> None:
    data = data_of(codes=False)
    y = data.x[:, 5].astype(np.int64)
    y = y if task == "classification" else np.stack([y, 1.0 - y], 1)
    data = replace(data, task=task, classes=("a", "b"), y=y)
    module = write(data, Recipe(bins=4, width=8, epochs=20, lr=1e-2, mixup=0.2, input_noise=0.1), tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])
    with torch.random.fork_rng():
        module.main()
    last = capsys.readouterr().out.splitlines()[-1]
    assert float(last.split(" (")[0].split()[-1]) > 0.9


@pytest.mark.parametrize(
    "knobs", [{}, {"network": "linear", "bins": 8}, {"residual": True}], ids=["off", "linear", "module"]
)
def test_nothing_of_bins_is_written_where_there_are_none(knobs: dict) -> None:
    for codes in (False, True):
        source = training_script(facts_of(data_of(codes), Recipe(**knobs)))
        for word in ("BINS", "bins", "ends_of", " ends", '"ends"', "quantile", "inputs, then", "outputs_of"):
            assert word not in source, word
