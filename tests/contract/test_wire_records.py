"""record-info, cancel and credit (sections 3 and 5 of the wire contract)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from longtake import clock, records
from longtake.records import Progress
from longtake.store.files import Stored
from longtake.tasks import Video
from tests.wire import BASE, CREDIT, EXTEND, FACTS, INFO, Caller, Site, ask, envelope

_FIELDS = {
    "taskId",
    "taskType",
    "paramJson",
    "createTime",
    "completeTime",
    "resultInfoJson",
    "successFlag",
    "errorCode",
    "errorMessage",
    "state",
    "resultJson",
}


def info(caller: Caller, task_id: str) -> dict[str, Any]:
    answer = caller.get(INFO, taskId=task_id)
    assert (answer["code"], answer["msg"]) == (200, "success")
    found: dict[str, Any] = answer["data"]
    assert found.keys() >= _FIELDS
    return found


def test_a_task_that_waits(caller: Caller) -> None:
    before_ms = clock.now_ms()
    task_id = caller.open_task()
    found = info(caller, task_id)
    assert found["taskId"] == task_id
    assert found["taskType"] == "mj_video_extend_auto"
    assert before_ms <= found["createTime"] <= clock.now_ms()
    assert found["successFlag"] == 0
    assert found["state"] == "waiting"
    for name in ("completeTime", "resultInfoJson", "resultJson", "errorCode"):
        assert found[name] is None
    assert found["errorMessage"] is None


def test_the_request_is_text_in_alphabetical_order(caller: Caller) -> None:
    source = caller.source()
    answer = caller.post(EXTEND, ask(source, waterMark="é", prompt="on"))
    params = info(caller, answer["data"]["taskId"])["paramJson"]
    assert isinstance(params, str)
    assert list(json.loads(params)) == sorted(json.loads(params))
    assert '"waterMark":"é"' in params


def test_a_task_that_runs(caller: Caller) -> None:
    task_id = caller.open_task()
    with caller.site.store.database.transaction() as connection:
        record = records.find(connection, caller.account.id, task_id)
        records.begin(connection, record.id)
        records.tell(connection, record.id, Progress(stage="frames", done=12, total=96))
    found = info(caller, task_id)
    assert (found["successFlag"], found["state"]) == (0, "generating")
    assert found["progress"]["done"] == 12
    assert found["progress"]["total"] == 96


def test_a_task_that_succeeded(caller: Caller) -> None:
    task_id = caller.open_task()
    with caller.site.store.database.transaction() as connection:
        records.begin(connection, caller.record(task_id).id)
    stored = Stored(1, "0" * 64)
    videos = [
        Video(
            key=f"clips/{caller.account.id}/{task_id}/{index}.mp4",
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            facts=FACTS,
            report={},
            poster_key=f"clips/{caller.account.id}/{task_id}/{index}.jpg",
            filmstrip_key=f"clips/{caller.account.id}/{task_id}/{index}.png",
        )
        for index in range(2)
    ]
    assert caller.site.tasks.settle_made(task_id, videos)
    found = info(caller, task_id)
    urls = [f"{BASE}/m/{task_id}_0_{index}.mp4" for index in range(2)]
    assert (found["successFlag"], found["state"]) == (1, "success")
    assert found["resultInfoJson"] == {
        "resultUrls": [{"resultUrl": url} for url in urls]
    }
    assert json.loads(found["resultJson"]) == {"resultUrls": urls}
    assert found["completeTime"] >= found["createTime"]
    assert found["errorCode"] is None
    assert caller.balance() == 1_000_000 - 60


def test_a_task_that_failed(caller: Caller) -> None:
    task_id = caller.failed()
    found = info(caller, task_id)
    assert (found["successFlag"], found["state"]) == (3, "fail")
    assert found["errorCode"] == "VIDEO_EXTEND_FAILED"
    assert found["errorMessage"] == "The engine crashed."
    assert found["resultInfoJson"] is None
    assert isinstance(found["completeTime"], int)
    assert caller.balance() == 1_000_000


def test_a_canceled_task(caller: Caller) -> None:
    task_id = caller.open_task()
    assert caller.balance() == 1_000_000 - 60
    canceled = caller.post(f"/api/v1/tasks/{task_id}/cancel", {})
    assert canceled["code"] == 200
    assert canceled["data"] == info(caller, task_id)
    assert canceled["data"]["successFlag"] == 3
    assert canceled["data"]["errorCode"] == "TASK_CANCELED"
    assert caller.balance() == 1_000_000
    # Again: it stays as it is.
    assert caller.post(f"/api/v1/tasks/{task_id}/cancel", {}) == canceled
    assert caller.balance() == 1_000_000


def test_canceling_needs_no_body(caller: Caller) -> None:
    answer = caller.call("POST", f"/api/v1/tasks/{caller.open_task()}/cancel")
    assert envelope(answer)["code"] == 200


def test_the_parent_is_told(caller: Caller) -> None:
    source = caller.source(2)
    task_id = caller.post(EXTEND, ask(source, index=1))["data"]["taskId"]
    assert info(caller, task_id)["parent"] == {"taskId": source, "index": 1}


@pytest.mark.parametrize(
    "task_id", ["unknown", "x" * 129, "x" * 5000, "💥", "a/b", "..", "%00", "ünïcödé"]
)
def test_an_unknown_record(caller: Caller, task_id: str) -> None:
    answer = caller.call("GET", INFO, params={"taskId": task_id})
    assert answer.status_code == 200
    assert envelope(answer) == {
        "code": 422,
        "msg": "Record does not exist",
        "data": None,
    }


@pytest.mark.parametrize("query", ["", "?taskId=", "?taskId=%20", "?taskid=x"])
def test_no_task_id(caller: Caller, query: str) -> None:
    found = envelope(caller.call("GET", INFO + query))
    assert found["code"] == 422
    assert "taskId" in found["msg"]


def test_credit_is_a_number(site: Site) -> None:
    caller = site.caller(credits=5916)
    answer = caller.call("GET", CREDIT)
    assert answer.content == b'{"code":200,"msg":"success","data":5916}'
    caller.post(EXTEND, ask(caller.source()))
    assert caller.get(CREDIT)["data"] == 5916 - 60
