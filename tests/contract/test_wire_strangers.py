"""What another account has does not exist: every operation that the API documents.

An operation that is added is tried here by itself. One with a parameter that this file
has never heard of fails until it is said what it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, select

from longtake import clips, keys
from longtake.api import shapes
from longtake.store import Store, tables
from tests.answering import Promise, made, owed, waiting
from tests.wire import BASE, Caller, Site

# What a name in a path, a query or a body stands for where it names nobody's things.
_PLAIN: dict[str, Any] = {
    "aspectRatio": None,
    "base64Data": "data:image/png;base64,iVBORw0KGgo=",
    "callBackUrl": None,
    "enableTranslation": None,
    "engine": None,
    "file": None,
    "fileName": None,
    "from": None,
    "index": 0,
    "Idempotency-Key": None,
    "Last-Event-ID": None,
    "limit": None,
    "motion": None,
    "name": "a name",
    "origin": None,
    "ow": None,
    "prompt": "rain",
    "search": None,
    "seconds": None,
    "seed": None,
    "sound": None,
    "speed": None,
    "state": None,
    "stylization": None,
    "taskType": None,
    "token": "0.0",
    "uploadPath": "here",
    "variety": None,
    "version": None,
    "videoBatchSize": None,
    "waterMark": None,
    "weirdness": None,
}


@dataclass(frozen=True)
class Things:
    """Names of what an account has, or of what nobody has."""

    task_id: str
    delivery_id: str
    key_id: str
    url: str
    before: str

    def named(self, name: str) -> Any:
        """The thing that a parameter of this name refers to; None for a plain one."""
        return {
            "task_id": self.task_id,
            "taskId": self.task_id,
            "delivery_id": self.delivery_id,
            "key_id": self.key_id,
            "url": self.url,
            "urls": [self.url],
            "fileUrl": self.url,
            "fileUrls": [self.url],
            "before": self.before,
        }.get(name)

    def all(self) -> tuple[str, ...]:
        """Every name."""
        return (self.task_id, self.delivery_id, self.key_id, self.url)


@dataclass(frozen=True)
class Request:
    """One operation, to be tried by a stranger."""

    method: str
    path: str
    query: dict[str, Any]
    body: dict[str, Any] | None

    def sent_by(self, caller: Caller) -> tuple[int, str]:
        """The status and the text of the answer."""
        answer = caller.call(
            self.method,
            self.path,
            params=self.query,
            **({"json": self.body} if self.body is not None else {}),
        )
        return answer.status_code, answer.text


@pytest.fixture(scope="module")
def promise(site: Site) -> Promise:
    return Promise(site.client.get("/openapi.json").json())


@pytest.mark.parametrize("of", ["done", "open"])
def test_things_of_others_answer_like_things_that_are_not(
    site: Site, promise: Promise, of: str
) -> None:
    owner, stranger = site.caller(), site.caller()
    hers, nobodys = _things(owner, of), _no_things()
    before = _everything(site.store, owner)
    asked = [
        pair
        for bare in (True, False)
        for pair in zip(
            _requests(promise, hers, bare=bare),
            _requests(promise, nobodys, bare=bare),
            strict=True,
        )
    ]
    assert len(asked) > 40
    for real, unreal in asked:
        status, text = real.sent_by(stranger)
        if real == unreal:
            assert all(name not in text for name in hers.all()), real
            continue
        for mine, missing in zip(hers.all(), nobodys.all(), strict=True):
            text = text.replace(mine, missing)
        assert (status, text) == unreal.sent_by(stranger), real
    assert _everything(site.store, owner) == before


def test_what_is_the_operators_is_nowhere_for_others(
    site: Site, promise: Promise
) -> None:
    caller = site.caller()
    asked = list(_requests(promise, _no_things(), admin=True))
    assert len(asked) > 8
    for request in asked:
        nowhere = (
            f'{{"code":404,"msg":"There is nothing at {request.path}.","data":null}}'
        )
        assert request.sent_by(caller) == (200, nowhere)


def test_without_a_key_nothing_is_told(site: Site, promise: Promise) -> None:
    for admin in (True, False):
        for request in _requests(promise, _no_things(), admin=admin):
            answer = site.client.request(request.method, request.path)
            assert answer.status_code == 401, request


def _things(owner: Caller, of: str) -> Things:
    """What ``owner`` has: a record and a callback, a key, a file."""
    store = owner.site.store
    record = made(store, owner.account.id)
    delivery_id = owed(store, record)
    with store.database.transaction() as connection:
        (key,) = keys.listed(connection, owner.account.id)
        (clip,) = clips.of(connection, record.id)
        if of == "open":
            record = waiting(connection, owner.account.id)
    return Things(
        task_id=record.task_id,
        delivery_id=delivery_id,
        key_id=key.id,
        url=f"{BASE}/m/{clip.media_name}",
        before=shapes.moment_cursor(record.created_ms, record.id),
    )


def _no_things() -> Things:
    return Things(
        task_id=uuid4().hex,
        delivery_id=uuid4().hex,
        key_id=uuid4().hex,
        url=f"{BASE}/m/{uuid4().hex}_0_0.mp4",
        before=shapes.moment_cursor(2**40, uuid4().hex),
    )


def _requests(
    promise: Promise, things: Things, *, admin: bool = False, bare: bool = False
) -> Iterator[Request]:
    """Every operation that needs a key, with ``things`` wherever it asks for some.

    ``bare`` leaves out what need not be said.
    """
    for method, path, operation in promise.operations():
        if "security" not in operation or admin != ("/admin/" in path):
            continue
        query, filled = {}, path
        for parameter in operation.get("parameters", ()):
            name, where = parameter["name"], parameter["in"]
            if admin and where == "path":
                value = "x"
            elif parameter["required"] or not bare:
                value = _value(things, name, path, required=parameter["required"])
            else:
                value = None
            if where == "path":
                filled = filled.replace(f"{{{name}}}", str(value))
            elif where == "query" and value is not None:
                query[name] = value
        body = None if admin else _body(promise, operation, things, path, bare=bare)
        yield Request(method, filled, query, body)


def _body(
    promise: Promise,
    operation: dict[str, Any],
    things: Things,
    path: str,
    *,
    bare: bool,
) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    schema = content["application/json"]["schema"]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = promise.document["components"]["schemas"][name]
    body = {}
    for name, field in schema["properties"].items():
        required = name in schema.get("required", ())
        if not required and bare:
            continue
        value = field["enum"][0] if required and "enum" in field else None
        body[name] = value or _value(things, name, path, required=required)
    return {name: value for name, value in body.items() if value is not None}


def _value(things: Things, name: str, path: str, *, required: bool) -> Any:
    named = things.named(name)
    assert named is not None or name in _PLAIN, f"what is {name} of {path}? Say it here"
    return named if named is not None else _PLAIN[name] if required else None


def _everything(store: Store, owner: Caller) -> dict[str, list[Any]]:
    """Every row of the account."""
    kept = {}
    with store.database.reading() as connection:
        for table in tables.metadata.sorted_tables:
            if "account_id" in table.c:
                kept[table.name] = _rows(connection, table, owner.account.id)
    return kept


def _rows(connection: Any, table: Table, account_id: str) -> list[Any]:
    query = select(table).where(table.c.account_id == account_id)
    return [
        tuple(row) for row in connection.execute(query.order_by(*table.primary_key))
    ]
