"""What an attempt came to, and when the next one is due: pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

_SPREAD = 0.1  # a wait is up to this much longer, so that many do not come back at once
_GONE = 410
_ASKS_TO_WAIT = frozenset((429, 503))
_MAX_WAIT_S = 24 * 3600  # what a receiver may ask for


@dataclass(frozen=True, slots=True)
class Done:
    """The receiver has it."""

    status: int
    error: None = None


@dataclass(frozen=True, slots=True)
class Again:
    """It failed; the next attempt is due at ``at_ms``."""

    at_ms: int
    status: int | None
    error: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """It failed, and there is no further attempt in this round."""

    status: int | None
    error: str


Outcome = Done | Again | GivenUp


def judge(
    status: int,
    headers: Mapping[str, str],
    *,
    number: int,
    waits_s: Sequence[float],
    jitter: float,
    now_ms: int,
) -> Outcome:
    """What an answer means for attempt ``number``; names of ``headers`` are lower-case.

    Any 2xx is a success; 410 ends the delivery; 429 and 503 may ask for a longer wait, a
    day at most; everything else, a redirect too, is a failure to be tried again.
    """
    if status // 100 == 2:  # noqa: PLR2004 - the class of success
        return Done(status)
    if status == _GONE:
        return GivenUp(status, "The receiver is gone (410).")
    error = f"The receiver answered {status}."
    if status // 100 == 3:  # noqa: PLR2004 - the class of redirection
        error = f"The receiver redirects ({status}), which is not followed."
    asked_ms = 0
    if status in _ASKS_TO_WAIT:
        asked_ms = retry_after_ms(headers.get("retry-after", ""), now_ms)
    return after_failure(
        status,
        error,
        number=number,
        waits_s=waits_s,
        jitter=jitter,
        now_ms=now_ms,
        at_least_ms=asked_ms,
    )


def after_failure(
    status: int | None,
    error: str,
    *,
    number: int,
    waits_s: Sequence[float],
    jitter: float,
    now_ms: int,
    at_least_ms: int = 0,
) -> Again | GivenUp:
    """What follows when attempt ``number`` failed: see :func:`wait_ms`."""
    wait = wait_ms(waits_s, number, jitter=jitter)
    if wait is None:
        return GivenUp(status, f"{error} It was attempt {number}, the last.")
    return Again(now_ms + max(wait, at_least_ms), status, error)


def wait_ms(waits_s: Sequence[float], number: int, *, jitter: float) -> int | None:
    """Milliseconds from attempt ``number`` (from 1) to the next; None: it was the last.

    ``waits_s`` are the waits between attempts; ``jitter`` in [0, 1) makes one up to a
    tenth longer, never shorter.
    """
    if number > len(waits_s):
        return None
    return round(waits_s[number - 1] * 1000 * (1 + _SPREAD * jitter))


def jitter_of(delivery_id: str, round: int, number: int) -> float:
    """A number in [0, 1) for one attempt: as good as random, and always the same."""
    digest = hashlib.sha256(f"{delivery_id}.{round}.{number}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def retry_after_ms(text: str, now_ms: int) -> int:
    """The wait that a Retry-After header asks for, a day at most; 0 where unreadable.

    It is seconds or a date (RFC 9110, 10.2.3).
    """
    text = text.strip()
    if text.isdecimal() and text.isascii():
        asked_ms = int(text[:12]) * 1000
    else:
        try:
            asked_ms = round(parsedate_to_datetime(text).timestamp() * 1000) - now_ms
        except (ValueError, OverflowError):
            return 0
    return min(max(asked_ms, 0), _MAX_WAIT_S * 1000)
