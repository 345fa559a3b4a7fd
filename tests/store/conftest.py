"""Every back end, and a PostgreSQL server for it; where none can be started, tests skip and say why."""

from pathlib import Path

import pytest

from steepest.store import open_journal
from steepest.testing.stores import Backend


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Where a study may be kept."""
    if kind == "sqlite":
        return str(tmp_path / "study")
    return str(request.getfixturevalue("cluster").url(str(tmp_path)))


@pytest.fixture
def backend(place: str) -> Backend:
    """One study at that place, whatever the folder."""
    return Backend(create=lambda _: open_journal(place, create=True), open=lambda _: open_journal(place))
