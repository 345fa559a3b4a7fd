"""Rows that come after training are encoded as training rows were, or refused by column, row and value."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadData, BadInput
from steepest.data.arrays import from_arrays
from steepest.data.dataset import DataSet
from steepest.data.delimited import read_delimited
from steepest.data.read import read
from steepest.data.recast import recast
from steepest.data.table import from_table
from steepest.data.unseen import Encoder

REAL = Path(__file__).parents[3] / "shared" / "data"
ROWS = 400


def table() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": draw.normal(size=ROWS).round(3),
            "pay": [f"{n},{n * 7 % 90 + 10}" for n in range(ROWS)],
            "town": draw.choice(["Ede", "Goes", "7"], ROWS),
            "shop": [f"s{n % 90}" for n in range(ROWS)],
            "open": draw.choice(["yes", "no"], ROWS),
            "on": pd.date_range("2021-01-01", periods=ROWS, freq="7h").astype(str),
            "day": [f"{n % 28 + 1:02}/0{n % 9 + 1}/2021" for n in range(ROWS)],
            "sex": draw.choice(["m", "w"], ROWS),
            "row": range(ROWS),
            "fixed": 3,
            "ill": draw.choice(["y", "n"], ROWS),
        }
    )
    frame.loc[[5, 9], "size"] = None
    frame.loc[[4], "town"] = None
    return frame


KINDS = {"day": "date", "sex": "boolean"}


def learnt(**options: object) -> DataSet:
    return from_table(table(), "ill", name="toy", where="train.csv", kinds=KINDS, **options)


def test_training_rows_are_encoded_as_in_training() -> None:
    data = learnt()
    kinds = [column.kind for column in data.columns]
    assert kinds == [
        "number",
        "number",
        "category",
        "code",
        "boolean",
        "date",
        "date",
        "boolean",
        *["left out"] * 2,
    ]
    encoder = Encoder.of(data)
    x, notes = encoder.encode_and_say(table())
    np.testing.assert_array_equal(x, data.x)
    assert x.dtype == np.float32
    assert notes == ()


def test_an_encoder_survives_json() -> None:
    encoder = Encoder.of(learnt())
    again = Encoder.from_json(json.loads(json.dumps(encoder.to_json())))
    assert again == encoder
    with pytest.raises(BadInput, match="record of an encoder"):
        Encoder.from_json({"columns": [{"nam": "a"}], "target": "y", "marks_last": False})


@pytest.mark.parametrize("rows", [slice(0, 1), slice(7, 8), slice(3, 6), slice(0, 0)], ids=str)
def test_few_rows_in_any_order_of_columns_are_encoded_alike(rows: slice) -> None:
    data = learnt()
    few = table().iloc[rows, ::-1].drop(columns=["ill", "row", "fixed"])
    np.testing.assert_array_equal(Encoder.of(data).encode(few), data.x[rows])


def test_a_file_of_few_rows_is_encoded_alike(tmp_path: Path) -> None:
    """Cells of one row tell less: a town called 7 looks like a number, a lone yes like a word."""
    data = learnt()
    encoder = Encoder.of(data)
    sevens = np.flatnonzero(table()["town"] == "7")[:2]
    table().iloc[sevens].to_csv(tmp_path / "new.csv", index=False)
    frame, _ = read_delimited(tmp_path / "new.csv", header=True)
    assert frame["town"].dtype.kind == "i"
    np.testing.assert_array_equal(encoder.encode(frame), data.x[sevens])


def test_what_training_did_not_have_is_said() -> None:
    new = table().iloc[:6].assign(extra=1, more=2)
    new["town"] = ["Urk", "Urk", "Ede", "Ede", None, "Ede"]
    new["shop"] = ["s1", "none", "new", "s1", "s1", "s1"]
    new["pay"] = ["1,5", None, "2", "2", "2", "2"]
    encoder = Encoder.of(learnt())
    x, notes = encoder.encode_and_say(new)
    assert notes == (
        "Columns that training did not have, passed over: 'extra', 'more'.",
        "Missing cells of 'pay', of which training had none, filled with the training mean: 1.",
        "Cells of 'town' whose value has no input of its own ('Urk'), taken as none: 2.",
        "Cells of 'shop' whose value has no input of its own ('new'), taken as any other value: 1.",
    )
    names = learnt().feature_names
    assert x[0, [names.index(f"town={town}") for town in ("Ede", "Goes", "7")]].tolist() == [0, 0, 0]
    assert x[4, names.index("town is missing")] == 1
    assert x[[1, 2], names.index("shop")].tolist() == [0, 0]
    assert np.isnan(x[1, names.index("pay")])


WRONG: dict[str, tuple[pd.DataFrame, tuple[str, ...]]] = {
    "word for number": (
        table().assign(size=["1", "2", "big"] + ["3"] * (ROWS - 3)),
        ("column 'size' of new.csv must hold numbers, as in training", "big in data row 3", "empty"),
    ),
    "word for date": (table().assign(on="soon"), ("'on' of new.csv must hold dates", "soon in data row 1")),
    "third word": (table().assign(sex="x"), ("'sex' of new.csv must hold yes or no", "x in data row 1")),
    "lists": (
        table().assign(town=[[1]] * ROWS),
        ("'town' of new.csv must hold one value", "[1] in data row 1"),
    ),
    "columns gone": (
        table().drop(columns=["size", "town"]).rename(columns={"pay": "wage"}),
        ("new.csv must have the columns of training", "no 'size', 'pay', 'town'", "Choose from"),
    ),
    "equal names": (table().rename(columns={"pay": "size"}), ("names that differ", "'size' twice")),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_fit_is_refused(what: str) -> None:
    frame, fragments = WRONG[what]
    with pytest.raises(BadData) as caught:
        Encoder.of(learnt()).encode(frame, "new.csv")
    assert [part for part in fragments if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.remedy


def test_arrays_keep_their_marks_at_the_end() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    x[3, 0] = x[4, 1] = np.nan
    data = from_arrays(x, np.arange(40) % 2, name="toy", where="the arrays")
    encoder = Encoder.of(data)
    assert encoder.marks_last
    np.testing.assert_array_equal(encoder.encode(x), data.x)
    np.testing.assert_array_equal(encoder.encode(x[3:4].tolist()), data.x[3:4])
    with pytest.raises(BadData, match=r"must have 3 columns, as in training, but got 'shape \(40, 2\)'"):
        encoder.encode(x[:, :2])
    with pytest.raises(BadData, match=r"x.reshape\(1, -1\)"):
        encoder.encode(x[0])


def test_numbered_columns_are_numbered_on_past_a_target_that_is_not_there() -> None:
    frame = pd.DataFrame({"0": np.linspace(0, 1, 40), "1": ["y", "n"] * 20, "2": np.linspace(5, 9, 40) ** 2})
    data = from_table(frame, 1, name="toy", where="t")
    new = frame.drop(columns="1").set_axis(["0", "1"], axis=1)
    np.testing.assert_array_equal(Encoder.of(data).encode(new), data.x)


def test_a_table_taken_for_images_keeps_its_encoder() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 4)), columns=list("abcd")).assign(b=2.0)
    data = recast(from_table(frame.assign(ill=[0, 1] * 20), "ill", name="toy", where="t"), "image")
    np.testing.assert_array_equal(Encoder.of(data).encode(frame), data.x)


def test_data_without_columns_has_no_encoder() -> None:
    digits = read("digits")
    plain = dataclasses.replace(digits, form="image", shape=(1, 8, 8), columns=())
    with pytest.raises(BadInput, match="must be a table with columns"):
        Encoder.of(plain)


def test_adult_test_rows_are_encoded_as_if_read_with_the_training_rows() -> None:
    if not (REAL / "adult-test.csv").is_file():
        pytest.skip("adult-test.csv is not present")
    train, _ = read_delimited(REAL / "adult-train.csv")
    test, _ = read_delimited(REAL / "adult-test.csv")
    data = from_table(pd.concat([train, test.assign(**{"14": "<=50K"})]), 14, name="adult", where="adult")
    np.testing.assert_array_equal(Encoder.of(data).encode(test), data.x[len(train) :])
