"""Tasks: submit, cancel, settle. Each is one transaction over all of the books.

An account has as many places in the queue as its tier allows tasks at a time. Its other
tasks wait as records, and each that ends lets the next one in.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, select

from longtake import callbacks, clips, clock, keys, ledger, records
from longtake.callbacks import Delivery
from longtake.clips import Facts
from longtake.keys import Account
from longtake.records import Record, Work
from longtake.store import Store
from longtake.store.files import Stored
from longtake.store.tables import accounts
from longtake.tasks import queue, repeats
from longtake.tasks.queue import Queue

CANCELED = "TASK_CANCELED"
_CANCELED_FLAG = 3
_DAY_MS = 24 * 3_600_000


class Video(BaseModel):
    """A video that was made for a task; its files are in the store already."""

    model_config = ConfigDict(frozen=True)

    key: str
    size_bytes: int
    sha256: str
    facts: Facts
    report: dict[str, Any]
    poster_key: str
    filmstrip_key: str


def prepare(store: Store) -> None:
    """Bring the queue's tables up to date, and make the queues that are always there."""
    queue.migrate(store.database)
    Queue(store.database).register([store.settings.engine])


class Tasks:
    """What can happen to a task: all or nothing, and harmless when it is repeated.

    Every method raises DatabaseUnreachable; then nothing has happened.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.queue = Queue(store.database)

    def submit(
        self,
        account: Account,
        *,
        task_type: str,
        params: dict[str, Any],
        work: Work,
        credits: int,
        parent: Record | None = None,
        parent_index: int | None = None,
        callback_url: str | None = None,
        idempotency: tuple[str, str] | None = None,
        priority: int = 100,
    ) -> Record:
        """Hold the credits, write the record, enqueue it if it has a place: all or nothing.

        ``idempotency`` is the client's key and a digest of the request: the same two
        again are answered with the same record, the key with another digest raises
        FieldInvalid. Work without a seed is given one. Of the account's tasks the lowest
        ``priority`` goes first. Raises CreditsMissing.
        """
        with self.store.database.transaction() as connection:
            _one_at_a_time(connection, account.id)
            if idempotency and (
                known := repeats.find(connection, account.id, *idempotency)
            ):
                return records.by_id(connection, known)
            record_id = uuid4().hex
            record = records.add(
                connection,
                account_id=account.id,
                record_id=record_id,
                task_type=task_type,
                params=params,
                work=work.seeded(record_id),
                prompt=work.prompt,
                parent_id=parent.id if parent else None,
                parent_index=parent_index,
                callback_url=callback_url,
                credits=credits,
                priority=priority,
            )
            ledger.hold(connection, account.id, credits, record.id)
            self._fill(connection, account.id)
            if idempotency:
                repeats.keep(connection, account.id, *idempotency, record.id)
            return records.by_id(connection, record.id)

    def repeated(
        self, account: Account, idempotency: tuple[str, str] | None
    ) -> Record | None:
        """The record that the same request has made before; see :meth:`submit`.

        To be asked before the request is checked against the books: what was right then
        may no longer be.
        """
        if idempotency is None:
            return None
        with self.store.database.reading() as connection:
            known = repeats.find(connection, account.id, *idempotency)
            return records.by_id(connection, known) if known else None

    def cancel(self, account_id: str, task_id: str) -> Record:
        """Settle an open task as canceled at once; its worker stops within a second.

        A task that is settled already stays as it is. Raises NotFound.
        """
        with self.store.database.transaction() as connection:
            _one_at_a_time(connection, account_id)
            record = records.find(connection, account_id, task_id)
            canceled = self._fail(
                connection, record.id, CANCELED, "It was canceled.", _CANCELED_FLAG
            )
            record = records.by_id(connection, record.id)
        if canceled:
            self.queue.cancel(record.id)
        return record

    def settle_made(self, record_id: str, videos: Sequence[Video]) -> bool:
        """The task is made: its videos, the charge, the callback owed.

        False, and nothing done, where it was settled before: canceled, most likely.
        """
        with self.store.database.transaction() as connection:
            _one_at_a_time(connection, records.by_id(connection, record_id).account_id)
            kept_ms = self.store.settings.media_days * _DAY_MS
            if not records.succeed(
                connection, record_id, expires_ms=clock.now_ms() + kept_ms
            ):
                return False
            record = records.by_id(connection, record_id)
            for index, video in enumerate(videos):
                suffix = PurePosixPath(video.key).suffix
                clips.add(
                    connection,
                    record_id=record.id,
                    account_id=record.account_id,
                    index=index,
                    media_name=f"{record.task_id}_0_{index}{suffix}",
                    object_key=video.key,
                    stored=Stored(video.size_bytes, video.sha256),
                    facts=video.facts,
                    report=video.report,
                    poster_key=video.poster_key,
                    filmstrip_key=video.filmstrip_key,
                )
            ledger.capture(connection, record.account_id, record.id)
            self._owe(connection, record)
            self._fill(connection, record.account_id)
            return True

    def settle_failed(self, record_id: str, *, message: str, flag: int) -> bool:
        """The task has failed: the reason, the hold released, the callback owed.

        False, and nothing done, where it was settled before.
        """
        with self.store.database.transaction() as connection:
            record = records.by_id(connection, record_id)
            _one_at_a_time(connection, record.account_id)
            code = f"VIDEO_{record.work['kind'].upper()}_FAILED"
            return self._fail(connection, record_id, code, message, flag)

    def fill_places(self) -> None:
        """Enqueue what waits although its account has free places: its tier was raised."""
        places = self.store.settings.at_a_time
        with self.store.database.reading() as connection:
            lines = records.lines(connection)
        for line in lines:
            if line.n_enqueued < places(line.tier):
                with self.store.database.transaction() as connection:
                    _one_at_a_time(connection, line.account_id)
                    self._fill(connection, line.account_id)

    def redeliver(self, delivery_id: str, *, account_id: str | None) -> Delivery:
        """Begin a new round of attempts at a delivery, the first one now.

        ``account_id`` None is the operator, who may name any. Raises NotFound.
        """
        with self.store.database.transaction() as connection:
            delivery = callbacks.redeliver(
                connection, delivery_id, account_id=account_id
            )
            self.enqueue(connection, delivery)
        return delivery

    def enqueue(self, connection: Connection, delivery: Delivery) -> None:
        """Enqueue the attempt at ``delivery`` that is due, in the caller's transaction."""
        due_ms = delivery.next_ms or 0
        self.queue.deliver(
            connection,
            delivery.id,
            url=delivery.url,
            round_=delivery.round,
            number=delivery.due_number,
            delay_s=(due_ms - clock.now_ms()) / 1000,
        )

    def _fail(
        self, connection: Connection, record_id: str, code: str, message: str, flag: int
    ) -> bool:
        if not records.fail(
            connection, record_id, code=code, message=message, flag=flag
        ):
            return False
        record = records.by_id(connection, record_id)
        ledger.release(connection, record.account_id, record.id)
        self._owe(connection, record)
        self._fill(connection, record.account_id)
        return True

    def _fill(self, connection: Connection, account_id: str) -> None:
        """Enqueue the account's next tasks as far as it has places; it is locked."""
        tier = keys.account(connection, account_id).tier
        n_places = self.store.settings.at_a_time(tier)
        for record in records.line_up(connection, account_id, n_places):
            self.queue.make(connection, record.id, engine=record.work["engine"])

    def _owe(self, connection: Connection, record: Record) -> None:
        """Owe the record's callback, if it asked for one, and enqueue the first attempt."""
        if not record.callback_url:
            return
        body = records.callback_body(
            record,
            clips.of(connection, record.id),
            base_url=self.store.settings.base_url,
        )
        delivery_id = callbacks.owe(
            connection,
            record_id=record.id,
            account_id=record.account_id,
            url=record.callback_url,
            body=body,
        )
        self.enqueue(
            connection,
            callbacks.find(connection, delivery_id, account_id=record.account_id),
        )


def _one_at_a_time(connection: Connection, account_id: str) -> None:
    """Let the transactions of one account wait for one another, until each is committed.

    Before anything else is locked, so that no two wait for each other.
    """
    locked = select(accounts.c.id).where(accounts.c.id == account_id)
    connection.execute(locked.with_for_update())
