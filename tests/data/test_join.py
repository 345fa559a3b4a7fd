"""A test file is appended to its training file, in the training file's codes."""

from dataclasses import replace

import numpy as np
import pytest

from steepest.base.errors import BadData
from steepest.data.builtin import read_builtin
from steepest.data.dataset import DataSet
from steepest.data.image_arrays import images_from_arrays
from steepest.data.join import join_test


def images(seed: int, labels: list[str], name: str = "toy", shape: tuple[int, ...] = (3, 4, 5)) -> DataSet:
    x = np.random.default_rng(seed).integers(0, 256, (24, *shape), dtype=np.uint8)
    return images_from_arrays(x, (labels * 24)[:24], name=name, where=name)


TRAIN = images(0, ["cat", "dog", "eel"])


def test_classes_that_the_test_lacks_do_not_shift_its_codes():
    test = images(1, ["dog", "eel"], "check")
    data = join_test(TRAIN, test)
    assert [data.classes[code] for code in data.y[24:]] == [test.classes[code] for code in test.y]
    np.testing.assert_array_equal(data.x, np.concatenate([TRAIN.x, test.x]))
    assert data.test_rows.tolist() == list(range(24, 48))
    assert (data.name, data.shape, data.oriented) == ("toy", TRAIN.shape, TRAIN.oriented)
    assert data.fingerprint != TRAIN.fingerprint


def test_test_images_that_were_trained_on_are_counted_and_grouped():
    test = replace(TRAIN, name="check", groups=np.empty(0, np.int64), fingerprint="")
    data = join_test(TRAIN, test)
    np.testing.assert_array_equal(data.groups[:24], data.groups[24:])
    assert data.notes[-1].endswith("24; 24 of the 24 test images are also among the training images.")


def test_tables_that_are_encoded_alike_join_too():
    iris = read_builtin("iris")
    data = join_test(iris, replace(iris, name="check"))
    assert data.rows == 300
    np.testing.assert_array_equal(data.y[150:], iris.y)


def test_what_is_said_of_the_test_set_alone_is_kept_apart():
    data = join_test(TRAIN, replace(images(1, ["cat", "dog"], "check"), notes=("Odd.", TRAIN.notes[0])))
    assert "Of the test set: Odd." in data.notes
    assert data.notes.count(TRAIN.notes[0]) == 1


IRIS = read_builtin("iris")


@pytest.mark.parametrize(
    ("train", "test", "pattern"),
    [
        (
            TRAIN,
            images(1, ["cat", "fox"], "check"),
            r"classes of the test set check must be among .*toy.*'fox'",
        ),
        (
            TRAIN,
            images(1, ["cat", "dog"], "check", (3, 8, 8)),
            r"shape of the test set check .*\(3, 4, 5\) .*toy",
        ),
        (TRAIN, IRIS, r"form of the test set iris must be image like the training set toy, but got 'table'"),
        (TRAIN, replace(TRAIN, x=TRAIN.x.astype(np.float32)), r"numbers of .* must be uint8 .*'float32'"),
        (TRAIN, replace(TRAIN, task="regression"), r"task of the test set toy must be classification"),
        (
            replace(TRAIN, test_rows=np.arange(3)),
            TRAIN,
            r"must not bring its own test, but got '3 test rows'",
        ),
        (
            IRIS,
            replace(IRIS, feature_names=("a", "b", "c", "d")),
            r"inputs of the test set iris must be like",
        ),
        (replace(TRAIN, moments=np.arange(24)), TRAIN, r"must not be in order of time"),
    ],
    ids=["class", "shape", "form", "numbers", "task", "own test", "inputs", "time"],
)
def test_sets_that_do_not_fit_are_both_named(train, test, pattern):
    with pytest.raises(BadData, match=pattern):
        join_test(train, test)
