"""One attempt at one delivery of a callback."""

from __future__ import annotations

from sqlalchemy import Connection

from longtake import callbacks, keys, limits, logs
from longtake.callbacks import Begun
from longtake.worker.bench import Bench

_log = logs.get(__name__)


def attempt(bench: Bench, delivery_id: str, round_: int, number: int) -> None:
    """Make attempt ``number`` of ``round_``, and enqueue the next where there is one.

    Its row is written before the call, its outcome and the next attempt together after
    it. While callbacks are switched off nothing is done, and the sweep comes back to it.
    """
    begun = bench.patiently(lambda: _begin(bench, delivery_id, round_, number))
    if begun is None:
        return
    delivery = begun.delivery
    with logs.about(task_id=delivery.task_id, delivery_id=delivery.id):
        secrets = bench.read(lambda books: keys.secrets(books, delivery.account_id))
        outcome = callbacks.attempt(
            begun,
            secrets,
            bench.door,
            waits_s=bench.store.settings.callback_waits_s,
        )

        def close() -> None:
            with bench.store.database.transaction() as connection:
                if callbacks.close_attempt(connection, begun, outcome):
                    again = callbacks.find(connection, delivery.id, account_id=None)
                    bench.tasks.enqueue(connection, again)

        bench.patiently(close)
        _log.info(
            "callback",
            attempt=number,
            outcome=type(outcome).__name__,
            status=outcome.status,
            reason=outcome.error,
        )


def switched_off(connection: Connection) -> bool:
    """Whether the operator has stopped all deliveries for now."""
    return {each.name: each.off for each in limits.switches(connection)}["callbacks"]


def _begin(bench: Bench, delivery_id: str, round_: int, number: int) -> Begun | None:
    with bench.store.database.transaction() as connection:
        if switched_off(connection):
            return None
        return callbacks.begin_attempt(connection, delivery_id, round_, number)
