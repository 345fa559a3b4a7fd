"""Fingerprints, groups of equal rows, the one-line summary."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.data.dataset import Column, DataSet, equal_rows


def toy(**changes: object) -> DataSet:
    data = DataSet(
        name="toy",
        task="classification",
        target="y",
        classes=("a", "b"),
        x=np.arange(12, dtype=np.float32).reshape(6, 2),
        y=np.array([0, 1, 0, 1, 0, 1]),
        feature_names=("u", "v"),
        scaled=np.array([True, True]),
        columns=(Column("u", "number"), Column("v", "number")),
        test_rows=None,
        notes=(),
    )
    fresh = {"groups": np.empty(0, np.int64), "fingerprint": ""}
    return dataclasses.replace(data, **{**fresh, **changes})


def test_fingerprint_ignores_what_it_is_called() -> None:
    assert toy().fingerprint == toy(name="other", notes=("said",)).fingerprint
    assert len(toy().fingerprint) == 32


@pytest.mark.parametrize(
    "change",
    [
        {"x": toy().x + 1},
        {"x": toy().x.reshape(6, 2)[:, ::-1]},
        {"y": toy().y[::-1]},
        {"classes": ("b", "a")},
        {"feature_names": ("v", "u")},
        {"target": "z"},
        {"test_rows": np.array([5])},
    ],
    ids=str,
)
def test_fingerprint_follows_content(change: dict[str, object]) -> None:
    assert toy(**change).fingerprint != toy().fingerprint


def test_fingerprint_is_the_same_for_equal_values_in_other_bytes() -> None:
    plain, odd = toy().x.copy(), toy().x.copy()
    plain[0] = [np.nan, 0.0]
    odd[0] = [-np.nan, -0.0]
    assert toy(x=plain).fingerprint == toy(x=np.asfortranarray(odd)).fingerprint


def test_fingerprint_stays_what_it_is() -> None:
    """The same data must give the same fingerprint in every version and on every machine."""
    assert toy().fingerprint == "afee9a0e56ac331576223964b219170d"


@given(st.lists(st.tuples(*[st.sampled_from([0.0, -0.0, 1.0, float("nan")])] * 2), min_size=1, max_size=40))
def test_equal_rows_are_those_that_compare_equal(rows: list[tuple[float, float]]) -> None:
    x = np.array(rows, np.float32)
    same = ((x[:, None] == x[None]) | (np.isnan(x[:, None]) & np.isnan(x[None]))).all(axis=2)
    groups = equal_rows(x)
    np.testing.assert_array_equal(groups[:, None] == groups[None], same)
    assert set(groups.tolist()) == set(range(groups.max() + 1))


def test_summary_says_task_classes_and_size() -> None:
    columns = (Column("u", "number"), Column("v", "number"), Column("id", "left out", "it numbers the rows"))
    assert toy(columns=columns).summary == (
        "toy: classification of 'y' (a 50.0%, b 50.0%), 6 rows, 2 inputs, columns left out: 1"
    )
    many = toy(classes=tuple("abcdef"), y=np.arange(6))
    assert "d 16.7%, … 6 classes)" in many.summary
    assert toy(task="regression", classes=(), y=np.arange(6.0)).summary.startswith(
        "toy: regression of 'y', 6"
    )


def test_outputs_are_one_per_class_or_one_number() -> None:
    assert toy().outputs == 2
    assert toy(task="regression", classes=(), y=np.arange(6.0)).outputs == 1


def test_inputs_of_every_kind_of_column() -> None:
    assert Column("n", "number", gaps=True).inputs == ("n", "n is missing")
    assert Column("n", "number", gaps=True).scaled == (True, False)
    assert Column("b", "boolean").scaled == (False,)
    category = Column("c", "category", values=("p", "q"), other=True, gaps=True)
    assert category.inputs == ("c=p", "c=q", "c=other", "c is missing")
    assert category.scaled == (False,) * 4
    assert Column("x", "left out", "it never changes").inputs == ()
