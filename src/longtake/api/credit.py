"""The caller's balance, as the family's clients ask for it."""

from __future__ import annotations

from fastapi import APIRouter

from longtake import ledger
from longtake.api import auth, envelope
from longtake.api.envelope import Answer, Envelope

router = APIRouter(tags=["account"])


@router.get("/api/v1/chat/credit", response_model=Answer[int])
def credit(caller: auth.Caller, store: auth.Books) -> Envelope:
    """The credits that are left: what was granted, less what is held or spent."""
    with store.database.reading() as connection:
        return envelope.ok(ledger.balance(connection, caller.account.id))
