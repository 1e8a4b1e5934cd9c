"""What every request passes before an endpoint sees it, and every answer after it."""

from __future__ import annotations

import asyncio
import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from longtake import clock, logs
from longtake.api import envelope
from longtake.api.origins import Origins
from longtake.settings import Settings

JSON_BYTES = 1 << 20  # a body, where an endpoint has not allowed more
_BODY = "longtake.body"  # of the scope
_IDLE_S = 20.0  # a body from which nothing comes for so long is given up
_GRACE_S = 60.0  # and after this it must have come at the pace, on average
_PACE_BPS = 10_000  # bytes per second
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_QUIET = ("/healthz", "/readyz")
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

_log = logs.get(__name__)


class Guard:
    """The outermost middleware: hosts and origins, bodies, the log, and the last edge."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._origins = Origins(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        sent = _Sent(send, {"X-Request-ID": request_id} | self._origins.shared(headers))
        began_s = clock.monotonic_s()
        with logs.about(request_id=request_id):
            try:
                await self._answer(scope, headers, receive, sent)
            except Exception:  # the last edge: whatever it is, it is a bug of ours
                _log.exception("request failed", path=_shown(scope["path"]))
                if sent.status is not None:
                    raise  # half an answer is out; the server breaks the connection
                told = f"Something went wrong here; the request was {request_id}."
                answer = envelope.refusal(envelope.SERVER_ERROR, told)
                await answer(scope, receive, sent)
            finally:
                _tell(scope, sent.status, clock.monotonic_s() - began_s)

    async def _answer(
        self, scope: Scope, headers: Headers, receive: Receive, send: Send
    ) -> None:
        path = scope["path"]
        refused = self._origins.refusal(headers)
        if refused is None and ("\0" in path or b"%00" in scope["query_string"]):
            refused = "A URL must not contain the character NUL."
        if refused is not None:
            answer: Response = envelope.refusal(
                envelope.BAD_REQUEST, refused, path=path
            )
            await answer(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            answer = Response(status_code=204, headers=self._origins.preflight(headers))
            await answer(scope, receive, send)
            return
        scope[_BODY] = body = _Body(receive, headers.get("content-length", ""))
        await self._app(scope, body, send)


def allow(request: Request, max_bytes: int) -> None:
    """Let the body of ``request`` be this large. For after the caller is known."""
    body: _Body = request.scope[_BODY]
    body.max_bytes = max_bytes


class _Sent:
    """An answer on its way out, with the headers that all answers have."""

    def __init__(self, send: Send, headers: dict[str, str]) -> None:
        self.status: int | None = None
        self._send = send
        self._headers = _HEADERS | headers

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            MutableHeaders(scope=message).update(self._headers)
        await self._send(message)


class _Body:
    """A request's body as it comes in: not too large, and not too slowly.

    Waiting for it holds no thread. What is not read is thrown away by the server.
    """

    def __init__(self, receive: Receive, length: str) -> None:
        self.max_bytes = JSON_BYTES
        self._receive = receive
        self._declared = int(length) if length.isdecimal() else 0
        self._n_bytes = 0
        self._began_s = clock.monotonic_s()
        self._ended = False

    async def __call__(self) -> Message:
        if self._ended:  # what comes now says that the client has gone
            return await self._receive()
        self._check(self._declared)
        try:
            async with asyncio.timeout(self._patience_s()):
                message = await self._receive()
        except TimeoutError:
            self._ended = True
            raise HTTPException(
                envelope.BAD_REQUEST,
                "The body came too slowly; send it again.",
                headers={"Connection": "close"},
            ) from None
        self._n_bytes += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        self._check(self._n_bytes)
        return message

    def _check(self, n_bytes: int) -> None:
        if n_bytes > self.max_bytes:
            self._ended = True
            raise HTTPException(
                envelope.BAD_REQUEST,
                f"The body has more than the {self.max_bytes:,} bytes that are taken.",
            )

    def _patience_s(self) -> float:
        due_s = self._began_s + _GRACE_S + self._n_bytes / _PACE_BPS
        return max(0.0, min(_IDLE_S, due_s - clock.monotonic_s()))


def _tell(scope: Scope, status: int | None, seconds: float) -> None:
    """One line of the log for one request."""
    if scope["path"] in _QUIET and status == 200:  # noqa: PLR2004
        return
    _log.info(
        "request",
        method=scope["method"],
        path=_shown(scope["path"]),
        status=status,
        ms=round(seconds * 1000, 1),
        client=(scope.get("client") or ("",))[0],
        **scope.get("longtake.log", {}),
    )


def _shown(path: str) -> str:
    """``path`` for the log: a media name and a share are capabilities, not told whole."""
    return f"{path[:11]}..." if path.startswith(("/m/", "/share/")) else path
