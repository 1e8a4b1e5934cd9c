"""Prompts: what one would be understood as, before anything is paid for it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from longtake import direction
from longtake.api import auth, shapes
from longtake.api.body import Ask, json_body
from longtake.api.engines import chosen
from longtake.api.envelope import Answer, Envelope
from longtake.api.shapes import Shape

router = APIRouter(tags=["engines"])

_LONGEST = 20_000  # beyond the limit of a prompt, so that it can be told how far


class ReadingAsk(Ask):
    """A prompt, and the engine that is to follow it."""

    prompt: Annotated[str, StringConstraints(max_length=_LONGEST)] = ""
    engine: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        None, description="One of GET /api/v1/engines; else the default."
    )


class FlagsView(Shape):
    """What the flags of a prompt ask for; null and false where they do not."""

    motion: Literal["low", "high"] | None
    loop: bool
    end: str | None
    bs: Literal[1, 2, 4] | None
    raw: bool


class OperationView(Shape):
    """One thing to do, between two shares of the new part."""

    kind: direction.Kind
    amount: float = Field(
        description="Signed: right, up, clockwise and warmer are positive, as the camera "
        "sees it."
    )
    unit: direction.Unit = Field(
        description="What `amount` counts; a share of 1 is all."
    )
    begin: float = Field(description="Share of the new part, 0 to 1.")
    end: float
    clause: str = Field(description="The words that ask for it.")
    says: str = Field(description="The same in words.")


class ReadingView(Shape):
    """A prompt, taken apart."""

    engine: str
    length: int = Field(description="Unicode characters.")
    limit: int = Field(description="How many a prompt may have.")
    text: str = Field(description="The words for the engine, without the flags.")
    clauses: tuple[str, ...] = Field(description="Those words, one wish at a time.")
    follows_words: bool | None = Field(
        description="Whether the engine follows words; null while no worker has said."
    )
    flags: FlagsView
    operations: tuple[OperationView, ...] = Field(
        description="What the words become; empty for an engine that follows none."
    )
    understood: tuple[str, ...] = Field(
        description="What is followed: clauses, with what each becomes, and flags."
    )
    ignored: tuple[str, ...] = Field(
        description="What is not followed: clauses, all of them where the engine follows "
        "no words, and flags."
    )


@router.post("/api/v1/prompts/reading", response_model=Answer[ReadingView])
def read_prompt(
    caller: auth.Caller,
    ask: Annotated[ReadingAsk, json_body(ReadingAsk)],
    store: auth.Books,
) -> Envelope:
    """Read a prompt as a task would: nothing is kept, nothing is charged."""
    with store.database.reading() as connection:
        name, known = chosen(connection, ask.engine, store.settings)
    follows = known and bool(known.limits.get("takes_prompt"))
    unfollowed = follows is False
    obeyed = direction.OBEYED if unfollowed else direction.OBEYED | direction.FOLLOWED
    reading = direction.read(ask.prompt, obeyed=obeyed)
    clauses = direction.clauses(reading.text)
    words = direction.parse(None if unfollowed else reading.text)
    flags = reading.flags
    return shapes.ok(
        ReadingView(
            engine=name,
            length=len(ask.prompt),
            limit=direction.PROMPT_LIMIT,
            text=reading.text,
            clauses=clauses,
            follows_words=follows,
            flags=FlagsView(
                motion=flags.motion,
                loop=flags.loop,
                end=flags.end,
                bs=flags.bs,
                raw=flags.raw,
            ),
            operations=tuple(map(_operation, words.operations)),
            understood=(*map(str, words.understood), *reading.understood),
            ignored=(*(clauses if unfollowed else words.ignored), *reading.ignored),
        )
    )


def _operation(one: direction.Operation) -> OperationView:
    return OperationView(
        kind=one.kind,
        amount=round(one.amount, 4),
        unit=one.unit,
        begin=round(one.begin, 4),
        end=round(one.end, 4),
        clause=one.clause,
        says=one.says,
    )
