"""Which column is the target, which task it makes, which labels it has."""

import numpy as np
import pandas as pd
import pytest

from steepest.data.columns import tidy
from steepest.data.target import code_target, find_target


@pytest.mark.parametrize(
    ("cells", "task", "classes"),
    [
        (["b", "a", "b"] * 9, "classification", ("a", "b")),
        ([True, False] * 9, "classification", ("false", "true")),
        (["No", "Yes", "Yes"] * 9, "classification", ("No", "Yes")),
        ([1, 2] * 9, "classification", ("1", "2")),
        ([-0.5, 0.5] * 9, "classification", ("-0.5", "0.5")),
        (["'-1'", "'1'"] * 9, "classification", ("-1", "1")),
        ([10, 9, 100] * 9, "classification", ("9", "10", "100")),
        ([0.0, 1.0, 2.0] * 9, "classification", ("0", "1", "2")),
        (list(range(26)) * 20, "classification", tuple(map(str, range(26)))),
        (list(range(5, 31)) * 20, "regression", ()),
        (list(range(20)), "regression", ()),
        ([0.5, 1.5, 2.5] * 9, "regression", ()),
        (list(np.linspace(0, 1, 30)), "regression", ()),
        (pd.date_range("2020", periods=9), "regression", ()),
    ],
)
def test_task_and_labels(cells: object, task: str, classes: tuple[str, ...]) -> None:
    target = code_target(tidy(pd.Series(cells)), "t", None, "table")
    assert (target.task, target.classes) == (task, classes)
    assert target.notes[-1].startswith(f"Taken as {task}: ")
    assert target.y.dtype == (np.int64 if classes else np.float64)


def test_a_task_that_is_asked_for_is_not_inferred() -> None:
    few = tidy(pd.Series([3, 4, 5] * 9))
    asked = code_target(few, "t", "regression", "table")
    assert asked.task == "regression"
    assert asked.notes == ()
    assert asked.y.tolist() == [3.0, 4.0, 5.0] * 9
    assert code_target(tidy(pd.Series([0.5, 1.5, 2.5] * 9)), "t", "classification", "table").classes == (
        "0.5",
        "1.5",
        "2.5",
    )


def test_codes_follow_labels_and_skip_missing_rows() -> None:
    target = code_target(tidy(pd.Series(["b", None, "a", "b", "a"])), "t", None, "table")
    assert target.known.tolist() == [True, False, True, True, True]
    assert [target.classes[code] for code in target.y] == ["b", "a", "b", "a"]


def test_names_win_over_places() -> None:
    assert find_target(["1", "0", "x"], "0", "table") == (1, "")
    assert find_target(["1", "0", "x"], 0, "table") == (1, "")
    assert find_target(["a", "b", "x"], "1", "table") == (1, "The target is column 1 (counted from 0), 'b'.")
    assert find_target(["a", "b", "x"], -1, "table")[0] == 2


def test_a_date_is_predicted_in_days() -> None:
    target = code_target(tidy(pd.Series(["1970-01-02", "1970-01-04"] * 9)), "t", None, "table")
    assert (target.task, target.y[0]) == ("regression", 1.0)
    assert target.notes == ("Taken as regression: it is a date, counted in days since 1970-01-01.",)


def test_two_usual_names_are_not_chosen_between() -> None:
    with pytest.raises(Exception, match="must name a column"):
        find_target(["label", "class"], None, "table")
