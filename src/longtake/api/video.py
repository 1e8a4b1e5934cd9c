"""The family's video endpoints: extend, generate, look, cancel."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection

from longtake import clips, direction, records
from longtake.api import auth, envelope
from longtake.api.answers import RecordInfo, Submitted
from longtake.api.asks import AUTO, HD, IMAGES, ExtendAsk, GenerateAsk
from longtake.api.body import Repeat, json_body, read
from longtake.api.engines import chosen
from longtake.api.envelope import Answer, Envelope
from longtake.clips import Clip
from longtake.door import Door
from longtake.errors import (
    AddressRefused,
    FieldInvalid,
    NotFound,
    RecordNotReady,
    SourceFailed,
    SwitchedOff,
)
from longtake.keys import Key
from longtake.records import Record, Work

router = APIRouter(tags=["video"])

_SECONDS = Fraction(4)  # of new material
_GENERATED = Fraction(5)  # of a video that begins with an image


async def _no_image_tasks(request: Request) -> None:
    """Making images is no feature of ours: 505, before the other fields are looked at."""
    task_type = read(await request.body()).get("taskType")
    if task_type in IMAGES:
        raise SwitchedOff(f"{task_type} makes images; this service makes videos.")


@router.post("/api/v1/mj/generateVideoExtend", response_model=Answer[Submitted])
def extend(
    *,
    request: Request,
    caller: Annotated[Key, auth.submits("extend")],
    ask: Annotated[ExtendAsk, json_body(ExtendAsk)],
    repeat: Repeat,
    store: auth.Books,
    tasks: auth.Work,
) -> Envelope:
    """Make a video of a record longer; the answer comes as soon as the task is durable."""
    if known := tasks.repeated(caller.account, repeat):
        return _submitted(request, known)
    _check_callback(ask.callback_url, request)
    with store.database.reading() as connection:
        source, clip = _source(connection, caller, ask)
        engine, _known = chosen(connection, ask.engine, store.settings)
    prompt = ask.prompt
    if prompt is None and ask.task_type == AUTO:
        prompt = direction.read(source.prompt).text or None
    flags = direction.read(ask.prompt).flags
    work = Work(
        kind="extend",
        engine=engine,
        source_clip_id=clip.id,
        seconds=Fraction(ask.seconds) if ask.seconds else _SECONDS,
        from_=Fraction(ask.from_) if ask.from_ else None,
        prompt=prompt,
        seed=ask.seed,
        watermark=ask.water_mark,
        candidates=ask.batch_size or flags.bs or 1,
        sound=ask.sound,
        motion=flags.motion,
    )
    record = tasks.submit(
        caller.account,
        task_type=ask.task_type,
        params=ask.params(),
        work=work,
        credits=store.settings.prices["extend"],
        parent=source,
        parent_index=ask.index,
        callback_url=ask.callback_url,
        idempotency=repeat,
    )
    return _submitted(request, record)


@router.post("/api/v1/mj/generate", response_model=Answer[Submitted])
def generate(
    *,
    request: Request,
    caller: Annotated[Key, auth.submits("generate")],
    _: Annotated[None, Depends(_no_image_tasks)],
    ask: Annotated[GenerateAsk, json_body(GenerateAsk)],
    repeat: Repeat,
    store: auth.Books,
    tasks: auth.Work,
) -> Envelope:
    """Start a lineage from one image: a video of five seconds that begins with it."""
    if known := tasks.repeated(caller.account, repeat):
        return _submitted(request, known)
    _check_callback(ask.callback_url, request)
    with store.database.reading() as connection:
        image = _image(connection, caller, ask, request)
        engine, _known = chosen(connection, ask.engine, store.settings)
    hd = ask.task_type == HD
    flags = direction.read(ask.prompt).flags
    asked = "batch_size" in ask.model_fields_set
    candidates = ask.batch_size if asked else flags.bs or 1
    work = Work(
        kind="generate",
        engine=engine,
        image=image,
        seconds=_GENERATED,
        prompt=ask.prompt,
        seed=ask.seed,
        watermark=ask.water_mark,
        candidates=candidates,
        motion=flags.motion or ask.motion,
        aspect=ask.aspect,
        hd=hd,
    )
    record = tasks.submit(
        caller.account,
        task_type=ask.task_type,
        params=ask.params() | {"videoBatchSize": candidates},
        work=work,
        credits=store.settings.prices["video_hd" if hd else "video"] * candidates,
        callback_url=ask.callback_url,
        idempotency=repeat,
    )
    return _submitted(request, record)


@router.get("/api/v1/mj/record-info", response_model=Answer[RecordInfo])
def record_info(
    caller: auth.Caller,
    task_id: Annotated[str, Query(alias="taskId", description="As it was answered.")],
    store: auth.Books,
) -> Envelope:
    """A record as it stands: poll this until `successFlag` is not 0."""
    if not task_id.strip():
        raise FieldInvalid("taskId is required.", field="taskId")
    with store.database.reading() as connection:
        record = records.find(connection, caller.account.id, task_id.strip())
        videos = clips.of(connection, record.id)
        progress = records.progress(connection, record.id)
    base = store.settings.base_url
    return envelope.ok(records.view(record, videos, base_url=base, progress=progress))


@router.post("/api/v1/tasks/{task_id}/cancel", response_model=Answer[RecordInfo])
def cancel(
    request: Request,
    caller: auth.Caller,
    task_id: str,
    store: auth.Books,
    tasks: auth.Work,
) -> Envelope:
    """Stop a task and give its credits back; one that is over stays as it is."""
    auth.note(request, task_id=task_id)
    record = tasks.cancel(caller.account.id, task_id)
    with store.database.reading() as connection:
        videos = clips.of(connection, record.id)
    base = store.settings.base_url
    return envelope.ok(records.view(record, videos, base_url=base))


def _submitted(request: Request, record: Record) -> Envelope:
    auth.note(request, task_id=record.task_id)
    return envelope.ok({"taskId": record.task_id, "recordId": record.task_id})


def _source(connection: Connection, caller: Key, ask: ExtendAsk) -> tuple[Record, Clip]:
    """The record to extend, and its clip. Raises what the contract's table says."""
    record = records.find(connection, caller.account.id, ask.task_id)
    if record.open:
        raise RecordNotReady(
            "taskId: the record is not finished yet; wait until its successFlag is 1."
        )
    if record.state == "fail":
        raise SourceFailed(
            "taskId: the record failed itself; there is no video to extend."
        )
    videos = clips.of(connection, record.id)
    if ask.index >= len(videos):
        raise FieldInvalid(
            f"index is {ask.index}, but the record has {_counted(len(videos))}.",
            field="index",
        )
    clip = videos[ask.index]
    if clip.expired_ms is not None:
        raise RecordNotReady("taskId: the record's media have expired and are gone.")
    if ask.from_ and Fraction(ask.from_) > clip.facts.duration:
        raise FieldInvalid(
            f"from is {ask.from_} s, but the video ends after "
            f"{float(clip.facts.duration):.3f} s.",
            field="from",
        )
    return record, clip


def _counted(n: int) -> str:
    if n < 2:  # noqa: PLR2004
        return "one video, index 0" if n else "no video"
    return f"{n} videos, 0 to {n - 1}"


def _check_callback(url: str | None, request: Request) -> None:
    if url is not None:
        _check("callBackUrl", url, request)


def _check(field: str, url: str, request: Request) -> None:
    door: Door = request.app.state.door
    try:
        door.check_literal(url)
    except AddressRefused as error:
        raise FieldInvalid(f"{field}: {error}", field=field) from error


def _image(
    connection: Connection, caller: Key, ask: GenerateAsk, request: Request
) -> str:
    """What Work keeps of the image: the id of an upload, or a URL of elsewhere."""
    url, base = ask.image_url, request.app.state.store.settings.base_url
    try:
        own = clips.own(connection, caller.account.id, url, base)
    except NotFound as error:
        raise FieldInvalid(f"fileUrls: {error}", field="fileUrls") from error
    if own is None:
        _check("fileUrls", url, request)
        return url
    if own.upload_id is None or not own.mime_type.startswith("image/"):
        raise FieldInvalid(
            "fileUrls must name an image: one that you uploaded, or one elsewhere.",
            field="fileUrls",
        )
    return own.upload_id
