"""Whether this process lives, and whether it can take requests. No key, real statuses."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from longtake import fleet
from longtake.api import auth, envelope
from longtake.api.envelope import Answer, Envelope
from longtake.errors import SetupIncomplete
from longtake.store.migrate import require_current

router = APIRouter(tags=["health"])


class Readiness(BaseModel):
    """What was found."""

    worker: bool = Field(
        description="Whether a worker runs. Without one tasks are taken in and wait."
    )


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", response_model=Answer[None])
async def healthz() -> Envelope:
    """The process answers."""
    return envelope.ok(None)


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", response_model=Answer[Readiness])
def readyz(store: auth.Books) -> Envelope:
    """The database answers and its tables are those of this version."""
    with store.database.reading() as connection:
        try:
            require_current(connection)
        except SetupIncomplete as error:
            return Envelope(envelope.SERVER_ERROR, str(error), status=503)
        known = fleet.engines(connection).values()
    return envelope.ok({"worker": any(engine.running for engine in known)})
