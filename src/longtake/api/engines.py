"""Engines: what the workers declare, and what using one costs."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import Connection

from longtake import fleet
from longtake.api import auth, shapes
from longtake.api.envelope import Answer, Envelope
from longtake.api.shapes import Shape
from longtake.errors import EngineUnknown
from longtake.fleet import Known
from longtake.settings import Settings

router = APIRouter(tags=["engines"])


class Prices(Shape):
    """Credits: flat for an extension whatever the candidates, else for each video."""

    extend: int
    video: int
    video_hd: int = Field(alias="videoHd")


class EngineLimits(Shape):
    """What an engine can do; a task beyond it fails with a sentence that says so."""

    min_context: int = Field(
        description="Frames of a clip that it needs; an image is 1."
    )
    min_side: int = Field(description="Pixels.")
    max_pixels: int = Field(description="Width times height.")
    size_multiple: int = Field(description="Of which width and height are multiples.")
    min_rate: str = Field(description="Frames per second, exact, like 24000/1001.")
    max_rate: str
    max_seconds: str = Field(description="Of new material, exact.")


class EngineView(Shape):
    """One engine, as the worker that declared it last said."""

    name: str
    version: str
    default: bool = Field(description="Whether it is used when none is named.")
    running: bool = Field(
        description="Whether a worker runs it now; else its tasks wait for one."
    )
    takes_prompt: bool = Field(description="Whether it follows words of a prompt.")
    limits: EngineLimits


class Engines(Shape):
    """What can be asked for, and its price."""

    engines: tuple[EngineView, ...]
    prices: Prices


@router.get("/api/v1/engines", response_model=Answer[Engines])
def list_engines(caller: auth.Caller, store: auth.Books) -> Envelope:
    """The engines that workers have declared: limits, whether one runs now, prices."""
    with store.database.reading() as connection:
        found = fleet.engines(connection)
    settings = store.settings
    return shapes.ok(
        Engines(
            engines=tuple(
                EngineView(
                    name=one.name,
                    version=one.version,
                    default=one.name == settings.engine,
                    running=one.running,
                    takes_prompt=bool(one.limits.get("takes_prompt")),
                    limits=EngineLimits(**one.limits),
                )
                for one in found.values()
            ),
            prices=Prices(**settings.prices),
        )
    )


def chosen(
    connection: Connection, asked: str | None, settings: Settings
) -> tuple[str, Known | None]:
    """The engine that a request means, and what is known of it.

    Of the default nothing may be known yet. Raises EngineUnknown for another one that no
    worker ever declared.
    """
    name = asked or settings.engine
    known = fleet.engines(connection)
    if name not in known and name != settings.engine:
        raise EngineUnknown(
            f"engine {name!r} is not known here; there are: "
            f"{', '.join(sorted({settings.engine, *known}))}."
        )
    return name, known.get(name)
