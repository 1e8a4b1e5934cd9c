"""For the operator, with an admin key: what waits and runs, who works, the switches."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints

from longtake import fleet, keys, limits, records
from longtake.api import auth, shapes
from longtake.api.body import Ask, json_body
from longtake.api.envelope import Answer, Envelope
from longtake.api.fields import Truth
from longtake.api.shapes import Shape
from longtake.limits import Switch

router = APIRouter(tags=["admin"], prefix="/api/v1/admin")

SwitchName = Annotated[str, Path(max_length=40, description="As it was listed.")]


class StandingView(Shape):
    """How many tasks of an account wait for an engine or run on it."""

    account_id: str
    account: str = Field(description="Its name.")
    engine: str
    state: Literal["waiting", "generating"]
    count: int
    oldest_time: int = Field(description="When the oldest was submitted, epoch ms.")


class WorkerView(Shape):
    """One worker, which runs one task at a time."""

    name: str
    host: str
    pid: int
    engines: tuple[str, ...]
    start_time: int
    seen_time: int = Field(description="When it last said so; 0 once it has stopped.")
    running: bool


class QueueView(Shape):
    """What is to be done, and who does it."""

    tasks: tuple[StandingView, ...] = Field(description="The longest waiting first.")
    workers: tuple[WorkerView, ...]


class SwitchView(Shape):
    """One switch."""

    name: str
    about: str = Field(description="What goes on while it is on.")
    on: bool
    message: str = Field(description="What callers are told while it stops them.")
    change_time: int | None = Field(description="Null: never touched.")


class Switches(Shape):
    """Every switch."""

    switches: tuple[SwitchView, ...]


class SwitchAsk(Ask):
    """How a switch shall stand."""

    on: Truth
    message: Annotated[str, StringConstraints(max_length=200)] = ""


@router.get("/queue", response_model=Answer[QueueView])
def read_queue(caller: auth.Administrator, store: auth.Books) -> Envelope:
    """What waits and runs, by account and engine, and the workers."""
    with store.database.reading() as connection:
        names = {one.id: one.name for one in keys.accounts(connection)}
        standing = records.standing(connection)
        workers = fleet.listed(connection)
    return shapes.ok(
        QueueView(
            tasks=tuple(
                StandingView(
                    account_id=one.account_id,
                    account=names[one.account_id],
                    engine=one.engine,
                    state="generating" if one.state == "running" else "waiting",
                    count=one.n,
                    oldest_time=one.oldest_ms,
                )
                for one in standing
            ),
            workers=tuple(
                WorkerView(
                    name=one.executor,
                    host=one.host,
                    pid=one.pid,
                    engines=one.engines,
                    start_time=one.started_ms,
                    seen_time=one.seen_ms,
                    running=one.running,
                )
                for one in workers
            ),
        )
    )


@router.get("/switches", response_model=Answer[Switches])
def list_switches(caller: auth.Administrator, store: auth.Books) -> Envelope:
    """What can be stopped here, and whether it is."""
    with store.database.reading() as connection:
        found = limits.switches(connection)
    return shapes.ok(Switches(switches=tuple(map(_view, found))))


@router.put("/switches/{name}", response_model=Answer[SwitchView])
def set_switch(
    caller: auth.Administrator,
    name: SwitchName,
    ask: Annotated[SwitchAsk, json_body(SwitchAsk)],
    store: auth.Books,
) -> Envelope:
    """Turn a switch on or off, at once and on every server of these books."""
    with store.database.transaction() as connection:
        changed = limits.switch(connection, name, off=not ask.on, message=ask.message)
    return shapes.ok(_view(changed))


def _view(switch: Switch) -> SwitchView:
    return SwitchView(
        name=switch.name,
        about=limits.SWITCHES[switch.name],
        on=not switch.off,
        message=switch.message,
        change_time=switch.changed_ms,
    )
