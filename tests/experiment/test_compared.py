"""From trainings to rows and verdicts."""

import json
import math

import numpy as np
import pytest

from steepest.base.recipe import Recipe
from steepest.evidence.resampled import resampled_t
from steepest.experiment.candidates import Candidate
from steepest.experiment.compared import Compared, Trained, judged

NOISE = np.array([-0.01, 0.01, -0.005, 0.005, 0.0, 0.0, 0.008, -0.008])


def trained(
    value: int, ends: np.ndarray, seconds: float = 0.5, rise: tuple[float, ...] = (0.5, 0.8, 1.0)
) -> Trained:
    curves = ends[:, None] * np.array(rise)
    rates = tuple(0.001 * (1 + i % 3) for i in range(len(ends)))
    return Trained(Candidate(value, Recipe(batch_size=value)), rates, (1.0, 2.0, 3.0), curves, seconds)


def compared(*parts: Trained, shared: int = 1) -> Compared:
    return judged("batch_size", "accuracy", parts, "64", 0.25, 0, {"data": "toy"}, shared)


def test_a_clear_difference_is_a_verdict_and_equal_values_are_not() -> None:
    found = compared(trained(64, 0.8 + NOISE), trained(16, 0.9 + NOISE), trained(32, 0.8 + NOISE))
    kinds = {row.contender: row.verdict.kind for row in found.verdicts}
    assert kinds == {"16": "better", "32": "equivalent"}
    assert found.best == "16"


def test_the_mean_has_the_interval_for_overlapping_folds() -> None:
    scores = 0.8 + NOISE
    row = compared(trained(64, scores), trained(16, scores)).rows[0]
    assert row.mean == pytest.approx(0.8)
    assert (row.low, row.high) == pytest.approx(tuple(resampled_t(scores, 0.25).interval))


def test_the_target_is_the_best_less_the_spread_and_is_met_by_the_mean_curve() -> None:
    found = compared(
        trained(64, 0.9 + NOISE, seconds=0.5, rise=(0.5, 1.0, 1.0)),
        trained(16, 0.9 + NOISE, seconds=2.0, rise=(1.0, 1.0, 1.0)),
        trained(32, 0.7 + NOISE),
    )
    assert found.target == pytest.approx(0.9 - NOISE.std(ddof=1))
    assert [(row.epochs_to_target, row.seconds_to_target) for row in found.rows] == [
        (2.0, 1.0),
        (1.0, 2.0),
        (None, None),
    ]


def test_diverged_runs_are_counted_left_out_of_the_mean_and_held_against_the_value() -> None:
    broken = 0.95 + NOISE
    broken[:3] = math.nan
    found = compared(trained(64, 0.8 + NOISE), trained(16, broken))
    row = found.rows[1]
    assert row.diverged == 3
    assert row.mean == pytest.approx(broken[3:].mean())
    assert row.epochs_to_target is None
    assert found.best == "64"
    assert found.verdicts[0].verdict.diverged_a == 3


def test_where_everything_diverged_nothing_is_claimed() -> None:
    nothing = np.full(8, math.nan)
    found = compared(trained(64, nothing), trained(16, nothing))
    assert found.verdicts[0].verdict.kind == "unresolved"
    assert math.isnan(found.target)
    json.dumps(found.to_dict(), allow_nan=False)


def test_beyond_these_rows_seeds_that_share_their_folds_count_once_per_fold() -> None:
    found = compared(trained(64, 0.8 + NOISE), trained(16, 0.9 + NOISE), shared=2)
    assert found.verdicts[0].verdict.n == 8
    assert found.beyond[0].verdict.n == 4
    assert len(found.rows[0].scores) == 8


def test_the_recipe_of_a_row_has_the_middle_rate_and_everything_is_plain() -> None:
    found = compared(trained(64, 0.8 + NOISE), trained(16, 0.9 + NOISE))
    assert found.rows[0].recipe.lr == found.rows[0].rate == 0.002
    back = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert back["rows"][1]["label"] == "16"
    assert back["verdicts"][0]["verdict"]["kind"] == "better"


def test_the_best_of_a_loss_is_the_lowest_and_verdicts_speak_of_the_loss() -> None:
    found = judged(
        "batch_size",
        "mae",
        (trained(64, NOISE - 3.0), trained(16, -NOISE - 2.0)),
        "64",
        0.25,
        0,
        {"data": "toy"},
    )
    assert found.best == "16"
    assert found.verdicts[0].verdict.sentence.startswith("better than 64: -1.000 mae [-1.012, -0.988]")
    beyond = found.beyond[0].verdict
    assert beyond.sentence.startswith("better than 64: -1.000 mae [-1.021, -0.979]")


def test_what_is_known_of_these_rows_may_not_be_known_beyond_them() -> None:
    spread = np.array([0.01, 0.02, 0.03, 0.05, 0.01, 0.06, 0.01, 0.1])
    found = compared(trained(64, 0.8 + NOISE), trained(16, 0.8 + NOISE + spread))
    here, beyond = found.verdicts[0].verdict, found.beyond[0].verdict
    assert (here.kind, beyond.kind) == ("better", "unresolved")
    assert here.effect == beyond.effect
    assert beyond.low < here.low < here.high < beyond.high
    kept = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert kept["beyond"][0]["verdict"]["kind"] == "unresolved"
