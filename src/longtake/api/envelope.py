"""The envelope of every answer: ``{"code", "msg", "data"}``, and which error has which code.

The HTTP status is 200 whatever the code says, but for 401, 429, 500 and a database that
cannot be reached (503 with code 455); media and health use real statuses.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from longtake import errors

Code = Literal[400, 401, 402, 404, 422, 429, 455, 500, 501, 505]

BAD_REQUEST: Code = 400
NOT_FOUND: Code = 404
SERVER_ERROR: Code = 500
_OK = 200
_REFUSED = "You do not have access permissions"
_AGAIN_S = 5  # a database that is down: ask again after this long

_CODES: dict[type[errors.LongtakeError], Code] = {
    errors.AskInvalid: 422,
    errors.ClipUnreadable: 422,
    errors.ClipRefused: 422,
    errors.EngineUnknown: 422,
    errors.EngineIncapable: 422,
    errors.FieldInvalid: 422,
    errors.NotFound: 422,
    errors.RecordNotReady: 422,
    errors.AddressRefused: 422,
    errors.FetchFailed: 422,
    errors.SourceFailed: 501,
    errors.EngineFailed: 501,
    errors.CreditsMissing: 402,
    errors.KeyRefused: 401,
    errors.TooMany: 429,
    errors.UnderMaintenance: 455,
    errors.DatabaseUnreachable: 455,
    errors.SwitchedOff: 505,
}

# What stands before the path of an answer with a real status: there a client that knows
# nothing of envelopes (a <video>, a balancer) reads it.
_REAL_STATUS = ("/m/", "/share/", "/healthz", "/readyz")
_STATUS = {401: 401, 429: 429, 500: 500}
_ON_THE_WIRE = {400: 400, 404: 404, 422: 422, 501: 500, 505: 503}  # of media, health

Data = TypeVar("Data")


class Answer(BaseModel, Generic[Data]):
    """An answer that gives what was asked for."""

    code: Literal[200] = 200
    msg: str = "success"
    data: Data


class Refusal(BaseModel):
    """An answer that says why not: ``code`` for machines, ``msg`` for people."""

    code: Code
    msg: str = Field(description="One sentence: what is wrong and what to do about it.")
    data: None = None


class Envelope(Response):
    """An enveloped answer; the access log reads its ``code``."""

    media_type = "application/json;charset=UTF-8"

    def __init__(
        self,
        code: int,
        msg: str,
        data: object = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code, self.msg = code, msg
        document = {"code": code, "msg": msg, "data": data}
        never_kept = {"Cache-Control": "no-store"}
        super().__init__(to_json(document), status, never_kept | dict(headers or {}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope.setdefault("longtake.log", {})["code"] = self.code
        await super().__call__(scope, receive, send)


def to_json(document: object) -> bytes:
    """``document`` as compact UTF-8; what UTF-8 cannot say becomes a question mark."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def ok(data: object, *, msg: str = "success") -> Envelope:
    """The answer that gives ``data``."""
    return Envelope(_OK, msg, data)


def refusal(
    code: int, msg: str, *, path: str = "", headers: Mapping[str, str] | None = None
) -> Envelope:
    """The answer that says why not, to a request of ``path``."""
    real = path.startswith(_REAL_STATUS)
    status = _STATUS.get(code, _ON_THE_WIRE.get(code, 200) if real else 200)
    return Envelope(code, msg, status=status, headers=headers)


def of_error(error: errors.LongtakeError, *, path: str = "") -> Envelope:
    """The answer for an error raised on purpose."""
    code = _CODES.get(type(error), SERVER_ERROR)
    if isinstance(error, errors.KeyRefused):
        return refusal(code, _REFUSED, headers={"WWW-Authenticate": "Bearer"})
    if isinstance(error, errors.TooMany):
        after = str(max(1, math.ceil(error.retry_after_s)))
        return refusal(code, str(error), headers={"Retry-After": after})
    if isinstance(error, errors.DatabaseUnreachable):
        headers = {"Retry-After": str(_AGAIN_S)}
        return Envelope(code, str(error), status=503, headers=headers)
    return refusal(code, str(error), path=path)


def sentence(problems: list[Any]) -> tuple[str, str]:
    """The first of pydantic's ``problems`` as (field, one sentence that names it)."""
    first = problems[0]
    where = [str(part) for part in first["loc"]]
    if where and where[0] in {"query", "path", "header", "body"}:
        where = where[1:]
    field = where[0] if where else "body"
    if first["type"] == "missing":
        return field, f"{field} is required."
    rule = first["msg"]
    return field, f"{field} {rule}." if first["type"] == "rule" else f"{field}: {rule}."
