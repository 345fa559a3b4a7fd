"""A study of the user's own network: what is searched, what is said, and what another process needs."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from steepest.base.budget import Budget
from steepest.base.errors import BadInput
from steepest.base.knobs import Choice, Range
from steepest.base.progress import Progress
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.folder import MODEL, RECIPE, STUDY
from steepest.experiment.own import own_knobs, trusted
from steepest.experiment.settings import Settings
from steepest.experiment.starting import default_recipe, recipe_for, space_of, suited
from steepest.experiment.train import train
from steepest.experiment.tune import Finished, tune
from steepest.networks.architecture import spec_of
from steepest.networks.own import read_factory
from steepest.store.opening import open_journal
from steepest.training.source import ports_of

SOURCE = """
from typing import Annotated, Literal
from torch import nn
from steepest.base.knobs import Range

def make(inputs: int, outputs: int, width: Annotated[int, Range(4, 32)] = 8, twice: bool = False,
         layers=(8,), how: Literal["relu", "tanh"] = "relu"):
    act = nn.ReLU() if how == "relu" else nn.Tanh()
    more = [nn.Linear(width, width), act] * twice
    return nn.Sequential(nn.Linear(inputs, width), nn.BatchNorm1d(width), act, nn.Dropout(0.2), *more,
                         nn.Linear(width, outputs))

def kept(inputs: int, outputs: int, dropout: float = 0.1, activation: str = "relu"):
    return nn.Sequential(nn.Linear(inputs, 8), nn.LayerNorm(8), nn.ReLU(), nn.Dropout(dropout),
                         nn.Linear(8, outputs))

class Noisy(nn.Linear):
    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs)

    def forward(self, x):
        return super().forward(nn.functional.dropout(x))
"""
NAME = "network_of_a_study"
OWN = {"network": "own", "factory": f"{NAME}:make"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{NAME}.py").write_text(SOURCE)
    yield tmp_path
    sys.modules.pop(NAME, None)


class Heard:
    def __init__(self) -> None:
        self.sentences: list[str] = []

    def progress(self, snapshot: Progress) -> None:
        pass

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)


def settings_of(folder: Path, workers: int = 0, **fixed: Any) -> Settings:
    fixed = {**OWN, "epochs": 2, **fixed}
    start = Recipe().replace(**fixed)
    return Settings(Budget.parse("12trials"), 0, folder, fixed=fixed, start=start, workers=workers)


def studied(folder: Path, workers: int = 0, heard: Heard | None = None, **fixed: Any) -> Finished:
    return tune(lambda: read("iris"), settings_of(folder, workers, **fixed), heard or Heard())


def searched(folder: Path, stage: str = "search") -> list[dict[str, Any]]:
    with open_journal(folder / STUDY) as journal:
        return [dict(m.recipe) for m in journal.members() if m.stage == stage]


def test_its_knobs_are_searched_and_the_recipe_trains_it_again(folder: Path) -> None:
    finished = studied(folder / "run")
    tried = searched(folder / "run")
    for knob in ("own.width", "own.twice", "own.how", "replaced.dropout", "replaced.norm"):
        assert len({recipe[knob] for recipe in tried}) > 1, knob
    assert all(type(recipe["own.width"]) is int and 4 <= recipe["own.width"] <= 32 for recipe in tried)
    assert all(recipe["own.layers"] == [8] for recipe in tried)  # nothing says where else to look
    recipe = Recipe.load(folder / "run" / RECIPE)
    assert recipe == finished.recipe
    again = train(lambda: read("iris"), recipe, settings_of(folder / "again"), Heard())
    assert again.network(torch.zeros(2, 4)).shape == (2, 3)
    fresh = spec_of(recipe, ports_of(read("iris"))).build()
    fresh.load_state_dict(load_file(folder / "again" / MODEL))
    torch.testing.assert_close(fresh.eval()(torch.zeros(2, 4)), again.network(torch.zeros(2, 4)))


@pytest.mark.parametrize("asked", ["tune", "train"])
def test_what_is_known_of_it_is_said_once_before_anything_is_trained(folder: Path, asked: str) -> None:
    heard = Heard()
    if asked == "tune":
        studied(folder / "run", heard=heard)
    else:
        recipe = Recipe.make(**OWN, epochs=1)
        train(lambda: read("iris"), recipe, settings_of(folder / "run"), heard)
    assert heard.sentences.count(f"{NAME}:make: networks can train as one stack") == 1


@pytest.mark.parametrize("asked", ["tune", "train"])
def test_one_that_cannot_be_trained_is_refused_before_anything_is_written(folder: Path, asked: str) -> None:
    recipe = Recipe.make(network="own", factory=f"{NAME}:Noisy", epochs=1)
    started: dict[str, Callable[[], Finished]] = {
        "tune": lambda: studied(folder / "run", factory=recipe.factory),
        "train": lambda: train(lambda: read("iris"), recipe, settings_of(folder / "run"), Heard()),
    }
    line = 1 + SOURCE[: SOURCE.index("functional.dropout")].count("\n")
    with pytest.raises(BadInput, match=rf"network \({NAME}.py:{line}\) must write the same .* evaluated"):
        started[asked]()
    assert not (folder / "run").exists()


def test_few_rows_and_other_families_need_no_look(folder: Path) -> None:
    assert folder.exists()
    data = read("iris")
    assert trusted(Recipe(), data, np.arange(10)) == ()
    for rows in (np.arange(3), np.arange(150)):
        (said,) = trusted(Recipe.make(**OWN), data, rows)
        assert said == f"{NAME}:make: networks can train as one stack"


def test_another_process_finds_it_and_trains_alike(folder: Path) -> None:
    here, there = (studied(folder / str(n), n, **{"own.twice": False}) for n in (0, 1))
    assert here.recipe == there.recipe
    assert here.test["winner"] == there.test["winner"]


def test_an_argument_that_stands_for_a_layer_is_the_only_knob_of_it(folder: Path) -> None:
    assert folder.exists()
    data = read("iris")
    ports = ports_of(data)
    named = own_knobs(default_recipe(data, "own", OWN), ports)
    assert list(named) == [
        "own.width", "own.twice", "own.how", "replaced.dropout", "replaced.activation", "replaced.norm",
    ]  # fmt: skip
    assert named["own.width"].search == Range(4, 32, whole=True)
    factory = f"{NAME}:kept"
    told = own_knobs(default_recipe(data, "own", {"factory": factory}), ports)
    assert list(told) == ["own.dropout", "replaced.norm"]
    assert told["replaced.norm"].search == Choice(("own", "none", "layer", "rms"), (0.5, 0.1, 0.1, 0.1))
    assert recipe_for(data, {**OWN, "own.width": 9}).own == {
        "width": 9, "twice": False, "layers": (8,), "how": "relu",
    }  # fmt: skip


def test_a_notebook_may_define_it_anew(folder: Path) -> None:
    ports = ports_of(read("iris"))
    recipe = Recipe.make(**OWN)
    first = spec_of(recipe, ports)
    read_factory(f"{NAME}:make")
    module = sys.modules[NAME]
    module.make = module.kept  # type: ignore[attr-defined]
    assert spec_of(recipe, ports) != first
    assert folder.exists()


def test_the_whole_of_existing_parameters_is_started_from_and_said(folder: Path) -> None:
    ports = ports_of(read("iris"))
    made = spec_of(Recipe.make(**OWN, **{"own.width": 6}), ports).build()
    torch.save(made.state_dict(), folder / "made.pt")
    fixed = {"own.width": 6, "start_from": "made.pt", "lr": 1e-9, "weight_decay": 0.0, "optimizer": "sgd"}
    heard = Heard()
    finished = studied(folder / "run", heard=heard, **fixed)
    assert heard.sentences.count("made.pt: took 8 of 8 parameters") == 1
    weight = finished.network.get_parameter("0.weight")
    torch.testing.assert_close(weight.detach(), made.get_parameter("0.weight").detach())
    for recipe in searched(folder / "run"):
        assert recipe["own.twice"] is False  # another layer would be missing in the file
        assert recipe["replaced.norm"] in ("own", "batch")  # others keep no running means
        assert recipe["initialisation"] == "own"
    assert len({recipe["replaced.dropout"] for recipe in searched(folder / "run")}) > 1


def test_what_matches_is_taken_and_what_does_not_is_said(folder: Path) -> None:
    heard = Heard()
    recipe = Recipe(width=5, depth=1, epochs=1)
    train(lambda: read("iris"), recipe, settings_of(folder / "one"), heard)
    start = str(folder / "one" / MODEL)
    wider = Recipe(width=5, depth=2, epochs=1, start_from=start, start_match="matching")
    train(lambda: read("iris"), wider, settings_of(folder / "two"), heard)
    assert heard.sentences[-1] == (
        f"{start}: took 2 of 6 parameters; started afresh, of another shape: 3.weight (here 5×5, there 3×5), "
        "3.bias (here 5, there 3); started afresh, not given: 6.weight, 6.bias"
    )
    with pytest.raises(BadInput, match=r"parameters must be those of the network.*3.weight"):
        train(lambda: read("iris"), wider.replace(start_match="whole"), settings_of(folder / "3"), Heard())


def test_families_that_start_from_existing_parameters_keep_their_shape(folder: Path) -> None:
    data = read("iris")
    train(lambda: data, Recipe(width=5, depth=2, epochs=1), settings_of(folder / "one"), Heard())
    fixed = {"width": 5, "depth": 2, "start_from": str(folder / "one" / MODEL)}
    settings = settings_of(folder / "two", **fixed, network="mlp", factory="")
    names = space_of(suited(settings, data), data, default_recipe(data, "mlp", settings.fixed)).names
    assert not {"norm", "initialisation", "taper"} & set(names)
    assert {"lr", "activation", "dropout", "batch_size"} <= set(names)


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ({"dropout": 0.2}, r"dropout must be a knob of your own network.*Write replaced.dropout\."),
        ({"width": 64}, r"width must be a knob of your own network.*Write own.width\."),
        ({"own.widht": 64}, r"make\(widht=…\) must be an argument of it.*Did you mean 'width'"),
        ({"replaced.norm": "bach"}, r"replaced.norm must be a known name.*Did you mean 'batch'"),
        ({"replaced.norms": "batch"}, r"replaced.norms must be a known knob.*Did you mean 'norm'"),
        ({"factory": ""}, "network must name a file or module"),
        ({"factory": f"{NAME}:mak"}, "network must name something in .*Did you mean 'make'"),
    ],
)
def test_bad_knobs_of_it_are_refused_before_anything_is_written(
    folder: Path, fixed: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        studied(folder / "run", **fixed)
    assert not (folder / "run").exists()
