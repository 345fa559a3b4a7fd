"""Functional ANOVA against brute-force integration and functions whose variance shares are known."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from steepest.base.errors import BadInput
from steepest.evidence.forest import _main_effects, fanova


def test_one_tree_equals_integration_on_a_grid() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(200, 2))
    tree = DecisionTreeRegressor(max_depth=4, random_state=0).fit(x, np.sin(6 * x[:, 0]) * x[:, 1] + x[:, 0])
    side = (np.arange(1000) + 0.5) / 1000
    grid = tree.predict(np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2))
    grid = grid.reshape(1000, 1000)
    expected = [grid.mean(axis=1 - d).var() / grid.var() for d in (0, 1)]
    assert _main_effects(tree.tree_, 2) == pytest.approx(expected, abs=2e-3)


def test_shares_of_an_additive_function() -> None:
    # variances of 3x, 2y and a fair coin are 9/12, 4/12 and 1/4: shares 0.5625, 0.25, 0.1875
    rng = np.random.default_rng(1)
    x, y, coin = rng.uniform(size=1500), rng.uniform(size=1500), rng.choice(["heads", "tails"], size=1500)
    found = fanova({"coin": coin, "y": y, "x": x}, 3 * x + 2 * y + (coin == "heads"))
    assert [e.knob for e in found.effects] == ["x", "y", "coin"]
    assert [e.share for e in found.effects] == pytest.approx([0.5625, 0.25, 0.1875], abs=0.05)
    assert found.interactions < 0.05
    assert all(e.low <= e.share <= e.high for e in found.effects)


def test_a_pure_interaction_has_no_main_effects() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.choice([0, 1], size=400), rng.choice([0, 1], size=400)
    found = fanova({"x": x, "y": y}, (x ^ y).astype(float))
    assert found.interactions > 0.9


def test_the_same_seed_gives_the_same_forest() -> None:
    rng = np.random.default_rng(3)
    x, score = rng.uniform(size=60), rng.normal(size=60)
    assert fanova({"x": x}, score, seed=1) == fanova({"x": x}, score, seed=1)


def test_bad_input() -> None:
    with pytest.raises(BadInput, match="scores must hold 20 finite scores that vary"):
        fanova({"x": np.arange(30)}, np.ones(30))
