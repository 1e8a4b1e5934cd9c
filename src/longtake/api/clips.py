"""Bringing clips in: a file, a URL, or the videos of another service's record."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from longtake import limits
from longtake.api import auth, body, forms, shapes
from longtake.api.arrivals import Arrivals, Incoming
from longtake.api.asks import TaskId
from longtake.api.body import Ask
from longtake.api.envelope import Answer, Envelope
from longtake.api.fields import Prompt, Url
from longtake.api.records import RecordView, viewed
from longtake.clips import paths
from longtake.errors import FieldInvalid
from longtake.keys import Key
from longtake.records import Record
from longtake.store import Store
from longtake.tasks import intake
from longtake.tasks.intake import Arrived, Intake

router = APIRouter(tags=["clips"])

_MAX_VIDEOS = 8
_IMPORT, _ADOPTION = "import", "adopt"  # task types


class ClipAsk(Ask):
    """A clip to bring in by URL, or another service's record under its own id."""

    url: Url | None = Field(None, description="Where the clip lies: http(s), or ours.")
    prompt: Prompt | None = Field(
        None, description="What it shows; extensions go on from it."
    )
    task_id: TaskId | None = Field(
        None, alias="taskId", description="The id that it is to keep."
    )
    urls: list[Url] = Field(
        [],
        max_length=_MAX_VIDEOS,
        description="With taskId: its videos in their order.",
    )


_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "prompt": {"type": "string", "maxLength": 2000},
    },
}


@router.post(
    "/api/v1/clips",
    response_model=Answer[RecordView],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": _FORM},
                "application/json": {"schema": ClipAsk.model_json_schema()},
            },
        }
    },
)
async def bring_in(
    caller: Annotated[Key, auth.sends("imports")],
    request: Request,
    store: auth.Books,
    incoming: Incoming,
) -> Envelope:
    """Bring in a clip; the answer is its record, to be extended like any other.

    Send the part `file` of a form, or JSON: `{"url"}`, or `{"taskId", "urls", "prompt"}`
    for a record of another service that keeps its id. The same again answers the same
    record; other content under that id is refused.
    """
    if forms.is_form(request):
        record = await _sent(request, caller.account.id, store, incoming)
    else:
        ask = body.understood(ClipAsk, body.read(await request.body()))
        record = await _named(ask, caller.account.id, store, incoming)
    auth.note(request, task_id=record.task_id)
    return await run_in_threadpool(_answer, store, record)


async def _sent(
    request: Request, account_id: str, store: Store, incoming: Arrivals
) -> Record:
    async with incoming.place() as path:
        form = await forms.receive(request, path, max_bytes=incoming.max_bytes)
        if form.file_name is None:
            raise FieldInvalid("file is required.", field=forms.FILE)
        ask = body.understood(ClipAsk, {"prompt": form.fields.get("prompt")})
        name = paths.own_name(form.file_name)
        seen = await incoming.seen(path, name)
        params = {"fileName": name, "prompt": ask.prompt}
        about = Intake(
            origin="imported", task_type=_IMPORT, params=params, prompt=ask.prompt
        )
        arrived = [Arrived(path, seen)]
        return await run_in_threadpool(
            intake.take_in, store, account_id, arrived, about
        )


async def _named(
    ask: ClipAsk, account_id: str, store: Store, incoming: Arrivals
) -> Record:
    about, urls = _understood(ask)
    if record := await run_in_threadpool(_known, store, account_id, about):
        return record
    async with AsyncExitStack() as stack:
        arrived = []
        for url in urls:
            path = await stack.enter_async_context(incoming.place())
            name = await incoming.fetch(account_id, url, path)
            arrived.append(Arrived(path, await incoming.seen(path, name)))
        return await run_in_threadpool(
            intake.take_in, store, account_id, arrived, about
        )


def _understood(ask: ClipAsk) -> tuple[Intake, tuple[str, ...]]:
    """What to write down, and what to fetch. Raises FieldInvalid."""
    if ask.task_id is None:
        if ask.url is None:
            raise FieldInvalid(
                "url is required, or a form with the part file.", field="url"
            )
        params = {"url": ask.url, "prompt": ask.prompt}
        return Intake(
            origin="imported", task_type=_IMPORT, params=params, prompt=ask.prompt
        ), (ask.url,)
    urls = tuple(filter(str.strip, ask.urls)) or tuple(filter(None, [ask.url]))
    if not urls:
        raise FieldInvalid("urls is required with taskId.", field="urls")
    if not ask.task_id.isprintable():
        raise FieldInvalid("taskId holds what cannot be printed.", field="taskId")
    return Intake(
        origin="adopted",
        task_type=_ADOPTION,
        params={"taskId": ask.task_id, "urls": list(urls), "prompt": ask.prompt},
        prompt=ask.prompt,
        task_id=ask.task_id,
    ), urls


def _known(store: Store, account_id: str, about: Intake) -> Record | None:
    with store.database.reading() as connection:
        if about.origin == "adopted":
            limits.require_open(connection, "adopt")
        return intake.known(connection, account_id, about)


def _answer(store: Store, record: Record) -> Envelope:
    with store.database.reading() as connection:
        [shown] = viewed(connection, [record], store.settings.base_url)
    return shapes.ok(shown)
