"""Kinds that the user names: what they make of cells, and which cells they refuse."""

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadData, BadInput
from steepest.data.dataset import DataSet
from steepest.data.overrides import kinds_by_place, parse_kind
from steepest.data.table import from_table

ROWS = 40


def table(cells: object, kind: str | None = None) -> DataSet:
    frame = pd.DataFrame({"c": cells, "x": np.linspace(0, 1, ROWS), "ill": ["y", "n"] * (ROWS // 2)})
    return from_table(frame, "ill", name="toy", where="toy.csv", kinds={"c": kind} if kind else {})


# asked for, cells (repeated to 40), the inputs of the column, the first row's values
TAKEN: dict[str, tuple[str, list[object], tuple[str, ...], list[float]]] = {
    "numbers that number rows": ("number", list(range(ROWS)), ("c",), [0.0]),
    "number with gaps": ("number", ["1.5", "?", "2", "3"], ("c", "c is missing"), [1.5, 0.0]),
    "decimal commas": ("number", ["1,5", "2,25", "3", "4"], ("c",), [1.5]),
    "flags as numbers": ("number", [True, False], ("c",), [1.0]),
    "zero and one as yes and no": ("boolean", [1, 0], ("c",), [1.0]),
    "two words": ("boolean", ["m", "w"], ("c",), [0.0]),
    "numbers as categories": ("category", [7, 8], ("c=7", "c=8"), [1.0, 0.0]),
    "halves as categories": ("category", [0.5, 1.5], ("c=0.5", "c=1.5"), [1.0, 0.0]),
    "flags as categories": ("category", ["yes", "no"], ("c=no", "c=yes"), [0.0, 1.0]),
    "leading zeros": ("category", ["007", "7"], ("c=007", "c=7"), [1.0, 0.0]),
    "all but equal names": ("category", [f"n{n // 2}" for n in range(ROWS)], (), []),
    "few values as codes": ("code", ["a", "b", "b", "b"], ("c",), [2.0]),
    "dropped": ("drop", [1.5, 2.5], (), []),
    "day first": ("date", ["31/12/1970", "02/01/1970"], (), [364.0]),
    "month first": ("date", ["12-31-1970", "02-01-1970"], (), [364.0]),
    "compact dates": ("date", [19700103, 19710103], (), [2.0]),
}


@pytest.mark.parametrize("what", TAKEN)
def test_a_kind_that_is_asked_for_is_taken(what: str) -> None:
    kind, cells, inputs, first = TAKEN[what]
    data = table((cells * ROWS)[:ROWS], kind)
    column = data.columns[0]
    assert column.kind == ("left out" if kind == "drop" else kind)
    if inputs:
        assert column.inputs == inputs
    np.testing.assert_array_equal(data.x[0, : len(first)], first)


# asked for, cells, what the message must say
REFUSED: dict[str, tuple[str, list[object], tuple[str, ...]]] = {
    "words as numbers": (
        "number",
        ["3", "old", "4", "5"],
        ("column 'c' of toy.csv must hold numbers", "old in data row 2", "--column c=category"),
    ),
    "dates as numbers": ("number", ["2020-01-02", "2020-01-03"], ("must hold numbers", "data row 1")),
    "three words as yes and no": (
        "boolean",
        ["m", "w", "x"],
        ("no third value beside 'm' and 'w'", "x in data row 3"),
    ),
    "words as dates": (
        "date",
        ["2020-01-02", "soon"],
        ("must hold dates", "soon in data row 2", "YYYY-MM-DD"),
    ),
    "day or month": ("date", ["01/02/2020", "03/04/2020"], ("clear order", "01/02/2020 in data row 1")),
    "both orders": ("date", ["31/12/2020", "12/31/2020"], ("must hold dates", "data row 2")),
    "codes that never repeat": ("code", [f"n{n}" for n in range(ROWS)], ("values that repeat", "40 rows")),
    "lists as categories": ("category", [[1], [2]], ("one value per cell", "[1] in data row 1")),
    "lists as numbers": ("number", [[1], [2]], ("must hold numbers", "[1] in data row 1")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_kind_that_cells_do_not_allow_is_refused(what: str) -> None:
    kind, cells, fragments = REFUSED[what]
    with pytest.raises(BadData) as caught:
        table((cells * ROWS)[:ROWS], kind)
    assert [part for part in fragments if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.remedy


def test_what_is_asked_for_is_said() -> None:
    assert "Left out: 'c' (as asked)." in table([1.5, 2.5] * 20, "drop").notes
    two = table(["m", "w"] * 20, "boolean")
    assert "Repaired: 'c' is 0 for 'm' and 1 for 'w'." in two.notes
    dates = table(["31/12/1970", "02/01/1970"] * 20, "date")
    assert "Repaired: 'c' has dates read as day/month/year: no other order fits all of them." in dates.notes


def test_unknown_columns_and_kinds_are_refused_with_the_closest() -> None:
    with pytest.raises(BadData, match="Did you mean 'age'"):
        kinds_by_place({"agee": "number"}, ["age", "pay"], "the table")
    with pytest.raises(BadData, match="column must be in the table"):
        kinds_by_place({7: "number"}, ["age", "pay"], "the table")
    with pytest.raises(BadInput, match="Did you mean 'number'"):
        kinds_by_place({"age": "numbr"}, ["age", "pay"], "the table")
    with pytest.raises(BadData, match="kind of 'ill' must be an input's"):
        from_table(
            pd.DataFrame({"a": range(40), "ill": [0, 1] * 20}),
            "ill",
            name="t",
            where="t",
            kinds={"ill": "number"},
        )


def test_an_option_is_split_at_its_last_sign() -> None:
    assert parse_kind("a=b=code") == ("a=b", "code")
    for wrong in ("age", "=number", "age=", "age=nummer"):
        with pytest.raises(BadInput):
            parse_kind(wrong)


def test_names_win_over_places() -> None:
    assert kinds_by_place({"1": "drop", 2: "code", -1: "date"}, ["1", "0", "x", "y"], "t") == {
        0: "drop", 2: "code", 3: "date",
    }  # fmt: skip
