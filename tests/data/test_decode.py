"""Images of every colour mode become the same plain pixels, and damaged ones are named."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from steepest.base.errors import BadData
from steepest.data.decode import Decoded, Source, decode

GREY = np.arange(0, 240, 10, dtype=np.uint8).reshape(4, 6)
RGB = np.stack([GREY, 255 - GREY, GREY // 2], axis=-1)


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    kept = io.BytesIO()
    image.save(kept, form, **options)
    return kept.getvalue()


def read(*raws: bytes, size: int | None = None) -> Decoded:
    def sources() -> Iterator[Source]:
        return ((f"{place}.png", lambda raw=raw: raw) for place, raw in enumerate(raws))

    return decode(sources, len(raws), where="pets", size=size)


def pixels(found: Decoded, row: int = 0) -> Any:
    return found.x[row].reshape(found.shape)


def palette() -> Image.Image:
    image = Image.new("P", (6, 4))
    image.putpalette([c for level in range(24) for c in RGB.reshape(-1, 3)[level].tolist()])
    image.putdata(list(range(24)))
    return image


BLUE = Image.fromarray(RGB)


@pytest.mark.parametrize(
    ("raw", "expected", "note"),
    [
        (encoded(Image.fromarray(GREY)), GREY[None], ()),
        (encoded(BLUE), RGB.transpose(2, 0, 1), ()),
        (encoded(BLUE, "BMP"), RGB.transpose(2, 0, 1), ()),
        (encoded(BLUE, "WEBP", lossless=True), RGB.transpose(2, 0, 1), ()),
        (encoded(palette()), RGB.transpose(2, 0, 1), ("palette",)),
        (encoded(palette(), transparency=b"\x00\x80"), RGB.transpose(2, 0, 1), ("transparency", "palette")),
        (
            encoded(Image.merge("RGBA", (*BLUE.split(), Image.new("L", (6, 4))))),
            RGB.transpose(2, 0, 1),
            ("transparency",),
        ),
        (encoded(BLUE, transparency=(0, 255, 0)), RGB.transpose(2, 0, 1), ("transparency",)),
        (
            encoded(Image.merge("LA", (Image.fromarray(GREY), Image.new("L", (6, 4))))),
            GREY[None],
            ("transparency",),
        ),
        (encoded(Image.fromarray(GREY.astype(np.uint16) * 257)), GREY[None], ("16 bits",)),
        (encoded(Image.fromarray(GREY > 100)), (GREY > 100)[None] * 255, ("black and white",)),
    ],
    ids=[
        "grey",
        "rgb",
        "bmp",
        "webp",
        "palette",
        "palette-alpha",
        "rgba",
        "colour-alpha",
        "la",
        "deep",
        "bilevel",
    ],
)
def test_every_mode_becomes_grey_or_rgb(raw, expected, note):
    found = read(raw, raw)
    np.testing.assert_array_equal(pixels(found, 1), expected)
    assert [part in said for part, said in zip(note, found.notes, strict=True)] == [True] * len(note)
    assert all(said.endswith(": 2 of 2.") for said in found.notes)


def test_printing_colours_become_rgb():
    found = read(encoded(Image.new("CMYK", (6, 4), (0, 255, 255, 0)), "JPEG"))
    assert found.shape == (3, 4, 6)
    assert pixels(found)[:, 0, 0].tolist() == pytest.approx([255, 0, 0], abs=8)
    assert found.notes == ("Images of printing colours (CMYK), converted to RGB: 1 of 1.",)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_grey_among_coloured_becomes_rgb_whichever_comes_first(order):
    found = read(*[encoded(Image.fromarray(GREY)), encoded(BLUE), encoded(BLUE)][order])
    assert found.shape == (3, 4, 6)
    assert found.notes == ("Grey images among coloured ones, taken as RGB: 1 of 3.",)
    grey = 0 if order.step is None else 2
    np.testing.assert_array_equal(pixels(found, grey), np.stack([GREY] * 3))
    np.testing.assert_array_equal(pixels(found, 1), RGB.transpose(2, 0, 1))


def test_a_photograph_is_turned_as_its_camera_noted():
    exif = Image.Exif()
    exif[0x0112] = 6  # held on its side: turn it clockwise
    found = read(encoded(Image.fromarray(GREY), exif=exif))
    np.testing.assert_array_equal(pixels(found)[0], np.rot90(GREY, -1))
    assert found.notes == ("Photographs turned upright, as their camera noted: 1 of 1.",)


def test_of_a_moving_image_the_first_is_taken():
    frames = [Image.new("L", (6, 4), level) for level in (40, 200)]
    found = read(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert set(found.x.reshape(-1).tolist()) == {40}
    assert found.notes[-1] == "Moving images, of which the first is taken: 1 of 1."


def test_resizing_cuts_the_middle_out_and_averages():
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 90
    found = read(encoded(Image.fromarray(wide)), encoded(Image.new("L", (2, 2), 7)), size=2)
    assert found.shape == (1, 2, 2)
    assert pixels(found, 1).tolist() == [[[7, 7], [7, 7]]]
    assert pixels(found, 0).astype(int).ravel() == pytest.approx(90, abs=15)  # all of the image would give 30
    how = "Images resized to 2×2 pixels, bilinear, after cutting the middle square out: 1 of 2."
    assert found.notes == (how,)
    fine = np.tile(np.array([[0, 200]], np.uint8), (16, 8))  # stripes of one pixel: averaged, not picked
    averaged = pixels(read(encoded(Image.fromarray(fine)), size=4)).astype(int).ravel()
    assert averaged == pytest.approx(100, abs=25)


def test_many_images_stay_in_order():
    raws = [encoded(Image.new("L", (3, 2), level)) for level in range(250)]
    assert read(*raws).x[:, 0].tolist() == list(range(250))


WHOLE = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)), "JPEG")
LARGE = encoded(Image.new("L", (8, 4)))


@pytest.mark.parametrize(
    ("raws", "pattern"),
    [
        ((b"",), r"0.png must be an image, but got 'nothing, 0 bytes'. Remove it, or copy it again"),
        ((encoded(BLUE), b""), r"1.png must be an image, but got 'nothing"),
        ((WHOLE, WHOLE[:-300]), r"1.png must be a whole image .*truncated.*Remove it"),
        ((encoded(BLUE)[:45],), r"0.png must be a whole image \(PNG, JPEG, BMP, GIF, WEBP\)"),
        ((b"<html>no such image</html>",), r"0.png must be a whole image .*'bytes that are none'"),
        ((encoded(BLUE, "PPM"),), r"0.png must be a whole image"),
        (
            (encoded(BLUE), encoded(BLUE), LARGE),
            r"pets must hold images of one size, but got '0.png of 6×4 and 2.png of 8×4'.*--size 64.*size=64",
        ),
    ],
    ids=["none", "empty", "truncated", "head", "page", "other-format", "sizes"],
)
def test_an_image_that_cannot_be_used_is_named(raws, pattern):
    with pytest.raises(BadData, match=pattern):
        read(*raws)


def test_an_image_of_too_many_pixels_is_named(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(BadData, match=r"0.png must be an image of fewer pixels"):
        read(encoded(BLUE))
