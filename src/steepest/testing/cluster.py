"""A PostgreSQL server to throw away: for tests and measurements, on the loopback address and a free port."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

USER, DATABASE = "steepest", "studies"
_DEBIAN = Path("/usr/lib/postgresql")
_UNPRIVILEGED = ("postgres", "nobody")  # who the server runs as where we are root, which it refuses
_START_WAIT = 30.0  # seconds


class NoCluster(RuntimeError):
    """A server cannot be started here, and why."""


class Cluster:
    """A server with one empty database, gone with all it holds when the `with` ends.

    Args:
        durable: wait for the disk at each commit, as servers do; off, it starts sooner.

    Raises:
        NoCluster: PostgreSQL is not installed, or it does not start.
    """

    def __init__(self, durable: bool = False) -> None:
        self.password = f"p@ss/{secrets.token_hex(4)}:#?%"  # awkward in an address, so that it is tested
        self.folder = Path(tempfile.mkdtemp(prefix="steepest-postgresql-"))
        self.port = _free_port()
        self._durable = durable
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self.start()
            self.sql(f"CREATE DATABASE {DATABASE}", "postgres")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server, for the first time or again."""
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": ""}
        settings |= {} if self._durable else {"fsync": "off", "full_page_writes": "off"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [_program("postgres"), "-D", str(self.data), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._identity,
            )
        until = time.monotonic() + _START_WAIT
        while subprocess.run(self._command("pg_isready"), capture_output=True, check=False).returncode:
            if self._server.poll() is not None or time.monotonic() > until:
                raise NoCluster(f"the server does not start: {self._log.read_text(errors='replace')[-500:]}")
            time.sleep(0.05)

    def stop(self, at_once: bool = False) -> None:
        """Stop the server: connections end. `at_once` as after a crash."""
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            server.wait()

    def url(self, study: str, **options: str) -> str:
        """The address of a study; options may replace user, password, host, port or database."""
        parts = {"user": USER, "password": self.password, "host": "127.0.0.1"}
        parts = {**parts, "port": str(self.port), "database": DATABASE, **options}
        quoted = {name: quote(value, safe="") for name, value in parts.items()}
        return "postgresql://{user}:{password}@{host}:{port}/{database}".format(**quoted) + (
            f"?study={quote(study, safe='')}" if study else ""
        )

    def sql(self, statement: str, database: str = DATABASE) -> str:
        """Run a statement as the owner of everything; what it answers."""
        bare = ["--no-psqlrc", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]
        return self._do([*self._command("psql"), *bare, "--dbname", database, "--command", statement])

    @property
    def data(self) -> Path:
        """The folder with the server's files."""
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    @property
    def _identity(self) -> dict[str, Any]:
        """Who runs the programs of the server: the one we are, unless that is root."""
        if os.geteuid():
            return {"cwd": self.folder}
        return {
            "cwd": self.folder,
            "user": _stand_in().pw_uid,
            "group": _stand_in().pw_gid,
            "extra_groups": [],
        }

    def _initialise(self) -> None:
        if not os.geteuid():
            os.chown(self.folder, _stand_in().pw_uid, _stand_in().pw_gid)
        word = self.folder / "password"
        word.write_text(self.password + "\n")
        word.chmod(0o644)
        shape = [
            "--username",
            USER,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--no-locale",
            "--no-sync",
        ]
        self._do([_program("initdb"), "-D", str(self.data), *shape, "--pwfile", str(word)])

    def _command(self, program: str) -> list[str]:
        return [_program(program), "--host", "127.0.0.1", "--port", str(self.port), "--username", USER]

    def _do(self, command: list[str]) -> str:
        environment = {**os.environ, "PGPASSWORD": self.password}
        try:
            run = subprocess.run(command, check=True, capture_output=True, env=environment, **self._identity)
        except subprocess.CalledProcessError as error:
            raise NoCluster(f"{Path(command[0]).name} fails: {error.stderr.decode()[-500:]}") from error
        return str(run.stdout, encoding="utf-8").strip()


def _program(name: str) -> str:
    """A program of PostgreSQL; Debian keeps those of the server where no PATH leads."""
    places = sorted(_DEBIAN.glob("*/bin"), key=lambda place: place.parent.name.zfill(3), reverse=True)
    found = [place / name for place in places if (place / name).exists()]
    where = shutil.which(name) if not found else str(found[0])
    if where is None:
        raise NoCluster(
            f"PostgreSQL is not installed: there is no {name} (Debian: apt-get install postgresql)"
        )
    return where


def _stand_in() -> pwd.struct_passwd:
    for name in _UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoCluster(f"there is no user to run the server as: neither {' nor '.join(_UNPRIVILEGED)}")


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])
