"""Seasons, the calendar, and the forecast that repeats the last season."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.data.sampling import DAY, HOUR, MINUTE, WEEK, Sampling
from steepest.data.seasonal import calendar, naive_forecast, season_of

FIXED = {"hour": HOUR, "10 minutes": 10 * MINUTE, "7 minutes": 7 * MINUTE, "day": DAY, "week": WEEK}


@pytest.mark.parametrize(
    ("sampling", "steps", "season"),
    [
        (Sampling("fixed", HOUR), 48, 24),
        (Sampling("fixed", HOUR), 47, 1),
        (Sampling("fixed", 10 * MINUTE), 1000, 144),
        (Sampling("fixed", 7 * MINUTE), 1000, 1),
        (Sampling("fixed", DAY), 730, 365),
        (Sampling("fixed", DAY), 729, 7),
        (Sampling("fixed", WEEK), 104, 52),
        (Sampling("months", 1), 24, 12),
        (Sampling("months", 3), 24, 4),
        (Sampling("months", 12), 24, 1),
        (Sampling("weekdays"), 300, 5),
        (Sampling("rows"), 300, 1),
    ],
)
def test_season_by_the_calendar(sampling: Sampling, steps: int, season: int) -> None:
    noise = np.random.default_rng(0).normal(size=steps).cumsum() * 0 + np.arange(steps)
    assert season_of(sampling, noise)[0] == season


@pytest.mark.parametrize("season", [3, 11, 60])
def test_season_by_correlation_through_noise_trend_and_gaps(season: int) -> None:
    draw = np.random.default_rng(1)
    steps = np.arange(1000)
    values = draw.normal(size=season)[steps % season] * 3 + draw.normal(size=1000) + 0.05 * steps
    values[draw.random(1000) < 0.1] = np.nan
    assert season_of(Sampling("rows"), values)[0] == season


def test_season_does_not_look_at_the_end() -> None:
    values = np.tile([0.0, 3.0, 1.0, 9.0, 2.0], 40)
    other = np.concatenate([values[:120], np.tile([5.0, 0.0, 7.0, 8.0], 20)])
    assert season_of(Sampling("rows"), other)[0] == 5


def test_noise_and_drift_have_no_season() -> None:
    draw = np.random.default_rng(2)
    assert season_of(Sampling("rows"), draw.normal(size=500))[0] == 1
    assert season_of(Sampling("rows"), np.arange(500.0))[0] == 1


def brute(values: np.ndarray, moment: int, horizon: int, season: int) -> list[float]:
    """Step by step, with the past alone in hand."""
    past = values[:moment].tolist()
    out = []
    for ahead in range(horizon):
        place = moment + ahead
        while place >= moment:
            place -= season
        while place >= 0 and np.isnan(past[place]):
            place -= 1
        known = [value for value in past if not np.isnan(value)]
        out.append(past[place] if place >= 0 else known[-1])
    return out


@given(
    st.lists(st.sampled_from([np.nan, 1.0, 2.0, 3.0, 4.0]), min_size=1, max_size=30),
    st.integers(1, 6),
    st.integers(1, 9),
)
def test_naive_forecast_is_the_last_season_of_the_past(tail: list[float], horizon: int, season: int) -> None:
    values = np.array([7.0, *tail])
    moments = np.arange(1, len(values) + 1)
    found, short = naive_forecast(values, moments, horizon, season)
    np.testing.assert_array_equal(found, [brute(values, int(m), horizon, season) for m in moments])
    if not np.isnan(values).any():
        assert short == sum(bool(m < season and m + horizon > 0) for m in moments)


def test_naive_forecast_never_reads_what_comes() -> None:
    values = np.arange(30.0)
    before, _ = naive_forecast(values, np.array([12]), 5, 3)
    values[12:] = -1.0
    after, _ = naive_forecast(values, np.array([12]), 5, 3)
    np.testing.assert_array_equal(before, after)
    assert before.tolist() == [[9.0, 10.0, 11.0, 9.0, 10.0]]


@pytest.mark.parametrize(
    ("sampling", "step", "steps", "cycles"),
    [
        (Sampling("fixed", HOUR), HOUR, 47, ()),
        (Sampling("fixed", HOUR), HOUR, 48, ("time of day",)),
        (Sampling("fixed", HOUR), HOUR, 14 * 24, ("time of day", "day of the week")),
        (
            Sampling("fixed", HOUR),
            HOUR,
            2 * 8760,
            ("time of day", "day of the week", "day of the year"),
        ),
        (Sampling("fixed", DAY), DAY, 730, ("day of the week", "day of the year")),
        (Sampling("fixed", WEEK), WEEK, 120, ("day of the year",)),
        (Sampling("rows"), 1, 0, ()),
    ],
)
def test_calendar_says_what_steps_tell_apart(
    sampling: Sampling, step: int, steps: int, cycles: tuple[str, ...]
) -> None:
    start = np.datetime64("2021-03-01", "us")
    stamps = start + np.arange(steps) * np.timedelta64(step, "us") if steps else None
    columns, parts = calendar(sampling, stamps)
    assert [c.name for c in columns] == [f"{w} of the {c}" for c in cycles for w in ("sine", "cosine")]
    if cycles:
        assert parts.shape == (steps, 2 * len(cycles))
        np.testing.assert_allclose(parts[:, ::2] ** 2 + parts[:, 1::2] ** 2, 1.0, rtol=1e-5)


def test_weeks_begin_on_a_monday() -> None:
    stamps = np.arange("2021-03-01", "2021-03-22", dtype="datetime64[D]").astype("datetime64[us]")
    _, parts = calendar(Sampling("fixed", DAY), stamps)
    np.testing.assert_allclose(parts[[0, 7, 14]], [[0.0, 1.0]] * 3, atol=1e-6)
