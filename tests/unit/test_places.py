"""Places in the queue: as many as the tier says, and each that comes free is taken."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import TableClause, column, select, table

from longtake import invariants, keys, records
from longtake.keys import Account
from longtake.records import Record, Work
from longtake.store import Store
from longtake.tasks import Tasks, prepare
from tests.books import opened


@pytest.fixture
def tasks(store: Store) -> Tasks:
    """Tasks over prepared, empty books."""
    prepare(store)
    return Tasks(store)


@pytest.fixture
def ann(tasks: Tasks) -> Account:
    """An account of three tasks at a time."""
    return account(tasks, "ann")


def account(tasks: Tasks, name: str) -> Account:
    account_id = opened(tasks.store.database, name)
    with tasks.store.database.reading() as connection:
        return keys.account(connection, account_id)


def workflows(tasks: Tasks) -> TableClause:
    """The durable library's own table."""
    names = ("workflow_uuid", "status", "queue_name", "priority", "created_at")
    schema = None if tasks.store.database.on_sqlite else "dbos"
    return table("workflow_status", *map(column, names), schema=schema)


def in_queue(tasks: Tasks, made: Sequence[Record]) -> list[bool]:
    """Which of the records the durable queue has in hand."""
    states = tasks.queue.states(one.id for one in made)
    return [states.get(one.id) == "ENQUEUED" for one in made]


def asking(
    tasks: Tasks, owner: Account, *engines: str, priority: int = 100
) -> list[Record]:
    """One task for each of ``engines``."""
    return [
        tasks.submit(
            owner,
            task_type="mj_video_extend_auto",
            params={},
            work=Work(kind="extend", engine=engine),
            credits=1,
            priority=priority,
        )
        for engine in engines
    ]


def test_each_task_that_ends_lets_the_next_one_in(tasks: Tasks, ann: Account) -> None:
    """Whatever ends it, and whatever its engine: three have a place, no fourth."""
    made = asking(tasks, ann, "a", "b", "a", "a", "b", "a", "a")
    assert in_queue(tasks, made) == [True] * 3 + [False] * 4
    tasks.cancel(ann.id, made[1].task_id)
    assert in_queue(tasks, made) == [True, False, True, True] + [False] * 3
    tasks.cancel(ann.id, made[5].task_id)  # it had no place to give
    assert in_queue(tasks, made) == [True, False, True, True] + [False] * 3
    tasks.settle_made(made[0].id, [])
    tasks.settle_made(made[0].id, [])  # again, to no effect
    tasks.settle_failed(made[1].id, message="late", flag=3)
    assert in_queue(tasks, made)[3:] == [True, True, False, False]
    tasks.settle_failed(made[2].id, message="No.", flag=2)
    assert in_queue(tasks, made)[3:] == [True, True, False, True]
    rows = workflows(tasks).c
    query = select(rows.queue_name).where(rows.workflow_uuid == made[4].id)
    with tasks.store.database.reading() as connection:
        assert connection.scalars(query).all() == ["engine-b"]


def test_the_lowest_priority_goes_first(tasks: Tasks, ann: Account) -> None:
    made = asking(tasks, ann, "a", "a", "a", "a")
    made += asking(tasks, ann, "a", priority=1)
    tasks.cancel(ann.id, made[0].task_id)
    assert in_queue(tasks, made[1:]) == [True, True, False, True]


def test_accounts_have_their_turns_one_after_the_other(
    tasks: Tasks, ann: Account
) -> None:
    """Who asks for much waits behind who asks for little, but for the places it has."""
    hers = asking(tasks, ann, *"aaaaa")
    his = asking(tasks, account(tasks, "bob"), "a")
    tasks.cancel(ann.id, hers[0].task_id)
    rows = workflows(tasks).c
    query = select(rows.workflow_uuid).where(rows.status == "ENQUEUED")
    with tasks.store.database.reading() as connection:
        order = connection.scalars(query.order_by(rows.priority, rows.created_at)).all()
    assert order == [one.id for one in (hers[1], hers[2], his[0], hers[3])]


def test_no_place_is_lost_or_given_twice(tasks: Tasks, ann: Account) -> None:
    """Submissions and ends of every kind, eight at a time."""
    made = asking(tasks, ann, *"aabbab")

    def act(number: int) -> None:
        if number % 3 == 0:
            made.extend(asking(tasks, ann, "ab"[number % 2]))
        elif number % 3 == 1:
            tasks.cancel(ann.id, made[number // 3].task_id)
        else:
            tasks.settle_failed(made[number // 3].id, message="No.", flag=2)

    for first in range(0, 24, 8):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(act, range(first, first + 8)))
        with tasks.store.database.reading() as connection:
            open_ = [one for one in made if records.by_id(connection, one.id).open]
        assert len(open_) > 3
        assert sum(in_queue(tasks, open_)) == 3
        assert invariants.check(tasks.store, again_s=0) == []


def test_another_tier_counts_for_what_waits(tasks: Tasks, ann: Account) -> None:
    made = asking(tasks, ann, *"aaaaaa")

    def tier(name: str) -> None:
        with tasks.store.database.transaction() as connection:
            keys.set_tier(connection, ann.id, name)
        tasks.fill_places()

    tier("priority")
    assert in_queue(tasks, made) == [True] * 6
    tier("standard")  # who has a place keeps it
    last = asking(tasks, ann, *"aa")
    for one in made[:3]:
        tasks.cancel(ann.id, one.task_id)
        assert in_queue(tasks, last) == [False, False]
    tasks.cancel(ann.id, made[3].task_id)
    assert in_queue(tasks, last) == [True, False]
