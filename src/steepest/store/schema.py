"""The tables of a journal in SQLite, their version, and how older ones become it.

Version 1 had neither sittings nor the columns that name them.
"""

import sqlite3
from pathlib import Path

from steepest.base.errors import StoreError

APPLICATION = 0x57EE9E57  # SQLite's application_id of our files
VERSION = 2  # kept as SQLite's user_version
SITTING = "sitting INTEGER NOT NULL DEFAULT 0"
TABLES = f"""
CREATE TABLE sitting (
    number INTEGER PRIMARY KEY, started REAL NOT NULL, pid INTEGER NOT NULL, host TEXT NOT NULL,
    provenance TEXT NOT NULL
);
CREATE TABLE member (
    member INTEGER PRIMARY KEY, stage TEXT NOT NULL, label TEXT NOT NULL, recipe TEXT NOT NULL,
    seed INTEGER NOT NULL, replicate INTEGER NOT NULL, split INTEGER NOT NULL,
    parameters INTEGER NOT NULL, origin TEXT NOT NULL, {SITTING}
);
CREATE TABLE curve (
    entry INTEGER PRIMARY KEY, member INTEGER NOT NULL REFERENCES member, epoch REAL NOT NULL,
    step INTEGER NOT NULL, train_loss REAL NOT NULL, held_out_loss REAL NOT NULL, score REAL NOT NULL,
    {SITTING}
);
CREATE INDEX curve_of_member ON curve (member, step);
CREATE TABLE outcome (
    entry INTEGER PRIMARY KEY, member INTEGER NOT NULL REFERENCES member, status TEXT NOT NULL,
    cause TEXT NOT NULL, score REAL, epochs REAL NOT NULL, seconds REAL NOT NULL, {SITTING}
);
CREATE TABLE document (
    entry INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, time REAL NOT NULL, {SITTING}
);
CREATE INDEX document_of_kind ON document (kind);
"""
MIGRATIONS = {
    1: "".join(
        [
            TABLES.split(";")[0],
            *(
                f"; ALTER TABLE {name} ADD COLUMN {SITTING}"
                for name in ("member", "curve", "outcome", "document")
            ),
        ]
    )
}
"""By version: the statements that lead to the next one."""


def lay(write: sqlite3.Connection) -> None:
    """Make the tables, within the caller's transaction."""
    _run(write, TABLES)
    write.execute(f"PRAGMA application_id = {APPLICATION}")
    write.execute(f"PRAGMA user_version = {VERSION}")


def migrate(write: sqlite3.Connection) -> None:
    """Bring older tables up to date, within the caller's transaction; nothing to do where they are."""
    for version in range(user_version(write), VERSION):
        _run(write, MIGRATIONS[version])
    write.execute(f"PRAGMA user_version = {VERSION}")


def user_version(connection: sqlite3.Connection) -> int:
    """The version of the tables in a file; 0 where nothing was written."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def checked_version(path: Path, connection: sqlite3.Connection) -> int:
    """The version of a journal's tables.

    Raises:
        StoreError: the file is not a journal, or its tables are newer than this code.
    """
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = user_version(connection)
    if application != APPLICATION:
        raise StoreError(f"{path} is not a study's journal. Give the run folder that `steepest tune` wrote.")
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer steepest: its journal has version {version}, "
            f"this one reads up to {VERSION}. Install the newer steepest."
        )
    return version


def _run(write: sqlite3.Connection, statements: str) -> None:
    """One by one: `executescript` would end the transaction."""
    for statement in statements.split(";"):
        write.execute(statement)
