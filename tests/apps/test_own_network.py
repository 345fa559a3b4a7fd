"""`steepest tune mynet:make --data …`, from the documented example to every way in which it can go wrong."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

import steepest as st
from steepest.apps.cli.main import main
from steepest.apps.network import chosen, workers_for
from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe

PAGE = Path(__file__).parents[2] / "docs" / "own_network.md"
SHORT = ["--budget", "9trials", "--fix", "epochs=2", "--quiet"]
WRONG = """
from torch import nn
number = 3
def bare(inputs, outputs, width): return nn.Linear(inputs, outputs)
def other(inputs, outputs): return "a network"
def wide(inputs, outputs): return nn.Linear(inputs, outputs + 1)
def narrow(outputs): return nn.Linear(1, outputs)
def fails(inputs, outputs, width: int = 8): return nn.Linear(inputs, missing)
def good(inputs, outputs, width: int = 8, sizes: list = [4, 4]):
    return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, outputs))
class Noisy(nn.Linear):
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
    def forward(self, x):
        return super().forward(nn.functional.dropout(x))
"""

LINE = 1 + WRONG[: WRONG.index("functional.dropout")].count("\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with the page's example and a file of networks, most of them wrong."""
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(# mynet\.py\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "mynet.py").write_text(example)
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "torn.py").write_text("def make(:\n")
    yield tmp_path
    for name in ("mynet", "wrong"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("workers", ["0", "1"])
def test_the_documented_example_runs(folder: Path, workers: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "run"
    asked = ["tune", "mynet:make", "--data", "iris", "--workers", workers, "--out", str(out), *SHORT]
    assert main(asked) == 0
    assert "iris" in capsys.readouterr().out
    recipe = Recipe.load(out / "recipe.yaml")
    assert (recipe.network, recipe.factory) == ("own", "mynet:make")
    assert recipe.own.keys() == {"width", "blocks", "gated"}
    assert "from mynet import make" in (out / "train.py").read_text()


def test_a_recipe_trains_it_again_from_its_parameters(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = st.tune("iris", network="wrong:good", budget="9trials", fix={"epochs": 2}, workers=0, out="run")
    assert result.network(torch.zeros(2, 4)).shape == (2, 3)
    assert len(result.predict([[5.0, 3.4, 1.5, 0.2]])) == 1
    again = ["train", "iris", "--recipe", "run/recipe.yaml", "--start-from", "run/model.safetensors"]
    assert main([*again, "--out", str(folder / "again")]) == 0
    assert "run/model.safetensors: took 4 of 4 parameters" in capsys.readouterr().err
    assert Recipe.load("again/recipe.yaml").start_from == "run/model.safetensors"


@pytest.mark.usefixtures("folder")
def test_its_cost_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "wrong:good", "--data", "iris", "--fix", "own.width=16"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("wrong:good, width=16, sizes=(4, 4), adamw")
    assert lines[4].split() == ["parameters", "131"]


def test_values_of_its_arguments_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["compare", "wrong:good", "own.width=2,8,16", "--data", "iris", "--epochs", "2", "--seeds", "1"]
    assert main([*asked, "--rates", "same", "--quiet", "--out", str(folder / "out")]) == 0
    told = capsys.readouterr().out
    assert "own.width (argument of your network): 3 values" in told
    assert "Against 8, on the same folds and seeds" in told  # the function's default
    assert "wrong:good: networks can train as one stack" in " ".join(told.split())


@pytest.mark.usefixtures("folder")
def test_two_networks_of_ones_own_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["compare", "iris", "factory=wrong:good,mynet:make", "--fix", "network=own", "--epochs", "2"]
    assert main([*asked, "--seeds", "1", "--rates", "same", "--quiet", "--out", "out"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Against wrong:good, on the same folds and seeds" in told
    for name in ("wrong:good", "mynet:make"):
        assert f"{name}: networks can train as one stack" in told


def test_knobs_are_compared_for_a_function_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = st.compare(
        "iris", network=linear, epochs=2, rates="same", seeds=1, out="out", weight_decay=[0.0, 0.1]
    )
    assert {row.recipe.factory for row in found.rows} == {f"{__name__}:linear"}
    both = st.compare("iris", network=["mlp", "linear"], epochs=2, rates="same", seeds=1, out="both")
    assert [row.recipe.network for row in both.rows] == ["mlp", "linear"]


def linear(inputs: int, outputs: int) -> nn.Module:
    return nn.Linear(inputs, outputs)


def test_a_function_is_asked_for_by_the_name_that_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = chosen(linear)
    assert asked.fixed == {"network": "own", "factory": f"{__name__}:linear"}
    assert workers_for(asked, None, 4) == 4
    monkeypatch.setattr(linear, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "linear", linear, raising=False)
    here = chosen(linear)
    assert here.fixed["factory"] == "__main__:linear"
    assert (workers_for(here, None, 4), workers_for(here, 0, 4)) == (0, 0)
    with pytest.raises(BadInput, match=r"workers must be 0 for a network of this script .* file of its own"):
        workers_for(here, 2, 4)


def test_what_has_no_name_is_refused() -> None:
    def inner(inputs: int, outputs: int) -> nn.Module:
        return nn.Linear(inputs, outputs)

    for nameless in (inner, lambda inputs: nn.Linear(inputs, 1), nn.Linear(2, 1)):
        with pytest.raises(BadInput, match="must be a function or class of a module"):
            chosen(nameless)
    with pytest.raises(BadInput, match="must be your own network or families, not both"):
        chosen(["mlp", "mynet:make"])
    with pytest.raises(BadInput, match="must come with existing parameters"):
        chosen(None, matching=True)
    with pytest.raises(BadInput, match="must be one for one recipe"):
        _ = chosen(["mlp", "cnn"]).knobs


def tuned(network: str, *options: str) -> Callable[[Path], list[str]]:
    return lambda _: ["tune", network, "--data", "iris", "--workers", "0", *SHORT, *options]


def starting(name: str, save: Callable[[Path], object], *options: str) -> Callable[[Path], list[str]]:
    def arguments(folder: Path) -> list[str]:
        save(folder / name)
        return tuned("wrong:good", "--start-from", name, *options)(folder)

    return arguments


BAD: dict[str, tuple[Callable[[Path], list[str]], list[str]]] = {
    "no module": (tuned("mynett:make"), ["must name a module that exists", "'mynett'", "looked for in"]),
    "no file": (tuned("nets/mynet.py:make"), ["must name a file that exists", "nets/mynet.py"]),
    "a module that does not import": (
        tuned("torn:make"),
        ["must be in a module that imports", "SyntaxError"],
    ),
    "no such name": (
        tuned("wrong:godo"),
        ["must name something in wrong", "Did you mean 'good'? Choose from: bare, other"],
    ),
    "not callable": (tuned("wrong:number"), ["must name a callable of wrong", "3"]),
    "an argument without default": (
        tuned("wrong:bare"),
        ["argument 'width' must have a default", "width: int = 64"],
    ),
    "no module returned": (tuned("wrong:other"), ["must be a torch module", "'str'", "Return the network"]),
    "an error inside": (tuned("wrong:fails"), ["must be made by fails(", "NameError"]),
    "another output": (
        tuned("wrong:wide"),
        ["must write shape [2, 3] for a batch of 2", "[2, 4]", "outputs"],
    ),
    "another input": (tuned("wrong:narrow"), ["must read a batch of numbers of shape [2, 4]", "inputs"]),
    "an unknown argument": (tuned("wrong:good", "--fix", "own.widht=3"), ["Did you mean 'width'?"]),
    "a family's knob": (tuned("wrong:good", "--fix", "width=3"), ["Write own.width."]),
    "no data": (lambda _: ["tune", "wrong:good"], ["--data must name the data", "--data digits"]),
    "no network": (
        lambda _: ["tune", "iris", "--data", "iris"],
        ["must be named by module:function", "mymodule:make"],
    ),
    "families too": (tuned("wrong:good", "--network", "mlp"), ["--network must be left out"]),
    "a size": (
        lambda _: ["cost", "wrong:good", "--data", "iris", "--most", "1k"],
        ["--most must be left out"],
    ),
    "a comparison without the network": (
        lambda _: ["compare", "iris", "own.width=2,3", "--quiet"],
        ["own.width matters only where network is own", "steepest compare mynet:make"],
    ),
    "a comparison of an unknown argument": (
        lambda _: ["compare", "wrong:good", "own.widht=2,3", "--data", "iris", "--quiet"],
        ["Did you mean 'width'?"],
    ),
    "a comparison of a family's knob": (
        lambda _: ["compare", "wrong:good", "width=2,3", "--data", "iris", "--quiet"],
        ["Write own.width."],
    ),
    "one that draws where it must not": (
        tuned("wrong:Noisy"),
        [f"network (wrong.py:{LINE}) must write the same for the same rows", "Use nn.Dropout"],
    ),
    "no such parameters": (starting("a.pt", lambda _: None), ["must be a file", "a.pt (not found)"]),
    "corrupt parameters": (
        starting("a.safetensors", lambda p: p.write_bytes(b"12")),
        ["must be a readable file", "a.safetensors"],
    ),
    "parameters with code": (
        starting("a.pt", lambda p: torch.save(nn.Linear(2, 2), p)),
        ["would run code", "network.state_dict()"],
    ),
    "other shapes": (
        starting("a.pt", lambda p: torch.save({"0.weight": torch.ones(9, 4)}, p)),
        ["must be those of the network", "0.weight (here 8×4, there 9×4)", "--matching"],
    ),
    "nothing that matches": (
        starting("a.pt", lambda p: torch.save({"0.wieght": torch.ones(8, 4)}, p), "--matching"),
        ["must match at least one name and shape", "Did you mean '0.wieght'?"],
    ),
    "matching without parameters": (
        tuned("wrong:good", "--matching"),
        ["must come with existing parameters"],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_with_its_remedy(
    case: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, words = BAD[case]
    assert main(arguments(folder)) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert "Traceback" not in message
    for word in words:
        assert word in message, message
    assert not (folder / "runs").exists()
