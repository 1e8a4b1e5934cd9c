"""The books of callbacks, on both databases; and when the next attempt is due."""

from __future__ import annotations

import json
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake import callbacks, records
from longtake.callbacks import Again, Begun, Done, GivenUp
from longtake.callbacks.outcome import jitter_of, judge, retry_after_ms, wait_ms
from longtake.errors import NotFound
from longtake.settings import Settings
from longtake.store.database import Database
from tests.books import opened

WAITS_S = Settings().callback_waits_s
NOW_MS = 1_800_000_000_000
_NUMBERS = st.integers(1, 12)
_JITTERS = st.floats(0, 1, exclude_max=True)


def test_the_attempts_are_those_of_the_contract() -> None:
    """Ten in all: at once, then 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h apart."""
    hours = [hour * 3600 for hour in (2, 5, 10, 14, 20, 24)]
    assert list(WAITS_S) == [5, 300, 1800, *hours]
    assert wait_ms(WAITS_S, 9, jitter=0) == 86_400_000
    assert wait_ms(WAITS_S, 10, jitter=0) is None


@given(_NUMBERS, _JITTERS)
def test_a_wait_is_never_shorter_and_at_most_a_tenth_longer(
    number: int, jitter: float
) -> None:
    wait = wait_ms(WAITS_S, number, jitter=jitter)
    if number > len(WAITS_S):
        assert wait is None
    else:
        assert wait is not None
        asked = WAITS_S[number - 1] * 1000
        assert asked <= wait <= asked * 1.1


@given(st.uuids(), st.integers(0, 5), _NUMBERS)
def test_jitter_is_a_number_of_the_attempt(id: Any, round: int, number: int) -> None:
    jitter = jitter_of(id.hex, round, number)
    assert 0 <= jitter < 1
    assert jitter == jitter_of(id.hex, round, number)


def test_jitter_is_spread_evenly() -> None:
    found = sorted(jitter_of(f"{n:032x}", 0, 2) for n in range(1000))
    assert (
        max(abs(found[n] - n / 1000) for n in range(1000)) < 0.06
    )  # Kolmogorov, 0.1 %


@given(
    st.integers(100, 599),
    _NUMBERS,
    _JITTERS,
    st.one_of(st.none(), st.integers(-5, 10**7).map(str), st.text(max_size=30)),
)
def test_what_an_answer_means(
    status: int, number: int, jitter: float, retry_after: str | None
) -> None:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    outcome = judge(
        status,
        headers,
        number=number,
        waits_s=WAITS_S,
        jitter=jitter,
        now_ms=NOW_MS,
    )
    assert outcome.status == status
    scheduled = wait_ms(WAITS_S, number, jitter=jitter)
    match outcome:
        case Done():
            assert 200 <= status < 300
        case GivenUp():
            assert status == 410 or scheduled is None
            assert not 200 <= status < 300
        case Again(at_ms):
            assert scheduled is not None
            asked = retry_after_ms(retry_after or "", NOW_MS)
            longest = max(scheduled, asked if status in {429, 503} else 0)
            assert at_ms == NOW_MS + longest


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", 120_000),
        (" 0 ", 0),
        (formatdate(NOW_MS / 1000 + 90, usegmt=True), 90_000),
        (formatdate(NOW_MS / 1000 - 90, usegmt=True), 0),
        (formatdate(NOW_MS / 1000 + 10**6, usegmt=True), 86_400_000),
        ("999999999999999999999999", 86_400_000),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("\N{ARABIC-INDIC DIGIT FIVE}", 0),
        ("Thu, 99 Foo 2026 25:61:61 GMT", 0),
        ("", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(
    text: str, wait: int
) -> None:
    assert retry_after_ms(text, NOW_MS) == wait


def _record(database: Database, account_id: str) -> str:
    with database.transaction() as connection:
        return records.add(
            connection, account_id=account_id, task_type="imported", params={}
        ).id


def _owed(database: Database, account_id: str, **body: Any) -> str:
    record_id = _record(database, account_id)
    with database.transaction() as connection:
        return callbacks.owe(
            connection,
            record_id=record_id,
            account_id=account_id,
            url="https://hooks.example/a",
            body={"taskId": record_id, **body},
        )


def _found(database: Database, delivery_id: str) -> callbacks.Delivery:
    with database.reading() as connection:
        return callbacks.find(connection, delivery_id, account_id=None)


def _begin(database: Database, id: str, round: int, number: int) -> Begun | None:
    with database.transaction() as connection:
        return callbacks.begin_attempt(connection, id, round, number)


def _begun(database: Database, id: str, round: int, number: int) -> Begun:
    found = _begin(database, id, round, number)
    assert found is not None
    return found


def _close(database: Database, begun: Begun, outcome: callbacks.Outcome) -> bool:
    with database.transaction() as connection:
        return callbacks.close_attempt(connection, begun, outcome)


AGAIN = Again(NOW_MS, 500, "The receiver answered 500.")


def test_a_delivery_from_owed_to_delivered(database: Database) -> None:
    ann = opened(database)
    id = _owed(database, ann, msg="\N{SNOWMAN} \ud800 \0")
    owed = _found(database, id)
    assert (owed.state, owed.round, owed.n_attempts, owed.due_number) == (
        "owed",
        0,
        0,
        1,
    )
    assert json.loads(owed.body)["msg"] == "\N{SNOWMAN} \ud800 \0"
    assert owed.next_ms == owed.created_ms

    first = _begun(database, id, 0, 1)
    under_way = _found(database, id)
    assert (under_way.next_ms, under_way.due_number) == (None, 1)
    assert under_way.attempts[0].ended_ms is None  # it is written before the call
    assert _close(database, first, AGAIN)
    waiting = _found(database, id)
    assert (waiting.next_ms, waiting.due_number) == (NOW_MS, 2)

    assert not _close(database, _begun(database, id, 0, 2), Done(204))
    done = _found(database, id)
    assert (done.state, done.next_ms, done.body) == ("delivered", None, owed.body)
    assert done.closed_ms is not None
    assert [(one.number, one.status, one.error) for one in done.attempts] == [
        (1, 500, AGAIN.error),
        (2, 204, None),
    ]
    assert _begin(database, id, 0, 3) is None


def test_an_attempt_is_made_once_unless_its_process_died(database: Database) -> None:
    id = _owed(database, opened(database))
    assert _begin(database, id, 0, 2) is None  # the first comes first
    assert _begin(database, id, 1, 1) is None
    assert _begin(database, "0" * 32, 0, 1) is None
    _begun(database, id, 0, 1)  # the process dies here
    again = _begun(database, id, 0, 1)
    assert _close(database, again, AGAIN)
    assert _begin(database, id, 0, 1) is None  # made and closed
    ended = [one.ended_ms is not None for one in _found(database, id).attempts]
    assert ended == [False, True]


def test_two_that_made_the_same_attempt_enqueue_one_successor(
    database: Database,
) -> None:
    """At least once: a recovered workflow may do what its slow twin is doing still."""
    id = _owed(database, opened(database))
    slow, quick = _begun(database, id, 0, 1), _begun(database, id, 0, 1)
    assert _close(database, quick, AGAIN)
    assert not _close(database, slow, AGAIN)
    second = _begun(database, id, 0, 2)
    assert not _close(database, slow, GivenUp(None, "late"))
    assert _found(database, id).state == "owed"
    assert not _close(database, second, GivenUp(410, "x" * 1000))
    dead = _found(database, id)
    assert dead.state == "dead"
    assert dead.attempts[-1].error == "x" * 500


@pytest.mark.parametrize("end", [Done(200), GivenUp(410, "gone"), None])
def test_redelivery_is_a_round_of_its_own(
    database: Database, end: callbacks.Outcome | None
) -> None:
    """Also of what was delivered, and of what still waits for its next attempt."""
    ann, eve = opened(database), opened(database, "eve")
    id = _owed(database, ann)
    first = _begun(database, id, 0, 1)
    if end is not None:
        _close(database, first, end)
    with database.transaction() as connection, pytest.raises(NotFound):
        callbacks.redeliver(connection, id, account_id=eve)
    with database.transaction() as connection:
        again = callbacks.redeliver(connection, id, account_id=ann)
    assert (again.state, again.round, again.due_number) == ("owed", 1, 1)
    assert again.webhook_id == f"msg_{id}"
    assert again.closed_ms is None
    assert _begin(database, id, 0, 2) is None  # the round before is over
    second = _begun(database, id, 1, 1)
    if end is None:  # its call comes back only now, and changes nothing of this round
        assert not _close(database, first, AGAIN)
    assert _close(database, second, AGAIN)
    assert [one.round for one in _found(database, id).attempts] == [0, 1]


def test_an_account_sees_its_own_deliveries_only(database: Database) -> None:
    ann, eve = opened(database), opened(database, "eve")
    hers = [_owed(database, ann) for _ in range(5)]
    _owed(database, eve)
    _close(database, _begun(database, hers[0], 0, 1), GivenUp(410, "gone"))
    with database.reading() as connection:

        def listed(account_id: str | None = ann, **asked: Any) -> list[str]:
            found = callbacks.listed(connection, account_id=account_id, **asked)
            return [one.id for one in found]

        assert sorted(listed()) == sorted(hers)
        assert len(listed(account_id=None)) == 6
        assert listed(state="dead") == [hers[0]]
        assert sorted(listed(state="owed")) == sorted(hers[1:])
        record_id = callbacks.find(connection, hers[2], account_id=ann).record_id
        assert listed(record_id=record_id) == [hers[2]]
        assert listed(account_id=eve, record_id=record_id) == []
        page = callbacks.listed(connection, account_id=ann, limit=2)
        seen = []
        while page:
            seen += [one.id for one in page]
            last = (page[-1].created_ms, page[-1].id)
            page = callbacks.listed(connection, account_id=ann, before=last, limit=2)
        assert seen == listed()
        with pytest.raises(NotFound):
            callbacks.find(connection, hers[0], account_id=eve)


def test_what_is_overdue_is_found_page_by_page(database: Database) -> None:
    ann = opened(database)
    waiting, running, done, *new = (_owed(database, ann) for _ in range(6))
    _close(database, _begun(database, waiting, 0, 1), Again(2 * NOW_MS, 500, "no"))
    _close(database, _begun(database, done, 0, 1), Done(200))
    _begun(database, running, 0, 1)
    with database.reading() as connection:
        first = callbacks.overdue(connection, 2 * NOW_MS, limit=3)
        second = callbacks.overdue(connection, 2 * NOW_MS, after=first[-1].id, limit=3)
        later = callbacks.overdue(connection, 2 * NOW_MS + 1)
        (under_way,) = callbacks.overdue(connection, 1)
    assert [one.id for one in first + second] == sorted([running, *new])
    assert {one.due_number for one in first + second} == {1}
    assert {one.id: one.due_number for one in later}[waiting] == 2
    assert under_way.id == running


def test_a_record_that_goes_takes_its_deliveries_along(database: Database) -> None:
    ann = opened(database)
    gone, kept = _owed(database, ann), _owed(database, ann)
    _begun(database, gone, 0, 1)
    with database.transaction() as connection:
        record_id = callbacks.find(connection, gone, account_id=ann).record_id
        callbacks.forget(connection, [record_id])
        found = callbacks.listed(connection, account_id=None)
    assert [one.id for one in found] == [kept]
