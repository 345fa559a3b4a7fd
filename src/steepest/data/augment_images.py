"""Augmentation of images: what a training batch becomes, given the random numbers.

Nothing is drawn here: every function takes its draws as arguments. Images are standardised, so that 0 is a
channel's training mean; what comes into view from beyond the border is 0. A batch is x [B, C, H, W], or
[B, C, D, H, W] for volumes, whose depth is carried along: mirror images reverse the last axis, and all other
geometry and every rectangle lie in the last two. Names that end in _ change x in place, the others return a
new tensor.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from steepest.data.augment import mix_

AREA = (0.02, 0.33)
"""Least and largest share of an image that is erased …"""

ASPECT = (0.3, 3.3)
"""… and least and largest height over width of that rectangle: torchvision's defaults."""

Floats = NDArray[np.float64]
Box = tuple[int, int, int, int]
"""Top, left, height and width of a rectangle in pixels."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Where each image of a batch goes: mirrored first, then scaled, turned and shifted.

    Args:
        flipped: mirrored left to right, bool [B].
        down, right: shift in whole pixels, int64 [B].
        angle: rotation about the centre in degrees, counter-clockwise, float64 [B].
        size: factor of the size about the centre, float64 [B]; above 1 enlarges.
    """

    flipped: NDArray[np.bool_]
    down: NDArray[np.int64]
    right: NDArray[np.int64]
    angle: Floats
    size: Floats

    @classmethod
    def none(cls, batch: int) -> "Moves":
        """Everything stays where it is."""
        zero = np.zeros(batch, np.int64)
        return cls(np.zeros(batch, np.bool_), zero, zero, np.zeros(batch), np.ones(batch))

    def of(self, chosen: NDArray[np.bool_]) -> "Moves":
        """Those of some images alone."""
        return Moves(
            self.flipped[chosen], self.down[chosen], self.right[chosen], self.angle[chosen], self.size[chosen]
        )


def move(x: Tensor, moves: Moves) -> Tensor:
    """Every image at its new place, by one composed map.

    Images that are neither turned nor scaled are copied in slices, exactly (`slide`); the others are
    interpolated once, however many moves they make (`warp`).

    Args:
        x: images [B, C, …, H, W]; not changed.
        moves: where they go.

    Example:
        >>> x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
        >>> moves = Moves(np.array([True]), np.array([1]), np.array([0]), np.zeros(1), np.ones(1))
        >>> move(x, moves).tolist()
        [[[[0.0, 0.0], [2.0, 1.0]]]]
    """
    warped = (moves.angle != 0) | (moves.size != 1)
    if not warped.any():
        return slide(x, moves)
    if warped.all():
        return warp(x, moves)
    out = torch.empty_like(x)
    for chosen, act in ((~warped, slide), (warped, warp)):
        rows = torch.from_numpy(np.flatnonzero(chosen))
        out.index_copy_(0, rows, act(x.index_select(0, rows), moves.of(chosen)))
    return out


def slide(x: Tensor, moves: Moves) -> Tensor:
    """Mirror and shift by whole pixels, without interpolation.

        y[b, …, i, j] = x[b, …, i - down_b, j′]

    with j′ = j - right_b, or W - 1 - (j - right_b) for mirrored images, and 0 where that lies outside of x.

    Args:
        x: images [B, C, …, H, W] on the processor; not changed.
        moves: angle and size are not read.

    Example:
        >>> moves = Moves(np.array([False]), np.array([0]), np.array([-1]), np.zeros(1), np.ones(1))
        >>> slide(torch.tensor([[[[1.0, 2.0, 3.0]]]]), moves).flatten()
        tensor([2., 3., 0.])
    """
    source, out = x.numpy(), torch.zeros_like(x)
    target, (height, width) = out.numpy(), x.shape[-2:]
    draws = zip(moves.flipped.tolist(), moves.down.tolist(), moves.right.tolist(), strict=True)
    for b, (flipped, down, right) in enumerate(draws):  # a slice copies faster than an index gathers
        image = source[b, ..., ::-1] if flipped else source[b]
        (to_rows, from_rows), (to_columns, from_columns) = _overlap(down, height), _overlap(right, width)
        target[b, ..., to_rows, to_columns] = image[..., from_rows, from_columns]
    return out


def _overlap(by: int, length: int) -> tuple[slice, slice]:
    """Where a shifted axis is written, and what is read of it."""
    to = slice(min(max(0, by), length), max(0, min(length, length + by)))
    return to, slice(to.start - by, to.stop - by) if to.start < to.stop else slice(0, 0)


def warp(x: Tensor, moves: Moves) -> Tensor:
    """Mirror, scale, turn and shift in one bilinear interpolation.

        y(p) = x(F R(angle)ᵀ (p - t) / size)

    with p = (right, down) in pixels from the centre of the image, t = (right, down) the shift, F = diag(-1,
    1) for mirrored images, else the identity, and R counter-clockwise as one sees it. Outside of x is 0, the
    mean. Interpolation smooths: white noise that is turned by 10° keeps about 2/3 of its deviation.

    Args:
        x: images [B, C, …, H, W]; not changed.
        moves: where they go.

    Example:
        >>> quarter = Moves(np.array([False]), np.array([0]), np.array([0]), np.array([90.0]), np.ones(1))
        >>> warp(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), quarter).round(decimals=4).tolist()
        [[[[2.0, 4.0], [1.0, 3.0]]]]

    References:
        Jaderberg et al. 2015 (arXiv 1506.02025), eqs. 1 and 5.
    """
    batch, (height, width) = len(x), x.shape[-2:]
    turn = np.deg2rad(moves.angle)
    cos, sin = np.cos(turn) / moves.size, np.sin(turn) / moves.size
    mirror = np.where(moves.flipped, -1.0, 1.0)
    a = np.stack([mirror * cos, -mirror * sin, sin, cos], -1).reshape(-1, 2, 2)
    t = np.stack([moves.right, moves.down], -1)[..., np.newaxis]
    half = np.array([width, height]) / 2  # torch counts from the centre in half sides
    theta = np.concatenate([a * half, -a @ t], -1) / half[:, np.newaxis]
    matrix = torch.from_numpy(theta).to(x.dtype)
    grid = functional.affine_grid(matrix, [batch, 1, height, width], align_corners=False)
    flat = x.reshape(batch, -1, height, width)
    out = functional.grid_sample(flat, grid, "bilinear", "zeros", align_corners=False)
    return out.view(x.shape)


def brighten_(x: Tensor, change: Tensor) -> Tensor:
    """Brightness: x ← x + b, in place, in units of the standardised numbers.

    Args:
        x: images [B, C, …].
        change: b [B].

    Example:
        >>> brighten_(torch.zeros(2, 1, 1, 1), torch.tensor([0.5, -0.5])).flatten()
        tensor([ 0.5000, -0.5000])
    """
    return x.add_(_each(change, x))


def contrast_(x: Tensor, factor: Tensor) -> Tensor:
    """Contrast: x ← m + c·(x - m), in place, with m the mean of each image.

    Args:
        x: images [B, C, …].
        factor: c [B]; 1 changes nothing but rounding.

    Example:
        >>> contrast_(torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([0.5])).flatten()
        tensor([1.5000, 2.5000])

    Departure:
        m is the mean over channels and pixels; of photographs others take that of their grey version.
    """
    c = _each(factor, x)
    mean = x.mean(tuple(range(1, x.dim())), keepdim=True)
    return x.mul_(c).addcmul_(mean, 1 - c)


def colour_(x: Tensor, factor: Tensor) -> Tensor:
    """Saturation: x ← g + c·(x - g), in place, with g the mean of each pixel's channels.

    With one channel g = x, and nothing happens.

    Args:
        x: images [B, C, …].
        factor: c [B]; 0 makes an image grey, above 1 makes it more vivid.

    Example:
        >>> colour_(torch.tensor([[[[3.0]], [[0.0]], [[0.0]]]]), torch.tensor([0.0])).flatten()
        tensor([1., 1., 1.])

    Departure:
        The channels count alike. The weights of luma (.299, .587, .114) belong to raw red, green and blue,
        not to numbers that are standardised by channel, nor to channels of another kind.
    """
    if x.shape[1] == 1:
        return x
    c = _each(factor, x)
    grey = x.mean(1, keepdim=True)
    return x.mul_(c).addcmul_(grey, 1 - c)


def boxes(
    side: tuple[int, int], area: Floats, aspect: Floats, down: Floats, right: Floats
) -> NDArray[np.int64]:
    """Rectangles of given areas within an image, int64 [B, 4]: top, left, height, width.

        h = √(area · H W · aspect),   w = ⌊area · H W / h⌋

    rounded to whole pixels, h to the nearest and w down, so the area is never more, except that a rectangle
    has at least one pixel. One that is too high or too wide is fitted to the side.

    Args:
        side: H, W.
        area: share of the image, [B].
        aspect: height over width, [B].
        down, right: place between the borders, in [0, 1), [B].

    Example:
        >>> quarter = np.array([0.25])
        >>> boxes((8, 8), quarter, np.ones(1), np.array([0.5]), np.array([0.0])).tolist()
        [[2, 0, 4, 4]]
    """
    height, width = side
    pixels = area * height * width
    least = np.maximum(1, np.ceil(pixels / width - 1e-9))  # a lower one would be wider than the image
    most = np.clip(np.floor(pixels + 1e-9), 1, height)  # a higher one would be narrower than a pixel
    h = np.clip(np.rint(np.sqrt(pixels * aspect)), least, most)
    w = np.clip(np.floor(pixels / h + 1e-9), 1, width)
    top, left = np.floor(down * (height - h + 1)), np.floor(right * (width - w + 1))
    return np.stack([top, left, h, w], -1).astype(np.int64)


def erase_(x: Tensor, where: NDArray[np.int64]) -> Tensor:
    """Erasing: a rectangle of each image becomes 0, the mean, in place.

    Args:
        x: images [B, C, …, H, W] on the processor.
        where: top, left, height and width, int64 [B, 4]; a height of 0 erases nothing.

    Example:
        >>> erase_(torch.ones(1, 1, 2, 3), np.array([[0, 1, 2, 2]])).tolist()
        [[[[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]]]

    References:
        Zhong et al. 2017 (arXiv 1708.04896), algorithm 1.

    Departures:
        The mean is filled in, not random values. A rectangle that does not fit is fitted, not drawn again
        (`boxes`).
    """
    array = x.numpy()
    for b, (top, left, height, width) in enumerate(where.tolist()):
        array[b, ..., top : top + height, left : left + width] = 0
    return x


def cut(side: tuple[int, int], share: float, down: float, right: float) -> Box:
    """CutMix's rectangle: sides √(1 - λ) of the image's, a centre anywhere, cut off at the border.

    Args:
        side: H, W.
        share: λ in [0, 1].
        down, right: the centre, in [0, 1).

    Example:
        >>> cut((8, 8), 0.75, 0.5, 0.0)
        (2, 0, 4, 2)

    References:
        Yun et al. 2019 (arXiv 1905.04899), eq. 2.
    """
    spans = []
    for length, place in zip(side, (down, right), strict=True):
        extent, centre = int(length * (1 - share) ** 0.5), int(place * length)
        start = max(0, centre - extent // 2)
        spans.append((start, min(length, centre - extent // 2 + extent) - start))
    (top, height), (left, width) = spans
    return top, left, height, width


def cutmix_(x: Tensor, partner: Tensor, box: Box) -> float:
    """CutMix: a rectangle of each image becomes its partner's, in place; returns λ, what is left of an image.

        x̃ᵢ = xᵢ outside the rectangle, x_π(i) inside;    λ = 1 - (rectangle's pixels) / (H W)

    The losses of the targets are to be blended by that λ.

    Args:
        x: images [B, C, …, H, W].
        partner: π [B], int64.
        box: top, left, height and width.

    Example:
        >>> x = torch.tensor([[[[1.0, 1.0]]], [[[2.0, 2.0]]]])
        >>> cutmix_(x, torch.tensor([1, 0]), (0, 1, 1, 1)), x.flatten().tolist()
        (0.5, [1.0, 2.0, 2.0, 1.0])

    References:
        Yun et al. 2019 (arXiv 1905.04899), eqs. 1 and 2, and algorithm A1 for the final λ.
    """
    top, left, height, width = box
    part = x[..., top : top + height, left : left + width]
    part.copy_(part.index_select(0, partner))
    return 1 - height * width / (x.shape[-2] * x.shape[-1])


def blend_(x: Tensor, partner: Tensor, share: float) -> Tensor:
    """Mixup of a single batch, in place: x̃ᵢ = λ·xᵢ + (1 - λ)·x_π(i).

    Args:
        x: inputs [B, …].
        partner: π [B], int64.
        share: λ in [0, 1].

    Example:
        >>> blend_(torch.tensor([[0.0], [4.0]]), torch.tensor([1, 0]), 0.75).flatten()
        tensor([1., 3.])

    References:
        Zhang et al. 2018 (arXiv 1710.09412), eq. 1.
    """
    mix_(x.unsqueeze(0), partner.unsqueeze(0), torch.tensor([share], dtype=x.dtype))
    return x


def _each(value: Tensor, x: Tensor) -> Tensor:
    return value.to(x.dtype).view(-1, *[1] * (x.dim() - 1))
