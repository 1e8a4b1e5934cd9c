"""The conventions of every endpoint (the wire contract, section 1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from longtake import keys
from longtake.settings import Settings
from longtake.store import Store, prepare
from longtake.tasks import Tasks
from tests import wire
from tests.wire import CREDIT, EXTEND, GENERATE, INFO, Caller, Site, ask, envelope

_FORBIDDEN = b'{"code":401,"msg":"You do not have access permissions","data":null}'
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
_EVERYWHERE = ("/api/v1/nope", "/nope", "/api", "/api/v1/mj", "/..%2f..%2fetc", "/%ff")


def test_bytes_of_an_answer(caller: Caller) -> None:
    answer = caller.call("GET", CREDIT)
    assert answer.content == b'{"code":200,"msg":"success","data":1000000}'
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic {key}",
        "{key}",
        "Bearer lt_" + "x" * 43,
        "Bearer {key}x",
        "Bearer {key} x",
        "Bearer \x00",
        "Bearer é",
        "Bearer " + "x" * 8000,
    ],
)
def test_no_access(caller: Caller, header: str | None) -> None:
    text = (header or "").format(key=caller.key).encode("latin-1")
    answer = caller.client.get(
        CREDIT, headers={b"authorization": text} if header is not None else None
    )
    assert answer.status_code == 401
    assert answer.content == _FORBIDDEN


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_access(caller: Caller, scheme: str) -> None:
    answer = caller.client.get(
        CREDIT, headers={"Authorization": f"{scheme} {caller.key}"}
    )
    assert envelope(answer)["code"] == 200


def test_a_revoked_key_stops_at_once(caller: Caller) -> None:
    assert caller.get(CREDIT)["code"] == 200
    with caller.site.store.database.transaction() as connection:
        keys.revoke(connection, caller.key[:11])
    assert caller.call("GET", CREDIT).content == _FORBIDDEN


@pytest.mark.parametrize("path", _EVERYWHERE)
@pytest.mark.parametrize("method", _METHODS)
def test_an_unknown_path(caller: Caller, method: str, path: str) -> None:
    answer = caller.call(method, path)
    assert answer.status_code == 200
    assert envelope(answer)["code"] == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", EXTEND),
        ("PUT", EXTEND),
        ("OPTIONS", EXTEND),
        ("POST", INFO),
        ("DELETE", CREDIT),
        ("POST", "/healthz"),
        ("PUT", "/docs"),
    ],
)
def test_a_wrong_method(caller: Caller, method: str, path: str) -> None:
    assert envelope(caller.call(method, path))["code"] == 404


@pytest.mark.parametrize("path", ["/nope", EXTEND, INFO])
def test_head_has_no_body_and_is_no_bare_page(caller: Caller, path: str) -> None:
    answer = caller.call("HEAD", path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.content == b""


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"{", "not JSON"),
        (b"taskId=1&index=0", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b'{"index": NaN}', "NaN"),
        (b'{"index": -Infinity}', "Infinity"),
        (b'{"index": 1e400}', "too large"),
        (b'{"index": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[" * 200_000, "deeply"),
        (b'{"a":' * 200_000, "deeply"),
        (b"[]", "object"),
        (b"null", "object"),
        (b'"text"', "object"),
        (b"7", "object"),
        (b'{"prompt": "' + b"x" * (1 << 20) + b'"}', "1,048,576 bytes"),
    ],
)
def test_a_broken_body(caller: Caller, body: bytes, says: str) -> None:
    answer = caller.call("POST", EXTEND, content=body)
    assert answer.status_code == 200
    found = envelope(answer)
    assert found["code"] == 400
    assert says in found["msg"]


def test_too_large_a_body_of_no_declared_length(caller: Caller) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    found = envelope(caller.call("POST", EXTEND, content=pieces()))
    assert found["code"] == 400
    assert "1,048,576 bytes" in found["msg"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "application/x-www-form-urlencoded", None],
)
def test_json_is_json_whatever_the_content_type(
    caller: Caller, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    body = b'{"taskId":"0","taskType":"mj_video_extend_auto","index":0}'
    found = envelope(caller.call("POST", EXTEND, content=body, headers=headers))
    assert (found["code"], found["msg"]) == (422, "Record does not exist")


@pytest.mark.parametrize("path", ["/api/v1/nope%00", f"{INFO}?taskId=%00"])
def test_nul_in_a_url(caller: Caller, path: str) -> None:
    assert envelope(caller.call("GET", path))["code"] == 400


def test_another_accounts_records_are_not_there(caller: Caller, site: Site) -> None:
    stranger = site.caller()
    task_id, unknown = caller.open_task(), uuid4().hex
    for own, theirs in (
        (stranger.get(INFO, taskId=task_id), stranger.get(INFO, taskId=unknown)),
        (stranger.post(EXTEND, ask(task_id)), stranger.post(EXTEND, ask(unknown))),
        (
            stranger.post(f"/api/v1/tasks/{task_id}/cancel", {}),
            stranger.post(f"/api/v1/tasks/{unknown}/cancel", {}),
        ),
    ):
        assert own == theirs
        assert own == {"code": 422, "msg": "Record does not exist", "data": None}


# ── the order of refusal ──


def test_401_goes_before_everything(caller: Caller) -> None:
    answer = caller.client.post(
        EXTEND, content=b"{", headers={"Authorization": "Bearer nobody"}
    )
    assert envelope(answer)["code"] == 401


def test_429_goes_before_maintenance_and_is_not_queued(
    site: Site, limited: Caller
) -> None:
    source = limited.source()
    for _ in range(2):
        assert limited.post(EXTEND, ask(source))["code"] == 200
    held = limited.balance()
    site.switch("maintenance", off=False)
    try:
        answer = limited.call("POST", EXTEND, content=b"{")
    finally:
        site.switch("maintenance", off=True)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 10
    assert envelope(answer)["code"] == 429
    assert limited.balance() == held


def test_reads_are_limited_by_key(limited: Caller) -> None:
    codes = [limited.get(CREDIT)["code"] for _ in range(6)]
    assert codes.count(200) >= 3
    assert codes[-1] == 429
    assert limited.post(EXTEND, ask(limited.source()))["code"] == 200


@pytest.mark.parametrize("body", [b"{", b"{}", b'{"taskType":"mj_txt2img"}'])
@pytest.mark.parametrize(
    ("path", "switch", "off", "code"),
    [
        (EXTEND, "maintenance", False, 455),
        (GENERATE, "maintenance", False, 455),
        (EXTEND, "extend", True, 505),
        (GENERATE, "generate", True, 505),
    ],
)
def test_switches_stop_new_work_before_it_is_looked_at(
    caller: Caller, *, path: str, switch: str, off: bool, code: int, body: bytes
) -> None:
    caller.site.switch(switch, off=off, message="Back at noon.")
    try:
        answer = caller.call("POST", path, content=body)
        reading = caller.get(CREDIT)
    finally:
        caller.site.switch(switch, off=not off)
    assert answer.status_code == 200
    assert envelope(answer) == {"code": code, "msg": "Back at noon.", "data": None}
    assert reading["code"] == 200


def test_validation_goes_before_402(site: Site) -> None:
    poor = site.caller(credits=59)
    source = poor.source()
    assert poor.post(EXTEND, ask(source, index=1))["code"] == 422
    answer = poor.call("POST", EXTEND, json=ask(source))
    assert answer.status_code == 200
    assert envelope(answer)["code"] == 402
    assert poor.balance() == 59


# ── what the server itself suffers ──


def test_a_fault_of_the_server(caller: Caller) -> None:
    class Broken(Tasks):
        def repeated(self, *_: Any) -> None:
            raise RuntimeError("a bug")

    broken = wire.client(caller.site.store, Broken(caller.site.store))
    answer = broken.post(
        EXTEND, json=ask("0"), headers={"Authorization": f"Bearer {caller.key}"}
    )
    assert answer.status_code == 500
    found = envelope(answer)
    assert found["code"] == 500
    assert answer.headers["x-request-id"] in found["msg"]
    assert "bug" not in found["msg"]


def test_no_database(tmp_path: Any) -> None:
    settings = Settings(data=tmp_path / "data")
    prepare(settings)
    away = settings.model_copy(
        update={"database_url": "postgresql://nobody@127.0.0.1:1/nothing"}
    )
    store = Store(away)
    answer = wire.client(store, Tasks(store)).get(
        CREDIT, headers={"Authorization": "Bearer lt_x"}
    )
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert envelope(answer)["code"] == 455
    store.close()


@pytest.fixture
def limited(caller: Caller) -> Iterator[Caller]:
    """The same account at an application with low limits."""
    store = caller.site.store
    low = Store(store.settings.model_copy(update={"submit_rate": 2, "read_rate": 3}))
    its_tasks = Tasks(low)
    yield Caller(caller.site, wire.client(low, its_tasks), caller.account, caller.key)
    its_tasks.queue.close()
    low.close()
