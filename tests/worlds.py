"""Books in order, with something of everything in them, for tests to break."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import psycopg
from sqlalchemy import Connection, insert

from longtake import callbacks, clips, clock, invariants, keys, ledger, records
from longtake.callbacks import Again, Done, GivenUp
from longtake.clips import Facts
from longtake.records import Progress, Record, Work
from longtake.store import Store, tables
from longtake.tasks import repeats

PRICE = 60
LATER_MS = 10**9
URL = "https://receiver.example/hook"
FACTS = Facts(
    container="mp4",
    codec="h264",
    width=64,
    height=64,
    rate=Fraction(24),
    n_frames=24,
    duration=Fraction(1),
    sound=False,
)
WORK = Work(kind="extend", engine="motion", source_clip_id="0" * 32)


@dataclass(frozen=True)
class World:
    """Books in which everything happens that can, and all is in order."""

    store: Store
    account_id: str
    other_id: str
    made: Record  # succeeded, its callback delivered
    failed: Record  # its callback dead
    waiting: Record
    running: Record  # extends ``made``
    owed: str  # a delivery whose second attempt is due
    lost: set[str]  # workflows that the queue has lost

    def queue(self, workflows: Collection[str]) -> Collection[str]:
        """The queue as the invariants see it."""
        return set(workflows) - self.lost

    def broken(self, *, deep: bool = False) -> set[str]:
        """The names of what does not hold."""
        found = invariants.check(
            self.store, queue_view=self.queue, deep=deep, young_ms=0, again_s=0
        )
        return {one.name for one in found}

    def change(self, statement: str, **values: Any) -> None:
        """Change the books past every check, as a bug or a hand would."""
        url = self.store.settings.database_url
        if not url:
            with sqlite3.connect(self.store.settings.data / "longtake.db") as file:
                done = file.execute(statement, values).rowcount
            file.close()
        else:
            for name in values:
                statement = statement.replace(f":{name}", f"%({name})s")
            with psycopg.connect(url) as server:
                server.execute("SET session_replication_role = replica")
                done = server.execute(statement.encode(), values).rowcount
        assert done >= 1, "the corruption met nothing"


def world_of(store: Store) -> World:
    """Two accounts; records made, failed, waiting and running; a delivery, an upload."""
    with store.database.transaction() as connection:
        account_id = keys.open_account(connection, "ann").id
        other_id = keys.open_account(connection, "bob").id
        keys.create(connection, account_id, secret=store.secret)
        keys.add_secret(connection, account_id)
        _grant_often(connection, account_id)
        ledger.grant(connection, other_id, PRICE)
        made = _made(store, connection, account_id)
        failed = _failed(connection, account_id)
        waiting = _submitted(connection, account_id)
        running = _submitted(connection, account_id, parent_id=made.id, parent_index=0)
        assert len(records.line_up(connection, account_id, 3)) == 2
        records.begin(connection, running.id)
        progress = Progress(stage="draw", done=1, total=9)
        assert records.tell(connection, running.id, progress)
        owed = _owed(connection, failed)
        repeats.keep(connection, account_id, "again", "0" * 64, waiting.id)
        _uploaded(store, connection, account_id)
    store.files.put_bytes(b"unfinished", f"clips/{account_id}/{running.id}/0.mp4")
    return World(
        store=store,
        account_id=account_id,
        other_id=other_id,
        made=made,
        failed=failed,
        waiting=waiting,
        running=running,
        owed=owed,
        lost=set(),
    )


def _grant_often(connection: Connection, account_id: str) -> None:
    """One grant less than a checkpoint needs, all at once; then those that make it."""
    entry = {"account_id": account_id, "kind": "grant", "note": "", "at_ms": 0}
    entries = [entry | {"credits": PRICE}] * (ledger.EVERY - 1)
    connection.execute(insert(tables.ledger), entries)
    for _ in range(3):
        ledger.grant(connection, account_id, PRICE)


def _submitted(connection: Connection, account_id: str, **more: Any) -> Record:
    record = records.add(
        connection,
        account_id=account_id,
        task_type="mj_video_extend_auto",
        params={},
        work=WORK,
        callback_url=URL,
        credits=PRICE,
        **more,
    )
    ledger.hold(connection, account_id, PRICE, record.id)
    return record


def _made(store: Store, connection: Connection, account_id: str) -> Record:
    record = _submitted(connection, account_id)
    folder = f"clips/{account_id}/{record.id}"
    assert records.succeed(connection, record.id, expires_ms=clock.now_ms() + LATER_MS)
    for index in range(2):
        store.files.put_bytes(b"a picture", f"{folder}/{index}.jpg")
        clips.add(
            connection,
            record_id=record.id,
            account_id=account_id,
            index=index,
            media_name=f"{record.id}_0_{index}.mp4",
            object_key=f"{folder}/{index}.mp4",
            poster_key=f"{folder}/{index}.jpg",
            stored=store.files.put_bytes(b"a video", f"{folder}/{index}.mp4"),
            facts=FACTS,
        )
    assert ledger.capture(connection, account_id, record.id)
    delivery_id = owe(connection, record)
    begun = callbacks.begin_attempt(connection, delivery_id, 0, 1)
    assert begun
    assert not callbacks.close_attempt(connection, begun, Done(204))
    return records.by_id(connection, record.id)


def _failed(connection: Connection, account_id: str) -> Record:
    record = _submitted(connection, account_id)
    assert records.fail(connection, record.id, code="X", message="It broke.", flag=3)
    assert ledger.release(connection, account_id, record.id)
    begun = callbacks.begin_attempt(connection, owe(connection, record), 0, 1)
    assert begun
    assert not callbacks.close_attempt(connection, begun, GivenUp(410, "Gone."))
    return records.by_id(connection, record.id)


def _owed(connection: Connection, record: Record) -> str:
    delivery_id = owe(connection, record)
    begun = callbacks.begin_attempt(connection, delivery_id, 0, 1)
    assert begun
    later = Again(clock.now_ms() + LATER_MS, 500, "The receiver answered 500.")
    assert callbacks.close_attempt(connection, begun, later)
    return delivery_id


def owe(connection: Connection, record: Record) -> str:
    return callbacks.owe(
        connection,
        record_id=record.id,
        account_id=record.account_id,
        url=URL,
        body={"taskId": record.task_id},
    )


def _uploaded(store: Store, connection: Connection, account_id: str) -> None:
    key = f"uploads/{account_id}/{'1' * 32}"
    clips.add_upload(
        connection,
        upload_id="1" * 32,
        account_id=account_id,
        path="images/a.png",
        suffix="png",
        object_key=key,
        mime_type="image/png",
        stored=store.files.put_bytes(b"an image", key),
    )
