"""The listing of columns says what each became."""

import numpy as np
import pandas as pd

from steepest.data.listing import column_lines
from steepest.data.table import from_table


def test_every_kind_is_told() -> None:
    frame = pd.DataFrame(
        {
            "size": [1.5, None, *np.linspace(2, 3, 198)],
            "town": ["Ede", "Urk", "Goes", "Oss", "Epe"] * 40,
            "shop": [f"s{n % 100}" for n in range(200)],
            "on": pd.date_range("2021", periods=200),
            "row": range(200),
            "ill": ["y", "n"] * 100,
        }
    )
    lines = column_lines(from_table(frame, "ill", name="t", where="t"))
    assert lines == [
        "size  number    has gaps",
        "town  category  5 values: Ede, Epe, Goes, Oss, …",
        "shop  code      100 values: s0, s1, s10, s11, …",
        "on    date      with day of the week, day of the year",
        "row   left out  it only numbers the rows",
    ]
    kinds = {"shop": "category"}
    other = column_lines(from_table(frame, "ill", name="t", where="t", kinds=kinds))
    assert other[2] == "shop  category  64 values: s0, s1, s10, s11, …, rarer ones share one input"


def test_many_columns_are_counted() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 9))).assign(ill=[0, 1] * 15)
    lines = column_lines(from_table(frame, "ill", name="t", where="t"), most=4)
    assert len(lines) == 5
    assert lines[-1] == "… and 5 more"
