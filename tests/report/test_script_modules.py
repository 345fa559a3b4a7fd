"""The exported script for every family, form of data and task trains as the engine does."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
import torch

from steepest.apps.exporting import AUGMENTATION, _pasted, facts_of
from steepest.base.recipe import Recipe
from steepest.data.dataset import Column, DataSet
from steepest.data.split import Split
from steepest.networks import architecture
from steepest.networks.architecture import build, spec_of, starting_parameters
from steepest.networks.families import _FILES
from steepest.report.script import training_script
from steepest.report.script.augmentation import IMAGE_KINDS
from steepest.report.script.excerpt import _parts, unresolved
from steepest.training.chunk import Chunk
from steepest.training.job import Job, run
from steepest.training.member import Member
from steepest.training.source import Source, ports_of
from steepest.training.way import Way

RUFF = Path(sys.executable).with_name("ruff")
ROWS, TRAIN = 96, 72
CLASSES = {"classification": ("a", "b", "c"), "multilabel": ("p", "q", "r")}


class Case(NamedTuple):
    """Args:
    form, task: of the data.
    recipe: what is fitted.
    augmented: knobs that a second script has on.
    """

    form: str
    task: str
    recipe: dict
    augmented: dict = {}  # noqa: RUF012


LIGHT = {"brightness": 0.1, "contrast": 0.1, "colour": 0.1}
CASES = {
    "image cnn": Case(
        "image", "classification", {"network": "cnn", "depth": 2, "width": 8, "norm": "batch"},
        {"flip": 0.5, "shift": 0.13, "erase": 0.2, "mixup": 0.2, "cutmix": 1.0, "augment_some": 2, **LIGHT},
    ),
    "image cnn residual": Case(
        "image", "regression", {"network": "cnn", "depth": 1, "width": 4, "residual": True, "error": "huber"},
        {"rotate": 5.0, "scale": 0.1, "flip": 0.5, "cutmix": 1.0},
    ),
    "image cnn separable": Case(
        "image", "multilabel",
        {"network": "cnn", "depth": 2, "width": 8, "convolution": "separable", "norm": "group",
         "class_weights": 0.5, "focal": 1.0, "stem": "half"},
        {"shift": 0.13, "mixup": 0.2, "input_noise": 0.1, "input_dropout": 0.1},
    ),
    "volume cnn": Case("volume", "classification", {"network": "cnn", "depth": 1, "width": 4}, {"flip": 0.5}),
    "image mlp": Case(
        "image", "classification", {"network": "mlp", "width": 8, "norm": "layer", "class_weights": 1.0},
        {"mixup": 0.2, "input_noise": 0.1, "flip": 0.5},
    ),
    "series lstm": Case(
        "series", "classification",
        {"network": "rnn", "cell": "lstm", "width": 8, "bidirectional": True, "focal": 2.0},
        {"time_shift": 0.1, "time_mask": 0.2, "magnitude": 0.1, "input_noise": 0.1},
    ),
    "series cnn": Case(
        "series", "regression", {"network": "cnn", "depth": 2, "width": 8, "pooling": "average"},
        {"mixup": 0.1},
    ),
    "series mlp": Case("series", "forecasting", {"network": "mlp", "width": 8, "error": "absolute"}),
    "series gru": Case(
        "series", "forecasting", {"network": "rnn", "width": 8, "depth": 2, "l1": 1e-3}, {"magnitude": 0.1}
    ),
    "series transformer": Case(
        "series", "multilabel", {"network": "transformer", "width": 8, "depth": 1, "heads": 2, "norm": "rms"}
    ),
    "text transformer": Case(
        "text", "classification",
        {"network": "transformer", "width": 8, "depth": 1, "heads": 2, "norm": "layer", "readout": "mean",
         "label_smoothing": 0.1, "initialisation": "normal", "zero_init": True},
        {"token_dropout": 0.1},
    ),
    "text cnn": Case(
        "text", "classification", {"network": "cnn", "depth": 1, "width": 8, "class_weights": 1.0}
    ),
    "text gru": Case("text", "multilabel", {"network": "rnn", "width": 8, "initialisation": "orthogonal"}),
    "tokens gru": Case("text", "next-token", {"network": "rnn", "width": 8, "focal": 1.0}),
    "tokens transformer": Case(
        "text", "next-token", {"network": "transformer", "width": 8, "depth": 1, "label_smoothing": 0.1}
    ),
    "table residual": Case(
        "table", "regression", {"network": "mlp", "residual": True, "width": 8, "norm": "rms"},
        {"mixup": 0.2, "input_noise": 0.1},
    ),
    "table codes": Case(
        "codes", "classification", {"network": "mlp", "width": 8, "norm": "batch", "embedding": 3},
        {"mixup": 0.2, "input_noise": 0.1, "input_dropout": 0.1},
    ),
    "table bins": Case(
        "table", "regression", {"network": "mlp", "residual": True, "width": 8, "norm": "rms", "bins": 4},
        {"mixup": 0.2, "input_noise": 0.1, "input_dropout": 0.1},
    ),
    "table bins codes": Case(
        "codes", "multilabel", {"network": "mlp", "residual": True, "norm": "group", "width": 8, "bins": 4},
        {"mixup": 0.2, "input_noise": 0.1, "input_dropout": 0.1},
    ),
    "table linear codes": Case("codes", "multilabel", {"network": "linear", "embedding": 3, "focal": 1.0}),
}  # fmt: skip
PLAIN = {"epochs": 4, "optimizer": "gd", "lr": 0.1, "schedule": "cosine", "warmup": 0.3, "clip_norm": 1.0,
         "weight_decay": 0.1, "l2": 1e-3, "averaging": 0.6}  # fmt: skip


def targets(kinds: np.ndarray, task: str) -> np.ndarray:
    if task == "classification":
        return kinds.astype(np.int64)
    if task == "multilabel":
        return np.stack([kinds == 0, kinds >= 1, kinds == 2], 1).astype(np.float64)
    return 20.0 * kinds + 5 if task == "regression" else np.stack([10.0 * kinds, 5.0 - kinds], 1)


def data_of(case: Case) -> DataSet:
    """Rows of three kinds, told apart by bright bands, levels or tokens; a few numbers are missing."""
    rng = np.random.default_rng(0)
    kinds, more, form = rng.integers(0, 3, ROWS), {}, case.form
    if form in ("image", "volume"):
        shape, form = ((2, 8, 8), "image") if form == "image" else ((1, 4, 4, 4), "image")
        x = rng.integers(0, 60, (ROWS, *shape))
        for row, kind in zip(x, kinds, strict=True):
            row[..., kind : kind + 2, :] += 150
        x, more = x.astype(np.uint8), {"shape": shape}
    elif form == "series":
        x = rng.normal(3, 1, (ROWS, 10, 2)).astype(np.float32) + 3 * kinds[:, None, None].astype(np.float32)
        x[rng.random(x.shape) < 0.02] = np.nan
        more = {"shape": (10, 2)}
    elif form == "text":
        x = rng.integers(2, 5, (ROWS, 12))
        x = np.where(rng.random(x.shape) < 0.5, 5 + kinds[:, None], x).astype(np.int32)
        x[:5, 9:] = 0
        more = {"vocabulary": tuple("⌀?abcxyz"), "shape": (12,)}
        if case.task == "next-token":
            x = ((np.arange(13) + rng.integers(0, 6, (ROWS, 1))) % 6 + 2).astype(np.int32)
            classes, y = more["vocabulary"], x[:, 1:].astype(np.int64)
            return DataSet("letters", "next-token", "", classes, x[:, :-1], y, form="text", **more)
    else:
        x = rng.normal(3, 2, (ROWS, 4)).astype(np.float32)
        x[:, 1], x[:, 2] = 6 * kinds + x[:, 1], kinds == 1
        x[3, 0] = np.nan
        if form == "codes":
            x[:, 3] = np.where(rng.random(ROWS) < 0.9, kinds + 1, 0)
        last = Column("d", "code", values=("u", "v", "w")) if form == "codes" else Column("d", "number")
        columns = (Column("a", "number"), Column("b", "number"), Column("c", "boolean"), last)
        more = {
            "feature_names": tuple("abcd"),
            "columns": columns,
            "scaled": np.array([True, True, False, form != "codes"]),
        }
        form = "table"
    y = targets(kinds, case.task)
    return DataSet(
        "toy", case.task, "kind", CLASSES.get(case.task, ()), x.reshape(ROWS, -1), y, form=form, **more
    )


SPLIT = Split(np.arange(TRAIN), np.arange(TRAIN, ROWS))


def write(data: DataSet, recipe: Recipe, folder: Path) -> ModuleType:
    """The script and its data in a folder; the script as a module."""
    rows = {"train_rows": SPLIT.train, "test_rows": SPLIT.held_out}
    np.savez(folder / "data.npz", x=data.x, y=data.y, scaled=data.scaled, **rows)
    path = folder / "train.py"
    path.write_text(training_script(facts_of(data, recipe)), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("exported_train", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=CASES, ids=list(CASES))
def case(request) -> Case:
    return CASES[request.param]


def test_training_follows_the_engine_step_by_step(case, tmp_path, capsys):
    data, recipe = data_of(case), Recipe(**{**PLAIN, **case.recipe})
    source, member = Source.of(data, [SPLIT]), Member(0, recipe, seed=3)
    chunk = Chunk([member], source, way=Way(stacked=False))  # in float32, as the script
    with torch.random.fork_rng():
        for _ in range(4):
            chunk.round()
    trained = chunk.parameters(0)
    module = write(data, recipe, tmp_path)
    network = module.make_network()
    spec = spec_of(recipe, ports_of(data))
    network.load_state_dict(starting_parameters(recipe, spec, 3, torch.float32), strict=False)
    with torch.random.fork_rng():
        module.train(network, module.read_data(tmp_path / "data.npz"), 4)
    assert capsys.readouterr().out.count("loss of the last batch") == 4
    for name, expected in trained.items():
        torch.testing.assert_close(network.state_dict()[name], expected, rtol=2e-3, atol=2e-5)
    for name, start in starting_parameters(recipe, spec, 3, torch.float32).items():
        assert not torch.equal(network.state_dict()[name], start), f"{name} has not been trained"


def test_network_takes_the_engines_parameters_and_starts_with_their_spread(case, tmp_path):
    data, recipe = data_of(case), Recipe(**{**case.recipe, "width": 32})
    spec = spec_of(recipe, ports_of(data))
    module = write(data, recipe, tmp_path)
    network = module.make_network()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        name = recipe.initialisation
        options = {"std": recipe.init_std} if name == "normal" else {}
        module.initialise(network, name, module.GAIN, zero_init=recipe.zero_init, **options)
    ours = starting_parameters(recipe, spec, 0, torch.float32)
    assert set(ours) == {name for name, _ in network.named_parameters()}
    for name, theirs in network.state_dict().items():
        spread, wanted = (
            float(values.double().std(correction=0)) for values in (theirs, ours.get(name, theirs))
        )
        assert spread == pytest.approx(wanted, rel=1.0 if theirs.numel() < 100 else 0.3), name
    built = build(spec).state_dict()
    network.load_state_dict(built)
    assert {k: v.shape for k, v in network.state_dict().items()} == {k: v.shape for k, v in built.items()}


@pytest.mark.parametrize("name", CASES)
def test_script_learns_as_well_as_the_engine(name, tmp_path, capsys, monkeypatch):
    case = CASES[name]
    data = data_of(case)
    recipe = Recipe(epochs=12.5, batch_size=16, lr=1e-2, **{**case.recipe, **case.augmented})
    source = Source.of(data, [SPLIT])
    until = source.total_rounds(recipe.epochs)
    point = run(Job((Member(0, recipe, 0),), until, (until,), keep=False), source).points[-1]
    module = write(data, recipe, tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py", "--seed", "1"])
    with torch.random.fork_rng():
        module.main()
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 13
    metrics = {k: float(v[0]) for k, v in point.metrics.items()}
    if case.task in ("classification", "multilabel"):
        accuracy = float(last.split(" (")[0].split()[-1])
        assert accuracy > 0.85
        assert accuracy == pytest.approx(metrics["accuracy"], abs=0.15)
    elif case.task == "next-token":
        assert last.endswith("(288 tokens)")
        assert float(last.split()[2]) == pytest.approx(metrics["log_loss"], abs=0.3)
        assert float(last.split()[2]) < 1.0
    else:
        rmse = float(last.split("RMSE ")[1].split()[0])
        assert rmse < 0.6 * float(np.std(data.y[TRAIN:]))
        assert rmse == pytest.approx(metrics["rmse"], rel=0.7)


def test_script_runs_alone(tmp_path):
    case = CASES["image cnn"]
    write(data_of(case), Recipe(epochs=1, **case.recipe, **case.augmented), tmp_path)
    command = [sys.executable, "-I", "-W", "error", "train.py", "--epochs", "0.5"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("(24 rows)")


def scripts() -> list[str]:
    """Of every case: bare, with everything on, and with each augmentation alone."""
    made = []
    for name, case in CASES.items():
        data, base = data_of(case), Recipe(**case.recipe)
        kinds = [{k: v} for k, v in case.augmented.items()]
        if name == "image cnn":
            kinds += [{k: 0.5, "augment_some": n, "flip": 0.5} for k in IMAGE_KINDS for n in (0, 1)]
        every = {**PLAIN, **case.recipe, **case.augmented, "l1": 1e-3}
        some = [{}, every, {**every, "optimizer": "nadamw", "schedule": "linear"}, *kinds]
        made += [training_script(facts_of(data, base.replace(**one))) for one in some]
    return made


def test_every_script_is_clean_and_uses_only_what_it_defines(tmp_path):
    allowed = {
        "argparse",
        "math",
        "pathlib",
        "typing",
        "dataclasses",
        "itertools",
        "collections",
        "numpy",
        "torch",
    }
    for i, source in enumerate(scripts()):
        tree = ast.parse(source)
        imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        imported |= {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert {name.split(".")[0] for name in imported} <= allowed
        assert not unresolved(source)
        (tmp_path / f"train_{i}.py").write_text(source, encoding="utf-8")
    if not RUFF.exists():
        pytest.skip("ruff is not installed beside this Python: style not checked")
    rules = ["--line-length", "110", "--select", "E,F,W,I,B,UP,SIM,RET,C4,ARG,PERF"]
    for command in (["check", "--no-cache", *rules], ["format", "--no-cache", "--check", *rules[:2]]):
        line = [str(RUFF), command[0], "--isolated", *command[1:], str(tmp_path)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_only_what_a_recipe_uses_is_written():
    case = CASES["image cnn"]
    bare = training_script(facts_of(data_of(case), Recipe(**case.recipe)))
    for word in ("augmented", "Moves", "partner", "erase", "TransformerNet", "RecurrentNet", "importance"):
        assert word not in bare, word
    flipped = training_script(facts_of(data_of(case), Recipe(**case.recipe, flip=0.5)))
    assert "def slide" in flipped
    assert "def warp" not in flipped


def test_files_that_are_pasted_together_agree_on_every_name():
    texts = _pasted("parts.py", *sorted(set(_FILES.values())), "start.py")
    room = Path(architecture.__file__).parents[1] / "data"
    texts += tuple((room / name).read_text(encoding="utf-8") for name in AUGMENTATION)
    found: dict[str, str] = {}
    for part in (part for text in texts for part in _parts(text)):
        for name in part.names:
            assert found.setdefault(name, part.text) == part.text, f"{name} means two things"
