"""A slot's lock and turn, and what the sweep finds and puts right."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import column, func, select, table, update

from longtake import callbacks, clock, keys, limits, records
from longtake.records import Work
from longtake.store import Store, tables
from longtake.tasks import Tasks, prepare, queue
from longtake.worker import executor, locks, retention
from longtake.worker.bench import Bench
from longtake.worker.sweep import Sweep
from longtake.worker.turn import HandedBack, Turn
from tests.books import opened
from tests.running import until

_URL = "http://receiver.example/hook"


@pytest.fixture
def bench(store: Store) -> Iterator[Bench]:
    prepare(store)
    found = Bench(store, "slot-0")
    yield found
    found.engines.kill()


@pytest.fixture
def tasks(bench: Bench) -> Tasks:
    return bench.tasks


@pytest.fixture
def sweep(bench: Bench) -> Iterator[Sweep]:
    held = locks.locks(bench.store)
    assert held.take(0)
    yield Sweep(bench, held, 0, set)
    held.close()


def waiting(tasks: Tasks, account: str = "ann") -> str:
    """A submitted task of a new account that wants a callback."""
    account_id = opened(tasks.store.database, account)
    with tasks.store.database.reading() as connection:
        owner = keys.account(connection, account_id)
    return tasks.submit(
        owner,
        task_type="mj_video_extend_auto",
        params={},
        work=Work(kind="extend", engine="motion", source_clip_id="c"),
        credits=60,
        callback_url=_URL,
    ).id


def owed(tasks: Tasks) -> callbacks.Delivery:
    """The only delivery there is."""
    with tasks.store.database.reading() as connection:
        (delivery,) = callbacks.listed(connection, account_id=None)
    return delivery


def test_a_number_has_one_holder(store: Store) -> None:
    one, two, three = (locks.locks(store) for _ in range(3))  # of three processes
    assert [locks.take_first(held) for held in (one, two, three)] == [0, 1, 2]
    assert not two.take(0)
    assert one.holds(0)
    one.close()
    until(lambda: two.take(0), what="the end of its connection")
    two.release(1)
    assert three.take(1)
    two.close()
    three.close()


def test_one_has_the_turn_and_the_next_waits() -> None:
    turn, order = Turn(), list[str]()
    entered, leave = threading.Event(), threading.Event()

    def first() -> None:
        with turn.of("a"), turn.of("a"):  # handed out twice: it waits for itself never
            entered.set()
            leave.wait(10)
            order.append("a")

    def second() -> None:
        with turn.of("b"):
            order.append("b")

    threads = [threading.Thread(target=first)]
    threads[0].start()
    assert entered.wait(10)
    threads.append(threading.Thread(target=second))
    threads[1].start()
    leave.set()
    for thread in threads:
        thread.join(10)
    assert order == ["a", "b"]


def test_nobody_gets_a_turn_from_one_who_leaves() -> None:
    turn = Turn()
    with turn.of("a"):
        turn.close()
    with pytest.raises(HandedBack), turn.of("b"):
        pass


def test_a_queue_is_looked_at_only_where_something_waits(tasks: Tasks) -> None:
    """Whether by us first, or by the library: one workflow is taken when it is there."""
    load = executor.Load(tasks.queue, ["engine-motion", "engine-persistence"])
    assert load.count_for_queue("engine-motion") >= 1000
    waiting(tasks)
    assert load.count_for_queue("engine-motion") == 0
    load.add("one", "engine-persistence")
    assert load.count_for_queue("engine-motion") == 1
    assert load.count_for_queue(queue.CALLBACKS) >= 1000


def test_what_the_library_dropped_is_taken_up_again(bench: Bench, tasks: Tasks) -> None:
    """In our hands, and running nowhere: its end could not be written down."""
    held = locks.locks(bench.store)
    ran, dropped = waiting(tasks), waiting(tasks, "bob")
    sweep = Sweep(bench, held, 0, lambda: {ran})
    schema = None if tasks.store.database.on_sqlite else queue.SCHEMA
    names = ("workflow_uuid", "status", "executor_id")
    status = table("workflow_status", *map(column, names), schema=schema)
    with tasks.store.database.transaction() as connection:
        connection.execute(
            update(status).values(status="PENDING", executor_id=bench.name)
        )
    sweep._dropped()
    assert set(tasks.queue.states([dropped]).values()) == {"PENDING"}, "seen once"
    sweep._dropped()
    assert tasks.queue.states([ran, dropped]) == {ran: "PENDING", dropped: "ENQUEUED"}
    held.close()


@pytest.mark.parametrize("ending", ["gone", "canceled"])
def test_a_task_without_a_living_workflow_is_settled(
    tasks: Tasks, sweep: Sweep, ending: str
) -> None:
    record_id = waiting(tasks)
    sweep._given_up_tasks()
    with tasks.store.database.reading() as connection:
        assert records.by_id(connection, record_id).open
    if ending == "gone":
        tasks.queue.delete([record_id])
    else:
        tasks.queue.cancel(record_id)
    sweep._given_up_tasks()
    with tasks.store.database.reading() as connection:
        record = records.by_id(connection, record_id)
    assert (record.state, record.success_flag) == ("fail", 3)
    assert record.error_code == "VIDEO_EXTEND_FAILED"
    assert owed(tasks).state == "owed"


@pytest.mark.parametrize("ending", ["gone", "canceled", "alive"])
def test_an_owed_attempt_is_enqueued_again(
    tasks: Tasks, sweep: Sweep, ending: str
) -> None:
    tasks.settle_failed(waiting(tasks), message="No.", flag=2)
    workflow = queue.delivery_workflow(owed(tasks).id, 0, 1)
    long_ago = clock.now_ms() - 60_000
    with tasks.store.database.transaction() as connection:
        connection.execute(update(tables.deliveries).values(next_ms=long_ago))
    if ending == "gone":
        tasks.queue.delete([workflow])
    elif ending == "canceled":
        tasks.queue.cancel(workflow)
    with tasks.store.database.transaction() as connection:
        limits.switch(connection, "callbacks", off=True)
    before = tasks.queue.states([workflow])
    sweep._lost_deliveries()  # switched off: it stays as it is
    assert tasks.queue.states([workflow]) == before
    with tasks.store.database.transaction() as connection:
        limits.switch(connection, "callbacks", off=False)
    sweep._lost_deliveries()
    assert tasks.queue.states([workflow]) == {workflow: "ENQUEUED"}


def test_a_lost_attempt_is_found_behind_many_that_are_not(
    tasks: Tasks, sweep: Sweep
) -> None:
    record_id = waiting(tasks)
    tasks.settle_failed(record_id, message="No.", flag=2)
    first = owed(tasks)
    with tasks.store.database.transaction() as connection:
        for _ in range(200):
            another = callbacks.owe(
                connection,
                record_id=record_id,
                account_id=first.account_id,
                url=_URL,
                body={"taskId": record_id},
            )
            tasks.enqueue(
                connection, callbacks.find(connection, another, account_id=None)
            )
        connection.execute(update(tables.deliveries).values(next_ms=1))
        last = connection.scalars(select(func.max(tables.deliveries.c.id))).one()
    workflow = queue.delivery_workflow(last, 0, 1)
    tasks.queue.delete([workflow])
    sweep._lost_deliveries()
    assert tasks.queue.states([workflow]) == {}
    sweep._lost_deliveries()
    assert tasks.queue.states([workflow]) == {workflow: "ENQUEUED"}


@pytest.mark.parametrize("n_attempts", [0, 1])
@pytest.mark.parametrize("set_back_s", [0, 30, 3600])
def test_an_attempt_that_a_set_clock_put_off_is_made_now(
    tasks: Tasks, sweep: Sweep, n_attempts: int, set_back_s: int
) -> None:
    """But not one that is to wait for long, nor for a clock that differs a little."""
    tasks.settle_failed(waiting(tasks), message="No.", flag=2)
    delivery = owed(tasks)
    with tasks.store.database.transaction() as connection:
        if n_attempts:
            begun = callbacks.begin_attempt(connection, delivery.id, 0, 1)
            assert begun
            in_a_day = callbacks.Again(clock.now_ms() + 86_400_000, 500, "No.")
            assert callbacks.close_attempt(connection, begun, in_a_day)
        for moment in (tables.deliveries.c.next_ms, tables.attempts.c.ended_ms):
            later = {moment.name: moment + 1000 * set_back_s}
            connection.execute(update(moment.table).values(later))
    due_ms = owed(tasks).next_ms
    sweep._put_off_deliveries()
    found_ms = owed(tasks).next_ms
    assert found_ms
    if set_back_s == 3600:
        assert found_ms <= clock.now_ms()
    else:
        assert found_ms == due_ms


def test_what_has_had_its_time_goes(bench: Bench, tasks: Tasks) -> None:
    record_id = waiting(tasks)
    tasks.settle_failed(record_id, message="No.", flag=2)
    retention.expire(bench)
    assert n_records(tasks) == 1
    old_ms = clock.now_ms() - (tasks.store.settings.record_days + 1) * 24 * 3_600_000
    with tasks.store.database.transaction() as connection:
        connection.execute(update(tables.records).values(completed_ms=old_ms))
    retention.expire(bench)
    assert n_records(tasks) == 0


def n_records(tasks: Tasks) -> int:
    with tasks.store.database.reading() as connection:
        return len(connection.execute(select(tables.records.c.id)).all())


def test_the_desk_of_a_dead_slot_is_cleared_and_no_other(
    bench: Bench, sweep: Sweep
) -> None:
    """The dead one's number may never be taken again, since the lowest free one is."""
    Bench(bench.store, "slot-1"), Bench(bench.store, "slot-2")
    desks = bench.store.settings.data / "work"
    (desks / "slot-2" / "half a video").touch()
    with closing(locks.locks(bench.store)) as others:
        assert others.take(1)
        sweep._dead_desks()
        assert {desk.name for desk in desks.iterdir()} == {"slot-0", "slot-1"}
        others.release(1)
    sweep._dead_desks()
    assert {desk.name for desk in desks.iterdir()} == {"slot-0"}
