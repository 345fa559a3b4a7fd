"""Decoded images kept on disk, so that a second reading is instant and a large set streams.

A kept set is a folder of three files: `x.npy` (pixels, mapped into memory when read), `rows.npz` (targets,
duplicates, test rows) and `set.json` (the rest). It is written beside its place under another name and moved
there in one step, so whatever is found there is whole. Any of it may be deleted at any time.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import PIL

from steepest.data.dataset import DataSet
from steepest.data.decode import Allocate, Pixels

KEPT = "Decoded pixels"
"""How the note on what became of them begins."""

READER = 1
"""Counts up when reading the same files gives other pixels, targets or notes; what was kept is then stale."""

_ENDS = 2**20  # bytes at a file's start and end that its identity covers
_ABANDONED = 86400.0  # seconds after which a half-written folder is nobody's
_PARTIAL = "partial-"


def cache_folder() -> Path:
    """Where decoded images are kept.

    $STEEPEST_CACHE where it is set; else `steepest` in $XDG_CACHE_HOME, in the platform's usual place, or in
    `~/.cache`.
    """
    if chosen := os.environ.get("STEEPEST_CACHE"):
        return Path(chosen).expanduser()
    usual = {"darwin": "~/Library/Caches", "win32": os.environ.get("LOCALAPPDATA") or "~/AppData/Local"}
    return Path(
        os.environ.get("XDG_CACHE_HOME") or usual.get(sys.platform, "~/.cache"), "steepest"
    ).expanduser()


def identity(files: Sequence[Path], *options: object) -> str:
    """A digest that changes when a file or an option does, and not when a file is moved.

    It covers each file's size and time of change, a single file's first and last MiB, the options, and what
    `key_of` adds.

    Args:
        files: what is read, at least one.
        options: whatever else decides the result.

    Raises:
        OSError: a file cannot be read.

    Example:
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     whole, small = (identity([Path(file.name)], "size", size) for size in (None, 64))
        >>> len(whole), whole == small
        (32, False)
    """
    found = [file.stat() for file in files]
    ends = hashlib.blake2b(digest_size=16)
    if len(files) == 1:
        with files[0].open("rb") as opened:
            ends.update(opened.read(_ENDS))
            opened.seek(max(0, found[0].st_size - _ENDS))
            ends.update(opened.read(_ENDS))
    return key_of([(each.st_size, each.st_mtime_ns) for each in found], ends.hexdigest(), *options)


def key_of(*parts: object) -> str:
    """A digest of the parts, of `READER` and of Pillow's version, whose decoders decide the last bit.

    Example:
        >>> key_of("a", 1) == key_of("a", 1), key_of("a", 1) == key_of("a", 2)
        (True, False)
    """
    return hashlib.blake2b(repr((READER, PIL.__version__, parts)).encode(), digest_size=16).hexdigest()


def kept(key: str, name: str, build: Callable[[Allocate], DataSet]) -> DataSet:
    """The image set kept under a key, or else built and kept.

    Where the cache cannot be written, the set is built in memory, and a note says so.

    Args:
        key: what decides the set's content; see `identity`.
        name: what to call the set.
        build: makes the set, given something that makes room for its pixels.

    Raises:
        BadData: whatever `build` raises; nothing is kept then.
    """
    try:
        place = cache_folder() / key
        if not (place / "set.json").is_file():
            _write(place, build)
        try:
            found = _read(place)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            _write(place, build)  # damaged, or from another version
            found = _read(place)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        data = build(lambda shape: np.empty(shape, np.uint8))
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        note = f"{KEPT} could not be kept for the next time ({reason}); $STEEPEST_CACHE names a folder."
        return dataclasses.replace(data, name=name, notes=(*data.notes, note))
    note = f"{KEPT} are kept in {place} for the next time ({found.x.nbytes / 1e6:,.0f} MB)."
    return dataclasses.replace(found, name=name, notes=(*found.notes, note))


def _write(place: Path, build: Callable[[Allocate], DataSet]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    _sweep(place.parent)
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=place.parent))
    try:
        _fill(partial, build)
        if place.exists():  # damaged, or another process was faster
            place.rename(partial / "former")
        partial.rename(place)
        shutil.rmtree(place / "former", ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)  # only there if something went wrong, Ctrl-C included


def _fill(folder: Path, build: Callable[[Allocate], DataSet]) -> None:
    def allocate(shape: tuple[int, int]) -> Pixels:
        """A mapped file whose blocks are reserved: writing into a full disk would end the process."""
        path = folder / "x.npy"
        path.unlink(missing_ok=True)
        x: Pixels = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        if hasattr(os, "posix_fallocate"):
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, os.path.getsize(path))
        return x

    data = build(allocate)
    if isinstance(data.x, np.memmap):
        data.x.flush()
    rows = {"y": data.y, "groups": data.groups}
    if data.test_rows is not None:
        rows["test_rows"] = data.test_rows
    np.savez(folder / "rows.npz", allow_pickle=False, **rows)
    words = {
        "task": data.task,
        "target": data.target,
        "classes": data.classes,
        "notes": data.notes,
        "fingerprint": data.fingerprint,
        "shape": data.shape,
        "oriented": data.oriented,
    }
    (folder / "set.json").write_text(json.dumps(words, ensure_ascii=False, indent=1), encoding="utf-8")


def _read(place: Path) -> DataSet:
    words = json.loads((place / "set.json").read_text(encoding="utf-8"))
    x = np.load(place / "x.npy", mmap_mode="r", allow_pickle=False)
    with np.load(place / "rows.npz", allow_pickle=False) as file:
        y, groups = file["y"], file["groups"]
        test_rows = file["test_rows"] if "test_rows" in file.files else None
    shape = tuple(words["shape"])
    if x.shape != (len(y), int(np.prod(shape))) or len(groups) != len(y):
        raise ValueError("the files of a kept set must agree")
    return DataSet(
        name="",
        task=words["task"],
        target=words["target"],
        classes=tuple(words["classes"]),
        x=x,
        y=y,
        test_rows=test_rows,
        notes=tuple(words["notes"]),
        groups=groups,
        fingerprint=words["fingerprint"],
        form="image",
        shape=shape,
        oriented=words["oriented"],
    )


def _sweep(folder: Path) -> None:
    """Remove what a killed process left half-written."""
    for left in folder.glob(f"{_PARTIAL}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
