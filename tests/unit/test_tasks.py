"""Tasks: what is one transaction is one, and what is repeated does no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    FromClause,
    TableClause,
    column,
    func,
    select,
    table,
    text,
    update,
)
from sqlalchemy.exc import ProgrammingError

from longtake import callbacks, clips, clock, keys, ledger, records
from longtake.clips import Facts
from longtake.errors import (
    CreditsMissing,
    DatabaseUnreachable,
    FieldInvalid,
    NotFound,
)
from longtake.keys import Account
from longtake.records import Record, Work
from longtake.settings import Settings
from longtake.store import Store, tables
from longtake.store import prepare as prepare_store
from longtake.tasks import Tasks, Video, prepare, repeats
from tests.books import opened

_URL = "http://receiver.example:8080/hook"
_FACTS = Facts(
    container="mp4",
    codec="h264",
    width=64,
    height=64,
    rate=Fraction(24),
    n_frames=24,
    duration=Fraction(1),
    sound=False,
)


@pytest.fixture
def tasks(store: Store) -> Tasks:
    """Tasks over prepared, empty books."""
    prepare(store)
    return Tasks(store)


@pytest.fixture
def ann(tasks: Tasks) -> Account:
    """An account with 1000 credits and three tasks at a time."""
    opened(tasks.store.database, "ann", credits=1000)
    return account(tasks, "ann")


def account(tasks: Tasks, name: str) -> Account:
    with tasks.store.database.reading() as connection:
        return keys.account(connection, name)


def submit(tasks: Tasks, owner: Account, **given: Any) -> Record:
    asked: dict[str, Any] = {
        "task_type": "mj_video_extend_auto",
        "params": {},
        "work": Work(kind="extend", engine="motion", source_clip_id="c"),
        "credits": 60,
        **given,
    }
    return tasks.submit(owner, **asked)


def balance(tasks: Tasks, owner: Account) -> int:
    with tasks.store.database.reading() as connection:
        return ledger.balance(connection, owner.id)


def record(tasks: Tasks, record_id: str) -> Record:
    with tasks.store.database.reading() as connection:
        return records.by_id(connection, record_id)


def kinds(tasks: Tasks, record_id: str) -> list[str]:
    """The ledger's entries for a record."""
    query = select(tables.ledger.c.kind).where(tables.ledger.c.record_id == record_id)
    with tasks.store.database.reading() as connection:
        return list(connection.scalars(query.order_by(tables.ledger.c.id)))


def n_rows(tasks: Tasks, rows: FromClause) -> int:
    with tasks.store.database.reading() as connection:
        return int(connection.scalars(select(func.count()).select_from(rows)).one())


def workflows(tasks: Tasks) -> TableClause:
    """The durable library's own table."""
    names = ("workflow_uuid",)
    schema = None if tasks.store.database.on_sqlite else "dbos"
    return table("workflow_status", *map(column, names), schema=schema)


@contextmanager
def without_queue(tasks: Tasks) -> Iterator[None]:
    """The durable library's own table is away: nothing can be enqueued."""

    def rename(name: str, to: str) -> None:
        prefix = "" if tasks.store.database.on_sqlite else "dbos."
        with tasks.store.database.transaction() as connection:
            connection.execute(text(f"ALTER TABLE {prefix}{name} RENAME TO {to}"))

    rename("workflow_status", "away")
    yield
    rename("away", "workflow_status")


def video(name: str = "0") -> Video:
    return Video(
        key=f"clips/a/r/{name}.mp4",
        size_bytes=10,
        sha256="0" * 64,
        facts=_FACTS,
        report={},
        poster_key=f"clips/a/r/{name}.jpg",
        filmstrip_key=f"clips/a/r/{name}.png",
    )


def test_preparing_twice_is_harmless(tasks: Tasks) -> None:
    prepare(tasks.store)


def test_submit_holds_writes_and_enqueues(tasks: Tasks, ann: Account) -> None:
    made = submit(tasks, ann, callback_url=_URL)
    assert (made.state, made.success_flag, made.credits) == ("waiting", 0, 60)
    assert made.task_id == made.id
    assert balance(tasks, ann) == 940
    assert kinds(tasks, made.id) == ["hold"]
    assert tasks.queue.states([made.id]) == {made.id: "ENQUEUED"}
    assert n_rows(tasks, tables.deliveries) == 0


def test_submit_is_all_or_nothing(tasks: Tasks, ann: Account) -> None:
    with pytest.raises(CreditsMissing):
        submit(tasks, ann, credits=1001)
    with without_queue(tasks), pytest.raises((DatabaseUnreachable, ProgrammingError)):
        submit(tasks, ann)
    assert balance(tasks, ann) == 1000
    assert n_rows(tasks, tables.records) == 0
    assert n_rows(tasks, workflows(tasks)) == 0


def test_the_same_request_is_the_same_task(tasks: Tasks, ann: Account) -> None:
    first = submit(tasks, ann, idempotency=("k", "f"))
    assert submit(tasks, ann, idempotency=("k", "f")) == first
    with pytest.raises(FieldInvalid, match="Idempotency-Key"):
        submit(tasks, ann, idempotency=("k", "g"))
    opened(tasks.store.database, "bob")
    other = submit(tasks, account(tasks, "bob"), idempotency=("k", "g"))
    assert other.id != first.id
    assert balance(tasks, ann) == 940


def test_a_key_is_kept_for_a_day(tasks: Tasks, ann: Account) -> None:
    first = submit(tasks, ann, idempotency=("k", "f"))
    with tasks.store.database.transaction() as connection:
        repeats.forget(connection)
        assert repeats.find(connection, ann.id, "k", "f") == first.id
        yesterday = clock.now_ms() - 24 * 3_600_000 - 1
        connection.execute(update(tables.idempotency).values(created_ms=yesterday))
    assert submit(tasks, ann, idempotency=("k", "g")).id != first.id


def test_the_same_request_at_the_same_time_is_one_task(
    tasks: Tasks, ann: Account
) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: submit(tasks, ann, idempotency=("k", "f")), range(8))
        )
    assert len({each.id for each in found}) == 1
    assert balance(tasks, ann) == 940


def test_no_account_spends_more_than_it_has(tasks: Tasks, ann: Account) -> None:
    def one(_: int) -> bool:
        try:
            submit(tasks, ann, credits=300)
        except CreditsMissing:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 3
    assert balance(tasks, ann) == 100


def test_cancel_settles_at_once(tasks: Tasks, ann: Account) -> None:
    made = submit(tasks, ann, callback_url=_URL)
    for _ in range(2):
        canceled = tasks.cancel(ann.id, made.task_id)
        assert (canceled.state, canceled.success_flag) == ("fail", 3)
        assert canceled.error_code == "TASK_CANCELED"
    assert balance(tasks, ann) == 1000
    assert kinds(tasks, made.id) == ["hold", "release"]
    assert tasks.queue.states([made.id]) == {made.id: "CANCELLED"}
    assert n_rows(tasks, tables.deliveries) == 1
    assert not tasks.settle_made(made.id, [video()])
    assert n_rows(tasks, tables.clips) == 0


def test_another_account_cannot_cancel(tasks: Tasks, ann: Account) -> None:
    made = submit(tasks, ann)
    with pytest.raises(NotFound):
        tasks.cancel(opened(tasks.store.database, "bob"), made.task_id)
    assert record(tasks, made.id).open


def test_what_is_made_is_charged_once(tasks: Tasks, ann: Account) -> None:
    made = submit(tasks, ann, callback_url=_URL)
    assert tasks.settle_made(made.id, [video("0"), video("1")])
    assert not tasks.settle_made(made.id, [video("0"), video("1")])
    assert not tasks.settle_failed(made.id, message="late", flag=3)
    assert tasks.cancel(ann.id, made.task_id).state == "success"
    assert balance(tasks, ann) == 940
    assert kinds(tasks, made.id) == ["hold", "capture"]
    with tasks.store.database.reading() as connection:
        found = clips.of(connection, made.id)
        delivery = callbacks.listed(connection, account_id=ann.id)[0]
    names = [f"{made.id}_0_{index}.mp4" for index in range(2)]
    assert [clip.media_name for clip in found] == names
    body = json.loads(delivery.body)
    assert body["code"] == 200
    assert [url.rpartition("/")[2] for url in body["data"]["resultUrls"]] == names
    assert tasks.queue.states([f"{delivery.id}-0-1"]) == {
        f"{delivery.id}-0-1": "ENQUEUED"
    }
    kept_ms = tasks.store.settings.media_days * 24 * 3_600_000
    settled = record(tasks, made.id)
    assert settled.expires_ms
    assert settled.completed_ms
    assert abs(settled.expires_ms - settled.completed_ms - kept_ms) < 5_000


@pytest.mark.parametrize("kind", ["extend", "generate"])
def test_what_fails_is_free(tasks: Tasks, ann: Account, kind: Any) -> None:
    made = submit(tasks, ann, work=Work(kind=kind, engine="motion"), callback_url=_URL)
    assert tasks.settle_failed(made.id, message="No.", flag=2)
    assert not tasks.settle_made(made.id, [video()])
    settled = record(tasks, made.id)
    assert (settled.success_flag, settled.error_message) == (2, "No.")
    assert settled.error_code == f"VIDEO_{kind.upper()}_FAILED"
    assert kinds(tasks, made.id) == ["hold", "release"]
    assert balance(tasks, ann) == 1000
    with tasks.store.database.reading() as connection:
        delivery = callbacks.listed(connection, account_id=ann.id)[0]
    assert json.loads(delivery.body)["code"] == 500


def test_a_delivery_can_be_owed_again(tasks: Tasks, ann: Account) -> None:
    made = submit(tasks, ann, callback_url=_URL)
    tasks.settle_failed(made.id, message="No.", flag=2)
    with tasks.store.database.reading() as connection:
        delivery = callbacks.listed(connection, account_id=ann.id)[0]
    again = tasks.redeliver(delivery.id, account_id=ann.id)
    assert (again.round, again.due_number) == (1, 1)
    workflow = f"{delivery.id}-1-1"
    assert tasks.queue.states([workflow]) == {workflow: "ENQUEUED"}
    with pytest.raises(NotFound):
        tasks.redeliver(delivery.id, account_id="somebody else")


def test_finished_work_is_forgotten(tasks: Tasks, ann: Account) -> None:
    made, waiting = submit(tasks, ann), submit(tasks, ann)
    tasks.cancel(ann.id, made.task_id)
    assert tasks.queue.forget(clock.now_ms() - 60_000) == 0
    assert tasks.queue.forget(clock.now_ms() + 60_000) == 1
    assert tasks.queue.states([made.id, waiting.id]) == {waiting.id: "ENQUEUED"}


def test_a_database_that_is_down_is_said_so(tmp_path: Path) -> None:
    prepare_store(Settings(data=tmp_path))
    away = Settings(data=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none")
    store = Store(away)
    tasks = Tasks(store)
    with pytest.raises(DatabaseUnreachable):
        tasks.queue.states(["x"])
    with pytest.raises(DatabaseUnreachable):
        tasks.cancel("a", "b")
    store.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_library_writes_as_carefully_as_we_do(tasks: Tasks) -> None:
    """WAL, and every commit on the disk, on the connection that its writes go through."""
    with tasks.store.database.transaction() as connection:
        for pragma, wanted in (("journal_mode", "wal"), ("synchronous", 2)):
            found = connection.execute(text(f"PRAGMA {pragma}")).scalar_one()
            assert found == wanted
    library = tasks.queue._client._sys_db.engine
    assert library.pool is tasks.store.database.engine.pool
