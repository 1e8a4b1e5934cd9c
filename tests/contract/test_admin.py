"""The operator's paths: accounts, keys, credits, the queue, switches, everybody's callbacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from longtake import fleet, records
from longtake.fleet import Declared
from longtake.store import tables
from tests import running
from tests.answering import (
    Reader,
    administrator,
    answering,
    made,
    owed,
    process,
    waiting,
)
from tests.running import Server, free_port
from tests.wire import CREDIT, EXTEND, Site, ask, envelope

_ACCOUNTS = "/api/v1/admin/accounts"
_ACCOUNT = f"{_ACCOUNTS}/{{account_id}}"
_SWITCH = "/api/v1/admin/switches/{name}"


@pytest.fixture
def operator(site: Site) -> Reader:
    return Reader.of(site.caller(admin=True))


def test_an_account_is_opened_and_given_a_key(site: Site, operator: Reader) -> None:
    name = "ben's account"
    opened = operator("POST", _ACCOUNTS, body={"name": name, "credits": 100})
    assert (opened["name"], opened["tier"], opened["balance"]) == (
        name,
        "standard",
        100,
    )
    created = operator(
        "POST", f"{_ACCOUNT}/keys", body={"name": "first"}, account_id=opened["id"]
    )
    ben = replace(site.caller(), key=created["key"])
    assert ben.get(CREDIT)["data"] == 100
    assert ben.get("/api/v1/admin/switches")["code"] == 404
    assert operator("GET", _ACCOUNT, account_id=name) == opened
    taken = operator.caller.post(_ACCOUNTS, {"name": name})
    assert (taken["code"], name in taken["msg"]) == (422, True)
    site_of = operator("GET", f"{_ACCOUNT}/keys", account_id=opened["id"])["keys"]
    assert [one["name"] for one in site_of] == ["first"]
    operator(
        "DELETE",
        f"{_ACCOUNT}/keys/{{key_id}}",
        account_id=opened["id"],
        key_id=created["id"],
    )
    assert ben.call("GET", CREDIT).status_code == 401


def test_a_key_is_looked_for_in_its_account(site: Site, operator: Reader) -> None:
    mine = operator("GET", "/api/v1/account")
    other = site.caller()
    path = f"{_ACCOUNTS}/{other.account.id}/keys/{mine['key']['id']}"
    assert envelope(operator.caller.call("DELETE", path))["code"] == 422
    assert operator("GET", "/api/v1/account") == mine


def test_an_admin_key_is_made_and_unmade_by_another(
    site: Site, operator: Reader
) -> None:
    other = site.caller()
    account_id = other.account.id
    created = operator(
        "POST", f"{_ACCOUNT}/keys", body={"admin": True}, account_id=account_id
    )
    second = Reader.of(replace(other, key=created["key"]))
    assert second("GET", "/api/v1/admin/queue")
    operator(
        "DELETE",
        f"{_ACCOUNT}/keys/{{key_id}}",
        account_id=account_id,
        key_id=created["id"],
    )
    assert second.caller.call("GET", CREDIT).status_code == 401


def test_credits_are_granted_and_taken_back(site: Site, operator: Reader) -> None:
    other = site.caller(credits=0)
    account_id = other.account.id
    path = f"{_ACCOUNT}/grants"
    body: dict[str, Any] = {"credits": "70", "note": "thanks"}
    assert operator("POST", path, body=body, account_id=account_id)["balance"] == 70
    body = {"credits": -20}
    assert operator("POST", path, body=body, account_id=account_id)["balance"] == 50
    page = operator("GET", f"{_ACCOUNT}/history", account_id=account_id)
    assert [(one["credits"], one["note"]) for one in page["items"]] == [
        (-20, ""),
        (70, "thanks"),
    ]
    url = path.format(account_id=account_id)
    assert operator.caller.post(url, {"credits": -51})["code"] == 402
    assert operator.caller.post(url, {"credits": 0})["code"] == 422
    assert operator.caller.post(url, {"credits": 1.5})["code"] == 422
    assert other.balance() == 50


def test_a_tier_is_one_that_there_is(site: Site, operator: Reader) -> None:
    other = site.caller()
    changed = operator(
        "PATCH", _ACCOUNT, body={"tier": "priority"}, account_id=other.account.id
    )
    assert (changed["tier"], changed["atATime"]) == ("priority", 10)
    told = operator("GET", "/api/v1/admin/tiers")["tiers"]
    assert {one["name"]: one["atATime"] for one in told} == {
        "standard": 3,
        "priority": 10,
    }
    path = _ACCOUNT.format(account_id=other.account.id)
    refused = envelope(operator.caller.call("PATCH", path, json={"tier": "gold"}))
    assert (refused["code"], "standard, priority" in refused["msg"]) == (422, True)
    missing = envelope(operator.caller.call("GET", f"{_ACCOUNTS}/nobody"))
    assert (missing["code"], "nobody" in missing["msg"]) == (422, True)


def test_accounts_are_listed_in_pages(site: Site, operator: Reader) -> None:
    ids = {site.caller().account.id for _ in range(3)}
    page = operator("GET", _ACCOUNTS, limit=2)
    rest = operator("GET", _ACCOUNTS, limit=2, before=page["next"])
    listed = [one["id"] for one in page["items"] + rest["items"]]
    assert len(set(listed)) == 4
    assert ids <= set(listed)


def test_the_queue_and_who_works_on_it(site: Site, operator: Reader) -> None:
    other = site.caller()
    with site.store.database.transaction() as connection:
        kept = [
            waiting(connection, other.account.id, engine=e) for e in ("a", "a", "b")
        ]
        records.begin(connection, kept[0].id)
        one = Declared(name="a", version="1", limits={})
        fleet.announce(connection, "slot-9", [one])
    told = operator("GET", "/api/v1/admin/queue")
    theirs = {
        (one["engine"], one["state"]): one["count"]
        for one in told["tasks"]
        if one["account"] == other.account.name
    }
    assert theirs == {("a", "waiting"): 1, ("a", "generating"): 1, ("b", "waiting"): 1}
    (worker,) = (one for one in told["workers"] if one["name"] == "slot-9")
    assert (worker["engines"], worker["running"]) == (["a"], True)
    with site.store.database.transaction() as connection:
        connection.execute(delete(tables.workers))


def test_dead_letters_of_everybody(site: Site, operator: Reader) -> None:
    other = site.caller()
    delivery_id = owed(site.store, made(site.store, other.account.id))
    with site.store.database.transaction() as connection:
        connection.execute(
            tables.deliveries.update()
            .where(tables.deliveries.c.id == delivery_id)
            .values(state="dead", next_ms=None)
        )
    (dead,) = operator("GET", "/api/v1/admin/deliveries", state="dead")["items"]
    assert dead["deliveryId"] == delivery_id
    assert (dead["accountId"], dead["account"]) == (
        other.account.id,
        other.account.name,
    )
    path = "/api/v1/admin/deliveries/{delivery_id}/redeliver"
    again = operator("POST", path, delivery_id=delivery_id)
    assert (again["state"], again["account"]) == ("owed", other.account.name)
    assert operator("GET", "/api/v1/admin/deliveries", state="dead")["items"] == []


def test_switches_say_what_they_are(site: Site, operator: Reader) -> None:
    caller = site.caller()
    try:
        body: dict[str, Any] = {"on": False, "message": "Back at noon."}
        told = operator("PUT", _SWITCH, body=body, name="extend")
        assert (told["on"], told["message"]) == (False, "Back at noon.")
        told = {
            one["name"]: one
            for one in operator("GET", "/api/v1/admin/switches")["switches"]
        }
        assert [name for name, one in told.items() if not one["on"]] == [
            "maintenance",
            "extend",
        ]
        answer = caller.post(EXTEND, ask(caller.source()))
        assert (answer["code"], answer["msg"]) == (505, "Back at noon.")
    finally:
        operator("PUT", _SWITCH, body={"on": True}, name="extend")
    assert caller.post(EXTEND, ask(caller.source()))["code"] == 200
    missing = operator.caller.call("PUT", "/api/v1/admin/switches/x", json={"on": True})
    assert (envelope(missing)["code"], "'x'" in envelope(missing)["msg"]) == (422, True)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Server, running.Caller, running.Caller]]:
    """One database and two servers on it, with an operator at the first."""
    port = free_port()
    with answering(tmp_path / "server") as server, process(server, port=port):
        operator = administrator(server)
        caller = server.caller("ann")
        there = running.Caller(
            f"http://127.0.0.1:{port}", caller.key, caller.account_id
        )
        yield server, operator, there


def test_a_switch_counts_at_once_on_every_server(
    pair: tuple[Server, running.Caller, running.Caller],
) -> None:
    server, operator, there = pair
    source = made(server.store, there.account_id).task_id

    def code() -> int:
        return int(there.call("POST", EXTEND, json=ask(source)).json()["code"])

    assert code() == 200
    for name, on, expected in (
        ("extend", False, 505),
        ("maintenance", True, 455),
        ("extend", True, 455),
        ("maintenance", False, 200),
    ):
        operator.data("PUT", _SWITCH.format(name=name), json={"on": on})
        assert code() == expected
    there.data("GET", CREDIT)
