"""Encoded images (PNG, JPEG, …) become one matrix of pixels."""

import io
import itertools
import os
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from steepest.base.errors import BadData

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
"""Formats that are read, whatever the file is called."""

Pixels: TypeAlias = NDArray[np.uint8]
Source: TypeAlias = tuple[str, Callable[[], bytes]]
"""What to call an image in an error, and how to get its bytes."""
Allocate: TypeAlias = Callable[[tuple[int, int]], Pixels]
"""Room for a matrix of a shape, in memory or on disk."""

_CHUNK = 16
"""Images that a thread decodes at a time: enough to outweigh handing them over."""

_GREY = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"})
_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_ORIENTATION = 0x0112  # the EXIF tag that says which way up a camera was held
_FAULTS = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
"""What Pillow raises for a damaged file."""

_SAID = {
    "alpha": "Images with transparency, which is dropped",
    "palette": "Images of palette colours, converted to RGB",
    "cmyk": "Images of printing colours (CMYK), converted to RGB",
    "other": "Images of other colour spaces, converted to RGB",
    "two": "Images of black and white only, taken as grey",
    "deep": "Images of 16 bits a channel, of which the upper 8 are kept",
    "turned": "Photographs turned upright, as their camera noted",
    "moving": "Moving images, of which the first is taken",
    "grey": "Grey images among coloured ones, taken as RGB",
    "resized": "Images resized",
}


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Images as numbers.

    Args:
        x: uint8 [N, C·H·W]; each row is channel by channel, line by line.
        shape: (C, H, W); one channel if all images are grey, else three.
        notes: what was converted, one sentence each.
    """

    x: Pixels
    shape: tuple[int, int, int]
    notes: tuple[str, ...]


class _Coloured(Exception):
    """A coloured image after grey ones: all become RGB, from the first on."""


def decode(
    sources: Callable[[], Iterator[Source]],
    count: int,
    *,
    where: str,
    size: int | None = None,
    allocate: Allocate | None = None,
) -> Decoded:
    """Decode images of one size, or make them one size, on all cores.

    Threads share the work, since Pillow decodes outside the interpreter's lock. Measured on two cores that
    other work kept busy: 10,000 JPEG images of 32×32 took one thread 0.97 s, two threads 0.91 s, and two
    processes 0.79 s after 0.65 s to start; 100 of 1024×1024 took one thread 0.84 s and two 0.62 s.

    Args:
        sources: gives the images in order, and again when it is called again.
        count: how many, N ≥ 1.
        where: the source, for errors.
        size: resize to so many pixels a side: bilinear, averaged over what a pixel covers, after cutting
            the middle square out; None leaves sizes as they are and they must be equal.
        allocate: makes room for the result, which is written block by block; by default in memory.

    Raises:
        BadData: an image that is empty or damaged, or of another size; by name.

    Example:
        >>> kept = io.BytesIO()
        >>> Image.new("RGBA", (4, 3), (10, 20, 30, 0)).save(kept, "PNG")
        >>> found = decode(lambda: iter([("a.png", kept.getvalue)] * 2), 2, where="pets")
        >>> found.x[:, ::12].tolist(), found.shape, found.notes
        ([[10, 20, 30], [10, 20, 30]], (3, 3, 4), ('Images with transparency, which is dropped: 2 of 2.',))
    """
    name, read = next(sources())
    pixels, _ = _pixels(name, read, size, 0)
    room = allocate or (lambda shape: np.empty(shape, np.uint8))
    try:
        return _decode(sources, count, where, size, room, (name, pixels.shape))
    except _Coloured:
        shape = (3, *pixels.shape[1:])
        return _decode(sources, count, where, size, room, (name, shape))


def _decode(
    sources: Callable[[], Iterator[Source]],
    count: int,
    where: str,
    size: int | None,
    allocate: Allocate,
    first: tuple[str, tuple[int, ...]],
) -> Decoded:
    shape = first[1]
    x = allocate((count, int(np.prod(shape))))
    facts = Counter[str]()

    def fill(start: int, chunk: Sequence[Source]) -> Counter[str]:
        seen = Counter[str]()
        for place, (name, read) in enumerate(chunk, start):
            pixels, found = _pixels(name, read, size, shape[0])
            if pixels.shape != shape:
                _refuse_size(first, (name, pixels.shape), where)
            x[place] = pixels.reshape(-1)
            seen.update(found)
        return seen

    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        start = 0
        images = sources()
        while block := list(itertools.islice(images, 2 * workers * _CHUNK)):
            chunks = [block[place : place + _CHUNK] for place in range(0, len(block), _CHUNK)]
            for seen in pool.map(fill, range(start, start + len(block), _CHUNK), chunks):
                facts.update(seen)
            start += len(block)
    notes = [f"{said}: {facts[fact]:,} of {count:,}." for fact, said in _SAID.items() if facts[fact]]
    if facts["resized"]:
        how = f"to {size}×{size} pixels, bilinear, after cutting the middle square out"
        notes[-1] = notes[-1].replace("Images resized", f"Images resized {how}")
    return Decoded(x, (shape[0], shape[1], shape[2]), tuple(notes))


def _refuse_size(first: tuple[str, tuple[int, ...]], other: tuple[str, tuple[int, ...]], where: str) -> None:
    shown = " and ".join(f"{name} of {shape[2]}×{shape[1]}" for name, shape in (first, other))
    remedy = "Ask for one size: --size 64 on the command line, size=64 in Python."
    raise BadData(where, "must hold images of one size", shown, remedy)


def _pixels(
    name: str, read: Callable[[], bytes], size: int | None, channels: int
) -> tuple[Pixels, tuple[str, ...]]:
    """uint8 [C, H, W] of one image, and what was done to it; C is 1 or 3, 0 channels leave it open."""
    raw = read()
    if not raw:
        raise BadData(name, "must be an image", "nothing, 0 bytes", "Remove it, or copy it again.")
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as image:
            found, facts = _plain(image, size)
    except Image.DecompressionBombError as error:
        raise BadData(name, "must be an image of fewer pixels", str(error), "Shrink or remove it.") from None
    except _FAULTS as error:
        formats = ", ".join(FORMATS)
        reason = "bytes that are none" if "cannot identify" in str(error) else str(error)
        remedy = "Remove it, or copy it again."
        raise BadData(name, f"must be a whole image ({formats})", reason, remedy) from None
    if size is not None and found.size != (size, size):
        found = ImageOps.fit(found, (size, size), Image.Resampling.BILINEAR)
        facts.append("resized")
    if found.mode == "RGB" and channels == 1:
        raise _Coloured
    if found.mode == "L" and channels == 3:
        found = found.convert("RGB")
        facts.append("grey")
    pixels: Pixels = np.asarray(found, np.uint8)
    return (pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)), tuple(facts)


def _plain(image: Image.Image, size: int | None) -> tuple[Image.Image, list[str]]:
    """The image in 8-bit grey ("L") or RGB, and what that took."""
    facts = []
    if size is not None:
        image.draft(None, (2 * size, 2 * size))  # a JPEG is decoded no larger than needed
    if getattr(image, "is_animated", False):
        facts.append("moving")
    image.load()
    plain: Image.Image = image
    if "exif" in image.info and image.getexif().get(_ORIENTATION, 1) not in (0, 1):
        plain = ImageOps.exif_transpose(image)
        facts.append("turned")
    mode = plain.mode
    if mode in _ALPHA or "transparency" in plain.info:
        facts.append("alpha")
    if mode.startswith("I"):
        facts.append("deep")
        upper = np.clip(np.asarray(plain, np.int64) >> 8, 0, 255)
        return Image.fromarray(upper.astype(np.uint8)), facts
    if mode in ("P", "PA"):
        facts.append("palette")
        return plain.convert("RGBA").convert("RGB"), facts
    if mode in ("CMYK", "1"):
        facts.append("cmyk" if mode == "CMYK" else "two")
    elif mode not in _GREY | _ALPHA | {"RGB"}:
        facts.append("other")
    wanted = "L" if mode in _GREY else "RGB"
    plain.info.pop("transparency", None)  # of one colour: dropped like all transparency
    return (plain if mode == wanted else plain.convert(wanted)), facts
