"""Series become windows of the past and what follows; nothing that is repaired goes unsaid."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadData, BadInput
from steepest.data.dataset import DataSet
from steepest.data.delimited import read_delimited
from steepest.data.series import from_series
from steepest.data.standardise import Standardiser

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
ROWS = 120


def table(**columns: Any) -> pd.DataFrame:
    days = pd.date_range("2020-01-01", periods=ROWS).strftime("%Y-%m-%d")
    plain = {"on": days, "sold": np.arange(ROWS) % 11 + 0.5, "rain": np.arange(ROWS) % 5}
    return pd.DataFrame({**plain, **columns})


def make(frame: pd.DataFrame | None = None, forecast: str | int = "sold", **asked: Any) -> DataSet:
    return from_series(table() if frame is None else frame, forecast, name="toy", where="the table", **asked)


@pytest.mark.parametrize("horizon", [1, 3])
def test_windows_hold_the_past_and_targets_what_follows(horizon: int) -> None:
    frame = table()
    data = make(frame, window=4, horizon=horizon)
    assert (data.task, data.form, data.shape, data.reach, data.outputs) == (
        "forecasting", "series", (4, 4), horizon, horizon,
    )  # fmt: skip
    assert (data.x.dtype, data.y.dtype, data.moments.dtype) == (np.float32, np.float64, np.int64)
    assert data.moments.tolist() == list(range(4, ROWS - horizon + 1))
    sold = frame["sold"].to_numpy()
    for row, moment in enumerate(data.moments):
        window = data.x[row].reshape(data.shape)
        np.testing.assert_array_equal(window[:, 0], sold[moment - 4 : moment])
        np.testing.assert_array_equal(window[:, 1], frame["rain"][moment - 4 : moment])
        np.testing.assert_array_equal(np.atleast_1d(data.y[row]), sold[moment : moment + horizon])
    assert data.naive is not None
    assert data.naive.shape == data.y.shape == ((len(data.x),) if horizon == 1 else (len(data.x), horizon))
    assert data.naive_name == "the value 7 days before"
    np.testing.assert_array_equal(
        np.ravel(data.naive.T[0] if horizon > 1 else data.naive)[10:], sold[data.moments[10:] - 7]
    )
    assert data.groups.tolist() == list(range(data.rows))


def test_columns_name_the_inputs_of_a_step() -> None:
    frame = table(wind=["N", "S", "E"] * 40, open=["yes", "no"] * 60, id=range(ROWS), other=1)
    frame.loc[3, "rain"] = np.nan
    data = make(frame)
    inputs = [each for column in data.columns for each in column.inputs]
    assert inputs == [
        "sold", "rain", "rain is missing", "wind=E", "wind=N", "wind=S", "open",
        "sine of the day of the week", "cosine of the day of the week",
    ]  # fmt: skip
    assert data.shape[1] == len(inputs)
    step = data.x.reshape(data.rows, *data.shape)[0, 3]
    assert np.isnan(step[1])
    assert step[2:7].tolist() == [1.0, 0.0, 1.0, 0.0, 0.0]
    assert [c.name for c in data.columns if c.kind == "left out"] == ["id", "other"]
    assert "columns left out: 2" in data.summary
    said = "\n".join(data.notes)
    for part in ("marked: 'rain'", "Left out: 'id' (it only numbers the rows)", "'other' (it never changes)"):
        assert part in said
    assert np.isfinite(Standardiser.fit(data, np.arange(20)).x(data)).all()


def test_windows_with_a_missing_target_are_left_out() -> None:
    sold = table()["sold"].to_numpy().copy()
    sold[[0, 1, 2, 50]] = np.nan
    data = make(table(sold=sold), window=2, horizon=2)
    lost = {2, 3, 49, 50}  # 3 is known, but nothing before it is
    assert data.moments.tolist() == [m for m in range(2, ROWS - 1) if m not in lost]
    assert not np.isnan(data.y).any()
    assert not np.isnan(data.naive).any()
    assert "Windows left out, since a value to forecast is missing: 4." in data.notes
    assert data.columns[0].inputs == ("sold", "sold is missing")


def test_a_forecast_needs_a_past() -> None:
    sold = table()["sold"].to_numpy().copy()
    sold[:5] = np.nan
    assert make(table(sold=sold), window=2).moments[0] == 6


def test_missing_rows_become_missing_steps() -> None:
    data = make(table().drop([50, 51]), window=3)
    assert {50, 51}.isdisjoint(data.moments.tolist())
    assert data.columns[-1].inputs == ("the row is missing",)
    window = data.x.reshape(data.rows, *data.shape)[data.moments.tolist().index(52)]
    assert np.isnan(window[1:, :2]).all()
    assert window[:, -1].tolist() == [0.0, 1.0, 1.0]
    assert "Steps without a row, inserted as missing: 2 (the first is 2020-02-20)." in data.notes


def test_sorting_gives_the_same_data() -> None:
    shuffled = table().sample(frac=1.0, random_state=0)
    with pytest.raises(BadData, match="must rise from row to row"):
        make(shuffled)
    found = make(shuffled, sort=True)
    assert found.fingerprint == make().fingerprint
    assert "Rows are sorted by 'on'." in found.notes


def test_time_in_the_index() -> None:
    frame = table().set_index(pd.DatetimeIndex(table()["on"], name="on")).drop(columns="on")
    assert make(frame).fingerprint == make().fingerprint
    monthly = frame.set_index(pd.period_range("2001-01", periods=ROWS, freq="M"))
    assert make(monthly).notes[0] == "Time is 'time': one row a month, 2001-01-01 to 2010-12-01."


def test_without_time_rows_are_steps() -> None:
    data = make(table().drop(columns="on"))
    assert data.notes[0].startswith("No column says the time")
    assert data.naive_name == "the value 11 rows before"
    assert "Season: 11 steps (the highest peak of the autocorrelation)." in data.notes[2]


def test_the_target_may_be_a_trend() -> None:
    data = make(table(sold=range(ROWS)))
    assert data.columns[0].kind == "number"
    assert data.x[0, 0] == 0.0


def test_fingerprint_follows_window_and_horizon() -> None:
    prints = {make(window=w, horizon=h).fingerprint for w, h in ((4, 1), (5, 1), (4, 2))}
    assert len(prints) == 3
    assert make().fingerprint == make(notes=("said",)).fingerprint


REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "horizon 0": ({"horizon": 0}, BadInput, "horizon must be a whole number of at least 1, but got 0. Try"),
    "horizon 1.5": ({"horizon": 1.5}, BadInput, "horizon must be a whole number of at least 1, but got 1.5"),
    "horizon true": ({"horizon": True}, BadInput, "horizon must be a whole number"),
    "window -1": ({"window": -1}, BadInput, "window must be a whole number of at least 1, but got -1"),
    "window text": ({"window": "8"}, BadInput, "window must be a whole number of at least 1, but got '8'"),
    "too long": (
        {"window": 100, "horizon": 21},
        BadData,
        r"the table must be longer than window and horizon together \(100 \+ 21 = 121\), but got '120 steps'",
    ),
    "horizon of the series": ({"horizon": ROWS}, BadData, "window and horizon together"),
    "few windows": (
        {"window": 101},
        BadData,
        r"at least 20 windows whose targets are known, but got 19. .* \(now 101\) or horizon \(now 1\)",
    ),
    "no such column": (
        {"forecast": "solt"},
        BadData,
        "forecast must name a column of the table, but got 'solt'. Did you mean 'sold'",
    ),
    "no such place": ({"forecast": 7}, BadData, "forecast must be a column of the table, which has 3"),
    "none named": ({"forecast": None}, BadData, "forecast must name a column .*: --forecast rain"),
    "text": (
        {"frame": table(sold=["a", "b"] * 60)},
        BadData,
        "forecast 'sold' of the table must be numbers, but got 'a'. Name a column of numbers",
    ),
    "yes and no": (
        {"frame": table(sold=[True, False] * 60)},
        BadData,
        "must be numbers, but got 'yes and no'",
    ),
    "the time": ({"forecast": "on"}, BadData, "must be numbers, but got 'dates'"),
    "lists": ({"frame": table(sold=[[1]] * ROWS)}, BadData, "must be numbers, but got 'lists or records'"),
    "constant": ({"frame": table(sold=2.5)}, BadData, "must vary, but got 'only 2.5'. Name another"),
    "all missing": ({"frame": table(sold=np.nan)}, BadData, "must have values, but got 'only missing cells'"),
    "too large": (
        {"frame": table(sold=np.arange(ROWS) * 1e300)},
        BadData,
        r"must fit float32 \(up to 3.4e38\), but got '1.19e\+302'",
    ),
    "mostly missing": (
        {"frame": table(sold=[1.0, 2.0, *[np.nan] * (ROWS - 2)]), "window": 2},
        BadData,
        "must make at least 20 windows whose targets are known, but got 0. Give more rows",
    ),
    "no rows": ({"frame": table().iloc[:0]}, BadData, "the table must have rows, but got 'none'"),
    "two of a name": (
        {"frame": table().rename(columns={"rain": "sold"})},
        BadData,
        "must have column names that differ, but got \"'sold' twice\"",
    ),
    "twice a day": (
        {"frame": pd.concat([table(), table()]).sort_values("on")},
        BadData,
        "'on' of the table must have each time once, but got '2020-01-01 in data rows 1 and 2'",
    ),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_refused(wrong: str) -> None:
    asked, error, pattern = REFUSED[wrong]
    with pytest.raises(error, match=pattern) as caught:
        make(**asked)
    assert caught.value.remedy  # type: ignore[attr-defined]


def test_columns_that_no_step_can_hold_are_left_out() -> None:
    data = make(table(huge=np.arange(ROWS) * 1e300 + 0.5))
    assert "Left out: 'huge' (its numbers are too large for float32)." in data.notes


def shared(name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    if not (SHARED / name).is_file():
        pytest.skip(f"needs {SHARED / name}")
    return read_delimited(SHARED / name)


def test_daily_temperatures() -> None:
    frame, _ = shared("daily-min-temperatures.csv")
    data = from_series(frame, "Temp", name="temperatures", where="the file")
    assert data.summary == ("temperatures: forecasting of 'Temp', 3,618 windows of 32 steps, 6 inputs a step")
    assert data.naive_name == "the value 365 days before"
    assert data.notes[1] == "Steps without a row, inserted as missing: 2 (the first is 1984-12-31)."
    late = slice(int(0.8 * data.rows), None)
    assert data.naive is not None
    assert np.abs(data.naive[late] - data.y[late]).mean() == pytest.approx(2.9506, abs=1e-3)


def test_pollution() -> None:
    frame, notes = shared("pollution.csv")
    data = from_series(frame, "pm2.5", horizon=2, window=24, name="air", where="the file", notes=notes)
    assert data.notes[0] == (
        "Time is 'year', 'month', 'day', 'hour': one row an hour, 2010-01-01 to 2014-12-31 23:00."
    )
    assert data.naive_name == "the value 24 hours before"
    assert data.shape == (24, 18)
    gaps = frame["pm2.5"].isna().to_numpy()
    usable = ~(gaps[24:-1] | gaps[25:])
    assert gaps[:24].all(), "the first day is missing as a whole, so hour 24 has no past"
    np.testing.assert_array_equal(data.moments, np.flatnonzero(usable)[1:] + 24)
