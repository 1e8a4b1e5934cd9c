"""Deliveries: which callbacks are owed, what became of each attempt, and once more."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from longtake import callbacks, records
from longtake.api import auth, shapes
from longtake.api.envelope import Answer, Envelope
from longtake.api.shapes import Before, Limit, Optional, Page, Shape
from longtake.callbacks import Delivery

router = APIRouter(tags=["callbacks"])

DeliveryId = Annotated[str, Path(max_length=64, description="As it was listed.")]
State = Annotated[
    Literal["owed", "delivered", "dead"] | None,
    Query(description="`dead`: given up; it can be delivered again."),
    Optional,
]


class AttemptView(Shape):
    """One try."""

    round: int = Field(description="0, and one more with each redelivery.")
    number: int = Field(description="From 1 in each round.")
    begin_time: int = Field(description="Epoch milliseconds.")
    end_time: int | None = Field(description="Null while it goes on.")
    status: int | None = Field(
        description="The HTTP status of the answer, if any came."
    )
    error: str | None


class DeliveryView(Shape):
    """One event owed to one URL."""

    delivery_id: str
    webhook_id: str = Field(description="The header `webhook-id` of every attempt.")
    task_id: str
    url: str
    state: Literal["owed", "delivered", "dead"]
    round: int
    create_time: int
    next_time: int | None = Field(description="When the next attempt is due.")
    close_time: int | None
    attempts: tuple[AttemptView, ...] = Field(description="Oldest first.")


class DeliveryWhole(DeliveryView):
    """A delivery with the very text that is signed and sent."""

    body: str


@router.get("/api/v1/deliveries", response_model=Answer[Page[DeliveryView]])
def list_deliveries(
    *,
    caller: auth.Caller,
    store: auth.Books,
    task_id: Annotated[
        str | None,
        Query(alias="taskId", max_length=128, description="Of this record only."),
        Optional,
    ] = None,
    state: State = None,
    limit: Limit = 20,
    before: Before = None,
) -> Envelope:
    """The account's callbacks, newest first, with their attempts."""
    cursor = shapes.read_moment(before)
    own = caller.account.id
    with store.database.reading() as connection:
        record = records.find(connection, own, task_id) if task_id else None
        found = callbacks.listed(
            connection,
            account_id=own,
            state=state,
            record_id=record.id if record else None,
            before=cursor,
            limit=limit + 1,
        )
    return shapes.ok(
        shapes.paged(
            found,
            limit,
            viewed,
            lambda one: shapes.moment_cursor(one.created_ms, one.id),
        )
    )


@router.get("/api/v1/deliveries/{delivery_id}", response_model=Answer[DeliveryWhole])
def read_delivery(
    caller: auth.Caller, delivery_id: DeliveryId, store: auth.Books
) -> Envelope:
    """One callback with its attempts and its body."""
    with store.database.reading() as connection:
        found = callbacks.find(connection, delivery_id, account_id=caller.account.id)
    return shapes.ok(DeliveryWhole(**callbacks.view(found), body=found.body))


@router.post(
    "/api/v1/deliveries/{delivery_id}/redeliver", response_model=Answer[DeliveryView]
)
def redeliver(
    caller: auth.Caller, delivery_id: DeliveryId, tasks: auth.Work
) -> Envelope:
    """Deliver a callback again, from now and from the first attempt on."""
    found = tasks.redeliver(delivery_id, account_id=caller.account.id)
    return shapes.ok(viewed(found))


def viewed(delivery: Delivery) -> DeliveryView:
    """A delivery as it is shown."""
    return DeliveryView(**callbacks.view(delivery))
