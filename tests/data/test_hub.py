"""Hugging Face data sets: stand-ins that have what is used of them, and the library itself if it is there."""

import importlib.util
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Picture

from steepest.base.errors import BadData
from steepest.data.dataset import DataSet
from steepest.data.hub import from_hub, is_hub
from steepest.data.objects import from_object
from steepest.data.read import read

ROWS = 40
NAMES = ["no", "yes"]


class ClassLabel:
    """A feature whose codes have names."""

    names = NAMES


class Value:
    """A plain feature."""


class Image:
    """A feature of images."""


class Hub:
    """Has what a `datasets.Dataset` has."""

    def __init__(self, columns: dict[str, list[Any]], **features: object) -> None:
        self.columns, self.features = columns, {name: features.get(name, Value()) for name in columns}

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __iter__(self) -> Any:
        return (dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True))

    def to_pandas(self) -> pd.DataFrame:
        return pd.DataFrame(self.columns)


def numbers(start: int = 0, rows: int = ROWS) -> dict[str, list[Any]]:
    return {"a": [n / 7 for n in range(start, start + rows)], "label": [n % 2 for n in range(rows)]}


def texts(start: int, rows: int) -> dict[str, list[Any]]:
    told = [
        f"the film number {n} was a very {'fine' if n % 2 else 'dull'} one"
        for n in range(start, start + rows)
    ]
    return {"text": told, "label": [n % 2 for n in range(rows)]}


def pictures(rows: int, size: int = 6) -> dict[str, list[Any]]:
    draw = np.random.default_rng(rows)
    made = [Picture.fromarray(draw.integers(0, 256, (size, size, 3)).astype(np.uint8)) for _ in range(rows)]
    return {"img": made, "label": [n % 2 for n in range(rows)]}


def make(source: object, **options: Any) -> DataSet:
    return from_hub(source, name="toy", **options)


def test_a_table_gets_the_names_of_its_classes() -> None:
    data = make(Hub(numbers(), label=ClassLabel()))
    assert data.classes == ("no", "yes")
    named = pd.DataFrame(numbers()).assign(label=lambda frame: np.array(NAMES)[frame["label"]])
    assert data.fingerprint == read(named, "label").fingerprint
    assert from_object(Hub(numbers(), label=ClassLabel())).fingerprint == data.fingerprint


def test_rows_without_a_label_are_dropped() -> None:
    columns = numbers()
    columns["label"][3] = -1
    assert make(Hub(columns, label=ClassLabel())).rows == ROWS - 1


def test_splits_are_trained_on_set_aside_and_passed_over() -> None:
    splits = {
        "train": Hub(numbers(), label=ClassLabel()),
        "validation": Hub(numbers(100, 10), label=ClassLabel()),
        "test": Hub(numbers(200, 20), label=ClassLabel()),
        "unsupervised": Hub(numbers(300), label=ClassLabel()),
    }
    data = make(splits)
    assert data.rows == ROWS + 30
    assert data.test_rows.tolist() == list(range(ROWS + 10, ROWS + 30))
    assert "Splits passed over: 'unsupervised'." in data.notes
    assert make({"all": Hub(numbers())}).test_rows is None


def test_a_single_column_of_free_text_is_texts() -> None:
    data = make(
        {"train": Hub(texts(0, 40), label=ClassLabel()), "test": Hub(texts(50, 10), label=ClassLabel())}
    )
    assert (data.form, data.classes) == ("text", ("no", "yes"))
    assert data.test_rows.tolist() == list(range(40, 50))
    assert make(Hub(texts(0, 40), label=ClassLabel())).test_rows is None
    assert make(Hub({**texts(0, 40), "a": numbers()["a"]}), target="label").form == "table"


def test_a_column_of_images_is_images() -> None:
    train, test = (Hub(pictures(rows), label=ClassLabel(), img=Image()) for rows in (30, 12))
    data = make({"train": train, "test": test})
    assert (data.form, data.shape, data.classes, data.target) == ("image", (3, 6, 6), ("no", "yes"), "label")
    assert data.test_rows.tolist() == list(range(30, 42))
    first = np.asarray(train.columns["img"][0]).transpose(2, 0, 1)
    np.testing.assert_array_equal(data.x[0].reshape(3, 6, 6), first)


MIXED = pictures(20)
MIXED["img"][4] = pictures(1, 5)["img"][0]
WRONG: dict[str, tuple[object, tuple[str, ...]]] = {
    "no train": (
        {"a": Hub(numbers()), "b": Hub(numbers())},
        ("a split called train", "'a', 'b'", "Name one train"),
    ),
    "test alone": ({"test": Hub(numbers())}, ("a split called train",)),
    "other columns": (
        {"train": Hub(numbers()), "test": Hub({"b": [1.0], "label": [0]})},
        ("the test split must have the columns of the training split", "no 'a' and also 'b'"),
    ),
    "sizes of images": (
        Hub(MIXED, img=Image()),
        ("'img' of data row 5", "(6, 6, 3)", "(5, 5, 3)", "one size"),
    ),
    "two columns of images": (
        Hub({**pictures(20), "more": pictures(20)["img"]}, img=Image(), more=Image()),
        ("one column of images", "'img', 'more'"),
    ),
    "no target": (Hub({"a": [1.0] * 20, "b": [0, 1] * 10}), ("target must name a column of the dataset",)),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_used_is_refused(what: str) -> None:
    source, fragments = WRONG[what]
    with pytest.raises(BadData) as caught:
        make(source)
    assert [part for part in fragments if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.remedy


def test_other_objects_are_none() -> None:
    assert not is_hub({})
    assert not is_hub({"train": Hub(numbers()), "other": 3})
    assert not is_hub(pd.DataFrame(numbers()))


def test_the_library_itself_gives_what_is_used_of_it() -> None:
    if importlib.util.find_spec("datasets") is None:
        pytest.skip("the optional package datasets is not installed")
    datasets = importlib.import_module("datasets")
    features = datasets.Features({"a": datasets.Value("float64"), "label": datasets.ClassLabel(names=NAMES)})
    source = datasets.Dataset.from_dict(numbers(), features=features)
    assert make(source).fingerprint == make(Hub(numbers(), label=ClassLabel())).fingerprint
    assert make(datasets.DatasetDict({"train": source, "test": source})).test_rows.tolist() == list(
        range(40, 80)
    )
