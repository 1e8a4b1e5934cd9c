"""What every slot sees to, beside its tasks: that nothing is left lying.

Several slots may look at once; whatever they find, they do the same about it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from longtake import callbacks, clock, fleet, logs, records
from longtake.callbacks import Delivery
from longtake.errors import DatabaseUnreachable
from longtake.records import Record
from longtake.tasks import queue
from longtake.worker import delivery, executor, retention, task
from longtake.worker.bench import Bench
from longtake.worker.locks import Locks, number_of

_FAILED_FLAG = 3
_PAGE = 200
_OVERDUE_MS = 5_000  # an attempt that is due for longer may have been lost
_RETURN_S = 5.0  # what slots get to take their locks again after the database was away
_TRIES = 10

_log = logs.get(__name__)


@dataclass(slots=True)
class _Look:
    """Something to look at every so often."""

    every_s: float
    at: Callable[[], None]
    next_s: float = 0.0


class Sweep:
    """A thread that looks after this slot, and after those that died."""

    def __init__(
        self, bench: Bench, held: Locks, number: int, running: Callable[[], set[str]]
    ) -> None:
        """``running``: the workflows that run in this process."""
        self._bench, self._held, self._number = bench, held, number
        self._running, self._idle = running, frozenset[str]()
        self._queue = bench.tasks.queue
        self._after = ""  # the last enqueued record that was looked at
        self._after_delivery = ""  # the last overdue one
        self._others_from_s = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweep", daemon=True)
        self._looks = (
            _Look(2, self._own_lock),
            _Look(2, self._dead_slots),
            _Look(2, self._dead_desks),
            _Look(2, self._dead_arrivals),
            _Look(2, self._dropped),
            _Look(2, self._given_up_tasks),
            _Look(2, bench.tasks.fill_places),
            _Look(10, self._lost_deliveries),
            _Look(10, self._put_off_deliveries),
            _Look(15, self._presence),
            _Look(3600, lambda: retention.expire(bench)),
        )

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(0.5):
            for look in self._looks:
                now_s = clock.monotonic_s()
                if now_s >= look.next_s and not self._done.is_set():
                    look.next_s = now_s + look.every_s
                    self._try(look.at)

    @staticmethod
    def _try(look: Callable[[], None]) -> None:
        try:
            look()
        except DatabaseUnreachable as error:
            _log.warning("cannot look after things", reason=str(error))
        except Exception:  # noqa: BLE001 - the edge of one look: the others go on
            _log.exception("bug")

    def _own_lock(self) -> None:
        """Hold our own lock, or leave: two processes with one name would do all twice."""
        if self._held.holds(self._number):
            return
        self._others_from_s = clock.monotonic_s() + _RETURN_S
        for _ in range(_TRIES):
            if self._held.take(self._number):
                return
            self._done.wait(0.2)  # a sweep holds the lock of a dead slot for a moment
        _log.error("another process has this slot's lock")
        os._exit(1)

    def _dead_slots(self) -> None:
        if clock.monotonic_s() >= self._others_from_s:
            executor.recover(self._held, self._queue, self._number)

    def _dead_desks(self) -> None:
        """Clear the desks of slots that died: who follows them may have another number."""
        if clock.monotonic_s() < self._others_from_s:
            return
        for name in self._bench.other_desks():
            number = number_of(name)
            if self._held.take(number):
                try:
                    self._bench.clear(name)
                finally:
                    self._held.release(number)

    def _dead_arrivals(self) -> None:
        if n_files := self._bench.store.files.delete_arrivals():
            _log.warning("half-written files deleted", n_files=n_files)

    def _dropped(self) -> None:
        """Hand back what is in our hands and does not run, twice in a row.

        The library drops a workflow when it cannot write down how a step of it ended, on
        a full disk say, and would come back to it only after our death.
        """
        held = self._queue.held(self._bench.name)
        idle = held.keys() - self._running()
        if dropped := {one: held[one] for one in idle & self._idle}:
            self._queue.hand_back(dropped)
            _log.warning("taken up again", n_workflows=len(dropped))
        self._idle = frozenset(idle)

    def _given_up_tasks(self) -> None:
        """Settle enqueued records whose workflow has ended: given up, or gone.

        One page of them each time, so that a long queue costs no more than a short one.
        """
        with self._bench.store.database.reading() as connection:
            page = records.enqueued(connection, after=self._after, limit=_PAGE)
        self._after = page[-1].id if len(page) == _PAGE else ""
        states = self._queue.states(record.id for record in page)
        for record in page:
            state = states.get(record.id, "")
            if state not in queue.OPEN:
                self._give_up(record, state)

    def _give_up(self, record: Record, state: str) -> None:
        message = "It ended without a result."
        if state == queue.GIVEN_UP:
            message = "It was given up: every worker that took it up died over it."
        if self._bench.tasks.settle_failed(
            record.id, message=message, flag=_FAILED_FLAG
        ):
            task.discard(self._bench, record)
            _log.error("given up", task_id=record.task_id, workflow=state)

    def _lost_deliveries(self) -> None:
        """Enqueue owed attempts anew that are due and that nobody is about to make.

        One page each time, as above; whoever waits long for a receiver hides nobody.
        """
        until_ms = clock.now_ms() - _OVERDUE_MS
        with self._bench.store.database.reading() as connection:
            if delivery.switched_off(connection):
                return
            page = callbacks.overdue(
                connection, until_ms, after=self._after_delivery, limit=_PAGE
            )
        self._after_delivery = page[-1].id if len(page) == _PAGE else ""
        due = {_workflow(one): one for one in page}
        states = self._queue.states(due)
        for workflow, one in due.items():
            if states.get(workflow) not in queue.OPEN:
                self._queue.delete([workflow])  # ended without an attempt
                with self._bench.store.database.transaction() as connection:
                    self._bench.tasks.enqueue(connection, one)

    def _put_off_deliveries(self) -> None:
        """Have attempts made that a clock set back has put off: early, rather than late.

        The queue first: whoever dies in between leaves them to be found again.
        """
        with self._bench.store.database.reading() as connection:
            found = callbacks.put_off(connection, limit=_PAGE)
        for one in found:
            self._queue.hasten(_workflow(one))
            with self._bench.store.database.transaction() as connection:
                callbacks.hasten(connection, one)
            _log.warning("the clock was set back", delivery_id=one.id)

    def _presence(self) -> None:
        with self._bench.store.database.transaction() as connection:
            fleet.seen(connection, self._bench.name)


def _workflow(one: Delivery) -> str:
    return queue.delivery_workflow(one.id, one.round, one.due_number)
