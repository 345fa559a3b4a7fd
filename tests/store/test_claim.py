"""The lock on a file: one process at a time, whatever happens to the file and to the process."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from steepest.base.errors import StoreError
from steepest.store import claim, open_journal
from steepest.store.claim import FileClaim, whoami


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "study.db.lock"


def test_what_a_killed_process_left_is_taken_over(file: Path) -> None:
    file.write_text("process 1234567 on a machine that was switched off, with a long name")
    taken = FileClaim(file, "runs/a")
    assert taken.holder() == ""
    taken.take()
    assert file.read_text() == whoami()
    taken.release()
    assert not file.exists()


def test_taking_and_letting_go_twice_is_fine(file: Path) -> None:
    taken = FileClaim(file, "runs/a")
    taken.take()
    taken.take()
    assert taken.held
    taken.release()
    taken.release()
    assert not taken.held


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_none(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = FileClaim(file, "runs/a"), FileClaim(file, "runs/a")
    lock, opened = fcntl.flock, []

    def late(descriptor: int, how: int) -> None:
        """The one who has it lets go between another's opening of the file and its locking."""
        if not opened:
            opened.append(descriptor)
            monkeypatch.undo()
            first.release()
        lock(descriptor, how)

    first.take()
    monkeypatch.setattr(fcntl, "flock", late)
    second.take()
    assert file.exists()
    with pytest.raises(StoreError, match="in the hands of"):
        first.take()
    second.release()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOLCK, r"its file system has no locks.*Use a folder on a local disk"),
        (errno.EOPNOTSUPP, r"its file system has no locks"),
        (errno.EIO, r"cannot be locked: "),
    ],
)
def test_a_file_system_without_locks_is_named(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, _how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match=rf"study\.db\.lock {said}" if "cannot" in said else said):
        open_journal(tmp_path, create=True)


def test_a_folder_that_is_gone_does_not_stop_letting_go(file: Path) -> None:
    taken = FileClaim(file, "runs/a")
    taken.take()
    file.unlink()
    taken.release()
    assert not taken.held


def test_a_question_at_the_wrong_moment_does_not_stop_a_claim(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks has the lock for an instant; the claim tries again."""
    file.touch()
    asking = os.open(file, os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    monkeypatch.setattr(claim.time, "sleep", lambda _seconds: fcntl.flock(asking, fcntl.LOCK_UN))
    taken = FileClaim(file, "runs/a")
    taken.take()
    assert taken.held
    taken.release()
    os.close(asking)
