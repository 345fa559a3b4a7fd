"""What a PostgreSQL server refuses, worded: the place, the cause, the remedy; never a password."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from steepest.base.errors import StoreError
from steepest.store.address import Address

_PASSED_ON = (psycopg.errors.UniqueViolation, psycopg.errors.ForeignKeyViolation)
_CAUSES = {
    "28P01": "refuses the password. Check user and password, or keep them in ~/.pgpass.",
    "28000": "refuses this user. Check the name and the server's pg_hba.conf.",
    "3D000": "has no database of that name. Make one with `createdb`, or check the name.",
    "42501": "does not let this user do that. Grant CREATE on the database, or give another user.",
    "25006": "cannot be written: the server is read-only. Give the address of the primary server.",
    "53100": "has no room left on its disk. Free some space; what was recorded before is safe.",
    "53300": "has too many connections. Close some, or raise max_connections.",
    "55P03": "is locked by another process. Wait for that study to end, or use another name.",
    "40P01": "is locked by another process. Wait for that study to end, or use another name.",
    "22P05": "cannot keep this text. Make the database with the encoding UTF8.",
    "42P01": "lacks a table of ours. Restore the database from a copy, or drop its schema steepest.",
    "57P03": "is starting up or shutting down. Try again in a moment.",
    "XX001": "is damaged on the server. Restore the database from a copy.",
    "XX002": "is damaged on the server. Restore the database from a copy.",
}
"""By SQLSTATE."""
_SAID = {
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "no pg_hba.conf entry": "28000",
    "role": "28000",
    "database": "3D000",
    "too many clients": "53300",
    "starting up": "57P03",
    "shutting down": "57P03",
}
"""Connecting brings words and no SQLSTATE."""


@contextmanager
def worded(address: Address, connection: psycopg.Connection[Any] | None = None) -> Iterator[None]:
    """Turn psycopg's errors into ours, but for those that the journal words itself.

    Args:
        address: where the study is.
        connection: what is spoken through; None while it is being made.
    """
    try:
        yield
    except _PASSED_ON:
        raise
    except psycopg.Error as error:
        lost = connection is not None and (connection.broken or connection.closed)
        raise StoreError(_lost(address, error) if lost else _refused(address, error)) from None


def _lost(address: Address, error: psycopg.Error) -> str:
    return (
        f"The connection to {address.place} was lost ({_reason(address, error)}). What was recorded before "
        "is safe and nothing is half there. Resume the study once the server can be reached."
    )


def _refused(address: Address, error: psycopg.Error) -> str:
    reason = _reason(address, error)
    state = error.sqlstate or next((_SAID[words] for words in _SAID if words in reason), "")
    if state in _CAUSES:
        return f"{address.place} {_CAUSES[state]}"
    if isinstance(error, psycopg.OperationalError) and not error.sqlstate:
        return f"{address.place} cannot be reached: {reason}. Check host and port, and that the server is up."
    return f"{address.place} cannot be used: {reason}."


def _reason(address: Address, error: psycopg.Error) -> str:
    """The server's words on one line, without secrets."""
    said = " ".join(str(error).split()).rstrip(".? ")
    for secret in address.secrets:
        said = said.replace(secret, "…")
    return said
