"""The ledger: whatever happens in whatever order, a balance is a sum and never owed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from longtake import keys, ledger
from longtake.errors import CreditsMissing, FieldInvalid, NotFound
from longtake.store import tables
from longtake.store.database import Database
from tests.books import opened

KINDS = ("grant", "hold", "capture", "release")
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 5), st.integers(1, 60)),
    max_size=40,
)


@dataclass
class Expected:
    """The ledger as one would keep it on a sheet of paper."""

    balance: int = 0
    held: dict[str, int] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(happenings=HAPPENINGS, n_before=st.integers(ledger.EVERY - 30, ledger.EVERY - 1))
def test_any_order_of_happenings_keeps_the_sum(
    database: Database, happenings: list[tuple[str, int, int]], n_before: int
) -> None:
    """With a checkpoint somewhere in between."""
    with database.transaction() as connection:
        n_accounts = len(keys.accounts(connection))
        account_id = keys.open_account(connection, f"account {n_accounts}").id
        _grant_often(connection, account_id, n_before)
        expected = Expected(balance=n_before)
        for kind, number, credits in happenings:
            record_id = f"{n_accounts}-{number}"
            _happen(connection, account_id, (kind, record_id, credits), expected)
            assert ledger.balance(connection, account_id) == expected.balance >= 0
        assert _sum(connection, account_id) == expected.balance
        _assert_once_each(connection, account_id, expected)


def _happen(
    connection: Connection,
    account_id: str,
    happening: tuple[str, str, int],
    expected: Expected,
) -> None:
    kind, record_id, credits = happening
    if kind == "grant":
        expected.balance += credits
        assert ledger.grant(connection, account_id, credits) == expected.balance
    elif kind == "hold":
        if record_id in expected.held:
            return
        if credits > expected.balance:
            with pytest.raises(CreditsMissing, match=str(expected.balance)):
                ledger.hold(connection, account_id, credits, record_id)
            return
        ledger.hold(connection, account_id, credits, record_id)
        expected.held[record_id] = credits
        expected.balance -= credits
    else:
        first = record_id in expected.held and record_id not in expected.settled
        settle = ledger.capture if kind == "capture" else ledger.release
        assert settle(connection, account_id, record_id) is first
        if first:
            expected.settled.add(record_id)
            expected.balance += expected.held[record_id] * (kind == "release")


def _assert_once_each(
    connection: Connection, account_id: str, expected: Expected
) -> None:
    entries = ledger.history(connection, account_id, limit=1000)
    for record_id, credits in expected.held.items():
        mine = [entry for entry in entries if entry.record_id == record_id]
        assert [one.credits for one in mine if one.kind == "hold"] == [-credits]
        ends = [one for one in mine if one.kind in {"capture", "release"}]
        assert len(ends) == (record_id in expected.settled)


def _grant_often(connection: Connection, account_id: str, n: int) -> None:
    entry = {"kind": "grant", "credits": 1, "note": "", "at_ms": 0}
    connection.execute(insert(tables.ledger), [entry | {"account_id": account_id}] * n)


def _sum(connection: Connection, account_id: str) -> int:
    book = tables.ledger.c
    return int(
        connection.execute(
            select(func.coalesce(func.sum(book.credits), 0)).where(
                book.account_id == account_id, book.kind != "checkpoint"
            )
        ).scalar_one()
    )


# -- one at a time ---------------------------------------------------------------------


def test_a_checkpoint_comes_by_itself_and_is_no_history(database: Database) -> None:
    account_id = opened(database, credits=0)
    with database.transaction() as connection:
        for _ in range(ledger.EVERY * 2):
            ledger.grant(connection, account_id, 1)
        book = tables.ledger.c
        checkpoints = connection.execute(
            select(book.credits)
            .where(book.account_id == account_id, book.kind == "checkpoint")
            .order_by(book.id)
        )
        # The first entry after a checkpoint is counted with it.
        assert list(checkpoints.scalars()) == [ledger.EVERY, 2 * ledger.EVERY - 1]
        assert ledger.balance(connection, account_id) == ledger.EVERY * 2
        history = ledger.history(connection, account_id, limit=ledger.EVERY * 3)
        assert {entry.kind for entry in history} == {"grant"}
        assert len(history) == ledger.EVERY * 2


def test_history_comes_in_pages(database: Database) -> None:
    account_id = opened(database, credits=0)
    with database.transaction() as connection:
        for credits in (1, 2, 3, 4, 5):
            ledger.grant(connection, account_id, credits, note=f"number {credits}")
        first = ledger.history(connection, account_id, limit=2)
        second = ledger.history(connection, account_id, limit=2, before=first[-1].id)
    assert [entry.credits for entry in first + second] == [5, 4, 3, 2]
    assert first[0].note == "number 5"


def test_what_costs_nothing_leaves_no_entry(database: Database) -> None:
    account_id = opened(database, credits=0)
    with database.transaction() as connection:
        ledger.hold(connection, account_id, 0, "r")
        assert not ledger.capture(connection, account_id, "r")
        assert ledger.history(connection, account_id) == ()


def test_a_record_is_held_for_once(database: Database) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        ledger.hold(connection, account_id, 5, "r")
    with pytest.raises(IntegrityError), database.transaction() as connection:
        ledger.hold(connection, account_id, 5, "r")
    with database.reading() as connection:
        assert ledger.balance(connection, account_id) == 995


def test_another_account_settles_nothing(database: Database) -> None:
    account_id, other_id = opened(database), opened(database, "bob")
    with database.transaction() as connection:
        ledger.hold(connection, account_id, 5, "r")
        assert not ledger.release(connection, other_id, "r")
        assert ledger.balance(connection, other_id) == 1000


@pytest.mark.parametrize("credits", [0, 2**53])
def test_a_grant_is_some_credits(database: Database, credits: int) -> None:
    account_id = opened(database)
    with database.transaction() as connection, pytest.raises(FieldInvalid):
        ledger.grant(connection, account_id, credits)


def test_a_grant_takes_back_no_more_than_there_is(database: Database) -> None:
    account_id = opened(database)
    with database.transaction() as connection:
        assert ledger.grant(connection, account_id, -400) == 600
        with pytest.raises(CreditsMissing, match="600"):
            ledger.grant(connection, account_id, -601)


def test_nobodys_credits_are_not_found(database: Database) -> None:
    with database.transaction() as connection, pytest.raises(NotFound):
        ledger.grant(connection, "nobody", 1)


# -- many at a time ----------------------------------------------------------------------


def test_holds_at_once_never_spend_more_than_there_is(database: Database) -> None:
    """Eight callers, each on a connection of its own, want thirty times what is there."""
    account_id = opened(database, credits=100)

    def caller(start: Callable[[], object], number: int) -> int:
        start()
        n_held = 0
        for turn in range(30):
            try:
                with database.transaction() as connection:
                    ledger.hold(connection, account_id, 10, f"{number}-{turn}")
                    n_held += 1
            except CreditsMissing:
                pass
        return n_held

    n_held = _at_once(8, caller)
    assert sum(n_held) == 10
    with database.reading() as connection:
        assert ledger.balance(connection, account_id) == 0
        assert _sum(connection, account_id) == 0


def test_a_charge_and_a_release_at_once_settle_once(database: Database) -> None:
    account_id = opened(database, credits=1000)
    record_ids = [f"r{number}" for number in range(20)]
    with database.transaction() as connection:
        for record_id in record_ids:
            ledger.hold(connection, account_id, 10, record_id)

    def caller(start: Callable[[], object], number: int) -> int:
        start()
        settle = ledger.capture if number % 2 else ledger.release
        n_settled = 0
        for record_id in record_ids:
            with database.transaction() as connection:
                n_settled += settle(connection, account_id, record_id)
        return n_settled

    settled = _at_once(4, caller)
    assert sum(settled) == len(record_ids)
    with database.reading() as connection:
        released = settled[0] + settled[2]
        assert ledger.balance(connection, account_id) == 800 + 10 * released


def _at_once(n: int, caller: Callable[[Callable[[], object], int], int]) -> list[int]:
    """What ``n`` callers come to, all of whom start at the same moment."""
    barrier = Barrier(n)
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(lambda number: caller(barrier.wait, number), range(n)))
