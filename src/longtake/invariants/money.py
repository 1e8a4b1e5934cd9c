"""What must hold of credits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, case, func, select

from longtake import ledger
from longtake.invariants.look import Look
from longtake.store import tables

_book = tables.ledger.c
_record = tables.records.c


def checkpoints_repeat_the_sum(look: Look) -> Iterator[str]:
    """Every checkpoint is the sum of all entries before it.

    Broken, balances are wrong from that checkpoint on: an entry before it was changed,
    removed, or written without the account's lock.
    """
    total, account_id = 0, None
    rows = look.connection.execute(
        select(_book.id, _book.account_id, _book.kind, _book.credits).order_by(
            _book.account_id, _book.id
        )
    )
    for row in rows:
        if row.account_id != account_id:
            total, account_id = 0, row.account_id
        if row.kind != "checkpoint":
            total += row.credits
        elif row.credits != total:
            yield (
                f"account {account_id}: checkpoint {row.id} says {row.credits}, the "
                f"entries before it come to {total}"
            )


def balances_are_sums(look: Look) -> Iterator[str]:
    """The balance from the last checkpoint on is the sum of all entries.

    Broken, an account may spend credits it does not have, or not those it has.
    """
    for account_id, total in _totals(look):
        if (balance := ledger.balance(look.connection, account_id)) != total:
            yield f"account {account_id}: balance {balance}, all entries give {total}"


def balances_are_not_negative(look: Look) -> Iterator[str]:
    """Nobody has spent more than was granted.

    Broken, a hold was taken without a look at the balance under the account's lock.
    """
    for account_id, total in _totals(look):
        if total < 0:
            yield f"account {account_id}: {total} credits"


def records_hold_their_price(look: Look) -> Iterator[str]:
    """A record has one hold, of its price; one that costs nothing has none.

    Broken, work was or will be done for nothing, or at another price than was agreed.
    """
    for row in _priced(look):
        if row.held != row.credits:
            yield f"record {row.id}: its price is {row.credits}, held are {row.held}"


def success_is_charged(look: Look) -> Iterator[str]:
    """A record's hold is captured if it succeeded, and only then.

    Broken, the result and its charge were not one transaction.
    """
    for row in _priced(look):
        if row.held and row.captures != (row.state == "success"):
            yield f"record {row.id}: its state is {row.state}, captures {row.captures}"


def failure_is_released(look: Look) -> Iterator[str]:
    """A record's hold is released, whole, if it failed, and only then.

    Broken, an account has paid for a failure or was given back what it owes.
    """
    for row in _priced(look):
        if row.released != (row.held if row.state == "fail" else 0):
            yield (
                f"record {row.id}: its state is {row.state}, of {row.held} held "
                f"credits {row.released} were released"
            )


def holds_have_an_end(look: Look) -> Iterator[str]:
    """A hold belongs to a record, or had its end before the record was removed.

    Broken, credits are set aside for ever for work that nobody does.
    """
    ended = select(_book.record_id).where(_book.kind.in_(("capture", "release")))
    rows = look.connection.execute(
        select(_book.account_id, _book.record_id, _book.credits).where(
            _book.kind == "hold",
            _book.record_id.not_in(select(_record.id)),
            _book.record_id.not_in(ended),
        )
    )
    for row in rows:
        yield (
            f"account {row.account_id}: {-row.credits} credits are held for a record "
            f"{row.record_id} that does not exist"
        )


def _totals(look: Look) -> Iterator[tuple[str, int]]:
    rows = look.connection.execute(
        select(_book.account_id, func.sum(_book.credits))
        .where(_book.kind != "checkpoint")
        .group_by(_book.account_id)
    )
    return ((account_id, int(total)) for account_id, total in rows)


def _priced(look: Look) -> Iterator[Row[Any]]:
    """Every record with what its account's ledger says of it."""

    def total(kind: str, what: Any) -> Any:
        return func.coalesce(func.sum(case((_book.kind == kind, what), else_=0)), 0)

    return iter(
        look.connection.execute(
            select(
                _record.id,
                _record.state,
                _record.credits,
                (-total("hold", _book.credits)).label("held"),
                total("capture", 1).label("captures"),
                total("release", _book.credits).label("released"),
            )
            .outerjoin_from(
                tables.records,
                tables.ledger,
                (_book.record_id == _record.id)
                & (_book.account_id == _record.account_id),
            )
            .group_by(_record.id, _record.state, _record.credits)
        )
    )
