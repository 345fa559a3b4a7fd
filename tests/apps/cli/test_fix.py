"""`--fix` types values as YAML does, checks them like a recipe's and names the knob at fault."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.apps.cli.fix import parse_fix
from steepest.base.errors import BadRecipe
from steepest.base.recipe import Recipe


def test_values_are_typed_and_spaces_ignored():
    fixed = parse_fix(["lr=1e-3", "depth = 2", "optimizer=sgd", "dropout=0", "batch_size=64"])
    assert fixed == {"lr": 1e-3, "depth": 2, "optimizer": "sgd", "dropout": 0.0, "batch_size": 64}
    assert isinstance(fixed["depth"], int)


@settings(deadline=None, derandomize=True)
@given(st.floats(1e-30, 1e4))
def test_any_number_survives_its_own_text(lr):
    assert parse_fix([f"lr={lr!r}"]) == {"lr": lr}


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 32), st.sampled_from(["adam", "sgd", "nadamw"]))
def test_what_is_fixed_is_what_a_recipe_would_hold(depth, optimizer):
    fixed = parse_fix([f"depth={depth}", f"optimizer={optimizer}"])
    recipe = Recipe(**fixed)
    assert (recipe.depth, recipe.optimizer) == (depth, optimizer)


@pytest.mark.parametrize(
    ("settings", "fragments"),
    [
        (["lr"], ["--fix", "knob=value", "'lr'"]),
        (["=3"], ["knob=value"]),
        (["lr="], ["knob=value"]),
        (["optimiser=adam"], ["'optimiser'", "known knob", "Did you mean 'optimizer'?"]),
        (["optimizer=adm"], ["optimizer", "Did you mean 'adam'?"]),
        (["lr=-1"], ["lr", "[0, 10000]", "-1"]),
        (["lr=fast"], ["lr", "a number", "'fast'"]),
        (["lr=nan"], ["lr", "nan"]),
        (["lr=true"], ["lr", "a number", "True"]),
        (["depth=1.5"], ["depth", "a whole number", "1.5"]),
        (["lr=[1, 2]"], ["lr", "a number"]),
        (["lr={"], ["lr", "a number"]),
        (["lr=0.1", "lr=0.2"], ["--fix lr", "once", "0.1"]),
    ],
)
def test_bad_settings_are_refused_in_words(settings, fragments):
    with pytest.raises(BadRecipe) as refused:
        parse_fix(settings)
    for fragment in fragments:
        assert fragment in str(refused.value)
