"""Journals of version 1: read as they are, brought up to date by the first who writes."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from steepest.base.errors import StoreError
from steepest.store import Document, open_journal, rows, schema
from steepest.testing.stores import plan, point

VERSION_1 = """
CREATE TABLE member (
    member INTEGER PRIMARY KEY, stage TEXT NOT NULL, label TEXT NOT NULL, recipe TEXT NOT NULL,
    seed INTEGER NOT NULL, replicate INTEGER NOT NULL, split INTEGER NOT NULL,
    parameters INTEGER NOT NULL, origin TEXT NOT NULL
);
CREATE TABLE curve (
    entry INTEGER PRIMARY KEY, member INTEGER NOT NULL REFERENCES member, epoch REAL NOT NULL,
    step INTEGER NOT NULL, train_loss REAL NOT NULL, held_out_loss REAL NOT NULL, score REAL NOT NULL
);
CREATE INDEX curve_of_member ON curve (member, step);
CREATE TABLE outcome (
    entry INTEGER PRIMARY KEY, member INTEGER NOT NULL REFERENCES member, status TEXT NOT NULL,
    cause TEXT NOT NULL, score REAL, epochs REAL NOT NULL, seconds REAL NOT NULL
);
CREATE TABLE document (
    entry INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, time REAL NOT NULL
);
CREATE INDEX document_of_kind ON document (kind);
PRAGMA application_id = 0x57EE9E57;
PRAGMA user_version = 1;
"""
PLANS = [plan(0, label="default"), plan(1)]
POINTS = [point(0, 5), point(0, 9), point(1, 5, 0.25)]
PAPER = Document("study", {"data": "digits"}, 12.5)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file as version 1 left it."""
    path = tmp_path / "study.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(VERSION_1)
    marks = ", ".join("?" * 9)
    connection.executemany(f"INSERT INTO member VALUES ({marks})", [rows.from_plan(p)[:-1] for p in PLANS])
    values = [rows.from_point(p)[:-1] for p in POINTS]
    connection.executemany("INSERT INTO curve VALUES (NULL, ?, ?, ?, ?, ?, ?)", values)
    connection.execute("INSERT INTO document VALUES (NULL, ?, ?, ?)", rows.from_document(PAPER)[:-1])
    connection.commit()
    connection.close()
    return path


def _version(path: Path) -> int:
    connection = sqlite3.connect(path)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return int(version)


def _check(journal) -> None:
    assert journal.members() == PLANS
    assert journal.curves() == POINTS
    assert journal.documents("study") == [PAPER]
    assert journal.document("study") == PAPER
    assert journal.outcomes() == []


def test_reading_leaves_it_as_it_is(old: Path) -> None:
    with open_journal(old) as journal:
        _check(journal)
        assert journal.sittings() == []
    assert _version(old) == 1


def test_it_is_read_where_nothing_can_be_written(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = old.read_bytes()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with open_journal(old) as journal:
        _check(journal)
        with pytest.raises(StoreError, match="cannot be written"):
            journal.plan([plan(2)])
        _check(journal)
    assert old.read_bytes() == before


def test_claiming_brings_it_up_to_date(old: Path) -> None:
    with open_journal(old) as journal:
        journal.claim()
        _check(journal)
        assert journal.begin_sitting({"version": "now"}) == 1
        journal.plan([plan(2)])
        journal.record([point(2, 1)], documents=[Document("end", {})])
        assert [p.sitting for p in journal.members()] == [0, 0, 1]
        assert [s.number for s in journal.sittings()] == [1]
    assert _version(old) == schema.VERSION
    with open_journal(old) as journal:
        assert journal.members() == [*PLANS, plan(2)]
        assert journal.curves() == [*POINTS, point(2, 1)]


def test_it_has_the_tables_of_a_new_one(old: Path, tmp_path: Path) -> None:
    with open_journal(old) as journal:
        journal.claim()
    open_journal(tmp_path / "new", create=True).close()
    columns = []
    for path in (old, tmp_path / "new" / "study.db"):
        connection = sqlite3.connect(path)
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
        columns.append({name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in names})
        connection.close()
    assert columns[0] == columns[1]


def test_a_refused_record_leaves_version_1(old: Path) -> None:
    with open_journal(old) as journal:
        with pytest.raises(StoreError, match="never planned"):
            journal.record([point(7, 1)])
        _check(journal)
    assert _version(old) == 1


def test_readers_and_writers_may_stay_while_another_brings_it_up_to_date(old: Path) -> None:
    with open_journal(old) as reader, open_journal(old) as late, open_journal(old) as first:
        first.plan([plan(2)])
        assert reader.members() == [*PLANS, plan(2)]
        late.plan([plan(3)])
        assert first.members() == [*PLANS, plan(2), plan(3)]


def test_a_copy_without_its_original_goes_on(old: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(old, tmp_path / "elsewhere")
    with open_journal(tmp_path / "elsewhere") as journal:
        journal.claim()
        _check(journal)
    assert _version(old) == 1


def test_a_newer_one_is_refused_and_left_alone(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = old.read_bytes()
    said = f"its journal has version {schema.VERSION + 1}, this one reads up to {schema.VERSION}"
    with pytest.raises(StoreError, match=said):
        open_journal(old)
    assert old.read_bytes() == before
