"""The durable library by itself, on the same database and with the same settings as ours.

``python -m benchmarks.bare FOLDER DATABASE_URL`` is its executor: one queue like those of
our engines, and a workflow that does nothing but say when it began.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from dbos import DBOS, DBOSClient, EnqueueOptions

from longtake.settings import Settings
from longtake.store.database import Database
from longtake.tasks.queue import POLL_S, SCHEMA, SERIALIZER, VERSION

_NAME = "bare"


def now_ns() -> int:
    """The present moment, comparable between processes."""
    return time.time_ns()


class Bare:
    """A client of the library: what one enqueue, and one look at a status, costs."""

    def __init__(self, folder: Path, database_url: str, *, pool_size: int) -> None:
        settings = Settings(data=folder, database_url=database_url)
        self._database = Database(settings, pool_size=pool_size)
        DBOS.migrate(self._database.url, schema=SCHEMA)
        self._client = DBOSClient(
            system_database_engine=self._database.engine,
            dbos_system_schema=SCHEMA,
            serializer=SERIALIZER,
            application_name=_NAME,
        )
        self._client.register_queue(
            _NAME,
            worker_concurrency=1,
            polling_interval_sec=POLL_S,
        )

    def enqueue(self) -> str:
        """Enqueue the workflow; its id."""
        options: EnqueueOptions = {
            "workflow_name": _NAME,
            "queue_name": _NAME,
            "app_version": VERSION,
        }
        return str(self._client.enqueue(options).workflow_id)

    def status(self, workflow_id: str) -> str:
        """What the library says of a workflow."""
        return str(self._client.retrieve_workflow(workflow_id).get_status().status)

    def began_ns(self, workflow_id: str) -> int:
        """When the workflow began, once it has."""
        return int(self._client.retrieve_workflow(workflow_id).get_result())

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()
        self._database.close()


def main(folder: Path, database_url: str) -> None:
    """Run workflows until SIGTERM."""
    database = Database(Settings(data=folder, database_url=database_url))
    DBOS(
        config={
            "name": _NAME,
            "system_database_url": database.url,
            "system_database_engine": database.engine,
            "dbos_system_schema": SCHEMA,
            "serializer": SERIALIZER,
            "application_version": VERSION,
            "executor_id": _NAME,
            "run_migrations": False,
            "log_level": "WARNING",
        }
    )

    @DBOS.workflow(name=_NAME)
    def begin() -> int:
        return now_ns()

    DBOS.listen_queues([_NAME])
    DBOS.launch()
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM})
    DBOS.destroy(workflow_completion_timeout_sec=0)
    database.close()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(Path(sys.argv[1]), sys.argv[2])
