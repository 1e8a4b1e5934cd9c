"""The database: SQLite in the data folder, or a Postgres; engines and transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from longtake.errors import DatabaseUnreachable, SetupIncomplete
from longtake.settings import Settings

_BUSY_MS = 30_000
_CONNECT_S = 5
_LOCK = 0x6C6F6E67  # any number that is ours: Postgres's advisory locks are numbers


class Database:
    """One process's way to the books. Functions that take a connection never commit."""

    def __init__(self, settings: Settings, *, pool_size: int = 10) -> None:
        self.url = url_of(settings)
        self.engine = _engine(self.url, pool_size)

    @property
    def on_sqlite(self) -> bool:
        """Whether the books are a file of ours."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction that may write; all or nothing.

        On SQLite it holds the only write lock from its first statement on (BEGIN
        IMMEDIATE): to read first and write later would lose to whoever wrote between.
        Raises DatabaseUnreachable.
        """
        with _reachable(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, all of it at one moment; it waits for no writer.

        Raises DatabaseUnreachable.
        """
        options: dict[str, Any] = {"longtake_reads": True}
        if not self.on_sqlite:
            options = {
                "isolation_level": "REPEATABLE READ",
                "postgresql_readonly": True,
            }
        with _reachable(), self.engine.connect() as connection:
            yield connection.execution_options(**options)

    def alone(self, connection: Connection) -> None:
        """Until this transaction ends, let nobody else who asks for the same go on.

        For what is done once to new books, where several servers may start in the same
        moment.
        """
        if not self.on_sqlite:  # SQLite's write lock is held already
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


@contextmanager
def _reachable() -> Iterator[None]:
    """A database that is down, locked or full is one error, whichever layer says so."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolExhausted) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise DatabaseUnreachable(
            f"The database cannot be reached or is busy: {reason}."
        ) from error


def url_of(settings: Settings) -> str:
    """The SQLAlchemy URL of the books. Raises SetupIncomplete where it makes no sense."""
    if not settings.database_url:
        return f"sqlite:///{settings.data / 'longtake.db'}"
    try:
        url = make_url(settings.database_url)
    except ArgumentError as error:
        raise SetupIncomplete(
            "LONGTAKE_DATABASE_URL is not a database URL; it looks like "
            "postgresql://user:password@host:5432/name."
        ) from error
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise SetupIncomplete(
            f"LONGTAKE_DATABASE_URL names {url.get_backend_name()!r}; only Postgres is "
            "known besides the built-in SQLite."
        )
    return url.set(drivername="postgresql+psycopg").render_as_string(False)


def _engine(url: str, pool_size: int) -> Engine:
    connect: dict[str, Any] = {"timeout": _BUSY_MS / 1000}
    if not url.startswith("sqlite"):
        connect = {"connect_timeout": _CONNECT_S, "application_name": "longtake"}
    try:
        engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=not url.startswith("sqlite"),
            connect_args=connect,
        )
    except ModuleNotFoundError as error:
        raise SetupIncomplete(
            "Postgres needs a driver: pip install 'longtake[postgres]'."
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """WAL, and every commit on the disk: credits are money."""
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout={_BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("longtake_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def upsert(
    connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]
) -> None:
    """Write ``values`` at ``key``, whether the row is there or not, in one statement."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(
        insert(table)
        .values(key | values)
        .on_conflict_do_update(index_elements=list(key), set_=values)
    )
