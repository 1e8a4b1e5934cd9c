"""Switches are for every server at once; rates are exact, forget, and say when again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake import limits
from longtake.errors import FieldInvalid, SwitchedOff, TooMany, UnderMaintenance
from longtake.limits import Rates
from longtake.settings import Settings
from longtake.store import Store

FEATURES = [name for name in limits.SWITCHES if name != limits.MAINTENANCE]


@dataclass
class Clock:
    """A monotonic clock that moves when it is told to."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


def rates(clock: Clock, *, submit_rate: int = 20, read_rate: int = 10) -> Rates:
    settings = Settings(submit_rate=submit_rate, read_rate=read_rate)
    return Rates(settings, now_s=clock)


# -- switches ------------------------------------------------------------------------


def test_everything_is_open_from_the_start(store: Store) -> None:
    with store.database.reading() as connection:
        for feature in FEATURES:
            limits.require_open(connection, feature)
        assert [one.name for one in limits.switches(connection)] == [*limits.SWITCHES]


def test_a_switch_stops_its_feature_and_no_other(store: Store) -> None:
    with store.database.transaction() as connection:
        limits.switch(connection, "extend", off=True)
        limits.require_open(connection, "generate")
        with pytest.raises(SwitchedOff, match="'extend'"):
            limits.require_open(connection, "extend")
        limits.switch(connection, "extend", off=False)
        limits.require_open(connection, "extend")


def test_maintenance_stops_everything_and_says_why(store: Store) -> None:
    with store.database.transaction() as connection:
        limits.switch(connection, "extend", off=True)
        limits.switch(connection, "maintenance", off=False, message="Back at noon.")
        for feature in FEATURES:
            with pytest.raises(UnderMaintenance, match=r"Back at noon\."):
                limits.require_open(connection, feature)
        limits.switch(connection, "maintenance", off=True)
        limits.require_open(connection, "generate")


def test_another_process_sees_it_at_once(store: Store) -> None:
    other = Store(store.settings)
    with store.database.transaction() as connection:
        limits.switch(connection, "imports", off=True, message="Full.")
    with (
        other.database.reading() as connection,
        pytest.raises(SwitchedOff, match=r"Full\."),
    ):
        limits.require_open(connection, "imports")
    other.close()


def test_an_unknown_switch_and_a_long_message_are_refused(store: Store) -> None:
    with store.database.transaction() as connection:
        with pytest.raises(FieldInvalid, match="maintenance, extend"):
            limits.switch(connection, "everything", off=True)
        with pytest.raises(FieldInvalid, match="200"):
            limits.switch(connection, "extend", off=True, message="a" * 201)


# -- rates ---------------------------------------------------------------------------


def test_the_contracts_rates_are_the_usual_ones() -> None:
    clock = Clock()
    usual = Rates(Settings(), now_s=clock)
    for _ in range(20):
        usual.submit("ann")
    with pytest.raises(TooMany):
        usual.submit("ann")
    for _ in range(10):
        usual.read("key")
    with pytest.raises(TooMany):
        usual.read("key")


def test_accounts_and_keys_are_counted_apart() -> None:
    few = rates(Clock(), submit_rate=1, read_rate=1)
    few.submit("ann")
    few.submit("bob")
    few.read("ann")
    with pytest.raises(TooMany):
        few.submit("ann")


def test_what_was_refused_does_not_count() -> None:
    clock = Clock()
    few = rates(clock, read_rate=1)
    few.read("key")
    for _ in range(9):
        clock.now_s += 0.1
        with pytest.raises(TooMany):
            few.read("key")
    clock.now_s += 0.2
    few.read("key")


@given(
    limit=st.integers(1, 5),
    waits_ms=st.lists(st.integers(0, 1500), min_size=1, max_size=60),
)
def test_a_window_never_lets_more_through_and_says_when_again(
    limit: int, waits_ms: list[int]
) -> None:
    """Of any second at most ``limit``; at the time it names it is open, before it is not."""
    clock = Clock(now_s=1000.0)
    counted = rates(clock, read_rate=limit)
    taken_ms: list[int] = []
    now_ms = 1_000_000
    for wait_ms in waits_ms:
        now_ms += wait_ms
        clock.now_s = now_ms / 1000
        free = sum(1 for at in taken_ms if at >= now_ms - 1000) < limit
        try:
            counted.read("key")
        except TooMany as refused:
            assert not free
            again_ms = round(refused.retry_after_s * 1000)
            assert 0 < again_ms <= 1001
            clock.now_s = (now_ms + again_ms - 1) / 1000
            with pytest.raises(TooMany):
                counted.read("key")
            now_ms += again_ms
            clock.now_s = now_ms / 1000
            counted.read("key")
        else:
            assert free
        taken_ms.append(now_ms)


def test_memory_holds_the_callers_of_one_window_only() -> None:
    clock = Clock()
    many = rates(clock)
    for number in range(10_000):
        clock.now_s += 0.01
        many.submit(f"account {number}")
    assert len(many._submits) <= 1001  # those of ten seconds


def test_memory_of_one_caller_does_not_grow() -> None:
    clock = Clock()
    many = rates(clock, submit_rate=5)
    for _ in range(1000):
        clock.now_s += 3
        many.submit("ann")
    ((_, window),) = many._submits._windows.values()
    assert window.count() <= 5
