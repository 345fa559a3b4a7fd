"""A table taken for images or series, images for a table, and what cannot be."""

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadInput
from steepest.data.arrays import from_arrays
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.data.recast import recast
from steepest.data.table import from_table

Y = np.arange(40) % 2


def pixels(width: int) -> pd.DataFrame:
    values = np.random.default_rng(0).integers(0, 256, (40, width))
    return pd.DataFrame(values, columns=[f"p{n}" for n in range(width)]).assign(label=Y)


def from_frame(frame: pd.DataFrame) -> DataSet:
    return from_table(frame, "label", name="toy", where="t")


@pytest.mark.parametrize(("width", "shape"), [(16, (1, 4, 4)), (48, (3, 4, 4)), (12, (3, 2, 2))])
def test_squares_of_numbers_are_images(width: int, shape: tuple[int, ...]) -> None:
    frame = pixels(width)
    data = recast(from_frame(frame), "image")
    assert (data.form, data.shape, data.cardinalities) == ("image", shape, ())
    np.testing.assert_array_equal(data.x, frame.drop(columns="label").to_numpy(np.float32))
    assert data.fingerprint != from_frame(frame).fingerprint
    assert data.notes[-1].startswith(f"Its {width} columns are taken as the pixels")


def test_pixels_that_never_change_come_back() -> None:
    frame = pixels(16).assign(p0=7, p5=0.5)
    data = recast(from_frame(frame), "image")
    np.testing.assert_array_equal(data.x, frame.drop(columns="label").to_numpy(np.float32))


def test_missing_numbers_stay_missing() -> None:
    frame = pixels(16).astype({"p1": float})
    frame.loc[3, "p1"] = None
    for kind in ("image", "series"):
        data = recast(from_frame(frame), kind)
        assert data.x.shape == (40, 16)
        assert np.isnan(data.x[3, 1])
    values = frame.drop(columns="label").to_numpy()
    arrays = recast(from_arrays(values, Y, name="a", where="the arrays"), "series")
    np.testing.assert_array_equal(arrays.x, values.astype(np.float32))


def test_a_row_of_numbers_is_a_series() -> None:
    data = recast(read("iris"), "series")
    assert (data.form, data.shape, data.moments) == ("series", (4, 1), None)
    np.testing.assert_array_equal(data.x, read("iris").x)


def test_images_are_a_table_and_back() -> None:
    images = recast(read("digits"), "image")
    data = recast(images, "table")
    assert (data.form, data.shape, data.feature_names[9]) == ("table", (64,), "0,1,1")
    assert data.scaled.all()
    np.testing.assert_array_equal(recast(data, "image").x, images.x)


def test_the_form_it_has_changes_nothing() -> None:
    data = read("iris")
    assert recast(data, "table") is data


@pytest.mark.parametrize(
    ("data", "kind", "fragments"),
    [
        (read("wine"), "image", ("wine has no square of numbers", "13 columns", "s×s")),
        (read("wine"), "text", ("kind must be what wine, of table", "table as image", "'text'")),
        (read("wine"), "imag", ("must be a known kind", "Did you mean 'image'?")),
        (
            from_frame(pixels(15).assign(town=["a", "b"] * 20)),
            "image",
            ("'town' of toy", "category", "--column town=number"),
        ),
        (
            from_frame(pixels(15).assign(town=[f"a{n}" for n in range(40)])),
            "series",
            ("'town'", "identifier"),
        ),
        (recast(read("digits"), "image"), "series", ("digits, of image", "'series'")),
    ],
)
def test_what_cannot_be_taken_for_another_form_says_why(
    data: DataSet, kind: str, fragments: tuple[str, ...]
) -> None:
    with pytest.raises(BadInput) as caught:
        recast(data, kind)
    assert [part for part in fragments if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.remedy
