"""Augmentation of images: each function against a plain loop or a small example worked out by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from steepest.data.augment_images import (
    AREA,
    ASPECT,
    Moves,
    blend_,
    boxes,
    brighten_,
    colour_,
    contrast_,
    cut,
    cutmix_,
    erase_,
    move,
    slide,
    warp,
)

FLAT, SOLID = (6, 3, 7, 9), (6, 2, 3, 7, 9)
B = FLAT[0]


def images(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def moves(seed: int, turned: bool = False, most: int = 3) -> Moves:
    rng = np.random.default_rng(seed)
    down, right = rng.integers(-most, most + 1, (2, B))
    angle = rng.uniform(-40, 40, B) if turned else np.zeros(B)
    size = rng.uniform(0.7, 1.4, B) if turned else np.ones(B)
    return Moves(rng.random(B) < 0.5, down, right, angle, size)


@pytest.mark.parametrize("shape", [FLAT, SOLID])
@pytest.mark.parametrize("most", [3, 12])
def test_sliding_is_the_equation_pixel_by_pixel(shape, most):
    x, where = images(*shape), moves(1, most=most)
    want = torch.zeros_like(x)
    height, width = shape[-2:]
    for b, i, j in np.ndindex(B, height, width):
        row, column = i - where.down[b], j - where.right[b]
        if 0 <= row < height and 0 <= column < width:
            column = width - 1 - column if where.flipped[b] else column
            want[b, ..., i, j] = x[b, ..., row, column]
    before = x.clone()
    assert torch.equal(slide(x, where), want)
    assert torch.equal(x, before)


@pytest.mark.parametrize("shape", [FLAT, SOLID])
def test_warping_without_turning_is_sliding(shape):
    x, where = images(*shape), moves(2)
    torch.testing.assert_close(warp(x, where), slide(x, where), rtol=0, atol=1e-12)


@given(seed=st.integers(0, 200))
def test_warping_is_one_bilinear_interpolation_at_the_composed_place(seed):
    x, where = images(*FLAT, seed=seed), moves(seed, turned=True)
    got, (height, width) = warp(x, where), FLAT[-2:]
    i, j = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    for b in range(B):
        v = i - (height - 1) / 2 - where.down[b]  # undo the shift, then the rotation, the scale, the mirror
        u = j - (width - 1) / 2 - where.right[b]
        turn = np.deg2rad(where.angle[b])
        u, v = np.cos(turn) * u - np.sin(turn) * v, np.sin(turn) * u + np.cos(turn) * v
        u, v = u / where.size[b], v / where.size[b]
        u = -u if where.flipped[b] else u
        place = np.stack([v + (height - 1) / 2, u + (width - 1) / 2])
        for c in range(FLAT[1]):
            # a border of zeros, so that what straddles it is blended with 0
            padded = np.pad(x[b, c].numpy(), 1)
            want = map_coordinates(padded, place + 1, order=1, mode="constant", cval=0.0)
            np.testing.assert_allclose(got[b, c].numpy(), want, atol=1e-9)


def test_a_quarter_turn_and_a_doubling_by_hand():
    x = images(1, 1, 5, 5)
    quarter = Moves(np.array([False]), np.zeros(1, int), np.zeros(1, int), np.array([90.0]), np.ones(1))
    torch.testing.assert_close(warp(x, quarter), torch.rot90(x, 1, (-2, -1)), rtol=0, atol=1e-12)
    twice = Moves(np.array([False]), np.zeros(1, int), np.zeros(1, int), np.zeros(1), np.full(1, 2.0))
    got = warp(x, twice)
    assert float(got[0, 0, 2, 2]) == pytest.approx(float(x[0, 0, 2, 2]))
    assert float(got[0, 0, 2, 4]) == pytest.approx(float(x[0, 0, 2, 3]))
    assert float(got[0, 0, 2, 3]) == pytest.approx(float(x[0, 0, 2, 2:4].mean()))


@pytest.mark.parametrize("shape", [FLAT, SOLID])
def test_only_images_that_are_turned_are_interpolated(shape):
    x, plain, turned = images(*shape), moves(3), moves(3, turned=True)
    chosen = np.arange(B) % 2 == 1
    mixed = Moves(
        plain.flipped, plain.down, plain.right, np.where(chosen, turned.angle, 0), np.where(chosen, 1.2, 1.0)
    )
    got = move(x, mixed)
    assert torch.equal(got[~chosen], slide(x, mixed)[~chosen])
    torch.testing.assert_close(got[chosen], warp(x, mixed)[chosen], rtol=0, atol=1e-14)
    assert torch.equal(move(x, plain), slide(x, plain))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_move_changes_no_bit(dtype):
    x = images(*FLAT, dtype=dtype)
    assert torch.equal(move(x, Moves.none(B)), x)
    assert move(x, Moves.none(B)).dtype == warp(x, moves(0, turned=True)).dtype == dtype


@pytest.mark.parametrize("shape", [FLAT, SOLID])
def test_light_and_colour_are_their_equations(shape):
    x, c = images(*shape), torch.linspace(0, 2, B, dtype=torch.float64)
    for act, centre in ((contrast_, lambda image: image.mean()), (colour_, lambda image: image.mean(0))):
        got = act(x.clone(), c)
        for b in range(B):
            middle = centre(x[b])
            torch.testing.assert_close(got[b], middle + c[b] * (x[b] - middle))
    torch.testing.assert_close(brighten_(x.clone(), c), x + c.view(-1, *[1] * (x.dim() - 1)))


def test_contrast_keeps_means_and_colour_leaves_grey_images_alone():
    x, c = images(*FLAT), torch.full((B,), 1.7)
    torch.testing.assert_close(contrast_(x.clone(), c).mean((1, 2, 3)), x.mean((1, 2, 3)))
    assert torch.equal(colour_(x[:, :1].clone(), c), x[:, :1])
    grey = x[:, :1].expand(FLAT).clone()
    torch.testing.assert_close(colour_(grey.clone(), c), grey)


@pytest.mark.parametrize("act", [brighten_, contrast_, colour_])
def test_strength_0_changes_nothing(act):
    x = images(*FLAT)
    same = torch.zeros(B) if act is brighten_ else torch.ones(B)
    assert torch.equal(act(x.clone(), same), x)


@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 1000))
def test_boxes_lie_within_the_image_and_never_exceed_their_area(height, width, seed):
    rng = np.random.default_rng(seed)
    area, aspect = rng.uniform(*AREA, 50), rng.uniform(*ASPECT, 50)
    where = boxes((height, width), area, aspect, rng.random(50), rng.random(50))
    top, left, h, w = where.T
    assert (top >= 0).all() and (left >= 0).all() and (h >= 1).all() and (w >= 1).all()  # noqa: PT018
    assert (top + h <= height).all() and (left + w <= width).all()  # noqa: PT018
    assert (h * w <= np.maximum(1, area * height * width + 1e-6)).all()


def test_boxes_have_their_area_and_aspect_on_large_images():
    rng = np.random.default_rng(0)
    area, aspect = rng.uniform(*AREA, 500), np.exp(rng.uniform(*np.log(ASPECT), 500))
    _, _, h, w = boxes((2000, 2000), area, aspect, rng.random(500), rng.random(500)).T
    np.testing.assert_allclose(h * w / 2000**2, area, rtol=0.01)
    fits = (area * aspect < 1) & (area / aspect < 1)
    np.testing.assert_allclose((h / w)[fits], aspect[fits], rtol=0.02)


@pytest.mark.parametrize("shape", [FLAT, SOLID])
def test_erasing_touches_the_rectangle_alone(shape):
    x = images(*shape)
    where = np.array([[i % 3, i % 4, i % 4, 2] for i in range(B)])
    want = x.clone()
    for b, (top, left, height, width) in enumerate(where):
        for i, j in np.ndindex(*shape[-2:]):
            if top <= i < top + height and left <= j < left + width:
                want[b, ..., i, j] = 0
    assert erase_(x, where) is x
    assert torch.equal(x, want)
    assert where[0, 2] == 0  # a height of 0 erases nothing
    assert torch.equal(x[0], images(*shape)[0])


@given(share=st.floats(0, 1), down=st.floats(0, 0.999), right=st.floats(0, 0.999))
def test_the_cut_lies_within_the_image(share, down, right):
    top, left, height, width = cut((7, 9), share, down, right)
    assert 0 <= top <= top + height <= 7
    assert 0 <= left <= left + width <= 9
    assert height <= 7 * (1 - share) ** 0.5
    assert width <= 9 * (1 - share) ** 0.5


def test_the_cut_of_a_whole_image_and_of_nothing():
    assert cut((8, 8), 0.0, 0.5, 0.5) == (0, 0, 8, 8)
    assert cut((8, 8), 1.0, 0.5, 0.5)[2:] == (0, 0)


@pytest.mark.parametrize("shape", [FLAT, SOLID])
@pytest.mark.parametrize("box", [(1, 2, 3, 4), (0, 0, 7, 9), (3, 3, 0, 0), (6, 0, 1, 9)])
def test_cutmix_takes_the_rectangle_from_the_partner_and_tells_the_untouched_area(shape, box):
    x, partner = images(*shape), torch.from_numpy(np.random.default_rng(0).permutation(B))
    before, (top, left, height, width) = x.clone(), box
    share = cutmix_(x, partner, box)
    inside = torch.zeros(shape[-2:], dtype=torch.bool)
    inside[top : top + height, left : left + width] = True
    assert share == pytest.approx(float((~inside).double().mean()))
    assert torch.equal(x, torch.where(inside, before[partner], before))


def test_blending_is_the_equation_row_by_row():
    x, partner = images(*FLAT), torch.tensor([1, 2, 0, 3, 5, 4])
    want = torch.stack([0.3 * x[b] + 0.7 * x[partner[b]] for b in range(B)])
    torch.testing.assert_close(blend_(x.clone(), partner, 0.3), want)
    assert torch.equal(blend_(x.clone(), partner, 1.0), x)
