"""Which recipes a comparison trains, and what it refuses before anything is trained."""

from typing import Any

import numpy as np
import pytest
from torch import nn

from steepest.base.errors import BadInput
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.experiment.candidates import candidates, one_knob


def image() -> DataSet:
    draw = np.random.default_rng(0)
    return DataSet(
        name="squares", task="classification", target="y", classes=("a", "b"),
        x=draw.integers(0, 255, (40, 64)).astype(np.uint8), y=np.arange(40) % 2,
        form="image", shape=(1, 8, 8),
    )  # fmt: skip


def toy_network(inputs: int, outputs: int, width: int = 8) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, outputs))


OWN = {"network": "own", "factory": f"{__name__}:toy_network"}


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({}, "must be given one knob, but got 'none'. For example: batch_size=16,64,256."),
        ({"lr": [1, 2], "depth": [1, 2]}, "but got 'lr, depth'. Compare one knob after the other, or search"),
        ({"batchsize": [16, 32]}, "Did you mean 'batch_size'?"),
        ({"batchsize": 16}, "Did you mean 'batch_size'?"),
        ({"batch_size": 16}, "batch_size must be a list of values, but got 16"),
        ({"optimizer": "sgd"}, "optimizer must be a list of values, but got 'sgd'"),
        ({"batch_size": [0, 16]}, "batch_size must lie in [1, 1e+06], but got 0"),
        ({"batch_size": [16.5, 32]}, "batch_size must be a whole number, but got 16.5"),
        ({"batch_size": ["a", 32]}, "batch_size must be a whole number, but got 'a'"),
        ({"optimizer": ["adm", "sgd"]}, "Did you mean 'adam'?"),
        ({"batch_size": [16]}, "batch_size must have two values or more to compare, but got '16'"),
        ({"batch_size": []}, "batch_size must have two values or more to compare, but got 'none'"),
        ({"batch_size": [16, 32, 16]}, "batch_size must not have the same value twice, but got '16'"),
        ({"batch_size": [16, 16.0]}, "must not have the same value twice"),
        ({"own.width": [8]}, "own.width must have two values or more to compare"),
        ({"replaced.norm": ["own", "bach"]}, "replaced.norm must be a known name"),
        ({"residual": [True, 1]}, "residual must be a known name, but got 1"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(knobs: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput) as refused:
        one_knob(knobs)
    assert says in str(refused.value)


def test_values_may_come_as_any_sequence_of_numbers() -> None:
    assert one_knob({"batch_size": np.array([16, 32])}) == ("batch_size", (16, 32))
    assert one_knob({"depth": range(1, 4)}) == ("depth", (1, 2, 3))


@pytest.mark.parametrize(
    ("knob", "values", "fixed", "says"),
    [
        ("flip", (0.0, 0.5), {}, "flip matters only for data of the form image, but got 'iris: table'"),
        ("error", ("squared", "huber"), {}, "matters only for the task regression or forecasting"),
        ("momentum", (0.8, 0.9), {}, "momentum matters only where optimizer is momentum or nesterov"),
        ("batch_size", (8, 16), {"optimizer": "gd"}, "gd takes all rows"),
        ("network", ("mlp", "cnn"), {}, "network must suit iris"),
        ("lr", (0.1, 0.2), {"lr": 0.3}, "lr must be left free"),
        ("own.width", (8, 16), {}, "own.width matters only where network is own, but got 'mlp'. Name your"),
        (
            "own.widht",
            (8, 16),
            OWN,
            "toy_network(widht=…) must be an argument of it, but got 8. Did you mean",
        ),
        ("width", (8, 16), OWN, "width must be a knob of your own network"),
        ("replaced.norm", ("own", "batch"), OWN, "norm must find a layer of the network to replace"),
    ],
)
def test_a_knob_that_does_not_suit_is_refused(
    knob: str, values: tuple[Any, ...], fixed: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput) as refused:
        candidates(read("iris"), knob, values, fixed)
    assert says in str(refused.value)


def test_a_value_the_network_cannot_have_is_refused() -> None:
    with pytest.raises(BadInput, match="kernel must be odd, but got 4"):
        candidates(image(), "kernel", (3, 4), {})


def test_every_family_comes_with_its_own_defaults() -> None:
    mlp, cnn = candidates(image(), "network", ("mlp", "cnn"), {"dropout": 0.2}, epochs=3)
    assert cnn.recipe.norm == "batch"
    assert mlp.recipe.norm == "none"
    assert {r.recipe.dropout for r in (mlp, cnn)} == {0.2}
    assert {r.recipe.epochs for r in (mlp, cnn)} == {3}


def test_only_the_knob_differs() -> None:
    a, b = candidates(read("iris"), "batch_size", (8, 16), {"optimizer": "sgd"})
    assert a.recipe.replace(batch_size=16) == b.recipe
    assert a.label == "8"


def test_arguments_and_layers_of_ones_own_network_are_knobs_too() -> None:
    assert one_knob({"own.width": [4, 16]}) == ("own.width", (4, 16))
    a, b = candidates(read("iris"), "own.width", (4, 16), OWN)
    assert (a.recipe.own, b.recipe.own) == ({"width": 4}, {"width": 16})
    assert a.recipe.replace(**{"own.width": 16}) == b.recipe
    c, _ = candidates(read("iris"), "replaced.activation", ("own", "gelu"), OWN)
    assert c.recipe.replaced == {"activation": "own"}
