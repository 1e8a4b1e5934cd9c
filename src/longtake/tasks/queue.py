"""The durable queue, from outside a worker: what is enqueued, and what becomes of it.

The durable library keeps its tables in our database, so that its rows and ours commit
together. One queue per engine, so that a worker takes only what it can make, first come,
first served; one for the deliveries of callbacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from longtake.errors import DatabaseUnreachable
from longtake.store.database import Database

APPLICATION: Final = "longtake"
VERSION: Final = "1"  # of the workflows: their steps and what is handed to them
SCHEMA: Final = "dbos"  # of the library's tables on Postgres; SQLite has no schemas
SERIALIZER: Final = DBOSPortableJSONSerializer()  # the library's own default is pickle

MAKE: Final = "make"
DELIVER: Final = "deliver"
CALLBACKS: Final = "callbacks"
POLL_S: Final = 0.2  # between two looks at a queue

OPEN: Final = ("ENQUEUED", "DELAYED", "PENDING")
GIVEN_UP: Final = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
_ENDED: Final = ("SUCCESS", "ERROR", "CANCELLED", GIVEN_UP)
_BATCH: Final = 200


def engine_queue(engine: str) -> str:
    """The queue of the tasks that ``engine`` makes."""
    return f"engine-{engine}"


def delivery_workflow(delivery_id: str, round_: int, number: int) -> str:
    """The workflow that is one attempt at one delivery."""
    return f"{delivery_id}-{round_}-{number}"


def migrate(database: Database) -> None:
    """Bring the library's own tables up to date; after ours, which set SQLite to WAL."""
    with _reachable():
        DBOS.migrate(database.url, schema=SCHEMA)


class Queue:
    """One process's way to the queue. Everything raises DatabaseUnreachable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        schema = "" if database.on_sqlite else f"{SCHEMA}."
        # The states twice: without the list SQLite does not see that an index covers it.
        self._waiting = text(
            f"SELECT 1 FROM {schema}workflow_status WHERE queue_name = :queue "  # noqa: S608
            "AND status = 'ENQUEUED' AND status IN ('ENQUEUED', 'PENDING') LIMIT 1"
        )
        self._client = DBOSClient(
            system_database_engine=database.engine,
            dbos_system_schema=SCHEMA,
            serializer=SERIALIZER,
            application_name=APPLICATION,
            lazy=True,
            retry_connection_errors=False,  # the default waits for ever
        )

    def register(self, engines: Iterable[str]) -> None:
        """Make the queues of ``engines`` and of the deliveries, or bring them up to date."""
        with _reachable():
            for engine in engines:
                self._client.register_queue(
                    engine_queue(engine),
                    worker_concurrency=1,  # without it one poll claims the whole backlog
                    polling_interval_sec=POLL_S,
                )
            self._client.register_queue(
                CALLBACKS,
                partition_concurrency=4,
                worker_concurrency=16,
                polling_interval_sec=POLL_S,
            )

    def make(self, connection: Connection, record_id: str, *, engine: str) -> None:
        """Enqueue the making of a record, in the caller's transaction."""
        options = self._options(MAKE, record_id, engine_queue(engine))
        self._client.enqueue_in_transaction(connection, options, record_id)

    def deliver(
        self,
        connection: Connection,
        delivery_id: str,
        *,
        url: str,
        round_: int,
        number: int,
        delay_s: float = 0,
    ) -> None:
        """Enqueue one attempt at a delivery, in the caller's transaction."""
        workflow = delivery_workflow(delivery_id, round_, number)
        options = self._options(DELIVER, workflow, CALLBACKS)
        options["queue_partition_key"] = urlsplit(url).netloc.rpartition("@")[2] or "-"
        if delay_s > 0:
            options["delay_seconds"] = delay_s
        self._client.enqueue_in_transaction(
            connection, options, delivery_id, round_, number
        )

    def hasten(self, workflow: str) -> None:
        """Let a workflow that waits for its time wait no longer."""
        with _reachable():
            self._client.set_workflow_delay(workflow, delay_seconds=0)

    def cancel(self, workflow: str) -> None:
        """Take a workflow off its queue, or stop it at its next step."""
        with _reachable():
            self._client.cancel_workflow(workflow)

    def states(self, workflows: Iterable[str]) -> dict[str, str]:
        """The library's own words for each of ``workflows`` that it still knows."""
        wanted = list(workflows)
        found: dict[str, str] = {}
        with _reachable():
            for first in range(0, len(wanted), _BATCH):
                for one in self._client.list_workflows(
                    workflow_ids=wanted[first : first + _BATCH],
                    load_input=False,
                    load_output=False,
                ):
                    found[one.workflow_id] = one.status
        return found

    def has_waiting(self, queue: str) -> bool:
        """Whether any workflow waits on ``queue`` to be taken; quick, and so asked often."""
        with self._database.reading() as connection:
            return bool(connection.scalar(self._waiting, {"queue": queue}))

    def executors(self) -> set[str]:
        """The executors, alive or dead, in whose hands workflows are."""
        with _reachable():
            running = self._client.list_workflows(
                status="PENDING", load_input=False, load_output=False
            )
        return {one.executor_id for one in running if one.executor_id}

    def held(self, executor: str) -> dict[str, str | None]:
        """What ``executor`` has in hand: workflows, each with its queue."""
        with _reachable():
            held = self._client.list_workflows(
                status="PENDING",
                executor_id=executor,
                load_input=False,
                load_output=False,
            )
        return {one.workflow_id: one.queue_name for one in held}

    def hand_back(self, held: Mapping[str, str | None]) -> None:
        """Put back what somebody :meth:`held` and no longer runs, as if never tried.

        To be asked by him. That he left, or could not write down what was done, is no
        fault of a task's, and does not bring it nearer to being given up.
        """
        with _reachable():
            for workflow, queue in held.items():
                self._client.resume_workflow(workflow, queue_name=queue)

    def forget(self, before_ms: int) -> int:
        """Delete a batch of workflows that ended before then; how many there were."""
        before = datetime.fromtimestamp(before_ms / 1000, UTC).isoformat()
        with _reachable():
            ended = self._client.list_workflows(
                status=list(_ENDED),
                completed_before=before,
                limit=_BATCH,
                load_input=False,
                load_output=False,
            )
        self.delete(one.workflow_id for one in ended)
        return len(ended)

    def delete(self, workflows: Iterable[str]) -> None:
        """Delete workflows, whatever becomes of them."""
        with _reachable():
            self._client.delete_workflows(list(workflows))

    def close(self) -> None:
        """Let go of the library's client; the database stays open."""
        self._client.destroy()

    @staticmethod
    def _options(name: str, workflow: str, queue: str) -> EnqueueOptions:
        return {
            "workflow_name": name,
            "workflow_id": workflow,
            "queue_name": queue,
            "app_version": VERSION,
        }


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise DatabaseUnreachable(
            f"The database cannot be reached or is busy: {error.orig}."
        ) from error
