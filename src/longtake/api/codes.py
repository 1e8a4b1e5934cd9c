"""A code becomes a key: the one thing that is asked without one.

`longtake serve` and `longtake keys link` print a link that ends in a code. A browser does
not send what stands behind the `#` of an address, so that no log has it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints

from longtake import keys
from longtake.api import auth, shapes
from longtake.api.account import NewKey, key_view
from longtake.api.body import Ask, json_body
from longtake.api.envelope import Answer, Envelope
from longtake.errors import FieldInvalid

router = APIRouter(tags=["account"])


class CodeAsk(Ask):
    """A code."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = (
        Field(description="As the link has it behind `#code=`.")
    )


@router.post("/api/v1/account/keys/code", response_model=Answer[NewKey])
def exchange_code(
    request: Request, ask: Annotated[CodeAsk, json_body(CodeAsk)], store: auth.Books
) -> Envelope:
    """Exchange a code for a key, which is good for a week. Needs no key.

    A code works once, within ten minutes. Its key is called `studio`, and is an admin key
    where the code was made by the server's operator.
    """
    with store.database.reading() as connection:  # a stranger's guess locks nothing
        known = keys.is_code(connection, ask.code, secret=store.secret)
    if not known:
        raise FieldInvalid(keys.UNKNOWN_CODE, field="code")
    with store.database.transaction() as connection:
        text, key = keys.exchange(connection, ask.code, secret=store.secret)
    auth.note(request, account=key.account.name, key=key.prefix)
    return shapes.ok(NewKey(**dict(key_view(key)), key=text))
