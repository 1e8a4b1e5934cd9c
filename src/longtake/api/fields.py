"""Types of fields, as lenient as the clients of the family need and no more.

Each states in its JSON schema exactly what it takes. A rule's message is the end of a
sentence that begins with the field's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_DIGITS = re.compile(r"-?[0-9]{1,15}")
# Bounded, since Fraction("1e999999999") would compute that number.
_RATIONAL = r"[0-9]{1,6}(\.[0-9]{1,9})?|[0-9]{1,9}/[1-9][0-9]{0,8}"
_SAFE = 2**53 - 1  # what every client's numbers hold exactly
_MOTION = 50  # from here on a number means high


def broken(rule: str) -> PydanticCustomError:
    """The error of a validator: ``rule`` is what the field must be."""
    return PydanticCustomError("rule", "{rule}", {"rule": rule})


def whole(value: Any) -> Any:
    """A whole number from ``0``, ``"0"`` and ``0.0``; what is none stays as it is."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _whole(value: Any) -> int:
    number = whole(value)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise broken("must be a whole number, 0 or more")
    if number > _SAFE:
        raise broken(f"must be at most {_SAFE}")
    return number


def _signed(value: Any) -> int:
    number = whole(value)
    if isinstance(number, bool) or not isinstance(number, int):
        raise broken("must be a whole number")
    if abs(number) > _SAFE:
        raise broken(f"must be from -{_SAFE} to {_SAFE}")
    return number


def _choice(*allowed: int) -> Any:
    def check(value: Any) -> int:
        number = whole(value)
        if isinstance(number, bool) or number not in allowed:
            raise broken(f"must be one of {', '.join(map(str, allowed))}")
        return int(number)

    return BeforeValidator(check)


def _seconds(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not re.fullmatch(_RATIONAL, value.strip()):
        raise broken("must be a number of seconds like 4, 3.5 or 7/2")
    return value.strip()


def _bounded(value: str) -> str:
    if not Fraction(1, 2) <= Fraction(value) <= 20:  # noqa: PLR2004
        raise broken("must be from 0.5 to 20 seconds")
    return value


def _positive(value: str) -> str:
    if not Fraction(value):
        raise broken("must be more than 0 seconds")
    return value


def _motion(value: Any) -> Any:
    number = whole(value)
    if isinstance(number, int | float) and not isinstance(number, bool):
        if not 0 <= number <= 100:  # noqa: PLR2004
            raise broken("must be high, low or a number from 0 to 100")
        return "high" if number >= _MOTION else "low"
    return value.strip().lower() if isinstance(value, str) else value


def _text(value: Any) -> Any:
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if numeric else value


def _truth(value: Any) -> bool:
    known = {"true": True, "1": True, "false": False, "0": False}
    if isinstance(value, bool):
        return value
    if str(value).strip().lower() not in known:
        raise broken("must be true or false")
    return known[str(value).strip().lower()]


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text that is one of ``allowed``."""

    allowed: tuple[str, ...]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """What pydantic asks of an annotation."""
        return core_schema.literal_schema(list(self.allowed))


def _in_any_case(*words: str) -> dict[str, str]:
    """The schema of a text that is one of ``words``, in capitals or not."""
    spelled = ["".join(f"[{one.upper()}{one}]" for one in word) for word in words]
    return {"type": "string", "pattern": f"^({'|'.join(spelled)})$"}


_NUMERIC = {"type": "string", "pattern": r"^[0-9]{1,15}$"}


Whole = Annotated[
    int,
    BeforeValidator(_whole),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0, "maximum": _SAFE}, _NUMERIC]}
    ),
]
Signed = Annotated[
    int,
    BeforeValidator(_signed),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": -_SAFE, "maximum": _SAFE},
                {"type": "string", "pattern": r"^-?[0-9]{1,15}$"},
            ]
        }
    ),
]
BatchSize = Annotated[
    int,
    _choice(1, 2, 4),
    WithJsonSchema({"enum": [1, 2, 4, "1", "2", "4"]}),
]
_SECONDS_TEXT = {"type": "string", "pattern": f"^({_RATIONAL})$", "examples": ["7/2"]}
Seconds = Annotated[
    str,
    BeforeValidator(_seconds),
    AfterValidator(_bounded),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0.5, "maximum": 20}, _SECONDS_TEXT]}
    ),
]
Moment = Annotated[
    str,
    BeforeValidator(_seconds),
    AfterValidator(_positive),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _SECONDS_TEXT]}
    ),
]
Motion = Annotated[
    Literal["high", "low"],
    BeforeValidator(_motion),
    WithJsonSchema(
        {
            "anyOf": [
                _in_any_case("high", "low"),
                {"type": "number", "minimum": 0, "maximum": 100},
                _NUMERIC,
            ]
        }
    ),
]
Truth = Annotated[
    bool,
    BeforeValidator(_truth),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [True, False, 0, 1, "0", "1"]},
                _in_any_case("true", "false"),
            ]
        }
    ),
]
Version = Annotated[
    str,
    BeforeValidator(_text),
    StringConstraints(max_length=100),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "maxLength": 100}]}
    ),
]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
WaterMark = Annotated[str, StringConstraints(max_length=100)]
Url = Annotated[str, StringConstraints(max_length=2048)]
