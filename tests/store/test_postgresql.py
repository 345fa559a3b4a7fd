"""What only a server can do wrong, on a server: addresses, rights, lost connections, crashes, full disks."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from steepest.base.errors import StoreError
from steepest.store import Document, Journal, open_journal, postgresql, schema
from steepest.testing.cluster import Cluster
from steepest.testing.stores import plan, point

MANY = [point(0, step) for step in range(30_000)]


@pytest.fixture
def database(cluster: Cluster, tmp_path: Path) -> str:
    """A database of its own."""
    name = f"own_{tmp_path.name}".lower()[:60]
    cluster.sql(f'CREATE DATABASE "{name}"')
    return name


@pytest.fixture
def journal(cluster: Cluster, database: str) -> Iterator[Journal]:
    with open_journal(cluster.url("wine", database=database), create=True) as made:
        made.plan([plan(0)])
        yield made


def _refused(call: Callable[[], object], cluster: Cluster) -> str:
    with pytest.raises(StoreError) as caught:
        call()
    said = str(caught.value)
    assert "\n" not in said
    assert cluster.password not in said
    assert caught.value.__cause__ is None
    return said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"password": "wr@ng"}, "refuses the password. Check user and password"),
        ({"user": "nobody"}, "refuses the password. Check user and password"),
        ({"database": "nowhere"}, "has no database of that name. Make one with `createdb`"),
        ({"port": "1"}, "cannot be reached: connection failed"),
        (
            {"host": "no.such.host.invalid"},
            "cannot be reached: failed to resolve host 'no.such.host.invalid'",
        ),
    ],
)
def test_who_cannot_connect_is_told_why(options: dict[str, str], said: str, cluster: Cluster) -> None:
    told = _refused(lambda: open_journal(cluster.url("wine", **options)), cluster)
    assert told.startswith("postgresql://")
    assert said in told
    assert "wr@ng" not in told


def test_an_unknown_option_is_named(cluster: Cluster) -> None:
    told = _refused(lambda: open_journal(cluster.url("wine") + "&colour=red"), cluster)
    assert 'invalid connection option "colour"' in told


def test_an_address_without_a_study_names_those_there_are(
    journal: Journal, cluster: Cluster, database: str
) -> None:
    told = _refused(lambda: open_journal(cluster.url("", database=database)), cluster)
    assert "names no study. Add ?study=NAME to it. Choose from: wine." in told
    told = _refused(lambda: open_journal(cluster.url("wime", database=database)), cluster)
    assert "is not there. Did you mean 'wine'? Choose from: wine." in told
    assert "names no study" in _refused(
        lambda: open_journal(cluster.url("", database=database), create=True), cluster
    )
    assert journal.members() == [plan(0)]


def test_a_database_without_studies_says_so_and_is_left_alone(cluster: Cluster, database: str) -> None:
    assert "holds no study" in _refused(lambda: open_journal(cluster.url("wine", database=database)), cluster)
    assert cluster.sql("SELECT to_regnamespace('steepest') IS NULL", database) == "t"


def test_studies_in_one_database_do_not_meet(journal: Journal, cluster: Cluster, database: str) -> None:
    with open_journal(cluster.url("beer", database=database), create=True) as other:
        other.begin_sitting({})
        other.plan([plan(0, label="beer"), plan(1)])
        other.record([point(0, 1)], documents=[Document("end", {})])
        assert len(other.members()) == 2
    assert journal.members() == [plan(0)]
    assert journal.curves() == []
    assert journal.curves([0, 1]) == []
    assert journal.documents("end") == []
    assert journal.sittings() == []


def test_a_user_without_rights_is_told_what_to_grant(cluster: Cluster, database: str) -> None:
    cluster.sql("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    try:
        place = cluster.url("wine", database=database, user="guest", password="guest")
        assert "Grant CREATE on the database" in _refused(lambda: open_journal(place, create=True), cluster)
    finally:
        cluster.sql("DROP ROLE guest")


def test_a_read_only_server_can_be_read(journal: Journal, cluster: Cluster, database: str) -> None:
    place = cluster.url("wine", database=database) + "&options=-c%20default_transaction_read_only%3Don"
    with open_journal(place) as reader:
        assert reader.members() == [plan(0)]
        assert "the server is read-only" in _refused(lambda: reader.plan([plan(1)]), cluster)
        journal.close()
        assert "the server is read-only" in _refused(reader.claim, cluster)


def test_a_locked_table_is_said(
    journal: Journal, cluster: Cluster, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgresql._SETTINGS, "lock_timeout", "50ms")
    place = cluster.url("wine", database=database)
    with open_journal(place) as impatient, journal._connection.transaction():  # type: ignore[attr-defined]
        journal._connection.execute("LOCK TABLE steepest.curve")  # type: ignore[attr-defined]
        assert "is locked by another process" in _refused(lambda: impatient.record([point(0, 1)]), cluster)
        journal._connection.execute("SELECT 1")  # type: ignore[attr-defined]
    journal.record([point(0, 1)])
    assert journal.curves() == [point(0, 1)]


def test_a_newer_version_is_refused(journal: Journal, cluster: Cluster, database: str) -> None:
    journal.close()
    cluster.sql("UPDATE steepest.version SET version = 99", database)
    for create in (False, True):
        told = _refused(
            lambda c=create: open_journal(cluster.url("wine", database=database), create=c), cluster
        )
        assert f"journals have version 99, this one reads up to {schema.VERSION}. Install the newer" in told


def _cut_off(cluster: Cluster, busy: bool) -> None:
    """End the sessions of this process as an administrator would; busy ones once they are writing."""
    whose = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
    whose += f"'steepest process {os.getpid()} %'" + (
        " AND query LIKE 'INSERT%' AND state = 'active'" if busy else ""
    )
    until = time.monotonic() + 30
    while not cluster.sql(whose) and time.monotonic() < until:
        pass


def test_a_connection_lost_between_records_is_said(journal: Journal, cluster: Cluster, database: str) -> None:
    _cut_off(cluster, busy=False)
    told = _refused(lambda: journal.record([point(0, 1)]), cluster)
    assert "was lost" in told
    assert "Resume the study once the server can be reached" in told
    assert "was lost" in _refused(journal.members, cluster)
    with open_journal(cluster.url("wine", database=database)) as again:
        again.claim()
        assert again.members() == [plan(0)]
        assert again.curves() == []


def test_a_connection_lost_within_a_record_leaves_all_or_nothing_of_it(
    journal: Journal, cluster: Cluster, database: str
) -> None:
    thread = threading.Thread(target=_cut_off, args=(cluster, True))
    thread.start()
    said = ""
    try:
        while not said:
            before = len(journal.curves())
            try:
                journal.record(MANY[before : before + 3000])
            except StoreError as error:
                said = str(error)
    finally:
        thread.join()
    assert "was lost" in said
    with open_journal(cluster.url("wine", database=database)) as again:
        assert again.curves() in (MANY[:before], MANY[: before + 3000])


def test_a_crash_of_the_server_leaves_whole_records(
    journal: Journal, cluster: Cluster, database: str
) -> None:
    journal.record(MANY[:10])
    cluster.stop(at_once=True)
    try:
        assert "was lost" in _refused(lambda: journal.record(MANY[10:20]), cluster)
        assert "cannot be reached" in _refused(
            lambda: open_journal(cluster.url("wine", database=database)), cluster
        )
    finally:
        cluster.start()
    with open_journal(cluster.url("wine", database=database)) as again:
        again.claim()
        assert again.curves() == MANY[:10]
        again.record(MANY[10:20])


def test_a_garbled_page_is_said_and_the_rest_is_readable(
    journal: Journal, cluster: Cluster, database: str
) -> None:
    journal.record(MANY[:10], documents=[Document("rung", {})])
    journal.close()
    file = cluster.data / cluster.sql("SELECT pg_relation_filepath('steepest.curve')", database)
    cluster.stop()
    data = bytearray(file.read_bytes())
    data[:8192] = bytes(b ^ 0xFF for b in data[:8192])
    file.write_bytes(data)
    cluster.start()
    with open_journal(cluster.url("wine", database=database)) as again:
        assert "is damaged on the server" in _refused(again.curves, cluster)
        assert again.members() == [plan(0)]
        assert len(again.documents("rung")) == 1


@pytest.fixture
def small(cluster: Cluster) -> Iterator[str]:
    """A database on a disk that is nearly full."""
    place = cluster.folder / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size=12m,uid={os.stat(cluster.data).st_uid},mode=700"]
    try:
        done = subprocess.run([*command, "tmpfs", str(place)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        cluster.sql(f"CREATE TABLESPACE small LOCATION '{place}'")
        cluster.sql("CREATE DATABASE small TABLESPACE small")
        yield "small"
        cluster.sql("DROP DATABASE small WITH (FORCE)")
        cluster.sql("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_loses_nothing(small: str, cluster: Cluster) -> None:
    with open_journal(cluster.url("wine", database=small), create=True) as journal:
        journal.plan([plan(0)])
        journal.record(MANY[:10])
        told = _refused(lambda: journal.record(MANY[10:] * 3), cluster)
        assert "has no room left on its disk" in told
        assert journal.curves() == MANY[:10]
        assert journal.members() == [plan(0)]
