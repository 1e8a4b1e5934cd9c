"""The steps of a task: begin, make a still of an image, make a candidate, settle.

A step may run twice, since a process can die after its work and before the library has
recorded it. So each ends in the same however often it runs.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any

from longtake import clips, logs, records
from longtake.errors import DatabaseUnreachable, LongtakeError
from longtake.extension.ranking import ranked
from longtake.records import Progress, Record, Work
from longtake.report import Report
from longtake.tasks import Video
from longtake.worker.bench import Bench
from longtake.worker.making import MadeVideo, Telling, make_extension, make_still
from longtake.worker.turn import HandedBack
from longtake.worker.watch import Watch

Json = dict[str, Any]  # what a step hands on, kept by the library

_BEFORE_ENGINE, _AFTER_ENGINE = 2, 3  # the wire's two ways to fail
_RAN = frozenset({"engine", "frames", "measure", "proof"})  # stages that need an engine

_MAX_IMAGE_BYTES = 50_000_000
_FETCH_S = 60
_IMAGE_TYPES = ("image/", "application/octet-stream")

_log = logs.get(__name__)


def begin(bench: Bench, record_id: str) -> Json | None:
    """Take the record up: its work, or None where it is settled already."""

    def act() -> Work | None:
        with bench.store.database.transaction() as connection:
            return records.begin(connection, record_id)

    work = bench.patiently(act)
    return work.model_dump(mode="json") if work else None


def still(bench: Bench, record_id: str, due_s: float) -> Json:
    """Make the clip of one frame that a generation goes on from: ``{}``, or as candidate."""
    making = _Making(bench, record_id, 0)
    return _watched(bench, making, making.still, due_s)


def candidate(bench: Bench, record_id: str, number: int, due_s: float) -> Json:
    """Make one video and keep its files: the Video, or ``{"failure": ...}``.

    ``due_s`` of the monotonic clock is when the task has to be done. Raises HandedBack
    where this process is leaving.
    """
    making = _Making(bench, record_id, number)
    made = _watched(bench, making, making.video, due_s)
    record = _record(bench, record_id)
    if record.state == "fail":  # canceled meanwhile, and its workflow with it
        discard(bench, record)
    return made


def settle(bench: Bench, record_id: str, made: Sequence[Json]) -> None:
    """Write down how the task ended; what nobody wants any more is deleted."""
    failure = next((one["failure"] for one in made if "failure" in one), None)
    videos = _best_first([one for one in made if "failure" not in one])
    if failure:
        bench.patiently(lambda: bench.tasks.settle_failed(record_id, **failure))
    else:
        bench.patiently(lambda: bench.tasks.settle_made(record_id, videos))
    record = _record(bench, record_id)
    if record.work["kind"] == "generate":
        bench.store.files.delete([_still_of(record)])
    if record.state == "fail":
        discard(bench, record)
    _log.info("settled", state=record.state, reason=record.error_message)


def discard(bench: Bench, record: Record) -> None:
    """Delete every file of a task that failed; whoever made them may have died."""
    files = bench.store.files
    found = files.keys(f"clips/{record.account_id}/{record.id}")
    files.delete([key for key, _ in found])


def _best_first(made: Sequence[Json]) -> list[Video]:
    videos = [Video.model_validate(one) for one in made]
    reports = [Report.model_validate(video.report) for video in videos]
    return [videos[place] for place in ranked(reports)]


def _still_of(record: Record) -> str:
    """The key of the clip of one frame that a generation goes on from."""
    return f"clips/{record.account_id}/{record.id}/still.mp4"


def _watched(
    bench: Bench, making: _Making, make: Callable[[Event], Json], due_s: float
) -> Json:
    """What ``make`` makes before a stop, or ``{"failure": ...}``."""
    database, record_id = bench.store.database, making.record.id
    with Watch(database, record_id, due_s=due_s, leaving=bench.leaving) as watch:
        try:
            return make(watch.stop)
        except LongtakeError as error:
            if watch.why == "leaving":
                raise HandedBack from error
            late = f"It took longer than {bench.store.settings.task_deadline_s} s."
            reason = late if watch.why == "late" else str(error)
        except Exception:  # noqa: BLE001 - the edge of one task: a bug fails only it
            _log.exception("bug", candidate=making.number)
            reason = "It failed through a bug in Longtake; the operator's log has it."
    return {"failure": {"message": reason, "flag": making.flag}}


class _Making:
    """The making of one candidate of a record, or of what it goes on from."""

    def __init__(self, bench: Bench, record_id: str, number: int) -> None:
        self.flag, self.number = _BEFORE_ENGINE, number
        self.record = _record(bench, record_id)
        self._work = Work.model_validate(self.record.work)
        self._bench = bench

    def still(self, stop: Event) -> Json:
        """Keep the clip of one frame."""
        with self._bench.desk() as desk:
            image, clip = Path(desk) / "The image", Path(desk) / "still.mp4"
            self._get_image(image)
            make_still(self._work, image, clip, stop=stop)
            self._bench.store.files.put(clip, _still_of(self.record))
        return {}

    def video(self, stop: Event) -> Json:
        """Keep the video, its poster and its filmstrip."""
        files = self._bench.store.files
        with self._bench.desk() as desk, files.local(self._source()) as source:
            made = make_extension(
                self._work,
                source,
                Path(desk),
                engines=self._bench.engines,
                listen=self._listen,
                stop=stop,
                candidate=self.number,
            )
            return self._keep(made).model_dump(mode="json")

    def _get_image(self, to: Path) -> None:
        """Copy the upload, or fetch what lies at the URL."""
        image, account_id = self._work.image, self.record.account_id
        assert image, "a generation is of an image"
        if "://" in image:
            self._bench.door.fetch(
                image,
                to,
                max_bytes=_MAX_IMAGE_BYTES,
                timeout_s=_FETCH_S,
                types=_IMAGE_TYPES,
            )
            return

        upload = self._bench.read(lambda books: clips.upload(books, account_id, image))
        with self._bench.store.files.local(upload.object_key) as path:
            shutil.copyfile(path, to)

    def _source(self) -> str:
        """The key of the clip to go on from."""
        clip_id = self._work.source_clip_id
        if clip_id is None:
            return _still_of(self.record)
        return self._bench.read(lambda books: clips.by_id(books, clip_id)).object_key

    def _keep(self, made: MadeVideo) -> Video:
        files, record = self._bench.store.files, self.record
        name = f"clips/{record.account_id}/{record.id}/{self.number}"
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
                records.tell(connection, self.record.id, progress)
        except DatabaseUnreachable:
            _log.warning("progress was not told: the database cannot be reached")


def _record(bench: Bench, record_id: str) -> Record:
    return bench.read(lambda books: records.by_id(books, record_id))
