"""Importance against scipy's χ², planted truths and behaviour under chance."""

import numpy as np
import pytest
from scipy import stats

from steepest.base.errors import BadInput
from steepest.evidence.importance import cut, importances


def space(n: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "lr": 10 ** rng.uniform(-5, 0, size=n),
        "optimizer": rng.choice(["sgd", "adam", "adagrad"], size=n),
        "dropout": rng.uniform(size=n),
        "depth": rng.integers(1, 5, size=n),
    }


def test_planted_knobs_are_found_in_order() -> None:
    knobs = space(400, 0)
    scores = -np.abs(np.log10(knobs["lr"]) + 3) + 0.8 * (knobs["optimizer"] == "adam")
    ranked = importances(knobs, scores)
    assert [r.knob for r in ranked[:2]] == ["lr", "optimizer"]
    assert sum(r.share for r in ranked) == pytest.approx(1.0)
    assert all(r.p_adjusted < 0.01 for r in ranked[:2])
    assert all(r.p_adjusted > 0.05 for r in ranked[2:])
    assert ranked[1].best == "adam"
    assert dict(ranked[1].lift)["adam"] > 1.5
    assert all(0 <= r.low <= r.share <= r.high <= 1 for r in ranked)


def test_the_divergence_is_chi_squared() -> None:
    knobs = space(200, 1)
    scores = (knobs["optimizer"] == "adam") + np.random.default_rng(2).normal(size=200)
    (row,) = importances({"optimizer": knobs["optimizer"]}, scores, top=0.2)
    best = np.argsort(-scores)[:40]
    labels = ["adagrad", "adam", "sgd"]
    counts = np.array([np.sum(knobs["optimizer"] == x) for x in labels])
    observed = np.array([np.sum(knobs["optimizer"][best] == x) for x in labels])
    assert [label for label, _ in row.lift] == labels
    assert [value for _, value in row.lift] == pytest.approx(observed / 40 / (counts / 200))
    # drawing 40 of 200 without replacement shrinks χ² by (n − m)/(n − 1)
    chi = stats.chisquare(observed, counts / 5).statistic * 199 / 160
    assert row.p_value == pytest.approx(stats.chi2.sf(chi, 2), abs=0.03)


def test_knobs_that_do_nothing_are_rarely_called_important() -> None:
    p_values = [
        row.p_value
        for seed in range(25)
        for row in importances(space(150, seed), np.random.default_rng(seed + 999).normal(size=150))
    ]
    # 100 p-values, uniform or larger: at most 5 % below 0.05, plus three standard errors
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def test_the_scale_of_a_knob_does_not_matter() -> None:
    knobs = space(200, 3)
    scores = -np.abs(np.log10(knobs["lr"]) + 3)
    linear = importances(knobs, scores)
    logarithmic = importances({**knobs, "lr": np.log10(knobs["lr"])}, scores)
    assert [(r.knob, r.share, r.p_value) for r in linear] == [
        (r.knob, r.share, r.p_value) for r in logarithmic
    ]


def test_absent_values_are_a_cell_of_their_own() -> None:
    cells = cut("beta2", [0.9, None, 0.99, float("nan")], n=4, top=9)
    assert cells.labels == ("0.9", "0.99", "absent")
    assert cells.codes.tolist() == [0, 2, 1, 2]
    wide = cut("lr", np.linspace(0, 1, 101), n=101, top=16)
    assert np.bincount(wide.codes).min() >= 25
    assert wide.labels[0] == "0 to 0.25"
    assert cut("flag", [True, False, True], n=3, top=9).labels == ("False", "True")


def test_diverged_trials_are_never_among_the_best() -> None:
    x = np.linspace(0, 1, 100)
    scores = np.where(x > 0.5, np.nan, x)
    (row,) = importances({"x": x}, scores)
    assert row.best == "0.333 to 0.667"


@pytest.mark.parametrize(
    ("knobs", "scores", "words"),
    [
        ({"x": np.arange(30)}, np.arange(30.0), "scores must have 5 finite scores or more in the top 0.1"),
        ({"x": [1.0]}, np.arange(100.0), r"knobs\['x'\] must hold one value per trial \(100\)"),
        ({}, np.arange(100.0), "knobs must hold at least one knob"),
    ],
)
def test_bad_input(knobs: dict[str, list[float]], scores: np.ndarray, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        importances(knobs, scores)


def test_a_switch_of_another_knob_says_nothing_about_a_knob() -> None:
    rng = np.random.default_rng(5)
    adam = rng.uniform(size=400) < 0.5
    beta = np.where(adam, rng.uniform(size=400), np.nan)  # does nothing; present with Adam only
    ranked = {r.knob: r for r in importances({"adam": adam, "beta": beta}, adam + rng.normal(0, 0.1, 400))}
    assert ranked["adam"].share > 0.8
    assert ranked["beta"].p_value > 0.05


def test_knobs_that_groups_share_are_judged_among_groups() -> None:
    """Depth does nothing, but six members share each draw of depth and of width, which does."""
    alone, in_groups = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        width, depth = rng.uniform(size=20), rng.integers(1, 4, size=20)
        group = np.repeat(np.arange(20), 6)
        scores = 3 * width[group] + rng.normal(0, 0.2, size=120)
        knobs = {"width": width[group], "depth": depth[group]}
        alone += [r.p_value for r in importances(knobs, scores) if r.knob == "depth"]
        shared = importances(knobs, scores, groups=group, shared=("width", "depth"))
        in_groups += [r.p_value for r in shared if r.knob == "depth"]
    assert np.mean(np.array(alone) < 0.05) > 0.2
    assert np.mean(np.array(in_groups) < 0.05) <= 0.15  # 5 %, plus two standard errors


def test_groups_must_cover_the_trials() -> None:
    with pytest.raises(BadInput, match="one group per trial"):
        importances({"x": np.arange(100)}, np.arange(100.0), groups=[1, 2])
