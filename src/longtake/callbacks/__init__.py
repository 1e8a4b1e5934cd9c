"""What is owed to the URLs that users gave: deliveries, their attempts, their signatures.

A delivery is one event owed to one URL. Each attempt is written before the call, so that
a crash leaves a trace of it. What an attempt came to is a value; the caller enqueues the
next one in the transaction that closes it.
"""

from longtake.callbacks.deliveries import (
    Attempt,
    Begun,
    Delivery,
    begin_attempt,
    close_attempt,
    find,
    forget,
    hasten,
    listed,
    overdue,
    owe,
    put_off,
    redeliver,
    view,
)
from longtake.callbacks.outcome import Again, Done, GivenUp, Outcome
from longtake.callbacks.sending import TIMEOUT_S, attempt
from longtake.callbacks.signatures import sign

__all__ = [
    "TIMEOUT_S",
    "Again",
    "Attempt",
    "Begun",
    "Delivery",
    "Done",
    "GivenUp",
    "Outcome",
    "attempt",
    "begin_attempt",
    "close_attempt",
    "find",
    "forget",
    "hasten",
    "listed",
    "overdue",
    "owe",
    "put_off",
    "redeliver",
    "sign",
    "view",
]
