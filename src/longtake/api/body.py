"""JSON bodies: read after the caller is known, and understood leniently.

Clients send ``null`` and blank strings for what they leave out, numbers as strings and
fields of other endpoints: the first mean absent, the last are ignored.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Annotated, Any, Generic, NoReturn, TypeVar

from fastapi import Depends, Header, Request
from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from longtake.api import envelope
from longtake.api.guard import JSON_BYTES, allow
from longtake.errors import FieldInvalid

_KEY_LENGTH = 255


class Ask(BaseModel):
    """The body of a request. A blank string and a null are like a field left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _present(cls, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        return {
            name: value
            for name, value in document.items()
            if value is not None and not (isinstance(value, str) and not value.strip())
        }

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        """Half a surrogate pair pydantic refuses by itself; Postgres keeps no NUL."""
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and "\0" in text for text in texts):
            raise PydanticCustomError("rule", "must not contain the character NUL")
        return value


Model = TypeVar("Model", bound=Ask)


class JsonBody(Generic[Model]):
    """A dependency: the body as ``model``. The OpenAPI document finds the model here.

    Whatever the Content-Type says: shell users forget it, and no web page can send a key
    without having asked first.
    """

    def __init__(self, model: type[Model], max_bytes: int) -> None:
        self.model = model
        self._max_bytes = max_bytes

    async def __call__(self, request: Request) -> Model:
        """Read it. Answers 400 where it is no JSON object; raises FieldInvalid."""
        allow(request, self._max_bytes)
        raw = await request.body()
        if len(raw) <= JSON_BYTES:
            return understood(self.model, read(raw))
        return await run_in_threadpool(lambda: understood(self.model, read(raw)))


def json_body(model: type[Ask], *, max_bytes: int = JSON_BYTES) -> Any:
    """``ask: Annotated[ExtendAsk, json_body(ExtendAsk)]``, named after the caller."""
    return Depends(JsonBody(model, max_bytes))


def read(raw: bytes) -> dict[str, Any]:
    """The JSON object that ``raw`` spells. Raises an HTTPException of 400."""
    if not raw.strip():
        _refuse("The body is empty; send a JSON object.")
    try:
        document = json.loads(raw, parse_constant=_constant, parse_float=_float)
    except RecursionError:
        _refuse("The body is nested too deeply; send a flat JSON object.")
    except ValueError as error:
        _refuse(f"The body is not JSON: {error}.")
    if not isinstance(document, dict):
        _refuse("The body is JSON, but not an object; send {...}.")
    return document


def understood(model: type[Model], document: dict[str, Any]) -> Model:
    """``document`` as ``model``. Raises FieldInvalid for the first rule it breaks."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        field, text = envelope.sentence(error.errors(include_input=False))
        raise FieldInvalid(text, field=field) from error


async def _repeatable(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            max_length=_KEY_LENGTH,
            description="Sent again within 24 hours, the same request is the same task.",
        ),
    ] = None,
) -> tuple[str, str] | None:
    if not idempotency_key:
        return None
    asked = request.url.path.encode() + b"\n" + await request.body()
    return idempotency_key, hashlib.sha256(asked).hexdigest()


# The caller's Idempotency-Key and the fingerprint of the request; None without one.
Repeat = Annotated[tuple[str, str] | None, Depends(_repeatable)]


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _refuse(detail: str) -> NoReturn:
    raise HTTPException(envelope.BAD_REQUEST, detail) from None
