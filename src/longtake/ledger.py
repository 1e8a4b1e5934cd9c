"""The ledger: append-only entries in whole credits; a balance is their sum.

A hold takes credits when a task is submitted; its capture, worth nothing itself, makes
it a charge, its release gives it back. A checkpoint repeats the balance so far, so that
a sum begins there instead of at the first entry. Every function that writes locks the
account first: its entries are numbered in the order in which they were committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, func, insert, select

from longtake import clock
from longtake.errors import CreditsMissing, FieldInvalid, NotFound
from longtake.store import tables

UNLIMITED = 10**9  # granted to an account that shall never ask again
EVERY = 100  # entries between two checkpoints
_LARGEST = 2**53  # a balance stays exact in every JSON reader

Kind = Literal["grant", "hold", "capture", "release", "checkpoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of an account's history; ``credits`` is signed."""

    id: int
    kind: Kind
    credits: int
    record_id: str | None
    note: str
    at_ms: int


def grant(
    connection: Connection, account_id: str, credits: int, *, note: str = ""
) -> int:
    """Add credits, or take back some with a negative number; the balance afterwards.

    Raises FieldInvalid, NotFound, and CreditsMissing where less would remain than none.
    """
    tally = _tally(connection, account_id)
    if not credits or abs(tally.balance + credits) > _LARGEST:
        raise FieldInvalid(
            "Give a whole number of credits other than 0, and not beyond 2^53 in all.",
            field="credits",
        )
    if tally.balance + credits < 0:
        raise CreditsMissing(
            f"The balance is {tally.balance} credits; {-credits} cannot be taken back."
        )
    _append(connection, account_id, tally, kind="grant", credits=credits, note=note)
    return tally.balance + credits


def hold(connection: Connection, account_id: str, credits: int, record_id: str) -> None:
    """Set ``credits`` aside for a record. Raises CreditsMissing, with nothing held.

    What costs nothing holds nothing, and leaves no entry.
    """
    assert credits >= 0, "a price is not negative"
    if not credits:
        return
    tally = _tally(connection, account_id)
    if tally.balance < credits:
        raise CreditsMissing(
            f"This costs {credits} credits and the balance is {tally.balance}. "
            "Nothing was charged."
        )
    _append(
        connection,
        account_id,
        tally,
        kind="hold",
        credits=-credits,
        record_id=record_id,
    )


def capture(connection: Connection, account_id: str, record_id: str) -> bool:
    """Turn the record's hold into a charge; whether it was still held."""
    return _settle(connection, account_id, record_id, "capture")


def release(connection: Connection, account_id: str, record_id: str) -> bool:
    """Give the record's hold back; whether it was still held."""
    return _settle(connection, account_id, record_id, "release")


def balance(connection: Connection, account_id: str) -> int:
    """What the account may still spend, in credits."""
    return _sum(connection, account_id).balance


def history(
    connection: Connection,
    account_id: str,
    *,
    before: int | None = None,
    limit: int = 100,
) -> tuple[Entry, ...]:
    """Entries, newest first, checkpoints left out; ``before`` is an entry's id."""
    book = tables.ledger.c
    query = (
        select(book.id, book.kind, book.credits, book.record_id, book.note, book.at_ms)
        .where(book.account_id == account_id, book.kind != "checkpoint")
        .order_by(book.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(book.id < before)
    return tuple(Entry(**row) for row in connection.execute(query).mappings())


@dataclass(frozen=True, slots=True)
class _Tally:
    """The balance, and how many entries it took to know since the last checkpoint."""

    balance: int
    n_entries: int


def _tally(connection: Connection, account_id: str) -> _Tally:
    """The account's sum, with the account locked until the transaction ends."""
    found = connection.execute(
        select(tables.accounts.c.id)
        .where(tables.accounts.c.id == account_id)
        .with_for_update()
    ).first()
    if found is None:
        raise NotFound(f"There is no account {account_id!r}.")
    return _sum(connection, account_id)


def _sum(connection: Connection, account_id: str) -> _Tally:
    book = tables.ledger.c
    latest = (
        select(book.id)
        .where(book.account_id == account_id, book.kind == "checkpoint")
        .order_by(book.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    total, n_entries = connection.execute(
        select(func.coalesce(func.sum(book.credits), 0), func.count()).where(
            book.account_id == account_id, book.id >= func.coalesce(latest, 0)
        )
    ).one()
    return _Tally(int(total), n_entries)  # Postgres sums to a Decimal


def _settle(
    connection: Connection,
    account_id: str,
    record_id: str,
    kind: Literal["capture", "release"],
) -> bool:
    tally = _tally(connection, account_id)
    book = tables.ledger.c
    entries = {
        row.kind: row.credits
        for row in connection.execute(
            select(book.kind, book.credits).where(
                book.record_id == record_id, book.account_id == account_id
            )
        )
    }
    if entries.keys() != {"hold"}:
        return False
    credits = -entries["hold"] if kind == "release" else 0
    _append(
        connection, account_id, tally, kind=kind, credits=credits, record_id=record_id
    )
    return True


def _append(
    connection: Connection,
    account_id: str,
    tally: _Tally,
    *,
    kind: Kind,
    credits: int,
    record_id: str | None = None,
    note: str = "",
) -> None:
    """Write one entry, and a checkpoint after it where the next one is due."""
    rows = [(kind, credits, record_id, note)]
    if tally.n_entries + 1 >= EVERY:
        rows.append(("checkpoint", tally.balance + credits, None, ""))
    for name, worth, record, text in rows:
        connection.execute(
            insert(tables.ledger).values(
                account_id=account_id,
                kind=name,
                credits=worth,
                record_id=record,
                note=text,
                at_ms=clock.now_ms(),
            )
        )
