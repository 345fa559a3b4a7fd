"""What is kept is whole and current, or it is built again; where nothing can be kept, nothing fails."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from steepest.base.errors import BadData
from steepest.data.dataset import DataSet
from steepest.data.decode import Allocate
from steepest.data.image_cache import cache_folder, identity, kept

KEPT = "Decoded pixels are kept in "


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("STEEPEST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Builder:
    """Builds the same small set whenever it is asked, and counts."""

    def __init__(self, *, test: bool = True) -> None:
        self.times, self.test = 0, test

    def __call__(self, allocate: Allocate) -> DataSet:
        self.times += 1
        x = allocate((20, 12))
        x[:] = np.random.default_rng(0).integers(0, 256, x.shape, dtype=np.uint8)
        x[3] = x[1]
        return DataSet(
            name="", task="classification", target="label", classes=("Kätzchen", "犬"), x=x,
            y=np.arange(20) % 2, test_rows=np.array([18, 19]) if self.test else None, notes=("Said.",),
            form="image", shape=(3, 2, 2), oriented=False,
        )  # fmt: skip


@pytest.mark.parametrize("test", [False, True])
def test_the_second_reading_is_the_first_from_disk(test, cache):
    build = Builder(test=test)
    first, second = (kept("key", name, build) for name in ("one", "two"))
    plain = build(lambda shape: np.empty(shape, np.uint8))
    assert build.times == 2
    assert isinstance(second.x, np.memmap)
    assert not second.x.flags.writeable
    assert (first.name, second.name) == ("one", "two")
    for field in ("x", "y", "groups"):
        np.testing.assert_array_equal(getattr(second, field), getattr(plain, field))
    for field in ("task", "target", "classes", "shape", "oriented", "form", "fingerprint"):
        assert getattr(second, field) == getattr(first, field) == getattr(plain, field)
    assert (second.test_rows is not None) is test
    assert second.notes == first.notes == ("Said.", f"{KEPT}{cache / 'key'} for the next time (0 MB).")
    assert [path.name for path in cache.iterdir()] == ["key"]


def damage_words(place: Path) -> None:
    (place / "set.json").write_text('{"task": ')


def drop_a_word(place: Path) -> None:
    (place / "set.json").write_text("{}")


def cut_pixels(place: Path) -> None:
    (place / "x.npy").write_bytes((place / "x.npy").read_bytes()[:-40])


def other_pixels(place: Path) -> None:
    np.save(place / "x.npy", np.zeros((19, 12), np.uint8))


def cut_rows(place: Path) -> None:
    (place / "rows.npz").write_bytes(b"PK")


def lose_pixels(place: Path) -> None:
    (place / "x.npy").unlink()


def lose_words(place: Path) -> None:
    (place / "set.json").unlink()


@pytest.mark.parametrize(
    "damage", [damage_words, drop_a_word, cut_pixels, other_pixels, cut_rows, lose_pixels, lose_words]
)
def test_what_is_damaged_is_built_again(damage, cache):
    build = Builder()
    whole = np.array(kept("key", "toy", build).x)
    damage(cache / "key")
    again = kept("key", "toy", build)
    assert build.times == 2
    np.testing.assert_array_equal(again.x, whole)
    assert again.notes[-1].startswith(KEPT)
    assert kept("key", "toy", build).fingerprint == again.fingerprint
    assert build.times == 2
    assert [path.name for path in cache.iterdir()] == ["key"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, BadData("a.png", "must be whole", "cut")])
def test_nothing_half_written_is_left(stop, cache):
    def build(allocate: Allocate) -> DataSet:
        allocate((20, 12))[:5] = 1
        raise stop

    with pytest.raises(stop if isinstance(stop, type) else type(stop)):
        kept("key", "toy", build)
    assert list(cache.iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_a_note_only(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("STEEPEST_CACHE", str(tmp_path / "file"))
    data = kept("key", "toy", Builder())
    assert data.rows == 20
    assert not isinstance(data.x, np.memmap)
    assert data.notes[-1].startswith("Decoded pixels could not be kept for the next time (")


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system reserves no room on disk")
def test_a_full_disk_costs_a_note_only(monkeypatch, cache):
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    data = kept("key", "toy", Builder())
    assert "could not be kept for the next time (No space left on device)" in data.notes[-1]
    assert list(cache.iterdir()) == []


def test_what_a_killed_process_left_goes_after_a_day(cache):
    for name, age in (("partial-old", 90_000), ("partial-new", 60)):
        (cache / name).mkdir(parents=True)
        os.utime(cache / name, (time.time() - age,) * 2)
    kept("key", "toy", Builder())
    assert sorted(path.name for path in cache.iterdir()) == ["key", "partial-new"]


def test_identity_follows_content_and_options_but_not_place(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"x" * 100)
    os.utime(path, ns=(0, 5))
    first = identity([path], None)
    moved = path.rename(tmp_path / "b.zip")
    assert identity([moved], None) == first
    assert identity([moved], 64) != first
    os.utime(moved, ns=(0, 6))
    assert identity([moved], None) != first
    moved.write_bytes(b"x" * 99 + b"y")
    os.utime(moved, ns=(0, 5))
    assert identity([moved], None) != first
    with pytest.raises(OSError, match="No such file"):
        identity([path], None)


def test_identity_follows_both_ends_of_a_large_file(tmp_path):
    raw, keys = bytearray(3 * 2**20), set()
    for place in (None, 0, -1):
        if place is not None:
            raw[place] = 1
        (tmp_path / "a.zip").write_bytes(raw)
        os.utime(tmp_path / "a.zip", ns=(0, 5))
        keys.add(identity([tmp_path / "a.zip"]))
    assert len(keys) == 3


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("STEEPEST_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "steepest"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "steepest"
