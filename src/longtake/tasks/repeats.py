"""The same request, sent twice under one key, is one task.

Called with the account locked, so that the two cannot miss one another.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from longtake import clock
from longtake.errors import FieldInvalid
from longtake.store.tables import idempotency

_KEPT_MS = 24 * 3_600_000


def find(
    connection: Connection, account_id: str, key: str, fingerprint: str
) -> str | None:
    """The task that this request has made before.

    Raises FieldInvalid where ``key`` was used for another request.
    """
    kept = connection.execute(
        select(idempotency.c.fingerprint, idempotency.c.task_id).where(
            idempotency.c.account_id == account_id, idempotency.c.key == key, ~_old()
        )
    ).first()
    if kept is None:
        return None
    if kept.fingerprint != fingerprint:
        raise FieldInvalid(
            "This Idempotency-Key was used for a different request; use a new one.",
            field="Idempotency-Key",
        )
    return str(kept.task_id)


def keep(
    connection: Connection, account_id: str, key: str, fingerprint: str, task_id: str
) -> None:
    """Remember the task that this request has made."""
    connection.execute(
        delete(idempotency).where(
            idempotency.c.account_id == account_id, idempotency.c.key == key, _old()
        )
    )
    connection.execute(
        insert(idempotency).values(
            account_id=account_id,
            key=key,
            fingerprint=fingerprint,
            task_id=task_id,
            created_ms=clock.now_ms(),
        )
    )


def forget(connection: Connection) -> None:
    """Delete the keys that are kept no longer."""
    connection.execute(delete(idempotency).where(_old()))


def _old() -> ColumnElement[bool]:
    return idempotency.c.created_ms < clock.now_ms() - _KEPT_MS
