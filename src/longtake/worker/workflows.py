"""The durable workflows: what is done step by step, and goes on after a crash.

A worker that dies is followed by one that skips the steps it had finished. A task that
takes its worker with it is tried four times, and then settled by the sweep.
"""

from __future__ import annotations

from dbos import DBOS

from longtake import clock, logs
from longtake.tasks import queue
from longtake.worker import delivery, task
from longtake.worker.bench import Bench

_MAX_RECOVERIES = 3


def register(bench: Bench) -> None:
    """Give the library its workflows, which work with ``bench``. Before its launch."""

    @DBOS.workflow(name=queue.MAKE, max_recovery_attempts=_MAX_RECOVERIES)
    def make(record_id: str) -> None:
        with logs.about(task_id=record_id), bench.turn.of(record_id):
            due_s = clock.monotonic_s() + bench.store.settings.task_deadline_s
            work = DBOS.run_step({"name": "begin"}, task.begin, bench, record_id)
            if work is None:
                return
            made: list[task.Json] = []
            if work["kind"] == "generate" and (
                failure := DBOS.run_step(
                    {"name": "still"}, task.still, bench, record_id, due_s
                )
            ):
                made.append(failure)
            for number in range(work["candidates"]):
                if made and "failure" in made[-1]:
                    break
                one = DBOS.run_step(
                    {"name": f"candidate {number}"},
                    task.candidate,
                    bench,
                    record_id,
                    number,
                    due_s,
                )
                made.append(one)
            DBOS.run_step({"name": "settle"}, task.settle, bench, record_id, made)

    @DBOS.workflow(name=queue.DELIVER, max_recovery_attempts=_MAX_RECOVERIES)
    def deliver(delivery_id: str, round_: int, number: int) -> None:
        DBOS.run_step(
            {"name": "attempt"}, delivery.attempt, bench, delivery_id, round_, number
        )
