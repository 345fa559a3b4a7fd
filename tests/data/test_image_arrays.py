"""Arrays of images in every usual layout become one data set, and the choice of layout is said."""

import re

import numpy as np
import pytest
import torch

from steepest.base.errors import BadData
from steepest.data.image_arrays import images_from_arrays

N = 24
DRAW = np.random.default_rng(0)
GREY = DRAW.integers(0, 256, (N, 5, 6), dtype=np.uint8)
RGB = DRAW.integers(0, 256, (N, 3, 5, 6), dtype=np.uint8)
DEEP = DRAW.integers(0, 256, (N, 1, 7, 5, 6), dtype=np.uint8)
Y = np.arange(N) % 2


def read(x, y=Y, **options):
    return images_from_arrays(x, y, name="toy", where="the arrays", **options)


@pytest.mark.parametrize(
    ("x", "shape", "expected", "note"),
    [
        (GREY, (1, 5, 6), GREY, "Grey images of 5×6, one channel."),
        (RGB, (3, 5, 6), RGB, "The 3 values of the second axis are taken as channels: images of 5×6."),
        (np.moveaxis(RGB, 1, -1), (3, 5, 6), RGB, "The 3 values of the last axis are taken as channels"),
        (GREY[..., None], (1, 5, 6), GREY, "The 1 values of the last axis"),
        (DEEP[:, 0], (1, 7, 5, 6), DEEP, "could hold channels: taken as volumes of 7×5×6, one channel."),
        (
            DEEP,
            (1, 7, 5, 6),
            DEEP,
            "The 1 values of the second axis are taken as channels: volumes of 7×5×6.",
        ),
        (np.moveaxis(DEEP, 1, -1), (1, 7, 5, 6), DEEP, "The 1 values of the last axis"),
        (RGB[:, :, :, :3], (3, 5, 3), RGB[:, :, :, :3], "The 3 values of the second axis"),
        (RGB[:, :, :, :1], (1, 3, 5), RGB[:, :, :, :1], "The 1 values of the last axis"),
    ],
    ids=["hw", "chw", "hwc", "hw1", "dhw", "cdhw", "dhwc", "both equal", "both, one fewer"],
)
def test_every_layout_ends_with_channels_first(x, shape, expected, note):
    data = read(x)
    assert (data.form, data.shape, data.x.dtype) == ("image", shape, np.uint8)
    np.testing.assert_array_equal(data.x, expected.reshape(N, -1))
    assert note in data.notes[0]


def test_a_torch_tensor_a_list_and_whole_numbers_are_the_same_images():
    prints = {read(x).fingerprint for x in (RGB, torch.from_numpy(RGB), RGB.tolist(), RGB.astype(np.int64))}
    assert len(prints) == 1
    assert read(torch.from_numpy(RGB), torch.from_numpy(Y)).fingerprint in prints


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16])
def test_other_numbers_stay_numbers(kind):
    data = read(RGB.astype(kind) - 128)
    assert data.x.dtype == np.float32
    np.testing.assert_array_equal(data.x, RGB.reshape(N, -1).astype(np.float32) - 128)


def test_missing_pixels_are_kept_as_missing_and_said():
    x = RGB.astype(np.float32)
    x[0, 0, 0, :3] = np.nan, np.inf, -np.inf
    data = read(x)
    assert np.isnan(data.x).sum() == 3
    assert data.notes[1:3] == (
        "Infinite pixels, taken as missing: 2.",
        "Missing pixels, filled with the training mean: 3.",
    )


def test_labels_name_codes_and_keep_their_order():
    data = read(RGB, Y, labels=("zebra", "ape"))
    assert data.classes == ("zebra", "ape")
    np.testing.assert_array_equal(data.y, Y)


def test_images_without_a_target_are_dropped_and_test_rows_move_along():
    y = Y.astype(float)
    y[[0, 20]] = np.nan
    data = read(RGB, y, test_rows=np.array([19, 20, 21, 22, 23]))
    assert data.rows == N - 2
    assert data.test_rows.tolist() == [18, 19, 20, 21]
    np.testing.assert_array_equal(data.x, np.delete(RGB, [0, 20], axis=0).reshape(N - 2, -1))


def test_whether_left_and_right_matter_can_be_given_and_mere_codes_are_no_names():
    assert not read(RGB, oriented=False).oriented
    assert read(RGB, np.array(["a", "b"])[Y]).notes[-1].startswith("Classes are single letters")
    assert not read(RGB, Y).notes[-1].startswith("Classes are single")


def test_equal_images_stay_together_unless_most_are_equal():
    few, many = RGB.copy(), RGB.copy()
    few[5] = few[2]
    many[:20] = many[0]
    data = read(few)
    assert data.groups[5] == data.groups[2]
    assert "Images that repeat another's pixels exactly: 1; equal images stay on one side" in " ".join(
        data.notes
    )
    assert "19, over half" in " ".join(read(many).notes)
    assert len(set(read(many).groups.tolist())) == N
    assert "1 of the 5 test images are also among the training images" in " ".join(
        read(few, test_rows=np.arange(5, 10)).notes
    )


def test_a_class_of_one_image_is_said():
    y = np.array([2, *Y[1:]])
    assert "Classes with a single row, which is trained on and never tested: 'odd'." in " ".join(
        read(RGB, y, labels=("even", "uneven", "odd")).notes
    )


def test_numbers_make_a_regression():
    data = read(RGB, DRAW.normal(size=N))
    assert (data.task, data.classes, data.oriented) == ("regression", (), True)


@pytest.mark.parametrize(
    ("x", "y", "pattern"),
    [
        (GREY.reshape(N, -1), Y, r"x of the arrays must be [N, H, W], .*'shape (24, 30)'. For rows of"),
        (GREY[:, :0], Y, r"x of the arrays must be [N, H, W]"),
        (np.zeros((N, 5, 5, 5, 5)), Y, r"must have 1, 3 or 4 channels on its second or last axis"),
        ([["a", "b"]], Y, r"x of the arrays must be an array of pixels, but got 'list'"),
        (torch.zeros(N, 3, 4, 4, requires_grad=True), Y, r"x.detach().cpu()"),
        (np.full((N, 3, 4, 4), np.nan), Y, r"must hold pixels, but got 'only missing values'"),
        (np.ones((N, 3, 4, 4)), Y, r"must hold images that differ, but got '24 equal ones'"),
        (RGB[:19], Y[:19], r"must have at least 20 images with a target, but got 19"),
        (RGB, [*Y[:18], *[np.nan] * 6], r"must have at least 20 images with a target, but got 18"),
        (RGB, Y[:-1], r"y of the arrays must have as many rows as x (24), but got 23"),
        (RGB, np.eye(2)[Y], r"must hold one value per image, but got 'shape (24, 2)'. For one-hot"),
        (RGB, np.zeros(N, int), r"must have at least two classes"),
    ],
)  # fmt: skip
def test_arrays_that_are_no_images_are_refused(x, y, pattern):
    plain = re.escape(pattern).replace(r"\.\*", ".*")
    with pytest.raises(BadData, match=plain):
        read(x, y)


def test_a_code_without_a_name_is_refused():
    with pytest.raises(
        BadData, match=r"one of the 1 classes that are named, from 0, but got '1 in data row 2'"
    ):
        read(RGB, Y, labels=("only",))


def test_test_images_alone_are_refused():
    with pytest.raises(BadData, match=r"must have images to train on, but got 'test images only'"):
        read(RGB, test_rows=np.arange(N))
