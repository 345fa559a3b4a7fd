"""The expected maximum against published tables, flattery against simulation."""

import json

import numpy as np
import pytest
from scipy import integrate, stats

from steepest.base.errors import BadInput
from steepest.evidence.curse import expected_flattery, expected_maximum, shrinkage


@pytest.mark.parametrize(
    ("n", "value"),  # Harter (1961), Table 1; the first two are 1/√π and 3/(2√π)
    [
        (1, 0.0),
        (2, 0.56419),
        (3, 0.84628),
        (4, 1.02938),
        (5, 1.16296),
        (10, 1.53875),
        (20, 1.86748),
        (100, 2.50759),
    ],
)
def test_published_expected_maxima(n: int, value: float) -> None:
    assert expected_maximum(n) == pytest.approx(value, abs=6e-6)


@pytest.mark.parametrize("n", [7, 1000, 5000, 10**6])
def test_expected_maximum_by_another_integral(n: int) -> None:
    # E[M] = ∫₀^∞ (1 − F^N) dx − ∫_{−∞}^0 F^N dx
    above = integrate.quad(lambda x: -np.expm1(n * stats.norm.logcdf(x)), 0, 12, limit=200)[0]
    below = integrate.quad(lambda x: np.exp(n * stats.norm.logcdf(x)), -12, 0)[0]
    assert expected_maximum(n) == pytest.approx(above - below, abs=1e-7)


@pytest.mark.parametrize(("n", "noise", "spread"), [(50, 1.0, 0.0), (50, 0.5, 1.0), (200, 2.0, 1.0)])
def test_flattery_in_simulation(n: int, noise: float, spread: float) -> None:
    rng = np.random.default_rng(0)
    quality, luck = spread * rng.normal(size=(20_000, n)), noise * rng.normal(size=(20_000, n))
    winner = np.argmax(quality + luck, axis=1)
    found = luck[np.arange(20_000), winner]
    error = found.std() / np.sqrt(20_000)
    assert expected_flattery(n, noise, spread) == pytest.approx(found.mean(), abs=4 * error)


def test_no_noise_no_flattery() -> None:
    assert expected_flattery(100, noise=0.0, spread=1.0) == 0.0
    assert expected_flattery(100, noise=0.0, spread=0.0) == 0.0


def test_shrinkage_record() -> None:
    s = shrinkage(0.99, [0.97, 0.98, float("nan"), 0.975], candidates=300, metric="accuracy")
    assert (s.n, s.diverged, s.confirmed) == (3, 1, pytest.approx(0.975))
    assert s.flattery_sd == pytest.approx(3.0)
    assert s.sentence == (
        "search 0.990 → confirmed 0.975 ± 0.012 accuracy (95 %, 3 fresh runs, 1 diverged): flattered by "
        "3.0 seed SD, where the best of 300 equal candidates is flattered by 2.9"
    )
    assert "not flattered" in shrinkage(0.9, [0.95, 0.96], candidates=3).sentence
    assert shrinkage(0.9, [0.8], candidates=3).sentence == "search 0.90 → confirmed 0.80 score (1 fresh run)"
    json.dumps(shrinkage(0.9, [0.8], candidates=3).to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: expected_maximum(0), "candidates must be at least 1"),
        (lambda: expected_flattery(5, -1.0), "noise and spread must be 0 or more"),
        (lambda: shrinkage(float("nan"), [1.0], candidates=2), "search_score must be finite"),
        (lambda: shrinkage(1.0, [float("nan")], candidates=2), "confirmed_scores must hold a finite score"),
    ],
)
def test_bad_input(call, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        call()


def test_a_metric_that_should_be_low_is_told_as_itself():
    found = shrinkage(-0.40, [-0.43, -0.42, -0.44], candidates=50, metric="mae", lower=True)
    assert found.flattery > 0
    assert found.sentence.startswith("search 0.400 → confirmed 0.430 ± 0.025 mae")
