"""What only SQLite can do wrong: files that are not ours, locks, full disks, and a sudden death."""

import os
import sqlite3

import pytest

from steepest.base.errors import StoreError
from steepest.store import open_journal, sqlite
from steepest.testing.stores import plan, point


def _raw(path):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = None
    return connection


@pytest.fixture
def file(tmp_path):
    with open_journal(tmp_path, create=True) as journal:
        journal.plan([plan(0)])
    return tmp_path / "study.db"


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "study.db"
    path.write_text("name,age\n" * 400)
    with pytest.raises(StoreError, match=r"is not a study's journal\. Give the run folder"):
        open_journal(path)
    with pytest.raises(StoreError, match="is already there"):
        open_journal(path, create=True)


def test_a_database_of_something_else(tmp_path):
    path = tmp_path / "study.db"
    connection = _raw(path)
    connection.execute("CREATE TABLE trials (number INTEGER)")
    connection.close()
    with pytest.raises(StoreError, match="is not a study's journal"):
        open_journal(path)


def test_an_empty_file_can_become_a_journal_but_is_none(tmp_path):
    (tmp_path / "study.db").touch()
    with pytest.raises(StoreError, match="is not a study's journal"):
        open_journal(tmp_path)
    open_journal(tmp_path, create=True).close()
    open_journal(tmp_path).close()


def test_a_newer_schema(file):
    connection = _raw(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"newer steepest: its journal has version 99.*Install the newer"):
        open_journal(file)


def test_a_damaged_file(file):
    data = bytearray(file.read_bytes())
    data[100:] = os.urandom(len(data) - 100)  # the header stays, the pages do not
    file.write_bytes(data)
    with (
        pytest.raises(StoreError, match=r"is damaged. Restore it from a copy"),
        open_journal(file) as journal,
    ):
        journal.members()


def test_a_locked_file(file, monkeypatch):
    monkeypatch.setattr(sqlite, "WAIT", 0.05)
    other = _raw(file)
    other.execute("BEGIN IMMEDIATE")
    with open_journal(file) as journal:
        assert journal.members() == [plan(0)]  # reading never waits
        with pytest.raises(StoreError, match="is locked by another process"):
            journal.plan([plan(1)])
        other.execute("ROLLBACK")
        journal.plan([plan(1)])
    other.close()


def test_a_read_only_folder_can_be_read(file, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with open_journal(file) as journal:
        assert journal.members() == [plan(0)]
        with pytest.raises(StoreError, match=r"cannot be written\. Make the folder writable"):
            journal.plan([plan(1)])


def test_a_full_disk_loses_nothing(file):
    with open_journal(file) as journal:
        connection = journal._connection  # type: ignore[attr-defined]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        many = [point(0, step) for step in range(20_000)]
        with pytest.raises(StoreError, match="no room left on its disk"):
            journal.record(many)
        assert journal.curves() == []
        connection.execute("PRAGMA max_page_count = 1000000")
        journal.record(many[:10])
        assert journal.curves() == many[:10]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError, match="cannot be made"):
        open_journal(tmp_path / "taken" / "runs", create=True)


def _delete_and_interrupt(journal) -> None:
    with journal._transaction() as write:
        write.execute("DELETE FROM member")
        raise KeyboardInterrupt


def test_an_interruption_leaves_no_half_transaction(file):
    def interrupted():
        yield from (point(0, step) for step in range(5))
        raise KeyboardInterrupt

    with open_journal(file) as journal:
        with pytest.raises(KeyboardInterrupt):
            journal.record(interrupted())
        assert journal.curves() == []
        with pytest.raises(KeyboardInterrupt):
            _delete_and_interrupt(journal)
        assert journal.members() == [plan(0)]


def test_a_forked_child_is_told_to_open_its_own(file, monkeypatch):
    with open_journal(file) as journal:
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(StoreError, match="Open it again after a fork"):
            journal.members()
        monkeypatch.undo()
