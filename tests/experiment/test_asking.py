"""What is asked of the space has to matter for the data, the families and the network."""

from pathlib import Path
from typing import Any

import pytest

from steepest.base.budget import Budget
from steepest.base.errors import BadRecipe
from steepest.base.knobs import Range
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.asking import outside
from steepest.experiment.settings import Settings
from steepest.experiment.starting import space_of, suited
from steepest.search.space import Space

IRIS = read("iris")
NETWORK = """
from typing import Literal
from torch import nn

def make(inputs: int, outputs: int, width: int = 32, kind: Literal["relu", "tanh"] = "relu", extra: int = 0):
    act = nn.ReLU() if kind == "relu" else nn.Tanh()
    return nn.Sequential(nn.Linear(inputs, width + extra), act, nn.Linear(width + extra, outputs))
"""


def space(asked: dict[str, Any], data: Any = IRIS, fixed: dict[str, Any] | None = None) -> Space:
    known = fixed or {}
    settings = Settings(
        Budget.parse("20trials"), 0, Path(), fixed=known, asked=asked, start=Recipe().replace(**known)
    )
    settings = suited(settings, data)
    return space_of(settings, data, settings.start)


@pytest.mark.parametrize(
    ("asked", "fixed", "message"),
    [
        (
            {"momentum": "0.5..0.9"},
            {"optimizer": "adam"},
            "optimizer is momentum or nesterov, and that is adam",
        ),
        ({"kernel": "3,5"}, {}, "network is cnn, and that is mlp"),
        ({"error": "squared,huber"}, {}, "whose task is classification: it does for regression"),
        ({"token_dropout": "0.1..0.2"}, {}, "whose form is table: it does for text"),
        ({"embedding": "8,16"}, {}, "neither tokens nor categories"),
        ({"init_std": "0.01..0.1"}, {}, "initialisation is normal"),
        ({"lr[optimizer=sgd]": "1..2"}, {"optimizer": "adam"}, "must hold for a value of optimizer"),
        ({"lr[network=cnn]": "1..2"}, {}, "must hold for a value of network"),
        ({"own.width": "1..9"}, {}, "must be a knob of your own network"),
    ],
)
def test_what_cannot_matter_is_refused(asked: dict[str, Any], fixed: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        space(asked, fixed=fixed)


def test_what_is_asked_makes_it_matter() -> None:
    assert "init_std" in space({"init_std": "0.01..0.1", "initialisation": "normal,he_normal"}).names
    assert "lr" in space({"lr[optimizer=gd]": "1..2", "optimizer": "gd,sgd"}).names


def test_families_may_be_asked_for_with_weights() -> None:
    found = space({"network": "mlp*3,linear"})
    assert found.families == ("mlp", "linear")
    assert found.base.network == "mlp"
    drawn = [found.recipe([u] * len(found.names), "prior").network for u in (0.1, 0.7, 0.8)]
    assert drawn == ["mlp", "mlp", "linear"]


def test_flips_that_may_change_labels_are_searched_where_they_are_asked_for() -> None:
    images = read("digits", kind="image")
    assert images.oriented
    assert "flip" not in space({}, images).names
    assert "flip" in space({"flip": "0,0.2"}, images).names


def test_trial_0_stays_and_says_where_it_lies_outside() -> None:
    found = space({"lr": "0.01..1", "dropout": "0,0.1", "momentum": "0.5..0.6"})
    assert found.base.lr == 1e-3
    assert outside(found) == ("trial 0 keeps lr=0.001: what is searched is 0.01..1:log",)


def test_the_arguments_of_ones_own_network(tmp_path: Path) -> None:
    (tmp_path / "asked_net.py").write_text(NETWORK)
    own = {"network": "own", "factory": f"{tmp_path}/asked_net.py:make"}
    found = space({"own.width": "8..64:log", "own.extra": "0..4"}, fixed=own)
    assert found.knob("own.width").search == Range(8.0, 64.0, scale="log", whole=True)
    assert found.knob("own.extra").search == Range(0.0, 4.0, whole=True)
    assert {"own.width", "own.extra", "own.kind"} <= set(found.names)
    recipe = found.recipe([0.99] * len(found.names), "uniform")
    assert recipe.own["width"] == 63
    for asked, message in {
        "own.widht": "Did you mean 'own.width'",
        "replaced.norm": "must be a knob of your own network",
    }.items():
        with pytest.raises(BadRecipe, match=message):
            space({asked: "8,16" if asked == "own.widht" else "batch,layer"}, fixed=own)
    with pytest.raises(BadRecipe, match="Did you mean 'relu'"):
        space({"own.kind": "relu,rely"}, fixed=own)
