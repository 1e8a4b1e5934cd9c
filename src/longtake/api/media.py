"""The files behind media URLs. Their names are capabilities: no key is asked for."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from itsdangerous import BadSignature, TimestampSigner
from pydantic import Field
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

from longtake import clips, clock
from longtake.api import auth, envelope
from longtake.api.body import Ask, json_body
from longtake.api.envelope import Answer, Envelope
from longtake.api.fields import Url
from longtake.clips import Media
from longtake.errors import FieldInvalid, NotFound, RecordNotReady
from longtake.store import Store

router = APIRouter(tags=["media"])

_LINK_S = 20 * 60
_SALT = "longtake.download"
_GONE, _NOT_MODIFIED = 410, 304
_ONE_RANGE = re.compile(r"bytes=\s*(?:[0-9]{1,18}\s*-\s*[0-9]{0,18}|-\s*[0-9]{1,18})")
_FILE = {"schema": {"type": "string", "format": "binary"}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"video/*": _FILE, "image/*": _FILE}},
    206: {"description": "The range asked for.", "content": {"video/*": _FILE}},
    304: {"description": "It is what the client has."},
    404: {"description": "There is no such file.", "model": envelope.Refusal},
    410: {"description": "It was here and is gone.", "model": envelope.Refusal},
    416: {"description": "The range begins behind the end of the file."},
}


@router.head("/m/{media_name}", include_in_schema=False)
@router.get("/m/{media_name}", response_class=Response, responses=_ANSWERS)
def media(
    request: Request,
    media_name: str,
    store: auth.Books,
    download: Annotated[
        str | None, Query(description="As made by /api/v1/common/download-url.")
    ] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A video, its poster (`.jpg`), its filmstrip (`.png`), or an upload.

    Range requests for one range are answered with it; other ranges with the whole file.
    """
    if download is not None and not _signed(store, media_name, download):
        return _gone("This link was good for 20 minutes; ask for a new one.")
    try:
        with store.database.reading() as connection:
            found = clips.media(connection, media_name)
    except NotFound as error:
        return envelope.refusal(envelope.NOT_FOUND, str(error), path=request.url.path)
    now_ms = clock.now_ms()
    if found.expired(now_ms):
        return _gone("The media have expired and are gone.")
    headers = _headers(found, now_ms, attachment=download is not None)
    if _matches(if_none_match, found.etag):
        return Response(None, _NOT_MODIFIED, headers)
    path = store.files.local_path(found.object_key)
    try:
        facts = path.stat()
    except FileNotFoundError:
        return _gone("The media have expired and are gone.")
    return _File(path, headers=headers, media_type=found.mime_type, stat_result=facts)


class DownloadAsk(Ask):
    """A media URL of this service."""

    url: Url | None = Field(None, description="Required.")


@router.post("/api/v1/common/download-url", response_model=Answer[str])
def download_url(
    caller: auth.Caller,
    ask: Annotated[DownloadAsk, json_body(DownloadAsk)],
    store: auth.Books,
) -> Envelope:
    """A URL, good for 20 minutes, under which a browser saves the file."""
    if ask.url is None:
        raise FieldInvalid("url is required.", field="url")
    base = store.settings.base_url
    try:
        with store.database.reading() as connection:
            found = clips.own(connection, caller.account.id, ask.url.strip(), base)
    except NotFound:
        found = None
    if found is None:
        raise FieldInvalid("url is wrong", field="url")
    if found.expired(clock.now_ms()):
        raise RecordNotReady("The media of this url have expired and are gone.")
    token = _signer(store).sign(found.name).decode().removeprefix(f"{found.name}.")
    return envelope.ok(f"{base}/m/{found.name}?download={token}")


class _File(FileResponse):
    """A file, with the ranges that RFC 9110 lets a server pass over passed over."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or the one range that was asked for."""
        kept = [
            (name, value)
            for name, value in scope["headers"]
            if name != b"range" or _usable(scope["method"], value.decode("latin-1"))
        ]
        await super().__call__({**scope, "headers": kept}, receive, send)


def _usable(method: str, value: str) -> bool:
    if method != "GET" or not _ONE_RANGE.fullmatch(value.strip().lower()):
        return False
    first, _, last = value.partition("=")[2].replace(" ", "").partition("-")
    return not (first and last) or int(first) <= int(last)


def _headers(found: Media, now_ms: int, *, attachment: bool) -> dict[str, str]:
    kept_s = max(0, ((found.expires_ms or now_ms) - now_ms) // 1000)
    how = "attachment" if attachment else "inline"
    return {
        "ETag": f'"{found.etag}"',
        "Cache-Control": f"private, max-age={kept_s}, immutable",
        "Content-Disposition": f'{how}; filename="{found.name}"',
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Accept-Ranges, Content-Range, ETag",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


def _matches(asked: str | None, etag: str) -> bool:
    """Whether an If-None-Match names this ETag; the comparison is the weak one."""
    if asked is None:
        return False
    named = {text.strip().removeprefix("W/") for text in asked.split(",")}
    return bool(named & {"*", f'"{etag}"'})


def _gone(reason: str) -> Envelope:
    return Envelope(envelope.NOT_FOUND, reason, status=_GONE)


def _signer(store: Store) -> TimestampSigner:
    return TimestampSigner(store.secret, salt=_SALT)


def _signed(store: Store, name: str, token: str) -> bool:
    try:
        _signer(store).unsign(f"{name}.{token}", max_age=_LINK_S)
    except BadSignature:
        return False
    return True
