"""What must hold of callbacks."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from longtake import records
from longtake.invariants.look import Look
from longtake.store import tables
from longtake.tasks.queue import delivery_workflow

_GONE = 410
_BATCH = 200
_delivery, _attempt, _record = (
    tables.deliveries.c,
    tables.attempts.c,
    tables.records.c,
)


def settled_records_owe_their_callback(look: Look) -> Iterator[str]:
    """A settled record that was given a URL has a delivery; an open one has none.

    Broken, the result and its callback were not one transaction.
    """
    rows = look.connection.execute(
        select(_record.id, _record.state, func.count(_delivery.id).label("n"))
        .outerjoin_from(
            tables.records, tables.deliveries, _delivery.record_id == _record.id
        )
        .where(_record.callback_url.is_not(None))
        .group_by(_record.id, _record.state)
    )
    for row in rows:
        if bool(row.n) == (row.state in records.OPEN):
            yield f"record {row.id}: its state is {row.state}, its deliveries {row.n}"


def attempts_match_their_delivery(look: Look) -> Iterator[str]:
    """A delivery counts its attempts, and ended as the last of them did.

    Delivered: answered with 2xx. Dead: every attempt was made, or the last was answered
    with 410, or not sent at all since the door refuses the address. Broken, a receiver
    was given up too early, or was never told of what is called delivered.
    """
    n_all = len(look.store.settings.callback_waits_s) + 1
    for row in look.connection.execute(select(tables.deliveries)):
        attempts = look.connection.execute(
            select(_attempt.number, _attempt.status, _attempt.ended_ms)
            .where(_attempt.delivery_id == row.id, _attempt.round == row.round)
            .order_by(_attempt.id)
        ).all()
        statuses = [attempt.status for attempt in attempts]
        n_made = max((attempt.number for attempt in attempts), default=0)
        ended = [attempt for attempt in attempts if attempt.ended_ms is not None]
        answered = any(status and status // 100 == 2 for status in statuses)  # noqa: PLR2004
        given_up = ended and (
            n_made >= n_all or ended[-1].status is None or ended[-1].status == _GONE
        )
        wrong = {
            "owed": answered or row.closed_ms is not None,
            "delivered": not answered or row.closed_ms is None,
            "dead": not given_up or row.closed_ms is None,
        }
        if wrong[row.state] or n_made != row.n_attempts:
            yield (
                f"delivery {row.id}: its state is {row.state}, it counts "
                f"{row.n_attempts} attempts, in the books are {statuses}"
            )


def owed_deliveries_are_in_the_queue(look: Look) -> Iterator[str]:
    """Somebody is going to make the next attempt at every delivery that is owed.

    Broken, a callback was lost.
    """
    if look.queue_view is None:
        return
    after = ""
    while batch := look.connection.execute(
        select(tables.deliveries)
        .where(_delivery.state == "owed", _delivery.id > after)
        .order_by(_delivery.id)
        .limit(_BATCH)
    ).all():
        wanted = {
            delivery_workflow(
                row.id, row.round, row.n_attempts + (row.next_ms is not None)
            ): row.id
            for row in batch
        }
        alive = set(look.queue_view(list(wanted)))
        for workflow, delivery_id in wanted.items():
            if workflow not in alive:
                yield f"delivery {delivery_id}: its attempt {workflow} is not enqueued"
        after = batch[-1].id
