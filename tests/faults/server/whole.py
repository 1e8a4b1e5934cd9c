"""What must be true of books, files, callbacks and processes, whatever was done to them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.command import longtake
from tests.receivers import Received
from tests.running import Caller, Server

PRICE = 60
BEGAN_WITH = 10**9
_LEFT_IN_DATA = {"longtake.db", "secret", "files", "arrivals", "locks", "work"}


def assert_nothing_lost(server: Server, accepted: dict[str, Caller]) -> None:
    """What was acknowledged is there, once, and has ended."""
    made = server.rows("SELECT id, success_flag FROM lt_records WHERE origin = 'made'")
    flags = {str(row[0]): int(row[1]) for row in made}
    assert set(flags) == set(accepted)
    assert all(flags.values()), "every task has ended"
    for task_id, caller in accepted.items():
        told = caller.record(task_id)
        assert told["successFlag"] == flags[task_id]
        if told["successFlag"] == 1:
            [result] = told["resultInfoJson"]["resultUrls"]
            answer = caller.call(
                "GET", result["resultUrl"].removeprefix(server.address)
            )
            assert answer.status_code == 200
            assert answer.content
        else:
            assert told["errorCode"]
            assert told["errorMessage"]


def assert_charged_once(server: Server, callers: Iterable[Caller]) -> None:
    """One hold each, then one capture or one release, and the balance says the same."""
    entries: dict[str, list[str]] = defaultdict(list)
    rows = server.rows(
        "SELECT record_id, kind FROM lt_ledger WHERE record_id IS NOT NULL ORDER BY id"
    )
    for record_id, kind in rows:
        entries[record_id].append(kind)
    spent: dict[str, int] = defaultdict(int)
    made = "SELECT id, account_id, success_flag FROM lt_records WHERE origin = 'made'"
    for record_id, account_id, flag in server.rows(made):
        ended = "capture" if flag == 1 else "release"
        assert entries.pop(record_id) == ["hold", ended], record_id
        spent[account_id] += PRICE * (flag == 1)
    assert not entries, "nothing was held for what is not there"
    for caller in callers:
        balance = caller.data("GET", "/api/v1/chat/credit")
        assert balance == BEGAN_WITH - spent[caller.account_id]


def assert_called_back(
    received: list[Received], accepted: dict[str, Caller], secrets: dict[Caller, str]
) -> None:
    """Each task at least once, always under one id and in the same words, and signed."""
    heard: dict[str, list[Received]] = defaultdict(list)
    for request in received:
        heard[json.loads(request.body)["taskId"]].append(request)
    assert set(heard) == set(accepted)
    for task_id, requests in heard.items():
        assert len({request.headers["webhook-id"] for request in requests}) == 1
        assert len({request.body for request in requests}) == 1
        for request in requests:
            assert _signed(request, secrets[accepted[task_id]])


def assert_no_orphans(server: Server) -> None:
    """Every file belongs to a clip, every clip has its files, and nothing lies about."""
    data = server.settings.data
    columns = "object_key", "poster_key", "filmstrip_key"
    owned = {
        key
        for row in server.rows(f"SELECT {', '.join(columns)} FROM lt_clips")  # noqa: S608
        for key in row
        if key
    }
    kept = {key for key, _ in server.store.files.keys("")}
    assert kept == owned
    for folder in (data / "arrivals", data / "work", server.temporary):
        lying = [str(path) for path in folder.rglob("*") if path.is_file()]
        assert not lying
    strange = {path.name for path in data.iterdir()} - _LEFT_IN_DATA
    assert not {name for name in strange if not name.startswith("longtake.db-")}


def assert_gone(server: Server) -> None:
    """No process of it is left."""
    assert not server.processes()


def assert_in_order(server: Server) -> None:
    """``longtake check`` finds nothing to complain of."""
    given: dict[str, Any] = {
        k: v for k, v in server.environment.items() if k.startswith("LONGTAKE_")
    }
    ran = longtake("check", **given)
    assert ran.status == 0, ran.out + ran.err


def _signed(request: Received, secret: str) -> bool:
    """The body signature of Standard Webhooks, computed here."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    said = [request.headers["webhook-id"], request.headers["webhook-timestamp"]]
    signed = ".".join(said).encode() + b"." + request.body
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{mac}" in request.headers["webhook-signature"].split()
