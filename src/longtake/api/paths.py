"""The path of a video: everything that was made of the original until it stood there."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from itsdangerous import BadSignature, TimestampSigner
from pydantic import Field
from sqlalchemy import Connection

from longtake import clips, clock, records
from longtake.api import auth, envelope, shapes
from longtake.api.body import Ask, json_body
from longtake.api.envelope import Answer, Envelope
from longtake.api.fields import Whole
from longtake.api.records import Index, TaskId, VideoView, chosen, video_view
from longtake.api.shapes import Shape
from longtake.errors import NotFound, RecordNotReady
from longtake.records import Origin, Record
from longtake.store import Store

router = APIRouter(tags=["records"])

_SHARED_S = 7 * 24 * 3600
_SALT = "longtake.share"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    404: {"description": "The link is not good.", "model": envelope.Refusal}
}


class PathStep(Shape):
    """One video of a path, and how it was made."""

    task_id: str
    task_type: str
    origin: Origin
    create_time: int = Field(description="Epoch milliseconds.")
    prompt: str | None
    engine: str | None = Field(description="Null for what was not made here.")
    video: VideoView
    report: dict[str, Any] | None = Field(
        description="With the engine's plan; null for what was not made here."
    )


class VideoPath(Shape):
    """From the original to a video, with every prompt, plan and report on the way."""

    task_id: str
    index: int
    steps: tuple[PathStep, ...] = Field(description="The original first.")


class ShareAsk(Ask):
    """Which video of the record."""

    index: Whole = 0


class Share(Shape):
    """A link to a path. Whoever has it needs no key."""

    url: str = Field(description="A page of the studio.")
    data_url: str = Field(description="What it shows, as JSON.")
    expire_time: int = Field(description="Epoch milliseconds.")


@router.get("/api/v1/records/{task_id}/path", response_model=Answer[VideoPath])
def read_path(
    caller: auth.Caller,
    task_id: TaskId,
    store: auth.Books,
    index: Index = 0,
) -> Envelope:
    """Everything that led to one video, from the original on, in one document."""
    with store.database.reading() as connection:
        record = records.find(connection, caller.account.id, task_id)
        return shapes.ok(_path(connection, record, index, store))


@router.post("/api/v1/records/{task_id}/share", response_model=Answer[Share])
def share(
    caller: auth.Caller,
    task_id: TaskId,
    ask: Annotated[ShareAsk, json_body(ShareAsk)],
    store: auth.Books,
) -> Envelope:
    """A link to the path of one video, good for seven days and for anybody.

    It shows the videos, prompts, plans and reports on the way, and ends before its time
    once the record is deleted.
    """
    with store.database.reading() as connection:
        record = records.find(connection, caller.account.id, task_id)
        _path(connection, record, ask.index, store)
    token = _signer(store).sign(f"{record.id}.{ask.index}").decode()
    return shapes.ok(
        Share(
            url=f"{store.settings.base_url}/#/share/{token}",
            data_url=f"{store.settings.base_url}/share/{token}",
            expire_time=clock.now_ms() + _SHARED_S * 1000,
        )
    )


@router.get("/share/{token}", response_model=Answer[VideoPath], responses=_ANSWERS)
def shared(
    token: Annotated[str, Path(description="As it was shared.")],
    store: auth.Books,
) -> Envelope:
    """The path behind a shared link."""
    try:
        sent = token.encode("utf-8", "replace")
        signed = _signer(store).unsign(sent, max_age=_SHARED_S).decode()
        record_id, _, index = signed.partition(".")
        with store.database.reading() as connection:
            record = records.by_id(connection, record_id)
            if record.deleted_ms is None:
                return shapes.ok(_path(connection, record, int(index), store))
    except (BadSignature, NotFound):
        pass
    told = "This link is not good any more; ask whoever sent it for a new one."
    return Envelope(envelope.NOT_FOUND, told, status=404)


def _path(
    connection: Connection, record: Record, index: int, store: Store
) -> VideoPath:
    """Raises RecordNotReady where there is no video yet, FieldInvalid for an index."""
    found = records.lineage(connection, record.account_id, record.task_id)
    known = {one.task_id: one for one in found}
    videos = clips.of_each(connection, [one.id for one in found])
    if not videos[record.id]:
        raise RecordNotReady("The record has no video (yet), so no path leads to it.")
    chosen(videos[record.id], index)
    steps = []
    here, place = known.get(record.task_id), index
    while here is not None:
        clip = videos[here.id][place]
        steps.append(
            PathStep(
                task_id=here.task_id,
                task_type=here.task_type,
                origin=here.origin,
                create_time=here.created_ms,
                prompt=here.prompt,
                engine=here.work.get("engine"),
                video=video_view(here, clip, store.settings.base_url),
                report=clip.report,
            )
        )
        place = here.parent_index or 0
        here = known.get(here.parent_task_id or "")
    return VideoPath(task_id=record.task_id, index=index, steps=tuple(steps[::-1]))


def _signer(store: Store) -> TimestampSigner:
    return TimestampSigner(store.secret, salt=_SALT)
