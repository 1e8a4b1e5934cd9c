"""The durable library's executor in this process: started, stopped, its dead recovered."""

from __future__ import annotations

from dbos import DBOS, DBOSConfig

from longtake import logs
from longtake.store import Store
from longtake.tasks import queue
from longtake.tasks.queue import Queue
from longtake.worker.locks import Locks, name_of, number_of

_log = logs.get(__name__)


def create(store: Store, executor: str) -> None:
    """Make the library ready for workflows to be registered; nothing runs yet."""
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
    DBOS(config=config)


def launch(engines: tuple[str, ...]) -> None:
    """Begin to take workflows: first what this executor had in hand when it died."""
    names = [queue.engine_queue(name) for name in engines]
    DBOS.listen_queues([*names, queue.CALLBACKS])
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
