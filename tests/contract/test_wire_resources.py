"""Records, engines, prompts, callbacks and the account, as a program reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete

from longtake import fleet, keys, records
from longtake.fleet import Declared
from longtake.records import Progress
from longtake.store import tables
from tests.answering import Reader, granted, made, owed, waiting
from tests.wire import BASE, CREDIT, INFO, Caller, Site, envelope

_LIMITS = {
    "context_s": "2",
    "context_bytes": 1,
    "min_context": 1,
    "min_side": 16,
    "max_pixels": 8_294_400,
    "size_multiple": 1,
    "min_rate": "1",
    "max_rate": "240",
    "max_seconds": "20",
    "takes_prompt": False,
}


@pytest.fixture
def read(caller: Caller) -> Reader:
    return Reader.of(caller)


def test_a_record_is_told_whole(site: Site, caller: Caller, read: Reader) -> None:
    source = made(site.store, caller.account.id, prompt="a river")
    record = made(site.store, caller.account.id, parent=source, prompt="pan left")
    told = read("GET", "/api/v1/records/{task_id}", task_id=record.task_id)
    info = caller.get(INFO, taskId=record.task_id)["data"]
    assert {name: told[name] for name in info} == info
    assert told["parent"] == {"taskId": source.task_id, "index": 0}
    assert told["engine"] == "motion"
    assert (told["understood"], told["ignored"]) == (["pan left"], ["--raw"])
    assert told["written"] == "The camera pans left."
    assert told["ahead"] is None
    (video,) = told["videos"]
    stem = f"{BASE}/m/{record.task_id}_0_0"
    assert video["url"] == f"{stem}.mp4"
    assert (video["passed"], video["expired"]) == (True, False)
    assert video["facts"]["rate"] == "24000/1001"
    assert video["facts"]["fps"] == pytest.approx(23.976, abs=1e-3)
    for url, content in (
        (video["url"], b"a video"),
        (video["posterUrl"], b"a poster"),
        (video["filmstripUrl"], b"a filmstrip"),
    ):
        assert site.client.get(url).content == content
    report = envelope(caller.call("GET", video["reportUrl"]))["data"]
    assert report["steps"][0]["verdict"]["passed"]


def test_what_has_expired_says_so(site: Site, caller: Caller, read: Reader) -> None:
    record = made(site.store, caller.account.id)
    caller.expire(record.task_id)
    told = read("GET", "/api/v1/records/{task_id}", task_id=record.task_id)
    (video,) = told["videos"]
    assert video["expired"]
    assert video["posterUrl"] is None
    assert video["reportUrl"]


def test_a_waiting_record_knows_who_is_before_it(
    site: Site, caller: Caller, read: Reader
) -> None:
    owner = caller.account.id
    with site.store.database.transaction() as connection:
        first, second, last, urgent = (
            waiting(connection, owner, engine="a", created_ms=1),
            waiting(connection, owner, engine="b", created_ms=2),
            waiting(connection, owner, engine="a", created_ms=3),
            waiting(connection, owner, engine="b", created_ms=4, priority=1),
        )
        records.line_up(connection, owner, 3)
        records.begin(connection, first.id)
        records.tell(connection, first.id, Progress(stage="render", done=1, total=2))
    ahead = {
        one.id: read("GET", "/api/v1/records/{task_id}", task_id=one.task_id)["ahead"]
        for one in (urgent, first, second, last)
    }
    assert list(ahead.values()) == [0, None, 2, 3]
    told = read("GET", "/api/v1/records/{task_id}", task_id=first.task_id)
    assert told["progress"]["stage"] == "render"


def test_records_are_listed_in_pages(site: Site, caller: Caller, read: Reader) -> None:
    ids = [made(site.store, caller.account.id).task_id for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = read(
            "GET", "/api/v1/records", limit=2, **({"before": cursor} if cursor else {})
        )
        seen += [one["taskId"] for one in page["items"]]
        assert len(page["items"]) <= 2
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(ids)
    created = [caller.record(task_id).created_ms for task_id in seen]
    assert created == sorted(created, reverse=True)


@pytest.mark.parametrize("before", ["x", "1-2", "-", "9" * 40, "1-" + "g" * 32])
def test_a_cursor_that_is_none_is_refused(caller: Caller, before: str) -> None:
    answer = caller.get("/api/v1/records", before=before)
    assert answer["code"] == 422
    assert answer["msg"].startswith("before")


def test_records_are_found(site: Site, caller: Caller, read: Reader) -> None:
    river = made(site.store, caller.account.id, prompt="A River, 100% wet")
    imported = caller.source(prompt="snow")
    with site.store.database.transaction() as connection:
        open_ = waiting(connection, caller.account.id)

    def found(**query: Any) -> list[str]:
        return [
            one["taskId"] for one in read("GET", "/api/v1/records", **query)["items"]
        ]

    assert found(search="river") == [river.task_id]
    assert found(search="100%") == [river.task_id]
    assert found(search=" ", state="", origin="", before="") == found()
    assert found(search="%") == [river.task_id]
    assert found(search=imported[:20]) == [imported]
    assert found(origin="imported") == [imported]
    assert found(state="open") == found(state="waiting") == [open_.task_id]
    assert found(state="success", origin="made") == [river.task_id]
    assert found(state="fail") == found(state="generating") == []
    assert len(found()) == 3


def test_a_lineage_is_a_tree(site: Site, caller: Caller, read: Reader) -> None:
    root, other = caller.source(), made(site.store, caller.account.id)
    left = made(site.store, caller.account.id, parent=caller.record(root))
    right = made(site.store, caller.account.id, parent=caller.record(root))
    leaf = made(site.store, caller.account.id, parent=left)

    def tree(task_id: str) -> dict[str, str | None]:
        found = read("GET", "/api/v1/records/{task_id}/lineage", task_id=task_id)
        assert found["taskId"] == task_id
        return {
            one["taskId"]: one["parent"] and one["parent"]["taskId"]
            for one in found["records"]
        }

    whole = {
        root: None,
        left.task_id: root,
        right.task_id: root,
        leaf.task_id: left.task_id,
    }
    assert tree(root) == whole
    assert tree(leaf.task_id) == {
        name: parent for name, parent in whole.items() if name != right.task_id
    }
    assert tree(other.task_id) == {other.task_id: None}
    read("DELETE", "/api/v1/records/{task_id}", task_id=left.task_id)
    assert tree(root) == {root: None, right.task_id: root, leaf.task_id: root}
    assert caller.get(INFO, taskId=leaf.task_id)["data"]["parent"] is None


def test_a_deleted_record_is_gone_and_what_came_from_it_stays(
    site: Site, caller: Caller, read: Reader
) -> None:
    record = made(site.store, caller.account.id)
    child = made(site.store, caller.account.id, parent=record)
    media = f"/m/{record.task_id}_0_0.mp4"
    assert site.client.get(media).status_code == 200
    gone = read("DELETE", "/api/v1/records/{task_id}", task_id=record.task_id)
    assert gone == {"taskId": record.task_id, "deleted": True}
    assert site.client.get(media).status_code == 404
    again = caller.call("DELETE", f"/api/v1/records/{record.task_id}")
    assert envelope(again)["msg"] == "Record does not exist"
    told = read("GET", "/api/v1/records/{task_id}", task_id=child.task_id)
    assert site.client.get(told["videos"][0]["url"]).status_code == 200


def test_what_is_being_made_is_canceled_before_it_is_deleted(
    caller: Caller, read: Reader
) -> None:
    task_id = caller.open_task()
    path = f"/api/v1/records/{task_id}"
    refused = envelope(caller.call("DELETE", path))
    assert (refused["code"], "cancel it first" in refused["msg"]) == (422, True)
    caller.post(f"/api/v1/tasks/{task_id}/cancel", {})
    read("DELETE", "/api/v1/records/{task_id}", task_id=task_id)


def test_a_report_is_of_one_video(site: Site, caller: Caller, read: Reader) -> None:
    record = made(site.store, caller.account.id)
    path = "/api/v1/records/{task_id}/report"
    assert read("GET", path, task_id=record.task_id, index=0)["steps"]
    told = caller.get(path.format(task_id=record.task_id), index=1)
    assert (told["code"], told["msg"][:5]) == (422, "index")
    told = caller.get(path.format(task_id=caller.source()))
    assert (told["code"], "taken in" in told["msg"]) == (422, True)
    told = caller.get(path.format(task_id=caller.open_task()))
    assert (told["code"], "no report" in told["msg"]) == (422, True)


@pytest.fixture
def workers(site: Site) -> Iterator[None]:
    """Two that run, with engines of their own, and one that has stopped."""
    follows = _LIMITS | {"takes_prompt": True}
    declared = {
        "slot-1": Declared(name="motion", version="7", limits=_LIMITS),
        "slot-2": Declared(name="listens", version="1", limits=follows),
        "slot-3": Declared(name="resting", version="1", limits=_LIMITS),
    }
    with site.store.database.transaction() as connection:
        for executor, one in declared.items():
            fleet.announce(connection, executor, [one])
        fleet.leave(connection, "slot-3")
    yield
    with site.store.database.transaction() as connection:
        connection.execute(delete(tables.workers))


@pytest.mark.usefixtures("workers")
def test_engines_are_what_workers_declare(read: Reader) -> None:
    told = read("GET", "/api/v1/engines")
    assert told["prices"] == {"extend": 60, "video": 15, "videoHd": 45}
    engines = {one["name"]: one for one in told["engines"]}
    assert (engines["motion"]["default"], engines["motion"]["running"]) == (True, True)
    assert not engines["resting"]["running"]
    assert engines["motion"]["limits"]["maxSeconds"] == "20"
    assert engines["motion"]["takesPrompt"] is False


@pytest.mark.usefixtures("workers")
def test_a_prompt_is_read_before_it_is_paid_for(caller: Caller, read: Reader) -> None:
    path = "/api/v1/prompts/reading"
    body = {"prompt": "Pan left, then rain --bs 2 --raw"}
    told = read("POST", path, body=body)
    assert told["engine"] == "motion"
    assert (told["length"], told["limit"]) == (len(body["prompt"]), 2000)
    assert told["text"] == "Pan left, then rain"
    assert told["clauses"] == ["Pan left", "rain"]
    assert told["flags"]["bs"] == 2
    assert told["understood"] == ["--bs 2"]
    assert told["ignored"] == ["Pan left", "rain", "--raw"]
    assert told["followsWords"] is False
    assert told["operations"] == []
    told = read("POST", path, body=body | {"engine": "listens"})
    assert (told["followsWords"], told["ignored"]) == (True, ["rain"])
    assert told["understood"] == [
        "Pan left: pans left by 10% of the width",
        *("--bs 2", "--raw"),
    ]
    (pan,) = told["operations"]
    assert (pan["kind"], pan["amount"], pan["unit"]) == ("pan", -0.1, "widths")
    assert (pan["begin"], pan["end"], pan["clause"]) == (0, 1, "Pan left")
    assert read("POST", path, body={"prompt": ""})["clauses"] == []
    assert (
        read("POST", path, body={"prompt": "\N{GRINNING FACE}" * 2001})["length"]
        == 2001
    )
    answer = caller.post(path, body | {"engine": "nobody"})
    assert (answer["code"], "'nobody'" in answer["msg"]) == (422, True)


def test_callbacks_are_listed_and_delivered_again(
    site: Site, caller: Caller, read: Reader
) -> None:
    kept = [made(site.store, caller.account.id) for _ in range(3)]
    ids = [owed(site.store, record) for record in kept]
    page = read("GET", "/api/v1/deliveries", limit=2)
    rest = read("GET", "/api/v1/deliveries", limit=2, before=page["next"])
    listed = [one["deliveryId"] for one in page["items"] + rest["items"]]
    assert sorted(listed) == sorted(ids)
    of_one = read("GET", "/api/v1/deliveries", taskId=kept[1].task_id)["items"]
    assert [one["deliveryId"] for one in of_one] == [ids[1]]
    assert read("GET", "/api/v1/deliveries", state="dead")["items"] == []
    path = "/api/v1/deliveries/{delivery_id}"
    told = read("GET", path, delivery_id=ids[1])
    assert told["webhookId"] == f"msg_{ids[1]}"
    assert kept[1].task_id in told["body"]
    again = read("POST", f"{path}/redeliver", delivery_id=ids[1])
    assert (again["round"], again["state"]) == (1, "owed")
    missing = caller.get("/api/v1/deliveries", taskId="0")
    assert missing["msg"] == "Record does not exist"


def test_an_account_and_its_history(site: Site, caller: Caller, read: Reader) -> None:
    granted(site.store, caller.account.id, 5, 7)
    told = read("GET", "/api/v1/account")
    assert told["balance"] == 1_000_012 == caller.get(CREDIT)["data"]
    assert (told["tier"], told["atATime"]) == ("standard", 3)
    assert told["key"]["prefix"] == caller.key[:11]
    page = read("GET", "/api/v1/account/history", limit=2)
    assert [one["credits"] for one in page["items"]] == [7, 5]
    page = read("GET", "/api/v1/account/history", limit=2, before=page["next"])
    assert [one["credits"] for one in page["items"]] == [1_000_000]
    assert page["next"] is None
    task_id = caller.open_task()
    (hold,) = read("GET", "/api/v1/account/history", limit=1)["items"]
    assert (hold["kind"], hold["credits"], hold["taskId"]) == ("hold", -60, task_id)


def test_keys_are_created_and_revoked(site: Site, caller: Caller, read: Reader) -> None:
    path = "/api/v1/account/keys"
    created = read("POST", path, body={"name": "laptop", "admin": True})
    assert (created["name"], created["admin"]) == ("laptop", False)
    second = Caller(site, site.client, caller.account, created["key"])
    assert Reader.of(second)("GET", "/api/v1/account")["key"]["name"] == "laptop"
    listed = read("GET", path)["keys"]
    assert [one["name"] for one in listed] == ["", "laptop"]
    assert created["key"] not in str(listed)
    left = read("DELETE", f"{path}/{{key_id}}", key_id=created["id"])["keys"]
    assert [one["revokeTime"] is None for one in left] == [True, False]
    assert second.call("GET", CREDIT).status_code == 401


def test_no_key_escalates(site: Site, caller: Caller) -> None:
    """An ordinary key makes no admin key, and stops none."""
    with site.store.database.transaction() as connection:
        _, admin = keys.create(
            connection, caller.account.id, secret=site.store.secret, admin=True
        )
    answer = envelope(caller.call("DELETE", f"/api/v1/account/keys/{admin.id}"))
    assert (answer["code"], "admin key" in answer["msg"]) == (422, True)
    by_prefix = envelope(caller.call("DELETE", f"/api/v1/account/keys/{admin.prefix}"))
    assert by_prefix["code"] == 422
    with site.store.database.reading() as connection:
        assert len(keys.listed(connection, caller.account.id, revoked=False)) == 2


def test_secrets_are_told_once(caller: Caller, site: Site, read: Reader) -> None:
    path = "/api/v1/account/secrets"
    assert read("GET", path) == {"secrets": []}
    first = read("POST", path)["secret"]
    assert first.startswith("whsec_")
    second = read("POST", f"{path}/rotate")["secret"]
    listed = read("GET", path)["secrets"]
    assert [one["expireTime"] is None for one in listed] == [True, False]
    assert not any(text in str(listed) for text in (first, second))
    with site.store.database.reading() as connection:
        assert keys.secrets(connection, caller.account.id) == (second, first)
