"""The durable library's executor in this process: started, stopped, its dead recovered.

Two things here are private to the library, each with its reason; nothing else anywhere
is. Its version is pinned for them.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from contextlib import suppress

from dbos import DBOS, DBOSConfig
from dbos._core import ActiveWorkflowById

from longtake import logs
from longtake.errors import DatabaseUnreachable
from longtake.store import Store
from longtake.tasks import queue
from longtake.tasks.queue import Queue
from longtake.worker.locks import Locks, name_of, number_of

_log = logs.get(__name__)


def create(store: Store, work: Queue, executor: str, engines: Iterable[str]) -> Load:
    """Make the library ready for workflows to be registered; nothing runs yet."""
    engine_queues = [queue.engine_queue(name) for name in engines]
    config: DBOSConfig = {
        "name": queue.APPLICATION,
        "system_database_url": store.database.url,
        "system_database_engine": store.database.engine,
        "dbos_system_schema": queue.SCHEMA,
        "serializer": queue.SERIALIZER,
        # Left to itself it is a hash of the code: an edit would strand what is running.
        "application_version": queue.VERSION,
        "executor_id": executor,
        "run_migrations": False,
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    library = DBOS(config=config)
    load = Load(work, engine_queues)
    library._active_workflows_set = load  # noqa: SLF001
    DBOS.listen_queues([*engine_queues, queue.CALLBACKS])
    return load


class Load(ActiveWorkflowById):
    """What runs here, which the library asks for before it takes from a queue.

    It counts each queue by itself: a slot would take one task for each of its engines and
    let all but one wait, while other slots are free; and a task that kills its slot would
    use up the attempts of those that wait beside it. So engines' queues count together.

    And it writes out a long statement for each look at a queue, five times a second,
    which is most of what an idle slot costs. So a queue is full when nothing waits on it.
    """

    def __init__(self, work: Queue, engine_queues: Collection[str]) -> None:
        super().__init__()
        self._work, self._engine_queues = work, engine_queues

    def count_for_queue(self, queue_name: str) -> int:
        """How many workflows run that count for this queue; too many, if none waits."""
        with suppress(DatabaseUnreachable):  # the library says so when it looks itself
            if not self._work.has_waiting(queue_name):
                return sys.maxsize
        ours = self._engine_queues
        counted = ours if queue_name in ours else [queue_name]
        return sum(super(Load, self).count_for_queue(name) for name in counted)

    def running(self) -> set[str]:
        """The workflows that run here."""
        return set(self.activeList())


def launch() -> None:
    """Begin to take workflows: first what this executor had in hand when it died."""
    DBOS.launch()


def stop(grace_s: int) -> None:
    """Take nothing more; return when all is finished, or after ``grace_s`` seconds."""
    DBOS.destroy(workflow_completion_timeout_sec=grace_s)


def recover(held: Locks, work: Queue, own: int) -> None:
    """Hand back to the queues what executors that are dead have left in hand.

    The library's own recovery across executors is no part of its open core, and its
    public ``resume_workflows`` sets the count of attempts back to none: a task that
    kills its worker would then kill one after another for ever. So the private call,
    here and nowhere else, at the pinned version. It moves nothing that a living
    executor has taken meanwhile, and only in the name of an executor whose lock we hold.
    """
    for executor in sorted(work.executors() - {name_of(own)}):
        number = number_of(executor)
        if not held.take(number):
            continue
        try:
            found = DBOS._recover_pending_workflows([executor])  # noqa: SLF001
            if found:
                _log.warning("handed back", executor=executor, n_workflows=len(found))
        finally:
            held.release(number)
