"""The exported script is plain, readable PyTorch that trains as a study does."""

import ast
import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import get_args

import numpy as np
import pytest
import torch
from torch.nn import functional

from steepest.base.architecture import Activation, Initialisation
from steepest.base.optimization import Optimizer, Schedule
from steepest.base.recipe import Recipe
from steepest.data.augment import add_noise_, drop_inputs_, drop_limit, mix_
from steepest.data.dataset import Column, DataSet
from steepest.data.standardise import CLIP, Standardiser
from steepest.networks.activations import activation
from steepest.networks.build import build
from steepest.networks.initialisation import initialise
from steepest.networks.losses import mixed_cross_entropy, squared_error
from steepest.networks.spec import NetworkSpec, dense_spec
from steepest.report.script import DRAWS, MODULES, SHAPES, ScriptFacts, training_script
from steepest.rules.averaging import exponential
from steepest.rules.schedules import multiplier, recipe_rates
from steepest.rules.two_moment import recipe_coefficients, update

OPTIMIZERS, SCHEDULES = get_args(Optimizer), get_args(Schedule)
SCHEMES = [scheme for scheme in get_args(Initialisation) if scheme != "own"]  # what a factory draws
RUFF = Path(sys.executable).with_name("ruff")
PENALTIES = {"l1": 1e-3, "l2": 1e-2, "weight_decay": 0.1, "clip_norm": 0.5, "warmup": 0.1, "averaging": 0.8}
AUGMENTATIONS = {"input_noise": 0.1, "input_dropout": 0.2, "mixup": 0.3}
TASKS = ("classification", "regression", "multilabel")
LOSSES = (
    {"error": "absolute"},
    {"error": "huber", "focal": 2.0},
    {"class_weights": 1.0},
    {"class_weights": 0.5, "focal": 1.5, "label_smoothing": 0.1},
)
BARE = {"l1": 0.0, "l2": 0.0, "weight_decay": 0.0, "clip_norm": 0.0, "warmup": 0.0, "averaging": 0.0}


def facts_of(recipe: Recipe, task: str = "classification", **changes: object) -> ScriptFacts:
    outputs = 1 if task == "regression" else 3
    spec = dense_spec(recipe, 4, outputs)
    gain = activation(spec.activation).gain
    values = {"recipe": recipe, "task": task, "inputs": 4, "outputs": outputs, "hidden": spec.hidden}
    return ScriptFacts(**{**values, "gain": gain, "clip": CLIP, "data_name": "toy", **changes})


def load_script(facts: ScriptFacts, folder: Path) -> ModuleType:
    path = folder / "train.py"
    path.write_text(training_script(facts), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("exported_train", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(*command: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)


def write_data(folder: Path, task: str) -> DataSet:
    """60 rows with a missing number, a constant column, an unscaled one and an outlier that is clipped."""
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (60, 4)).astype(np.float32)
    x[:, 1], x[:, 2] = 0.1, x[:, 2] > 3
    x[0, 0], x[5, 3], x[7, 2], x[50, 0] = np.nan, 500, np.nan, np.nan
    signal = np.nan_to_num(x[:, 0]).astype(np.float64) + np.nan_to_num(x[:, 2])
    y = np.digitize(signal, [2, 4]).astype(np.int64) if task == "classification" else 10.0 * signal
    scaled = np.array([True, True, False, True])
    np.savez(
        folder / "data.npz", x=x, y=y, train_rows=np.arange(45), test_rows=np.arange(45, 60), scaled=scaled
    )
    classes = ("a", "b", "c") if task == "classification" else ()
    columns = tuple(Column(name, "number") for name in "abcd")
    return DataSet("toy", task, "y", classes, x, y, tuple("abcd"), scaled, columns, None, ())


def every_script() -> list[ScriptFacts]:
    made = []
    for optimizer, schedule, extra, task in itertools.product(
        OPTIMIZERS, SCHEDULES, (PENALTIES, BARE), ("classification", "regression")
    ):
        recipe = Recipe(optimizer=optimizer, schedule=schedule, **extra)
        made.append(facts_of(recipe, task))
    for scheme in SCHEMES:
        made += [facts_of(Recipe(initialisation=scheme, activation=a)) for a in get_args(Activation)]
    for norm, optimizer, extra in itertools.product(("batch", "layer"), OPTIMIZERS, (PENALTIES, BARE)):
        made.append(facts_of(Recipe(norm=norm, optimizer=optimizer, **extra)))
    kinds = [dict(some) for n in (1, 2, 3) for some in itertools.combinations(AUGMENTATIONS.items(), n)]
    for kind, optimizer, extra, task in itertools.product(
        kinds,
        ("adamw", "gd"),
        ({**PENALTIES, "label_smoothing": 0.1}, BARE),
        ("classification", "regression"),
    ):
        made.append(facts_of(Recipe(optimizer=optimizer, **kind, **extra), task))
    for task, loss, epochs in itertools.product(TASKS, LOSSES, (3, 2.5)):
        for mixup, extra in ((0.0, BARE), (0.3, PENALTIES)):
            made.append(facts_of(Recipe(**loss, epochs=epochs, mixup=mixup, **extra), task))
    for name, value in PENALTIES.items():
        made.append(facts_of(Recipe(network="linear", label_smoothing=0.1, **{name: value})))
    return made


def test_every_script_is_valid_clean_python_without_this_package(tmp_path):
    scripts = every_script()
    for i, facts in enumerate(scripts):
        source = training_script(facts)
        imported = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
        }
        assert imported <= {"argparse", "math", "pathlib", "numpy", "torch"}
        (tmp_path / f"train_{i}.py").write_text(source, encoding="utf-8")
    if not RUFF.exists():
        pytest.skip("ruff is not installed beside this Python: style not checked")
    rules = ["--line-length", "110", "--select", "E,F,W,I,B,UP,SIM,RET,C4,ARG,PERF"]
    for command in (["check", "--no-cache", *rules], ["format", "--no-cache", "--check", *rules[:2]]):
        done = run(RUFF, command[0], "--isolated", *command[1:], tmp_path)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr


RUNS = [
    (Recipe(epochs=2, width=8, schedule="cosine", warmup=0.05, dropout=0.1), "classification"),
    (Recipe(epochs=2, width=8, optimizer="nadamw", batch_size=7, l1=1e-4, l2=1e-4), "regression"),
    (Recipe(epochs=2, width=8, optimizer="nesterov", clip_norm=1.0, label_smoothing=0.1), "classification"),
    (Recipe(epochs=2, network="linear", optimizer="gd", lr=0.3, schedule="linear"), "classification"),
    (Recipe(epochs=2, width=8, norm="batch", batch_size=11, weight_decay=0.1), "classification"),
    (Recipe(epochs=2, width=8, norm="layer", optimizer="sgd", lr=0.01, l1=1e-4), "regression"),
    (Recipe(epochs=2, width=8, label_smoothing=0.1, l2=1e-4, **AUGMENTATIONS), "classification"),
    (Recipe(epochs=2, width=8, batch_size=11, **AUGMENTATIONS), "regression"),
]


@pytest.mark.parametrize(("recipe", "task"), RUNS[:2], ids=["adamw", "regression nadamw"])
def test_script_runs_alone_and_prints_the_metric(recipe, task, tmp_path):
    write_data(tmp_path, task)
    (tmp_path / "train.py").write_text(training_script(facts_of(recipe, task)), encoding="utf-8")
    done = run(sys.executable, "-I", "-W", "error", "train.py", "--epochs", "3", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert_prints_the_metric(done.stdout, task, epochs=3)


@pytest.mark.parametrize(
    ("recipe", "task"),
    RUNS,
    ids=[
        "adamw",
        "regression nadamw",
        "nesterov",
        "linear gd",
        "batch norm",
        "layer norm",
        "augmented",
        "regression augmented",
    ],
)
def test_main_prints_the_metric(recipe, task, tmp_path, capsys, monkeypatch):
    write_data(tmp_path, task)
    module = load_script(facts_of(recipe, task), tmp_path)
    with torch.random.fork_rng():
        assert_prints_the_metric(run_main(module, capsys, monkeypatch), task, epochs=2)


def assert_prints_the_metric(output: str, task: str, epochs: int) -> None:
    *lines, last = output.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"epoch {i + 1}/{epochs}" for i in range(epochs)]
    assert last.endswith("(15 rows)")
    if task == "classification":
        assert 0 <= float(last.removeprefix("test accuracy ").split()[0]) <= 1
    else:
        assert last.startswith("test R2 ")
        assert float(last.split("RMSE ")[1].split()[0]) > 0


def run_main(module: ModuleType, capsys: pytest.CaptureFixture, monkeypatch, *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    module.main()
    return capsys.readouterr().out


def test_seed_fixes_the_result(tmp_path, capsys, monkeypatch):
    write_data(tmp_path, "regression")
    recipe = Recipe(epochs=3, width=8, batch_size=8, dropout=0.2)
    module = load_script(facts_of(recipe, "regression"), tmp_path)
    with torch.random.fork_rng():
        one, again, other = (run_main(module, capsys, monkeypatch, "--seed", seed) for seed in "112")
    assert one == again != other


def test_regression_recovers_a_linear_target_in_its_own_unit(tmp_path, capsys, monkeypatch):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 4)).astype(np.float32)
    y = 1000 + 50 * (x @ np.array([1.0, -2.0, 0.5, 0.0]))
    rows = np.arange(200)
    np.savez(
        tmp_path / "data.npz", x=x, y=y, train_rows=rows[:150], test_rows=rows[150:], scaled=np.ones(4, bool)
    )
    recipe = Recipe(network="linear", optimizer="gd", lr=0.25, epochs=100, weight_decay=0.0)
    module = load_script(facts_of(recipe, "regression"), tmp_path)
    with torch.random.fork_rng():
        out = run_main(module, capsys, monkeypatch).splitlines()[-1]
    assert float(out.split("R2 ")[1].split(",")[0]) > 0.9999
    assert float(out.split("RMSE ")[1].split()[0]) < 1.0


def test_divergence_ends_with_a_sentence(tmp_path, capsys, monkeypatch):
    write_data(tmp_path, "regression")
    recipe = Recipe(optimizer="sgd", lr=1e4, epochs=50, width=8)
    module = load_script(facts_of(recipe, "regression"), tmp_path)
    with torch.random.fork_rng(), pytest.raises(SystemExit, match=r"in epoch \d+: the training diverged"):
        run_main(module, capsys, monkeypatch)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_standardises_as_the_data_room_does(task, tmp_path):
    data = write_data(tmp_path, task)
    module = load_script(facts_of(Recipe(), task), tmp_path)
    read = module.read_data(tmp_path / "data.npz")
    expected = Standardiser.fit(data, np.arange(45)).x(data)
    np.testing.assert_array_equal(read["x"].numpy(), expected[:45])
    np.testing.assert_array_equal(read["x_test"].numpy(), expected[45:])
    assert read["x"].dtype == torch.float32
    assert float(read["x"].abs().max()) == CLIP


@pytest.mark.parametrize("name", get_args(Activation))
def test_network_is_the_one_that_is_built(name, tmp_path):
    recipe = Recipe(depth=3, width=5, activation=name, dropout=0.25)
    module = load_script(facts_of(recipe), tmp_path)
    assert str(module.make_network()) == str(build(dense_spec(recipe, 4, 3)))


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_normalised_network_is_the_one_that_is_built(norm, tmp_path):
    recipe = Recipe(depth=2, width=5, norm=norm)
    module = load_script(facts_of(recipe), tmp_path)
    assert str(module.make_network()) == str(build(dense_spec(recipe, 4, 3)))


def test_linear_network_is_the_one_that_is_built(tmp_path):
    recipe = Recipe(network="linear")
    module = load_script(facts_of(recipe), tmp_path)
    assert str(module.make_network()) == str(build(dense_spec(recipe, 4, 3)))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_weights_start_with_the_same_spread(scheme, tmp_path):
    recipe = Recipe(initialisation=scheme, activation="tanh", width=150)
    spec = NetworkSpec("mlp", 100, 80, (150, 150), "tanh")
    module = load_script(facts_of(recipe, inputs=100, outputs=80, hidden=spec.hidden), tmp_path)
    network = module.make_network()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module.initialise(network)
    ours = initialise(spec, scheme, seed=0)
    for name, theirs in network.named_parameters():
        if name.endswith("bias"):
            assert not theirs.any()
        else:
            assert theirs.std().item() == pytest.approx(ours[name].std().item(), rel=0.05)
            assert theirs.abs().max().item() == pytest.approx(ours[name].abs().max().item(), rel=0.3)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rates_are_those_of_the_schedules(schedule, warmup, tmp_path):
    if schedule == "constant" and not warmup:
        assert "LambdaLR" not in training_script(facts_of(Recipe()))
        return
    module = load_script(facts_of(Recipe(schedule=schedule, warmup=warmup)), tmp_path)
    steps = 37
    theirs = [module.rate_factor(done, steps) for done in range(steps)]
    ours = multiplier(schedule, torch.arange(1, steps + 1), torch.tensor(steps), warmup)
    np.testing.assert_allclose(theirs, ours.numpy(), rtol=1e-12, atol=1e-12)
    module.rate_factor(steps, steps)  # asked for once more after the last step


@pytest.mark.parametrize("optimizer", ["adamw", "gd"])
def test_an_early_stop_keeps_to_the_planned_rates(optimizer, tmp_path, monkeypatch, capsys):
    recipe = Recipe(optimizer=optimizer, schedule="cosine", epochs=10, batch_size=32, lr=0.1)
    module = load_script(facts_of(recipe, stop_after=4), tmp_path)
    honest, rates = module.make_optimizer, []

    def noted(network):
        optimizer = honest(network)
        optimizer.register_step_pre_hook(lambda made, *_: rates.append(made.param_groups[0]["lr"]))
        return optimizer

    monkeypatch.setattr(module, "make_optimizer", noted)
    each = 1 if optimizer == "gd" else 3
    module.train(module.make_network(), torch.randn(90, 4), torch.arange(90) % 3, module.EPOCHS)
    planned = recipe_rates([recipe], 1, 10 * each, torch.tensor([10 * each]))[:, 0]
    np.testing.assert_allclose(rates, planned[: 4 * each], rtol=1e-12)
    assert "epoch 4/4:" in capsys.readouterr().out


def reference(recipe: Recipe, spec: NetworkSpec, x: torch.Tensor, y: torch.Tensor, epochs: int) -> dict:
    """Full-batch training by the plain rule: penalties join the gradient, it is clipped, then applied."""
    params = initialise(spec, recipe.initialisation, 0, torch.float64)
    network = build(spec, torch.float64)
    moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in params.items()}
    rates = recipe_rates([recipe], 1, epochs, torch.tensor([epochs]))
    rows, mean = recipe_coefficients([recipe], rates, 1), dict[str, torch.Tensor]()
    for t in range(epochs):
        leaves = {name: p.clone().requires_grad_(True) for name, p in params.items()}
        out = torch.func.functional_call(network, leaves, (x,))
        if spec.outputs == 1:
            loss = functional.mse_loss(out.squeeze(1), y)
        else:
            loss = functional.cross_entropy(out, y, label_smoothing=recipe.label_smoothing)
        grads = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
        for name, p in params.items():
            if name.endswith("weight"):
                grads[name] = grads[name] + recipe.l2 * p + recipe.l1 * p.sign()
        norm = torch.cat([g.flatten() for g in grads.values()]).norm()
        shrink = min(1.0, recipe.clip_norm / (float(norm) + 1e-6)) if recipe.clip_norm else 1.0
        row = rows.at(t)._replace(l1=torch.zeros(1), l2=torch.zeros(1))
        for name, p in params.items():
            c = row if name.endswith("weight") else row.bare()
            new = update(p[None], grads[name][None] * shrink, *(m[None] for m in moments[name]), c)
            params[name], moments[name] = new[0][0], (new[1][0], new[2][0])
        mean = {
            name: exponential(mean.get(name, p)[None], p[None], recipe.averaging, t + 1)[0]
            for name, p in params.items()
        }
    return mean


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("extra", [PENALTIES, BARE], ids=["penalised", "bare"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_follows_the_rule_step_by_step(optimizer, extra, task, tmp_path, capsys):
    schedule = "cosine" if extra is PENALTIES else "constant"
    smoothing = 0.1 if task == "classification" else 0.0
    recipe = Recipe(
        optimizer=optimizer, schedule=schedule, lr=0.05, width=6, depth=1, activation="tanh",
        label_smoothing=smoothing, batch_size=64, **extra,
    )  # fmt: skip
    spec = dense_spec(recipe, 4, 3 if task == "classification" else 1)
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(20, 4, generator=draw, dtype=torch.float64)
    y = torch.randint(0, 3, (20,), generator=draw) if task == "classification" else x[:, 0] + x[:, 1]
    module = load_script(facts_of(recipe, task), tmp_path)
    network = module.make_network().double()
    network.load_state_dict(initialise(spec, recipe.initialisation, 0, torch.float64))
    with torch.random.fork_rng():
        module.train(network, x, y, 12)
    assert capsys.readouterr().out.count("loss of the last batch") == 12
    atol = 1e-5 if optimizer == "nadamw" else 1e-9  # torch keeps NAdam's product of decays in float32
    for name, expected in reference(recipe, spec, x, y, 12).items():
        torch.testing.assert_close(network.state_dict()[name], expected, rtol=1e-6, atol=atol)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_augmented_loss_is_the_loss_of_augmented_rows(task, tmp_path, monkeypatch):
    recipe = Recipe(width=6, label_smoothing=0.1 * (task == "classification"), **AUGMENTATIONS)
    module = load_script(facts_of(recipe, task), tmp_path)
    network = module.make_network().double()
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(20, 4, generator=draw, dtype=torch.float64)
    z, chance = torch.randn(20, 4, generator=draw).double(), torch.rand(20, 4, generator=draw).double()
    y = torch.randint(0, 3, (20,), generator=draw) if task == "classification" else x[:, 0] + x[:, 1]
    partner = torch.randperm(20, generator=draw)
    monkeypatch.setattr(torch.distributions.Beta, "sample", lambda self: self.concentration1 * 0 + 0.25)
    monkeypatch.setattr(torch, "randperm", lambda n: partner[:n])
    monkeypatch.setattr(torch, "randn_like", lambda _: z)
    monkeypatch.setattr(torch, "rand_like", lambda _: chance)
    noise = torch.tensor([0.1, 0.0, 0.1, 0.1])
    theirs = module.loss_of(network, x, y, noise)
    share = torch.tensor([0.25], dtype=torch.float64)
    mixed = mix_(x.clone()[None], partner[None], share)
    add_noise_(mixed, z[None], noise.double().view(1, 1, -1))
    bits = (chance * 65536).to(torch.int32).to(torch.uint16)
    out = network(drop_inputs_(mixed, bits[None], drop_limit([recipe.input_dropout]))[0])[None]
    if task == "classification":
        smoothing = torch.tensor([0.1], dtype=torch.float64)
        ours = mixed_cross_entropy(out, y[None], y[partner][None], share, smoothing)
    else:
        ours = squared_error(out, mix_(y.clone()[None], partner[None], share))
    torch.testing.assert_close(theirs, ours[0], rtol=1e-7, atol=1e-9)


def test_noise_goes_where_the_studys_noise_goes(tmp_path):
    data = write_data(tmp_path, "classification")
    module = load_script(facts_of(Recipe(input_noise=0.25)), tmp_path)
    noise = module.read_data(tmp_path / "data.npz")["noise"]
    varies = Standardiser.fit(data, np.arange(45)).varies
    assert varies.tolist() == [True, False, False, True]
    np.testing.assert_array_equal(noise.numpy(), 0.25 * varies.astype(np.float32))


def test_only_what_a_recipe_uses_is_written():
    bare = training_script(facts_of(Recipe()))
    for word in (
        "noise",
        "perturbed",
        "average",
        "AVERAGING",
        "share",
        "partner",
        *(name.upper() for name in AUGMENTATIONS),
    ):
        assert word not in bare, word
    alone = training_script(facts_of(Recipe(mixup=0.3)))
    assert "perturbed" not in alone
    assert "noise" not in alone


def test_tables_cover_exactly_what_a_recipe_can_name():
    assert set(MODULES) == set(get_args(Activation))
    assert set(SHAPES) == set(SCHEDULES)
    assert set(DRAWS) == set(SCHEMES)


@pytest.mark.parametrize(
    "name", ['"""\nimport os  # ', "a\\", '\'"""\'', "\x00\u2028x", "{{ 7 * 7 }}", "é" * 500]
)
def test_a_hostile_name_stays_inside_the_heading(name):
    source = training_script(facts_of(Recipe(), data_name=name, target=name))
    tree, plain = ast.parse(source), ast.parse(training_script(facts_of(Recipe(), target="y")))
    assert len(ast.dump(tree.body[0])) < 1500
    assert [ast.dump(node) for node in tree.body[1:]] == [ast.dump(node) for node in plain.body[1:]]
    assert "49" not in ast.get_docstring(tree).splitlines()[0]
    assert max(map(len, source.splitlines())) <= 110 or len(name) > 100


def test_momentum_of_zero_is_plain_sgd_and_eps_is_never_zero():
    assert "nesterov=True" not in training_script(facts_of(Recipe(optimizer="nesterov", momentum=0.0)))
    assert "eps=1.2e-38" in training_script(facts_of(Recipe(eps=0.0)))


def test_report_room_needs_no_torch():
    code = "import sys, steepest.report.script; sys.exit('torch' in sys.modules)"
    assert run(sys.executable, "-c", code).returncode == 0
