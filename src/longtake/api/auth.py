"""Who calls, and the order in which a request may be refused.

401, then 429, then 455 or 505 (they stop new work, never reading); validation and 402
come after. FastAPI solves an endpoint's dependencies in the order of its parameters, so
an endpoint names its caller first::

    def extend(caller: Annotated[Key, submits("extend")], ask: Annotated[..., ...]): ...

A dependency that is not ``async`` runs in the thread pool, like the endpoints: nothing
that asks the database runs in the event loop.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from longtake import keys, limits
from longtake.errors import KeyRefused
from longtake.keys import Key
from longtake.limits import Rates
from longtake.store import Store
from longtake.tasks import Tasks

BEARER = HTTPBearer(
    scheme_name="key",
    auto_error=False,
    description="A key as `longtake keys create` prints it.",
)


async def _store(request: Request) -> Store:
    found: Store = request.app.state.store
    return found


async def _tasks(request: Request) -> Tasks:
    found: Tasks = request.app.state.tasks
    return found


Books = Annotated[Store, Depends(_store)]
Work = Annotated[Tasks, Depends(_tasks)]


def note(request: Request, **facts: str) -> None:
    """Put ``facts`` (``task_id``, ``account``) into this request's line of the log."""
    request.scope.setdefault("longtake.log", {}).update(facts)


def submits(feature: str) -> Any:
    """The caller of a request for a new task of ``feature``, one of limits.SWITCHES."""

    def submitting(request: Request, store: Books, _: _Described) -> Key:
        return _authenticated(request, store, feature=feature, is_task=True)

    return Depends(submitting)


def sends(feature: str) -> Any:
    """The caller of a request that brings files in: stopped like new work of ``feature``,
    counted like all other requests.
    """

    def sending(request: Request, store: Books, _: _Described) -> Key:
        return _authenticated(request, store, feature=feature)

    return Depends(sending)


def _read(request: Request, store: Books, _: _Described) -> Key:
    return _authenticated(request, store)


def _administer(request: Request, store: Books, _: _Described) -> Key:
    return _authenticated(request, store, admin=True)


# The credentials are read below; this puts the scheme into the OpenAPI document.
_Described = Annotated[object, Security(BEARER)]
Caller = Annotated[Key, Depends(_read)]
Administrator = Annotated[Key, Depends(_administer)]


def _authenticated(
    request: Request,
    store: Store,
    *,
    feature: str | None = None,
    is_task: bool = False,
    admin: bool = False,
) -> Key:
    """The key of ``request``, counted. Raises KeyRefused, TooMany, and where new work
    of ``feature`` is stopped UnderMaintenance or SwitchedOff.
    """
    rates: Rates = request.app.state.rates
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text.isascii() or not text.isprintable():
        raise KeyRefused("Send the header Authorization: Bearer <key>.")
    with store.database.reading() as connection:
        key = keys.find(connection, text, secret=store.secret)
        note(request, account=key.account.name, key=key.prefix)
        if is_task:
            rates.submit(key.account.id)
        else:
            rates.read(key.id)
        if feature is not None:
            limits.require_open(connection, feature)
    if admin and not key.admin:  # told like a path that does not exist
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return key
