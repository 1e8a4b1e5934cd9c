"""The studio: its page at ``/`` and what that loads, under a policy that lets in nothing else.

It is a client like any other: all it does, it asks of the public API under a key.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from longtake.settings import Settings

router = APIRouter(tags=["documents"], include_in_schema=False)

_START = "index.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_NOT_FOUND, _NOT_MODIFIED = 404, 304


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    packed: bytes  # the same, by gzip
    media_type: str
    etag: str  # weak, since it is of both


@cache
def _files() -> dict[str, _File]:
    """Every file of the studio by its name; they are few and small, and never change."""
    found = {}
    for one in (resources.files("longtake") / "studio").iterdir():
        media_type = _TYPES.get(f".{one.name.rpartition('.')[2]}")
        if media_type:
            content = one.read_bytes()
            packed = gzip.compress(content, mtime=0)
            etag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
            found[one.name] = _File(content, packed, media_type, etag)
    return found


@router.head("/")
@router.get("/")
async def start(request: Request) -> Response:
    """The page."""
    return _answer(request, _START)


@router.head("/studio/{name}")
@router.get("/studio/{name}")
async def part(request: Request, name: str) -> Response:
    """A module or a style sheet."""
    return _answer(request, name)


def policy(settings: Settings) -> str:
    """The Content-Security-Policy: ours alone, but for media, which may lie under the
    public URL; and no text ever becomes markup (trusted types).
    """
    public = urlsplit(settings.base_url)
    media = f"'self' {public.scheme}://{public.netloc}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            f"img-src {media} data: blob:",
            f"media-src {media} blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _answer(request: Request, name: str) -> Response:
    found = _files().get(name)
    if found is None:
        raise HTTPException(_NOT_FOUND)
    headers = {
        "Cache-Control": "no-cache",  # asked for each time, answered with 304
        "Content-Security-Policy": policy(request.app.state.store.settings),
        "Cross-Origin-Opener-Policy": "same-origin",
        "ETag": found.etag,
        "Vary": "Accept-Encoding",
    }
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(None, _NOT_MODIFIED, headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(found.content, headers=headers, media_type=found.media_type)
    headers["Content-Encoding"] = "gzip"
    return Response(found.packed, headers=headers, media_type=found.media_type)
