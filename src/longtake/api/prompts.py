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
    understood: tuple[str, ...] = Field(description="Flags that are obeyed.")
    ignored: tuple[str, ...] = Field(
        description="What is not followed: flags, and all words where none are."
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
    reading = direction.read(ask.prompt)
    clauses = direction.clauses(reading.text)
    follows = known and bool(known.limits.get("takes_prompt"))
    unfollowed = clauses if follows is False else ()
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
            understood=reading.understood,
            ignored=(*unfollowed, *reading.ignored),
        )
    )
