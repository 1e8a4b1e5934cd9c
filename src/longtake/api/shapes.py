"""What our own endpoints answer with: shapes in the wire's spelling, and pages of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from longtake.api import envelope
from longtake.api.envelope import Envelope
from longtake.api.fields import whole
from longtake.errors import FieldInvalid

_CURSOR = re.compile(r"([0-9]{1,16})-([0-9a-f]{32})", re.ASCII)


class Shape(BaseModel):
    """Part of an answer; ``create_time`` in code is ``createTime`` on the wire."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True
    )


Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(Shape, Generic[Item]):
    """A part of a list, newest first."""

    items: tuple[Item, ...]
    next: str | None = Field(
        description="Give it as `before` for the next page; null on the last one."
    )


def ok(shape: BaseModel) -> Envelope:
    """The answer that gives ``shape``."""
    return envelope.ok(shape.model_dump(mode="json", by_alias=True))


def blank_is_absent(value: Any) -> Any:
    """A validator: an empty text of an optional field means that it was left out."""
    return None if isinstance(value, str) and not value.strip() else value


Optional = BeforeValidator(blank_is_absent)

# A whole number as a text and nothing else; pydantic alone takes "1_0" and "1.0", too.
Number = Annotated[int, Field(strict=True), BeforeValidator(whole)]
Limit = Annotated[
    Number, Query(ge=1, le=100, description="How many there are on a page at most.")
]
Before = Annotated[
    str | None,
    Query(max_length=64, description="The `next` of the page before this one."),
    Optional,
]


def paged(
    rows: Sequence[Row],
    limit: int,
    item: Callable[[Row], Item],
    cursor: Callable[[Row], str],
) -> Page[Item]:
    """The page of ``rows``, which were asked for with one more than ``limit``."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=tuple(item(row) for row in shown),
        next=cursor(shown[-1]) if more else None,
    )


def moment_cursor(created_ms: int, row_id: str) -> str:
    """The cursor of a list that goes by age."""
    return f"{created_ms}-{row_id}"


def read_moment(before: str | None) -> tuple[int, str] | None:
    """What :func:`moment_cursor` wrote. Raises FieldInvalid."""
    if before is None:
        return None
    found = _CURSOR.fullmatch(before)
    if not found:
        raise FieldInvalid("before is not the `next` of a page.", field="before")
    return int(found[1]), found[2]
