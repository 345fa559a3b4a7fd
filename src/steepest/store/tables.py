"""The tables of studies in PostgreSQL: how they are made, written and read.

Their version is that of the journal in SQLite, whose version 1 never was in PostgreSQL.
"""

from typing import Any

import psycopg

from steepest.base.errors import StoreError
from steepest.store import rows
from steepest.store.schema import VERSION

KEY = 0x57EE9E57  # the first half of our advisory locks; the second is the study's number
_OF_MEMBER = "study integer NOT NULL, member bigint NOT NULL"
_NAMED = "FOREIGN KEY (study, member) REFERENCES steepest.member"
_ENTRY = "entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
_SITTING = "sitting integer NOT NULL"
_TABLES = f"""
CREATE TABLE steepest.version (version integer NOT NULL);
INSERT INTO steepest.version VALUES ({VERSION});
CREATE TABLE steepest.study (
    study integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE,
    started double precision NOT NULL, holder text NOT NULL DEFAULT ''
);
CREATE TABLE steepest.sitting (
    study integer NOT NULL REFERENCES steepest.study, number integer NOT NULL,
    started double precision NOT NULL, pid bigint NOT NULL, host text NOT NULL, provenance text NOT NULL,
    PRIMARY KEY (study, number)
);
CREATE TABLE steepest.member (
    study integer NOT NULL REFERENCES steepest.study, member bigint NOT NULL, stage text NOT NULL,
    label text NOT NULL, recipe text NOT NULL, seed bigint NOT NULL, replicate bigint NOT NULL,
    split bigint NOT NULL, parameters bigint NOT NULL, origin text NOT NULL, {_SITTING},
    PRIMARY KEY (study, member)
);
CREATE TABLE steepest.curve (
    {_ENTRY}, {_OF_MEMBER}, epoch double precision NOT NULL, step bigint NOT NULL,
    train_loss double precision NOT NULL, held_out_loss double precision NOT NULL,
    score double precision NOT NULL, {_SITTING}, {_NAMED}
);
CREATE INDEX curve_of_member ON steepest.curve (study, member, step);
CREATE TABLE steepest.outcome (
    {_ENTRY}, {_OF_MEMBER}, status text NOT NULL, cause text NOT NULL, score double precision,
    epochs double precision NOT NULL, seconds double precision NOT NULL, {_SITTING}, {_NAMED}
);
CREATE INDEX outcome_of_member ON steepest.outcome (study, member);
CREATE TABLE steepest.document (
    {_ENTRY}, study integer NOT NULL REFERENCES steepest.study, kind text NOT NULL, body text NOT NULL,
    time double precision NOT NULL, {_SITTING}
);
CREATE INDEX document_of_kind ON steepest.document (study, kind);
"""


def _insert(table: str, columns: str) -> str:
    marks = ", ".join(["%s"] * (columns.count(",") + 2))
    return f"INSERT INTO steepest.{table} (study, {columns}) VALUES ({marks})"


MEMBER, CURVE = _insert("member", rows.PLAN), _insert("curve", rows.POINT)
OUTCOME, DOCUMENT = _insert("outcome", rows.OUTCOME), _insert("document", rows.DOCUMENT)
SITTING = f"""
INSERT INTO steepest.sitting (study, {rows.SITTING})
SELECT %s, coalesce(max(number), 0) + 1, %s, %s, %s, %s FROM steepest.sitting WHERE study = %s
RETURNING number
"""
SITTINGS = (
    "SELECT number, started, pid, host, provenance FROM steepest.sitting WHERE study = %s ORDER BY number"
)
MEMBERS = f"SELECT {rows.PLAN} FROM steepest.member WHERE study = %s ORDER BY member"
_LATEST_POINT = f"SELECT DISTINCT ON (member, step) {rows.POINT} FROM steepest.curve WHERE study = %s"
CURVES = f"{_LATEST_POINT} ORDER BY member, step, entry DESC"
CURVES_OF = f"{_LATEST_POINT} AND member = ANY(%s) ORDER BY member, step, entry DESC"
OUTCOMES = f"""
SELECT DISTINCT ON (member) {rows.OUTCOME} FROM steepest.outcome WHERE study = %s ORDER BY member, entry DESC
"""
DOCUMENTS = f"SELECT {rows.DOCUMENT} FROM steepest.document WHERE study = %s AND kind = %s ORDER BY entry"
LAST_DOCUMENT = f"{DOCUMENTS} DESC LIMIT 1"
CLAIM = "SELECT pg_try_advisory_lock(%s, %s)"
CLAIMED = """
SELECT holder FROM steepest.study JOIN pg_locks ON objid = study::oid
WHERE study = %s AND locktype = 'advisory' AND classid = %s::bigint::oid AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_STUDY = "INSERT INTO steepest.study (name, started) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING study"
REMOVE = tuple(
    f"DELETE FROM steepest.{table} WHERE study = %s"
    for table in ("curve", "outcome", "document", "member", "sitting", "study")
)
HOLDER = "UPDATE steepest.study SET holder = %s WHERE study = %s"


def begin_study(connection: psycopg.Connection[Any], name: str, started: float) -> int | None:
    """The number of a new study, None where the name is taken; makes the tables where there are none.

    To be called within a transaction.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (KEY,))
    if _version(connection) is None:
        if not _one(connection, "SELECT to_regnamespace('steepest') IS NOT NULL"):
            connection.execute("CREATE SCHEMA steepest")
        for statement in _TABLES.split(";"):
            connection.execute(statement.encode())
    study: int | None = _one(connection, _STUDY, name, started)
    return study


def studies(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """The numbers of the studies in a database, by name, the oldest first."""
    if _version(connection) is None:
        return {}
    found = connection.execute("SELECT name, study FROM steepest.study ORDER BY study")
    return dict(found.fetchall())


def _version(connection: psycopg.Connection[Any]) -> int | None:
    """The version of the tables, None where there are none.

    Raises:
        StoreError: they are newer than this code.
    """
    if not _one(connection, "SELECT to_regclass('steepest.version') IS NOT NULL"):
        return None
    version = int(_one(connection, "SELECT version FROM steepest.version"))
    if version > VERSION:
        raise StoreError(
            f"The database was written by a newer steepest: its journals have version {version}, "
            f"this one reads up to {VERSION}. Install the newer steepest."
        )
    return version


def _one(connection: psycopg.Connection[Any], query: str, *values: Any) -> Any:
    found = connection.execute(query.encode(), values).fetchone()
    return None if found is None else found[0]
