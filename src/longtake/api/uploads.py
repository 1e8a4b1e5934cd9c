"""The family's file uploads: files sent ahead of a request, kept for three days.

Their answers and refusals have a shape of their own, older than the envelope.
"""
# ruff: noqa: N815

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from longtake import clips
from longtake.api import auth, body, envelope, forms
from longtake.api.arrivals import Arrivals, Incoming
from longtake.api.body import Ask
from longtake.api.envelope import Envelope
from longtake.api.fields import Url
from longtake.clips import Upload, paths
from longtake.clips.sniff import Kind
from longtake.errors import FieldInvalid, LongtakeError
from longtake.keys import Key
from longtake.store import Store

_BASE64_BYTES = 32 << 20  # of a body, which is held in memory
_DATA_URL = re.compile(r"data:[\w.+/-]*(;[\w.+=-]+)*,")


class Uploaded(BaseModel):
    """A file that is kept."""

    success: Literal[True] = True
    fileName: str
    filePath: str = Field(description="uploadPath and fileName.")
    downloadUrl: str
    fileUrl: str = Field(description="The same as `downloadUrl`.")
    fileSize: int = Field(description="Bytes.")
    mimeType: str = Field(description="By the file's first bytes.")
    uploadedAt: str = Field(description="ISO 8601, UTC.")


class UploadAnswer(BaseModel):
    """The answer to an upload."""

    success: Literal[True] = True
    code: Literal[200] = 200
    msg: str = "File uploaded successfully"
    data: Uploaded


class UploadRefusal(BaseModel):
    """Why a file was not taken."""

    success: Literal[False] = False
    code: Literal[400, 401, 429, 455, 500, 505]
    msg: str


class _Route(APIRoute):
    """A route whose refusals have the older shape; what breaks a rule has code 400."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except LongtakeError as error:
                return _refusal(request, envelope.of_error(error))
            except HTTPException as error:
                told = envelope.refusal(error.status_code, str(error.detail))
                return _refusal(request, told)

        return handled


router = APIRouter(
    tags=["uploads"],
    route_class=_Route,
    responses={"default": {"model": UploadRefusal}},
)


class _UploadAsk(Ask):
    upload_path: str | None = Field(
        None, alias="uploadPath", description="Required: a folder of the account's own."
    )
    file_name: str | None = Field(
        None, alias="fileName", description="By default the file's own, or a new one."
    )


class UrlUploadAsk(_UploadAsk):
    """A file to be fetched."""

    file_url: Url | None = Field(
        None, alias="fileUrl", description="Required: where it lies, http(s)."
    )


class Base64UploadAsk(_UploadAsk):
    """A file in the body itself; larger ones go as a stream."""

    base64_data: str | None = Field(
        None, alias="base64Data", description="Required: Base64, or a data URL of it."
    )


_FORM = {
    "type": "object",
    "required": ["file", "uploadPath"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "uploadPath": {"type": "string"},
        "fileName": {"type": "string"},
    },
}
_FORM_BODY = {"content": {"multipart/form-data": {"schema": _FORM}}, "required": True}
Submitter = Annotated[Key, auth.sends("uploads")]


@router.post(
    "/api/file-stream-upload",
    response_model=UploadAnswer,
    openapi_extra={"requestBody": _FORM_BODY},
)
async def stream_upload(
    caller: Submitter, request: Request, store: auth.Books, incoming: Incoming
) -> Response:
    """Send a file as the part `file` of a form."""
    if not forms.is_form(request):
        raise FieldInvalid("Send a form (multipart/form-data) with the part file.")
    async with incoming.place() as path:
        form = await forms.receive(request, path, max_bytes=incoming.max_bytes)
        ask = body.understood(_UploadAsk, dict(form.fields))
        folder = paths.folder(_required(ask.upload_path, "uploadPath"))
        own_name = _required(form.file_name, "file")
        kept = await _keep(
            caller,
            store,
            incoming,
            path=path,
            folder=folder,
            asked_name=ask.file_name,
            own_name=own_name,
        )
    return _answer(store, kept)


@router.post("/api/file-url-upload", response_model=UploadAnswer)
async def url_upload(
    caller: Submitter,
    ask: Annotated[UrlUploadAsk, body.json_body(UrlUploadAsk)],
    store: auth.Books,
    incoming: Incoming,
) -> Response:
    """Have a file fetched from a URL."""
    url = _required(ask.file_url, "fileUrl").strip()
    folder = paths.folder(_required(ask.upload_path, "uploadPath"))
    async with incoming.place() as path:
        own_name = await incoming.fetch(caller.account.id, url, path)
        kept = await _keep(
            caller,
            store,
            incoming,
            path=path,
            folder=folder,
            asked_name=ask.file_name,
            own_name=own_name,
        )
    return _answer(store, kept)


@router.post("/api/file-base64-upload", response_model=UploadAnswer)
async def base64_upload(
    caller: Submitter,
    ask: Annotated[
        Base64UploadAsk, body.json_body(Base64UploadAsk, max_bytes=_BASE64_BYTES)
    ],
    store: auth.Books,
    incoming: Incoming,
) -> Response:
    """Send a small file as Base64."""
    data = _required(ask.base64_data, "base64Data")
    folder = paths.folder(_required(ask.upload_path, "uploadPath"))
    async with incoming.place() as path:
        await run_in_threadpool(_decode, data, path)
        kept = await _keep(
            caller,
            store,
            incoming,
            path=path,
            folder=folder,
            asked_name=ask.file_name,
            own_name=None,
        )
    return _answer(store, kept)


async def _keep(
    caller: Key,
    store: Store,
    incoming: Arrivals,
    *,
    path: Path,
    folder: str,
    asked_name: str | None,
    own_name: str | None,
) -> Upload:
    """Look at an arrived file and make it an upload of the account."""
    if asked_name is not None:
        asked_name = paths.file_name(asked_name)
    name = asked_name or paths.own_name(own_name or "")
    kind = await incoming.kind(path, name)
    if kind.is_clip:
        await incoming.seen(path, name)
    name = name or f"{uuid4().hex}.{kind.suffix}"
    return await run_in_threadpool(
        _store, store, caller.account.id, path, f"{folder}/{name}", kind
    )


def _store(
    store: Store, account_id: str, arrived: Path, path: str, kind: Kind
) -> Upload:
    upload_id = uuid4().hex
    key = f"uploads/{account_id}/{upload_id}"
    stored = store.files.keep(arrived, key)
    with store.database.transaction() as connection:
        upload, replaced = clips.add_upload(
            connection,
            upload_id=upload_id,
            account_id=account_id,
            path=path,
            suffix=kind.suffix,
            object_key=key,
            mime_type=kind.mime_type,
            stored=stored,
        )
    if replaced is not None:
        store.files.delete([replaced])
    return upload


def _decode(data: str, to: Path) -> None:
    text = "".join(_DATA_URL.sub("", data, count=1).split())
    try:
        to.write_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise FieldInvalid(
            "base64Data is not Base64 (RFC 4648).", field="base64Data"
        ) from error


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise FieldInvalid(f"Missing required parameter: {name}", field=name)
    return value


def _answer(store: Store, upload: Upload) -> Response:
    url = f"{store.settings.base_url}/m/{upload.media_name}"
    at = datetime.fromtimestamp(upload.created_ms / 1000, UTC)
    data = Uploaded(
        fileName=upload.path.rpartition("/")[2],
        filePath=upload.path,
        downloadUrl=url,
        fileUrl=url,
        fileSize=upload.size_bytes,
        mimeType=upload.mime_type,
        uploadedAt=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    return Response(
        envelope.to_json(UploadAnswer(data=data).model_dump()),
        media_type=Envelope.media_type,
    )


def _refusal(request: Request, told: Envelope) -> Response:
    code = 400 if told.code in {404, 422} else told.code
    request.scope.setdefault("longtake.log", {})["code"] = code
    document = {"success": False, "code": code, "msg": told.msg}
    headers = {
        name: value
        for name, value in told.headers.items()
        if name not in {"content-length", "content-type"}
    }
    return Response(
        envelope.to_json(document), told.status_code, headers, Envelope.media_type
    )
