"""The steps of a task: begin, make a candidate, settle.

A step may run twice, since a process can die after its work and before the library has
recorded it. So each ends in the same however often it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from longtake import clips, logs, records
from longtake.errors import DatabaseUnreachable, LongtakeError
from longtake.records import Progress, Record, Work
from longtake.tasks import Video
from longtake.worker.bench import Bench
from longtake.worker.making import MadeVideo, Telling, make_extension
from longtake.worker.turn import HandedBack
from longtake.worker.watch import Watch

Json = dict[str, Any]  # what a step hands on, kept by the library

_BEFORE_ENGINE, _AFTER_ENGINE = 2, 3  # the wire's two ways to fail
_RAN = frozenset({"engine", "frames", "measure", "proof"})  # stages that need an engine

_log = logs.get(__name__)


def begin(bench: Bench, record_id: str) -> Json | None:
    """Take the record up: its work, or None where it is settled already."""

    def act() -> Work | None:
        with bench.store.database.transaction() as connection:
            return records.begin(connection, record_id)

    work = bench.patiently(act)
    return work.model_dump(mode="json") if work else None


def candidate(bench: Bench, record_id: str, number: int, due_s: float) -> Json:
    """Make one video and keep its files: the Video, or ``{"failure": ...}``.

    ``due_s`` of the monotonic clock is when the task has to be done. Raises HandedBack
    where this process is leaving.
    """
    making = _Making(bench, record_id, number)
    with Watch(
        bench.store.database, record_id, due_s=due_s, leaving=bench.leaving
    ) as watch:
        try:
            return making.make(watch).model_dump(mode="json")
        except LongtakeError as error:
            if watch.why == "leaving":
                raise HandedBack from error
            late = f"It took longer than {bench.store.settings.task_deadline_s} s."
            reason = late if watch.why == "late" else str(error)
        except Exception:  # noqa: BLE001 - the edge of one task: a bug fails only it
            _log.exception("bug", candidate=number)
            reason = "It failed through a bug in Longtake; the operator's log has it."
    return {"failure": {"message": reason, "flag": making.flag}}


def settle(bench: Bench, record_id: str, made: Sequence[Json]) -> None:
    """Write down how the task ended; what nobody wants any more is deleted."""
    failure = next((one["failure"] for one in made if "failure" in one), None)
    videos = [Video.model_validate(one) for one in made if "failure" not in one]
    if failure:
        bench.patiently(lambda: bench.tasks.settle_failed(record_id, **failure))
    else:
        bench.patiently(lambda: bench.tasks.settle_made(record_id, videos))
    record = _record(bench, record_id)
    if record.state == "fail":
        bench.store.files.delete(key for video in videos for key in video.keys)
    _log.info("settled", state=record.state, reason=record.error_message)


class _Making:
    """The making of one candidate of a record."""

    def __init__(self, bench: Bench, record_id: str, number: int) -> None:
        self.flag = _BEFORE_ENGINE
        self._bench, self._number = bench, number
        self._record = _record(bench, record_id)

    def make(self, watch: Watch) -> Video:
        work = Work.model_validate(self._record.work)
        files = self._bench.store.files
        with self._bench.desk() as desk, files.local(self._source(work)) as source:
            made = make_extension(
                work,
                source,
                Path(desk),
                engines=self._bench.engines,
                listen=self._listen,
                stop=watch.stop,
                candidate=self._number,
            )
            return self._keep(made)

    def _source(self, work: Work) -> str:
        """The key of the clip to go on from."""
        clip_id = work.source_clip_id
        assert clip_id, "an extension is of a clip"

        def act() -> str:
            with self._bench.store.database.reading() as connection:
                return clips.by_id(connection, clip_id).object_key

        return self._bench.patiently(act)

    def _keep(self, made: MadeVideo) -> Video:
        files, record = self._bench.store.files, self._record
        name = f"clips/{record.account_id}/{record.id}/{self._number}"
        key = name + made.path.suffix
        stored = files.put(made.path, key)
        files.put(made.poster, f"{name}.jpg")
        files.put(made.filmstrip, f"{name}.png")
        return Video(
            key=key,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            facts=made.facts,
            report=made.report.model_dump(mode="json"),
            poster_key=f"{name}.jpg",
            filmstrip_key=f"{name}.png",
        )

    def _listen(self, telling: Telling) -> None:
        if telling.stage in _RAN:
            self.flag = _AFTER_ENGINE
        progress = Progress(
            stage=telling.stage,
            done=telling.done,
            total=telling.total,
            candidate=telling.candidate,
            picture=telling.picture,
        )
        try:
            with self._bench.store.database.transaction() as connection:
                records.tell(connection, self._record.id, progress)
        except DatabaseUnreachable:
            _log.warning("progress was not told: the database cannot be reached")


def _record(bench: Bench, record_id: str) -> Record:
    def act() -> Record:
        with bench.store.database.reading() as connection:
            return records.by_id(connection, record_id)

    return bench.patiently(act)
