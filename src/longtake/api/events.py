"""A record's progress as server-sent events, until it is over.

A stream holds no thread: it sleeps in the event loop and asks the books twice a second.
Its key is looked at each time, so that a revoked one is told no more.
"""

from __future__ import annotations

import base64
import zlib
from asyncio import sleep
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from longtake import keys, records
from longtake.api import auth
from longtake.api.records import RecordView, TaskId, viewed
from longtake.api.shapes import Shape
from longtake.errors import DatabaseUnreachable, KeyRefused, NotFound, TooMany
from longtake.keys import Key
from longtake.records import Progress, Record
from longtake.store import Store

router = APIRouter(tags=["records"])

_EVERY_S = 0.5
_STREAMS_PER_KEY = 16
_STREAMS = 256
_AGAIN_S = 5.0


class Telling(Shape):
    """What an event `progress` says: where a record stands."""

    task_id: str
    state: Literal["waiting", "generating"]
    ahead: int | None = Field(
        description="While it waits: how many of the account's tasks come before it."
    )
    stage: str | None = Field(description="What is being done; null before any work.")
    done: int
    total: int = Field(description="How many steps the stage has; 0: not known.")
    candidate: int = Field(description="Which of several videos, from 0.")
    picture: str | None = Field(description="The latest frame, a data URI of a JPEG.")


_DATA = {
    "contentMediaType": "application/json",
    "contentSchema": {
        "anyOf": [
            Telling.model_json_schema(mode="serialization"),
            {"$ref": "#/components/schemas/RecordView"},
        ]
    },
}
_ANSWERS = {
    "content": {
        "text/event-stream": {"itemSchema": {"properties": {"data": _DATA}}},
        "application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}},
    }
}


class Streams:
    """How many streams are open, by key; touched in the event loop only."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    def enter(self, key_id: str) -> None:
        """Count one more. Raises TooMany, and counts none."""
        if self._open[key_id] >= _STREAMS_PER_KEY or self._open.total() >= _STREAMS:
            raise TooMany(
                f"There are {_STREAMS_PER_KEY} streams of events at a time for a key "
                f"and {_STREAMS} for all; close one first.",
                retry_after_s=_AGAIN_S,
            )
        self._open[key_id] += 1

    def leave(self, key_id: str) -> None:
        """Count one less."""
        self._open[key_id] -= 1
        if not self._open[key_id]:
            del self._open[key_id]


def _there(caller: auth.Caller, task_id: TaskId, store: auth.Books) -> Record:
    """The record, before the answer begins and it is too late to refuse."""
    with store.database.reading() as connection:
        return records.find(connection, caller.account.id, task_id)


async def _place(request: Request, caller: auth.Caller) -> AsyncIterator[None]:
    """A stream's place, for as long as the answer goes on."""
    streams: Streams = request.app.state.streams
    streams.enter(caller.id)
    try:
        yield
    finally:
        streams.leave(caller.id)


@router.get(
    "/api/v1/records/{task_id}/events",
    response_class=EventSourceResponse,
    responses={200: _ANSWERS},
)
async def follow(
    *,
    request: Request,
    caller: auth.Caller,
    record: Annotated[Record, Depends(_there)],
    _: Annotated[None, Depends(_place)],
    store: auth.Books,
    last: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            max_length=64,
            description="The id of the last event seen: what it told is not told again.",
        ),
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Follow a record as server-sent events until it is over.

    Events `progress` say where it stands, at most two a second; the last event is `end`
    and has the whole record, as GET /api/v1/records/{task_id} tells it. Comments keep the
    connection open meanwhile.
    """
    while not request.app.state.stopping():
        try:
            event = await run_in_threadpool(_look, store, caller, record.id)
        except (KeyRefused, NotFound):
            return  # a new request is told why
        except DatabaseUnreachable:
            await sleep(_EVERY_S)  # busy, most likely
            continue
        if event.id != last:
            last = event.id
            yield event
        if event.event == "end":
            return
        await sleep(_EVERY_S)


def _look(store: Store, key: Key, record_id: str) -> ServerSentEvent:
    """Where the record stands. Raises KeyRefused and NotFound once it is not to be told."""
    with store.database.reading() as connection:
        accepted = keys.listed(connection, key.account.id, revoked=False)
        if all(one.id != key.id for one in accepted):
            raise KeyRefused("This key is not accepted: unknown or revoked.")
        record = records.by_id(connection, record_id)
        if record.deleted_ms is not None:
            raise NotFound("Record does not exist")
        if not record.open:
            (view,) = viewed(connection, [record], store.settings.base_url)
            return _end(view)
        progress = records.progress(connection, record.id)
        ahead = None
        if record.state == "waiting":
            ahead = records.ahead(connection, record)
    return _progress(record, progress, ahead)


def _end(view: RecordView) -> ServerSentEvent:
    return ServerSentEvent(
        event="end", id="end", raw_data=view.model_dump_json(by_alias=True)
    )


def _progress(
    record: Record, progress: Progress | None, ahead: int | None
) -> ServerSentEvent:
    picture = progress and progress.picture
    told = Telling(
        task_id=record.task_id,
        state="waiting" if record.state == "waiting" else "generating",
        ahead=ahead,
        stage=progress and progress.stage,
        done=progress.done if progress else 0,
        total=progress.total if progress else 0,
        candidate=progress.candidate if progress else 0,
        picture=picture
        and f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}",
    ).model_dump_json(by_alias=True)
    return ServerSentEvent(
        event="progress", id=f"{zlib.crc32(told.encode()):08x}", raw_data=told
    )
