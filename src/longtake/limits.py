"""Switches that stop new work, kept in the books; rates of requests, kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from pyrate_limiter import Decision, InMemoryBucket, Rate, RateItem
from sqlalchemy import Connection, select

from longtake import clock
from longtake.errors import FieldInvalid, SwitchedOff, TooMany, UnderMaintenance
from longtake.settings import Settings
from longtake.store import tables
from longtake.store.database import upsert

MAINTENANCE = "maintenance"
SWITCHES = {
    MAINTENANCE: "no new work of any kind is taken in; what runs is finished",
    "extend": "extending clips",
    "generate": "starting a lineage from an image",
    "imports": "taking in clips, by file or by URL",
    "uploads": "files sent ahead of a request",
    "adopt": "moving records in from another service",
    "callbacks": "delivering callbacks; off, they stay owed until it is on again",
}

_SUBMIT_MS = 10_000
_READ_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One switch; ``message`` is what callers are told while it stops them.

    Everything is on from the start but ``maintenance``, which stops what the others
    let through.
    """

    name: str
    off: bool
    message: str
    changed_ms: int | None  # None: never touched


def switch(
    connection: Connection, name: str, *, off: bool, message: str = ""
) -> Switch:
    """Turn a switch off or on, for every running server. Raises FieldInvalid."""
    if name not in SWITCHES:
        raise FieldInvalid(
            f"There is no switch {name!r}; there are {', '.join(SWITCHES)}.",
            field="name",
        )
    if len(message) > tables.MESSAGE_LENGTH:
        raise FieldInvalid(
            f"A message has up to {tables.MESSAGE_LENGTH} characters.", field="message"
        )
    now_ms = clock.now_ms()
    upsert(
        connection,
        tables.switches,
        {"name": name},
        {"off": off, "message": message, "changed_ms": now_ms},
    )
    return Switch(name=name, off=off, message=message, changed_ms=now_ms)


def switches(connection: Connection) -> tuple[Switch, ...]:
    """Every switch, as it stands."""
    rows = connection.execute(select(tables.switches)).mappings()
    touched = {row["name"]: Switch(**row) for row in rows}
    return tuple(
        touched.get(name)
        or Switch(name=name, off=name == MAINTENANCE, message="", changed_ms=None)
        for name in SWITCHES
    )


def require_open(connection: Connection, feature: str) -> None:
    """Raise UnderMaintenance or SwitchedOff where new work of this kind is stopped."""
    assert feature in SWITCHES, feature
    assert feature != MAINTENANCE, "it stops every feature and is none itself"
    found = {each.name: each for each in switches(connection)}
    if not (maintenance := found[MAINTENANCE]).off:
        raise UnderMaintenance(
            maintenance.message
            or "The service is under maintenance and takes no new work; try again later."
        )
    if found[feature].off:
        raise SwitchedOff(
            found[feature].message or f"The feature {feature!r} is switched off here."
        )


class Rates:
    """How many requests came of late, by account and by key: exact sliding windows.

    Held in this process's memory (decision 12) and only as long as a window lasts, so
    that it grows with the callers of the last ten seconds and not with all there are.
    """

    def __init__(
        self, settings: Settings, *, now_s: Callable[[], float] = clock.monotonic_s
    ) -> None:
        self._submits = _Windows(settings.submit_rate, _SUBMIT_MS, now_s)
        self._reads = _Windows(settings.read_rate, _READ_MS, now_s)

    def submit(self, account_id: str) -> None:
        """Count one new task of this account, or raise TooMany and count nothing."""
        self._submits.take(account_id, "new tasks of this account in 10 seconds")

    def read(self, key_id: str) -> None:
        """Count one other request with this key, or raise TooMany and count nothing."""
        self._reads.take(key_id, "requests with this key in a second")


class _Windows:
    """One sliding window for each name, forgotten when it is empty."""

    def __init__(self, limit: int, window_ms: int, now_s: Callable[[], float]) -> None:
        self._rate = Rate(limit, window_ms)
        self._now_s = now_s
        self._lock = threading.Lock()
        # Latest use last: whatever is old enough to be forgotten stands in front.
        self._windows: OrderedDict[str, tuple[int, InMemoryBucket]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def take(self, name: str, what: str) -> None:
        with self._lock:
            now_ms = round(self._now_s() * 1000)
            self._forget(now_ms - self._rate.interval)
            _, window = self._windows.pop(name, (0, None))
            window = window or InMemoryBucket([self._rate])
            window.leak(now_ms)
            decision = window.put_decision(RateItem(name, now_ms))
            assert isinstance(decision, Decision), "nothing in memory is waited for"
            self._windows[name] = (now_ms, window)
        if not decision.allowed:
            raise TooMany(
                f"More than {self._rate.limit} {what}; try again later.",
                retry_after_s=(decision.retry_after_ms or self._rate.interval) / 1000,
            )

    def _forget(self, before_ms: int) -> None:
        while self._windows:
            name, (used_ms, _) = next(iter(self._windows.items()))
            if used_ms >= before_ms:
                return
            del self._windows[name]
