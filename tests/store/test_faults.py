"""Disks that are full, files that are damaged or cut, read-only folders: a message, the rest intact."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from steepest.base.errors import StoreError
from steepest.store import Document, open_journal
from steepest.testing.stores import plan, point

PAGE = 4096
RUNGS = [[point(m, step) for m in range(200)] for step in range(1, 11)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A finished study of many pages."""
    with open_journal(tmp_path, create=True) as journal:
        journal.plan([plan(m) for m in range(200)])
        for rung in RUNGS:
            journal.record(rung, documents=[Document("rung", {"step": rung[0].step})])
    return tmp_path / "study.db"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kilobytes."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _pages_of(file: Path, table: str) -> list[int]:
    """Numbers of the pages that look like leaves of a table: their rows hold the word."""
    data = file.read_bytes()
    return [n for n in range(1, len(data) // PAGE) if table.encode() in data[n * PAGE : (n + 1) * PAGE]]


def test_a_limit_on_files_stops_a_record_and_nothing_else(file: Path) -> None:
    with open_journal(file) as journal:
        journal.claim()
        with (
            no_file_larger_than(file.stat().st_size),
            pytest.raises(StoreError, match=r"study\.db .*safe|kept"),
        ):
            journal.record([point(0, step) for step in range(100, 40_000)])
        assert journal.curves() == [rung[m] for m in range(200) for rung in RUNGS]
        journal.record([point(0, 11)])
        assert journal.curves([0])[-1] == point(0, 11)


def test_a_full_disk_stops_a_record_and_the_next_process_goes_on(disk: Path) -> None:
    with open_journal(disk, create=True) as journal:
        journal.plan([plan(0)])
        with pytest.raises(StoreError, match=r"no room left on its disk|the disk reports an error"):
            journal.record([point(0, step) for step in range(20_000)])
        assert journal.members() == [plan(0)]
        assert journal.curves() == []
    with open_journal(disk) as journal:
        journal.claim()
        journal.record([point(0, 1)])
        assert journal.curves() == [point(0, 1)]


def test_a_full_disk_at_the_start_is_said(disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        (disk / "ballast").write_bytes(bytes(400_000))
    with pytest.raises(StoreError, match="disk"):
        open_journal(disk, create=True)
    (disk / "ballast").unlink()
    open_journal(disk, create=True).close()


def test_a_read_only_disk_can_be_read_and_not_claimed(disk: Path) -> None:
    with open_journal(disk, create=True) as journal:
        journal.plan([plan(0)])
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with open_journal(disk) as journal:
        assert journal.members() == [plan(0)]
        assert journal.claimed() == ""
        with pytest.raises(
            StoreError, match=r"cannot be taken in hand.*Read-only file system.*copy the study"
        ):
            journal.claim()
        with pytest.raises(StoreError, match="cannot be written"):
            journal.plan([plan(1)])
    with pytest.raises(StoreError, match=r"cannot be made|cannot be opened|is already there"):
        open_journal(disk / "new", create=True)


def test_a_garbled_page_is_found_before_anything_is_added_and_the_rest_is_readable(file: Path) -> None:
    page = _pages_of(file, "adamw")[-1]
    data = bytearray(file.read_bytes())
    data[page * PAGE : (page + 1) * PAGE] = bytes(b ^ 0xFF for b in data[page * PAGE : (page + 1) * PAGE])
    file.write_bytes(data)
    with open_journal(file) as journal:
        with pytest.raises(StoreError, match=r"study\.db is damaged\. Restore it from a copy.*recover"):
            journal.claim()
        assert journal.claimed() == ""
        with pytest.raises(StoreError, match="is damaged"):
            journal.members()
        assert len(journal.curves()) == 2000
        assert len(journal.documents("rung")) == 10
    assert file.read_bytes() == bytes(data)


def test_a_file_cut_in_half_is_found_out(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // PAGE // 2 * PAGE])
    with pytest.raises(StoreError, match="is damaged"):
        open_journal(file)


@pytest.mark.parametrize("harm", ["cut", "garbled"])
def test_a_damaged_companion_costs_the_newest_records_only(harm: str, tmp_path: Path) -> None:
    """As after a loss of power on a disk that lies: what came before the damage counts."""
    (tmp_path / "copy").mkdir()
    with open_journal(tmp_path, create=True) as journal:
        journal.plan([plan(0)])
        for step in range(1, 6):
            journal.record([point(0, step)])
        for name in ("study.db", "study.db-wal"):
            (tmp_path / "copy" / name).write_bytes((tmp_path / name).read_bytes())
    companion = tmp_path / "copy" / "study.db-wal"
    data = bytearray(companion.read_bytes())
    if harm == "garbled":
        data[-2000:] = bytes(2000)
    companion.write_bytes(data if harm == "garbled" else data[:-2000])
    with open_journal(tmp_path / "copy") as journal:
        journal.claim()
        assert journal.curves() == [point(0, step) for step in range(1, 5)]
        journal.record([point(0, 9)])
