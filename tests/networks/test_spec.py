"""A spec names its layers as the built module does, and refuses sizes that make no network."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.networks.build import build
from steepest.networks.spec import NetworkSpec, dense_spec

WIDTHS = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)


@given(
    hidden=WIDTHS, inputs=st.integers(1, 9), outputs=st.integers(1, 9), dropout=st.sampled_from([0.0, 0.4])
)
def test_parameter_names_and_shapes_are_those_of_the_built_module(hidden, inputs, outputs, dropout):
    spec = NetworkSpec("mlp", inputs, outputs, hidden, dropout=dropout)
    built = {name: tuple(value.shape) for name, value in build(spec).named_parameters()}
    assert built == spec.parameter_shapes
    assert list(built) == list(spec.parameter_shapes)


def test_a_linear_network_is_one_layer():
    spec = dense_spec(Recipe(network="linear", activation="tanh", dropout=0.3), inputs=5, outputs=3)
    assert [tuple(layer) for layer in spec.layers] == [("0", 5, 3, True)]
    assert (spec.activation, spec.dropout) == ("identity", 0.0)


def test_shape_ignores_what_a_stack_can_mix():
    a = dense_spec(Recipe(activation="tanh", dropout=0.5), 5, 3)
    b = dense_spec(Recipe(activation="relu", dropout=0.0), 5, 3)
    assert a != b
    assert a.shape == b.shape
    assert hash(a.shape) == hash(b.shape)


@pytest.mark.parametrize(
    "other", [Recipe(depth=1), Recipe(width=32), Recipe(network="linear")], ids=["depth", "width", "family"]
)
def test_shape_differs_where_a_stack_must_split(other):
    assert dense_spec(other, 5, 3).shape != dense_spec(Recipe(), 5, 3).shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": 0}, "inputs must be at least 1, but got 0"),
        ({"outputs": -1}, "outputs must be at least 1, but got -1"),
        ({"hidden": (4, 0)}, "hidden must be at least 1 unit in every layer"),
        ({"hidden": ()}, "family is 'mlp'"),
        ({"family": "linear"}, "family is 'linear'"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\), but got 1.0"),
        ({"dropout": float("nan")}, "dropout must lie in"),
    ],
)
def test_impossible_sizes_are_refused(arguments, message):
    good = {"family": "mlp", "inputs": 3, "outputs": 2, "hidden": (4,)}
    with pytest.raises(BadInput, match=message):
        NetworkSpec(**{**good, **arguments})


def test_specs_need_no_torch():
    code = "import sys, steepest.networks.spec, steepest.networks.cost; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
