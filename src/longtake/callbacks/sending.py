"""One attempt: sign the body, send it through the door, and say what it came to."""

from __future__ import annotations

from collections.abc import Sequence

from longtake import clock
from longtake.callbacks.deliveries import Begun
from longtake.callbacks.outcome import (
    GivenUp,
    Outcome,
    after_failure,
    jitter_of,
    judge,
)
from longtake.callbacks.signatures import sign
from longtake.door import Door
from longtake.errors import AddressRefused, FetchFailed

TIMEOUT_S = 15.0


def attempt(
    begun: Begun,
    secrets: Sequence[str],
    door: Door,
    *,
    waits_s: Sequence[float],
    timeout_s: float = TIMEOUT_S,
) -> Outcome:
    """Send what ``begun`` owes, signed with ``secrets`` (newest first); the outcome.

    ``waits_s`` are the seconds between attempts, so there is one attempt more. An address
    that the door refuses is given up at once: nothing was sent, and only the operator can
    change it; the delivery is listed as dead and can be owed again.
    """
    delivery = begun.delivery
    headers = {
        "Content-Type": "application/json",
        **sign(
            webhook_id=delivery.webhook_id,
            task_id=delivery.task_id,
            body=delivery.body,
            secrets=secrets,
            now=clock.now(),
        ),
    }
    jitter = jitter_of(delivery.id, delivery.round, begun.number)
    try:
        answer = door.post(
            delivery.url, delivery.body.encode(), headers, timeout_s=timeout_s
        )
    except AddressRefused as error:
        return GivenUp(None, str(error))
    except FetchFailed as error:
        return after_failure(
            None,
            str(error),
            number=begun.number,
            waits_s=waits_s,
            jitter=jitter,
            now_ms=clock.now_ms(),
        )
    return judge(
        answer.status,
        answer.headers,
        number=begun.number,
        waits_s=waits_s,
        jitter=jitter,
        now_ms=clock.now_ms(),
    )
