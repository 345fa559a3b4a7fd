"""The contract, on every back end there is."""

from pathlib import Path

import pytest

from steepest.store import open_journal
from steepest.testing.stores import CHECKS, Backend

SQLITE = Backend(create=lambda folder: open_journal(folder, create=True), open=open_journal)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_sqlite_keeps_the_contract(check, tmp_path: Path) -> None:
    check(SQLITE, tmp_path)
