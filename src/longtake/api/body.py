"""JSON bodies: read after the caller is known, and understood leniently.

Clients send ``null`` and blank strings for what they leave out, numbers as strings and
fields of other endpoints: the first mean absent, the last are ignored.
"""

from __future__ import annotations

import json
from typing import Any, Generic, NoReturn, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from starlette.exceptions import HTTPException

from longtake.api import envelope
from longtake.errors import FieldInvalid


class Ask(BaseModel):
    """The body of a request. A blank string and a null are like a field left out."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

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


Model = TypeVar("Model", bound=Ask)


class JsonBody(Generic[Model]):
    """A dependency: the body as ``model``. The OpenAPI document finds the model here.

    Whatever the Content-Type says: shell users forget it, and no browser can send a key
    without having asked first.
    """

    def __init__(self, model: type[Model]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> Model:
        """Read it. Answers 400 where it is no JSON object; raises FieldInvalid."""
        return understood(self.model, read(await request.body()))


def json_body(model: type[Ask]) -> Any:
    """``ask: Annotated[ExtendAsk, json_body(ExtendAsk)]``, named after the caller."""
    return Depends(JsonBody(model))


def read(raw: bytes) -> dict[str, Any]:
    """The JSON object that ``raw`` spells. Raises an HTTPException of 400."""
    if not raw.strip():
        _refuse("The body is empty; send a JSON object.")
    try:
        document = json.loads(raw, parse_constant=_no_number)
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


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number in JSON")


def _refuse(detail: str) -> NoReturn:
    raise HTTPException(envelope.BAD_REQUEST, detail) from None
