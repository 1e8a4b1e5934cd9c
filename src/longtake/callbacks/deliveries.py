"""The books of callbacks; the only writer of lt_deliveries and lt_attempts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from longtake import clock
from longtake.callbacks.outcome import Again, Done, Outcome
from longtake.errors import NotFound
from longtake.store import tables

State = Literal["owed", "delivered", "dead"]
_MAX_ERROR = 500
_SKEW_MS = 60_000  # what clocks of several machines may differ by

_deliveries, _attempts = tables.deliveries.c, tables.attempts.c


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. ``ended_ms`` is None while it goes on, or if its process died."""

    round: int
    number: int  # from 1
    began_ms: int
    ended_ms: int | None
    status: int | None  # HTTP
    error: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event owed to one URL."""

    id: str
    record_id: str
    account_id: str
    url: str
    body: str  # the very text that is signed and sent
    state: State
    round: int
    n_attempts: int  # begun in this round
    next_ms: int | None  # when the next attempt is due; None while one is under way
    created_ms: int
    closed_ms: int | None
    attempts: tuple[Attempt, ...] = ()  # oldest first; only where they were asked for

    @property
    def webhook_id(self) -> str:
        """What receivers tell repetitions by: the same in every attempt and round."""
        return f"msg_{self.id}"

    @property
    def task_id(self) -> str:
        """The task, as the wire names it."""
        return str(json.loads(self.body)["taskId"])

    @property
    def due_number(self) -> int:
        """The attempt that is due or under way, while it is owed."""
        return self.n_attempts + (self.next_ms is not None)


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt that is written down and may now be made."""

    delivery: Delivery
    number: int
    attempt_id: int


def owe(
    connection: Connection,
    *,
    record_id: str,
    account_id: str,
    url: str,
    body: dict[str, Any],
) -> str:
    """Owe ``body`` to ``url``, its first attempt due at once; the delivery's id.

    The body is written once, so that every attempt sends and signs the same bytes. It
    holds ``taskId``.
    """
    assert body["taskId"], "the legacy signature covers it"
    delivery_id = uuid4().hex
    now_ms = clock.now_ms()
    connection.execute(
        insert(tables.deliveries).values(
            id=delivery_id,
            record_id=record_id,
            account_id=account_id,
            url=url,
            body=json.dumps(body, separators=(",", ":")),
            state="owed",
            round=0,
            n_attempts=0,
            next_ms=now_ms,
            created_ms=now_ms,
        )
    )
    return delivery_id


def begin_attempt(
    connection: Connection, delivery_id: str, round: int, number: int
) -> Begun | None:
    """Write down attempt ``number`` of ``round``; None where there is nothing to do.

    That is: it was made already, a later round has begun, or the delivery is closed. An
    attempt whose process died may be begun again, and both remain in the books.
    """
    query = (
        select(tables.deliveries)
        .where(
            _deliveries.id == delivery_id,
            _deliveries.state == "owed",
            _deliveries.round == round,
        )
        .with_for_update()
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None or (delivery := Delivery(**row)).due_number != number:
        return None
    attempt_id = connection.execute(
        insert(tables.attempts)
        .values(
            delivery_id=delivery_id,
            round=round,
            number=number,
            began_ms=clock.now_ms(),
        )
        .returning(_attempts.id)
    ).scalar_one()
    connection.execute(
        update(tables.deliveries)
        .where(_deliveries.id == delivery_id)
        .values(n_attempts=number, next_ms=None)
    )
    return Begun(delivery, number, attempt_id)


def close_attempt(connection: Connection, begun: Begun, outcome: Outcome) -> bool:
    """Write down what the attempt came to; whether the next one is to be enqueued.

    That is at ``outcome.at_ms``, under ``begun.number + 1``. It is not, where meanwhile
    another process made the same attempt, or a redelivery began a round of its own.
    """
    now_ms = clock.now_ms()
    connection.execute(
        update(tables.attempts)
        .where(_attempts.id == begun.attempt_id)
        .values(
            ended_ms=now_ms,
            status=outcome.status,
            error=outcome.error and outcome.error[:_MAX_ERROR],
        )
    )
    again = isinstance(outcome, Again)
    changed = connection.execute(
        update(tables.deliveries)
        .where(
            _deliveries.id == begun.delivery.id,
            _deliveries.state == "owed",
            _deliveries.round == begun.delivery.round,
            _deliveries.n_attempts == begun.number,
            _deliveries.next_ms.is_(None),
        )
        .values(
            {"next_ms": outcome.at_ms}
            if isinstance(outcome, Again)
            else {
                "state": "delivered" if isinstance(outcome, Done) else "dead",
                "closed_ms": now_ms,
            }
        )
    ).rowcount
    return again and changed == 1


def redeliver(
    connection: Connection, delivery_id: str, *, account_id: str | None
) -> Delivery:
    """Owe it again from the start, whatever became of it: a new round, due at once.

    ``account_id`` None is the operator, who may name any. The webhook-id remains. Raises
    NotFound.
    """
    change = (
        update(tables.deliveries)
        .where(_deliveries.id == delivery_id)
        .values(
            state="owed",
            round=_deliveries.round + 1,
            n_attempts=0,
            next_ms=clock.now_ms(),
            closed_ms=None,
        )
    )
    if account_id is not None:
        change = change.where(_deliveries.account_id == account_id)
    connection.execute(change)
    return find(connection, delivery_id, account_id=account_id)


def find(
    connection: Connection, delivery_id: str, *, account_id: str | None
) -> Delivery:
    """One delivery with its attempts; another account's does not exist. Raises NotFound."""
    query = select(tables.deliveries).where(_deliveries.id == delivery_id)
    if account_id is not None:
        query = query.where(_deliveries.account_id == account_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id!r}.")
    return _with_attempts(connection, [Delivery(**row)])[0]


def listed(
    connection: Connection,
    *,
    account_id: str | None,
    state: State | None = None,
    record_id: str | None = None,
    before: tuple[int, str] | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Deliveries with their attempts, newest first.

    ``account_id`` None is the operator, who sees all. ``before`` is ``(created_ms, id)``
    of the last one seen: what is older follows.
    """
    query = select(tables.deliveries).order_by(
        _deliveries.created_ms.desc(), _deliveries.id.desc()
    )
    if account_id is not None:
        query = query.where(_deliveries.account_id == account_id)
    if state is not None:
        query = query.where(_deliveries.state == state)
    if record_id is not None:
        query = query.where(_deliveries.record_id == record_id)
    if before is not None:
        created_ms, last_id = before
        older = _deliveries.created_ms < created_ms
        same = and_(_deliveries.created_ms == created_ms, _deliveries.id < last_id)
        query = query.where(older | same)
    rows = connection.execute(query.limit(limit)).mappings()
    found = [Delivery(**row) for row in rows]
    return _with_attempts(connection, found)


def overdue(
    connection: Connection, before_ms: int, *, after: str = "", limit: int = 200
) -> list[Delivery]:
    """Owed deliveries under way or due before then, by id, from behind ``after`` on.

    For a sweep that looks whether somebody is about to make attempt ``due_number``.
    """
    query = (
        select(tables.deliveries)
        .where(
            _deliveries.state == "owed",
            func.coalesce(_deliveries.next_ms, 0) < before_ms,
            _deliveries.id > after,
        )
        .order_by(_deliveries.id)
        .limit(limit)
    )
    return [Delivery(**row) for row in connection.execute(query).mappings()]


def put_off(connection: Connection, *, limit: int) -> list[Delivery]:
    """Deliveries that wait for a moment which a clock set back has moved away.

    That is: their last attempt ended in the future, or it is due there though there was
    none. How long ago that was, nobody knows.
    """
    future_ms = clock.now_ms() + _SKEW_MS
    last = select(_attempts.id).where(
        _attempts.delivery_id == _deliveries.id,
        _attempts.round == _deliveries.round,
        _attempts.number == _deliveries.n_attempts,
        _attempts.ended_ms > future_ms,
    )
    query = (
        select(tables.deliveries)
        .where(
            _deliveries.state == "owed",
            _deliveries.next_ms > future_ms,
            or_(_deliveries.n_attempts == 0, last.exists()),
        )
        .limit(limit)
    )
    return [Delivery(**row) for row in connection.execute(query).mappings()]


def hasten(connection: Connection, delivery: Delivery) -> None:
    """Have the attempt that ``delivery`` waits for due now, if it still waits for it."""
    connection.execute(
        update(tables.deliveries)
        .where(
            _deliveries.id == delivery.id,
            _deliveries.round == delivery.round,
            _deliveries.next_ms == delivery.next_ms,
        )
        .values(next_ms=clock.now_ms())
    )


def forget(connection: Connection, record_ids: Collection[str]) -> None:
    """Remove the deliveries of ``record_ids``, with their attempts."""
    of_records = select(_deliveries.id).where(_deliveries.record_id.in_(record_ids))
    connection.execute(
        delete(tables.attempts).where(_attempts.delivery_id.in_(of_records))
    )
    connection.execute(
        delete(tables.deliveries).where(_deliveries.record_id.in_(record_ids))
    )


def view(delivery: Delivery) -> dict[str, Any]:
    """A delivery as the API and the command show it."""
    return {
        "deliveryId": delivery.id,
        "webhookId": delivery.webhook_id,
        "taskId": delivery.task_id,
        "url": delivery.url,
        "state": delivery.state,
        "round": delivery.round,
        "createTime": delivery.created_ms,
        "nextTime": delivery.next_ms,
        "closeTime": delivery.closed_ms,
        "attempts": [
            {
                "round": one.round,
                "number": one.number,
                "beginTime": one.began_ms,
                "endTime": one.ended_ms,
                "status": one.status,
                "error": one.error,
            }
            for one in delivery.attempts
        ],
    }


def _with_attempts(connection: Connection, found: list[Delivery]) -> list[Delivery]:
    query = (
        select(tables.attempts)
        .where(_attempts.delivery_id.in_([one.id for one in found]))
        .order_by(_attempts.id)
    )
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    for row in connection.execute(query):
        attempts[row.delivery_id].append(
            Attempt(
                round=row.round,
                number=row.number,
                began_ms=row.began_ms,
                ended_ms=row.ended_ms,
                status=row.status,
                error=row.error,
            )
        )
    return [replace(one, attempts=tuple(attempts[one.id])) for one in found]
