"""Records: what an account has made and taken in, and how they hang together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from longtake import clips, clock, records
from longtake.api import auth, envelope, shapes
from longtake.api.answers import RecordInfo
from longtake.api.envelope import Answer, Envelope
from longtake.api.shapes import Before, Limit, Number, Optional, Page, Shape
from longtake.clips import Clip
from longtake.errors import FieldInvalid, RecordNotReady
from longtake.records import Origin, Record, State

router = APIRouter(tags=["records"])

TaskId = Annotated[str, Path(max_length=128, description="As it was answered.")]
Index = Annotated[Number, Query(ge=0, le=1000, description="Which video.")]


class VideoFacts(Shape):
    """What a video is. Fractions are exact: ``"24000/1001"``."""

    container: str
    codec: str
    width: int = Field(description="Pixels, as a player shows it.")
    height: int
    rate: str = Field(description="Frames per second, exact.")
    duration: str = Field(description="Seconds, exact.")
    n_frames: int
    sound: bool
    fps: float
    seconds: float


class VideoView(Shape):
    """One video of a record."""

    index: int
    url: str
    poster_url: str | None = Field(description="A JPEG; null once the files are gone.")
    filmstrip_url: str | None = Field(description="A PNG around the join.")
    report_url: str | None = Field(description="Null for what was not made here.")
    facts: VideoFacts
    size_bytes: int
    sha256: str
    expired: bool = Field(description="Whether its files are gone.")
    passed: bool | None = Field(
        description="Whether its measures are accepted; the report says why not."
    )


class RecordView(RecordInfo):
    """A record with everything that is known of it: record-info, and more."""

    model_config = Shape.model_config

    engine: str | None = Field(description="Null for what was not made here.")
    videos: tuple[VideoView, ...] = Field(description="Ranked, the best first.")
    understood: tuple[str, ...] = Field(description="Parts of the prompt, obeyed.")
    ignored: tuple[str, ...] = Field(description="Parts of the prompt, not obeyed.")
    written: str | None = Field(
        description="What the new part shows, in the engine's words; null while unknown."
    )
    ahead: int | None = Field(
        description="While it waits: how many of the account's tasks come before it."
    )


class Lineage(Shape):
    """Every record that a record came from and that came from it."""

    task_id: str = Field(description="The record that was asked for.")
    records: tuple[RecordView, ...] = Field(
        description="Oldest first; `parent` says how they hang together. What came from "
        "a deleted record hangs on what that came from."
    )


class Deleted(Shape):
    """A record that is no more."""

    task_id: str
    deleted: Literal[True] = True


_STATES: dict[str, tuple[State, ...]] = {
    "waiting": ("waiting",),
    "generating": ("running",),
    "success": ("success",),
    "fail": ("fail",),
    "open": records.OPEN,
}


@router.get("/api/v1/records", response_model=Answer[Page[RecordView]])
def list_records(
    *,
    caller: auth.Caller,
    store: auth.Books,
    search: Annotated[
        str,
        Query(description="Text to look for in prompts and ids."),
        StringConstraints(strip_whitespace=True, max_length=200),
    ] = "",
    state: Annotated[
        Literal["waiting", "generating", "success", "fail", "open"] | None,
        Query(description="`open`: waiting or generating."),
        Optional,
    ] = None,
    origin: Annotated[
        Origin | None, Query(description="Where they came from."), Optional
    ] = None,
    limit: Limit = 20,
    before: Before = None,
) -> Envelope:
    """The account's records, newest first."""
    cursor = shapes.read_moment(before)
    with store.database.reading() as connection:
        found = records.listed(
            connection,
            caller.account.id,
            query=search,
            states=_STATES[state] if state else (),
            origin=origin,
            before=cursor,
            limit=limit + 1,
        )
        views = viewed(connection, found, store.settings.base_url)
    page = shapes.paged(
        list(zip(found, views, strict=True)),
        limit,
        lambda pair: pair[1],
        lambda pair: shapes.moment_cursor(pair[0].created_ms, pair[0].id),
    )
    return shapes.ok(page)


@router.get("/api/v1/records/{task_id}", response_model=Answer[RecordView])
def read_record(caller: auth.Caller, task_id: TaskId, store: auth.Books) -> Envelope:
    """One record with everything that is known of it."""
    with store.database.reading() as connection:
        record = records.find(connection, caller.account.id, task_id)
        (view,) = viewed(connection, [record], store.settings.base_url)
    return shapes.ok(view)


@router.get("/api/v1/records/{task_id}/lineage", response_model=Answer[Lineage])
def read_lineage(caller: auth.Caller, task_id: TaskId, store: auth.Books) -> Envelope:
    """The tree that a record belongs to: up to its root, and down to what it became."""
    with store.database.reading() as connection:
        found = records.lineage(connection, caller.account.id, task_id)
        views = viewed(connection, found, store.settings.base_url)
    return shapes.ok(Lineage(task_id=task_id, records=views))


@router.get("/api/v1/records/{task_id}/report", response_model=Answer[dict[str, Any]])
def read_report(
    caller: auth.Caller,
    task_id: TaskId,
    store: auth.Books,
    index: Index = 0,
) -> Envelope:
    """The report of one video: how it was made, how it measures, what was proved."""
    with store.database.reading() as connection:
        record = records.find(connection, caller.account.id, task_id)
        videos = clips.of(connection, record.id)
    if record.origin != "made":
        raise RecordNotReady("The record was taken in, not made here; no report.")
    if record.state != "success":
        raise RecordNotReady("The record has no report, since it has no video (yet).")
    return envelope.ok(chosen(videos, index).report)


def chosen(videos: Sequence[Clip], index: int) -> Clip:
    """The video ``index`` of a record. Raises FieldInvalid where there is none."""
    if index >= len(videos):
        raise FieldInvalid(
            f"index is {index}; the record's videos end at {len(videos) - 1}.",
            field="index",
        )
    return videos[index]


@router.delete("/api/v1/records/{task_id}", response_model=Answer[Deleted])
def delete_record(
    request: Request, caller: auth.Caller, task_id: TaskId, store: auth.Books
) -> Envelope:
    """Delete a record and its files. One that is being made must be canceled first.

    Records that were made from it stay as they are.
    """
    auth.note(request, task_id=task_id)
    with store.database.transaction() as connection:
        records.delete(connection, caller.account.id, task_id)
    return shapes.ok(Deleted(task_id=task_id))


def viewed(
    connection: Connection, found: Sequence[Record], base_url: str
) -> tuple[RecordView, ...]:
    """``found`` as they are shown, with their videos."""
    videos = clips.of_each(connection, [record.id for record in found])
    return tuple(
        _view(connection, record, videos[record.id], base_url) for record in found
    )


def _view(
    connection: Connection, record: Record, videos: Sequence[Clip], base_url: str
) -> RecordView:
    progress = records.progress(connection, record.id) if record.open else None
    steps = [step for clip in videos[:1] for step in _steps(clip)[:1]]
    return RecordView(
        **records.view(record, videos, base_url=base_url, progress=progress),
        engine=record.work.get("engine"),
        videos=tuple(video_view(record, clip, base_url) for clip in videos),
        understood=tuple(part for step in steps for part in step["understood"]),
        ignored=tuple(part for step in steps for part in step["ignored"]),
        written=next((step.get("written") for step in steps), None),
        ahead=(
            records.ahead(connection, record) if record.state == "waiting" else None
        ),
    )


def video_view(record: Record, clip: Clip, base_url: str) -> VideoView:
    """``clip``, a video of ``record``, as it is shown."""
    gone_ms = clip.expired_ms or record.expires_ms
    expired = gone_ms is not None and gone_ms <= clock.now_ms()
    stem = clip.media_name.rpartition(".")[0]
    poster = clip.poster_key and f"{base_url}/m/{stem}.jpg"
    filmstrip = clip.filmstrip_key and f"{base_url}/m/{stem}.png"
    report = f"{base_url}/api/v1/records/{record.task_id}/report?index={clip.index}"
    steps = _steps(clip)
    return VideoView(
        index=clip.index,
        url=f"{base_url}/m/{clip.media_name}",
        poster_url=None if expired else poster,
        filmstrip_url=None if expired else filmstrip,
        report_url=report if clip.report else None,
        facts=VideoFacts(
            **clip.facts.model_dump(mode="json"),
            fps=float(clip.facts.rate),
            seconds=float(clip.facts.duration),
        ),
        size_bytes=clip.size_bytes,
        sha256=clip.sha256,
        expired=expired,
        passed=all(step["verdict"]["passed"] for step in steps) if steps else None,
    )


def _steps(clip: Clip) -> list[dict[str, Any]]:
    return clip.report["steps"] if clip.report else []
