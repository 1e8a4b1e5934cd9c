"""The store keeps its promises: migrations make the tables, on both databases."""

from __future__ import annotations

import multiprocessing
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import IntegrityError, InternalError

from longtake import keys, records
from longtake.errors import DatabaseUnreachable, SetupIncomplete
from longtake.serve.supervisor import _code, _first_key
from longtake.settings import Settings
from longtake.store import Store, prepare, secret, tables
from longtake.store.database import Database, upsert
from longtake.store.migrate import config, require_current
from tests.books import opened
from tests.postgres import Postgres

_SWITCH = {"off": True, "message": "", "changed_ms": 0}


@pytest.fixture(params=["sqlite", "postgres"])
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """The settings of a data folder and a database that are not there yet, or empty."""
    if request.param == "sqlite":
        yield Settings(data=tmp_path / "new" / "data")
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    yield Settings(data=tmp_path / "new" / "data", database_url=server.url(name))
    server.drop(name)


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: (
                    kind != "table" or name in tables.metadata.tables
                ),
            },
        )
        assert compare_metadata(context, tables.metadata) == []


def test_each_table_has_the_constraints_of_the_code(database: Database) -> None:
    """Alembic compares no checks: they are tried."""
    account_id = opened(database)
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(
            insert(tables.ledger).values(
                account_id=account_id, kind="gift", credits=1, note="", at_ms=0
            )
        )


def test_prepare_is_safe_to_run_twice(new: Settings) -> None:
    prepare(new)
    known = secret.read(new.data)
    prepare(new)
    assert secret.read(new.data) == known


def test_prepare_is_safe_to_run_by_several_processes_at_once(new: Settings) -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=spawn) as pool:
        secrets = set(pool.map(_prepared, [new] * 3))
    assert len(secrets) == 1
    assert [path.name for path in new.data.iterdir() if path.name[0] == "."] == []


def _prepared(settings: Settings) -> bytes:
    prepare(settings)
    store = Store(settings)
    with store.database.reading() as connection:
        require_current(connection)
    store.close()
    return store.secret


def test_of_several_servers_at_once_one_makes_the_first_key(store: Store) -> None:
    """On new books; the others find an account there, and none fails."""
    at_once = threading.Barrier(4)

    def begin(_: int) -> str | None:
        at_once.wait()
        return _first_key(store)

    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(begin, range(4)))
    assert sum(key is not None for key in made) == 1


def test_a_code_of_the_operator_is_made_where_only_this_machine_is_served(
    store: Store,
) -> None:
    assert _code(store) is None, "there is no first account"
    _first_key(store)
    everywhere = Store(store.settings.model_copy(update={"host": "0.0.0.0"}))  # noqa: S104
    assert _code(everywhere) is None
    everywhere.close()
    code = _code(store)
    assert code
    with store.database.transaction() as connection:
        _, key = keys.exchange(connection, code, secret=store.secret)
    assert (key.account.name, key.admin) == ("default", True)


def test_tables_of_another_version_are_refused(new: Settings) -> None:
    prepare(new)
    database = Database(new)
    with database.transaction() as connection:
        require_current(connection)
        connection.execute(text("UPDATE lt_version SET version_num = '9999'"))
        with pytest.raises(SetupIncomplete, match="9999"):
            require_current(connection)
    with pytest.raises(SetupIncomplete, match="newer"):
        prepare(new)
    database.close()


def test_open_records_of_the_first_tables_have_their_place(new: Settings) -> None:
    """Before there were places, every task was enqueued when it was submitted."""
    new.data.mkdir(parents=True)
    database = Database(new)
    record = (
        "INSERT INTO lt_records (id, account_id, task_id, task_type, origin, state, "
    )
    record += "success_flag, params, work, credits, lane, created_ms) VALUES "
    with database.transaction() as connection:
        command.upgrade(config(connection), "0001")
        connection.execute(
            text("INSERT INTO lt_accounts VALUES ('ann', 'ann', 'standard', 0)")
        )
        for number, origin in enumerate(("made", "imported")):
            values = f"('{number}', 'ann', '{number}', 't', '{origin}', 'waiting', 0, "
            connection.execute(
                text(f"{record}{values} '{{}}', '{{}}', 60, {number}, 7)")
            )
    database.close()
    prepare(new)
    store = Store(new)
    with store.database.reading() as connection:
        (kept,) = records.enqueued(connection)
    assert (kept.id, kept.enqueued_ms, kept.priority) == ("0", 7, 100)
    store.close()


# -- the secret -----------------------------------------------------------------------


def test_the_secret_is_its_owners_alone(store: Store) -> None:
    path = store.settings.data / "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == store.secret
    assert len(store.secret) == 32


def test_a_folder_without_a_secret_is_no_data_folder(tmp_path: Path) -> None:
    with pytest.raises(SetupIncomplete, match="not a data folder"):
        Store(Settings(data=tmp_path / "elsewhere"))


def test_a_damaged_secret_is_said_to_be_damaged(store: Store) -> None:
    (store.settings.data / "secret").write_bytes(b"short")
    with pytest.raises(SetupIncomplete, match="5 bytes instead of 32"):
        Store(store.settings)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SetupIncomplete, match="LONGTAKE_DATA"):
        prepare(Settings(data=tmp_path / "file" / "data"))


# -- transactions -----------------------------------------------------------------------


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    twice = [_SWITCH | {"name": "extend"}] * 2
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(insert(tables.switches), twice)
    with database.reading() as connection:
        assert connection.execute(select(tables.switches)).all() == []


def test_an_upsert_writes_whether_the_row_is_there_or_not(database: Database) -> None:
    for changed_ms in (1, 2):
        with database.transaction() as connection:
            values = _SWITCH | {"changed_ms": changed_ms}
            upsert(connection, tables.switches, {"name": "extend"}, values)
    with database.reading() as connection:
        rows = connection.execute(select(tables.switches.c.changed_ms)).scalars()
        assert list(rows) == [2]


def test_reading_is_one_moment(database: Database) -> None:
    with database.reading() as reading:
        before = reading.execute(select(tables.accounts)).all()
        opened(database)
        assert reading.execute(select(tables.accounts)).all() == before == []
    with database.reading() as reading:
        assert len(reading.execute(select(tables.accounts)).all()) == 1


def test_reading_waits_for_no_writer(database: Database) -> None:
    with database.transaction() as writing:
        upsert(writing, tables.switches, {"name": "extend"}, _SWITCH)
        with database.reading() as reading:
            assert reading.execute(select(tables.switches)).all() == []


def test_what_is_written_while_reading_is_not_kept(database: Database) -> None:
    try:
        with database.reading() as connection:
            upsert(connection, tables.switches, {"name": "extend"}, _SWITCH)
    except InternalError:  # Postgres says at once that it was a mistake
        assert not database.on_sqlite
    with database.reading() as connection:
        assert connection.execute(select(tables.switches)).all() == []


def test_a_database_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    nobody = Database(
        Settings(data=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    )
    with pytest.raises(DatabaseUnreachable, match="cannot be reached"):
        nobody.transaction().__enter__()
    nobody.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_locked_database_is_unreachable(store: Store) -> None:
    hurried = Database(store.settings)
    event.listen(
        hurried.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=50")
    )
    with (
        store.database.transaction(),
        pytest.raises(DatabaseUnreachable, match="locked"),
        hurried.transaction(),
    ):
        pass
    hurried.close()


def test_other_databases_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SetupIncomplete, match="'mysql'"):
        Database(Settings(data=tmp_path, database_url="mysql://host/name"))
    with pytest.raises(SetupIncomplete, match="postgresql://user"):
        Database(Settings(data=tmp_path, database_url="no url"))


def test_migrations_leave_the_tables_of_others_alone(new: Settings) -> None:
    """The durable workflow library keeps its own beside ours."""
    new.data.mkdir(parents=True)
    database = Database(new)
    with database.transaction() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    prepare(new)
    with database.reading() as connection:
        assert connection.execute(text("SELECT * FROM theirs")).all() == []
    database.close()
