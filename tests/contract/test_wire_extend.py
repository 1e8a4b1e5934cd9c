"""POST /api/v1/mj/generateVideoExtend, as section 2 of the wire contract has it."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

import pytest

from longtake.store.tables import records as records_table
from tests.wire import EXTEND, INFO, Caller, Site, ask, envelope

MANUAL, AUTO = "mj_video_extend_manual", "mj_video_extend_auto"


def test_the_answer(caller: Caller) -> None:
    answer = caller.call("POST", EXTEND, json=ask(caller.source()))
    assert answer.status_code == 200
    found = envelope(answer)
    assert (found["code"], found["msg"]) == (200, "success")
    assert re.fullmatch("[0-9a-f]{32}", found["data"]["taskId"])
    assert found["data"]["recordId"] == found["data"]["taskId"]
    # Durable: whoever asks next is told of it.
    assert caller.get(INFO, taskId=found["data"]["taskId"])["code"] == 200
    assert caller.balance() == 1_000_000 - 60


def test_the_specifications_example_after_moving_in(caller: Caller) -> None:
    """A record of another service keeps its id, a UUID; its videos can be extended."""
    task_id = caller.source(4, task_id="2584469c-3807-4d6e-ba4f-5fd9e1b2bb01")
    body = {
        "taskId": task_id,
        "index": 0,
        "taskType": MANUAL,
        "prompt": "a dog running in the park",
        "waterMark": "my_watermark",
        "callBackUrl": "https://api.example.com/callback",
    }
    assert caller.post(EXTEND, body)["code"] == 200


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"taskId": None}, "taskId is required"),
        ({"taskId": ""}, "taskId is required"),
        ({"taskId": "  "}, "taskId is required"),
        ({"taskId": 7}, "taskId"),
        ({"taskId": {}}, "taskId"),
        ({"taskId": "x" * 129}, "taskId"),
        ({"taskId": "\0"}, "taskId"),
        ({"taskType": None}, "taskType is required"),
        ({"taskType": ""}, "taskType is required"),
        ({"taskType": "mj_video_extend"}, f"'{MANUAL}' or '{AUTO}'"),
        ({"taskType": 1}, "taskType"),
        ({"taskType": MANUAL.upper()}, "taskType"),
        ({"index": None}, "index is required"),
        ({"index": ""}, "index is required"),
        ({"index": "x"}, "index must be a whole number"),
        ({"index": "1.5"}, "index must be a whole number"),
        ({"index": 0.5}, "index must be a whole number"),
        ({"index": True}, "index must be a whole number"),
        ({"index": []}, "index must be a whole number"),
        ({"index": -1}, "index must be a whole number, 0 or more"),
        ({"index": "-1"}, "index must be a whole number, 0 or more"),
        ({"index": "٣"}, "index must be a whole number"),
        ({"index": 10**300}, "index must be at most"),
        ({"taskType": MANUAL}, "prompt is required"),
        ({"taskType": MANUAL, "prompt": ""}, "prompt is required"),
        ({"taskType": MANUAL, "prompt": " \n\t"}, "prompt is required"),
        ({"taskType": MANUAL, "prompt": "x" * 2001}, "prompt: String should have at"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"prompt": ["x"]}, "prompt"),
        ({"prompt": "a\0b"}, "prompt must not contain the character NUL"),
        ({"waterMark": "x" * 101}, "waterMark"),
        ({"watermark": "x" * 101}, "watermark"),
        ({"waterMark": 5}, "waterMark"),
        ({"callBackUrl": "not a url"}, "callBackUrl"),
        ({"callBackUrl": "/relative"}, "callBackUrl"),
        ({"callBackUrl": "ftp://example.com/"}, "callBackUrl"),
        ({"callBackUrl": "javascript:alert(1)"}, "callBackUrl"),
        ({"callBackUrl": "https://"}, "callBackUrl"),
        ({"callBackUrl": "https://a.example/" + "x" * 2048}, "callBackUrl"),
        ({"callBackUrl": "http://user:word@example.com/"}, "callBackUrl"),
        ({"seconds": "0.49"}, "seconds must be from 0.5 to 20"),
        ({"seconds": 20.01}, "seconds must be from 0.5 to 20"),
        ({"seconds": "0/1"}, "seconds"),
        ({"seconds": "1/0"}, "seconds"),
        ({"seconds": "1e9999999"}, "seconds"),
        ({"seconds": "-4"}, "seconds"),
        ({"seconds": True}, "seconds"),
        ({"seconds": "four"}, "seconds"),
        ({"from": 0}, "from must be more than 0"),
        ({"from": "5.001"}, "from is 5.001 s, but the video ends after 5.000 s"),
        ({"from": "1e3"}, "from"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**53}, "seed must be at most 9007199254740991"),
        ({"videoBatchSize": 3}, "videoBatchSize must be one of 1, 2, 4"),
        ({"videoBatchSize": True}, "videoBatchSize"),
        ({"sound": "loud"}, "sound"),
        ({"engine": "warp"}, "engine 'warp' is not known here; there are: motion"),
        ({"engine": "x" * 65}, "engine"),
    ],
)
def test_what_is_wrong_is_named_and_costs_nothing(
    caller: Caller, changes: dict[str, Any], says: str
) -> None:
    answer = caller.call("POST", EXTEND, json=ask(caller.source(), **changes))
    assert answer.status_code == 200
    found = envelope(answer)
    assert found["code"] == 422, found
    assert says in found["msg"]
    assert found["data"] is None
    assert caller.balance() == 1_000_000


def test_half_a_surrogate_pair(caller: Caller) -> None:
    body = b'{"taskId":"\\ud800","taskType":"%s","index":0}' % AUTO.encode()
    found = envelope(caller.call("POST", EXTEND, content=body))
    assert found["code"] == 422
    assert "taskId" in found["msg"]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9000/x",
        "http://127.0.0.1/x",
        "https://[::1]/",
        "http://169.254.169.254/latest",
        "http://10.1.2.3/",
        "http://[::ffff:10.0.0.1]/",
    ],
)
def test_callbacks_into_the_house_name_the_setting(caller: Caller, url: str) -> None:
    found = caller.post(EXTEND, ask(caller.source(), callBackUrl=url))
    assert found["code"] == 422
    assert "callBackUrl" in found["msg"]
    assert "LONGTAKE_ALLOWED_HOSTS" in found["msg"] or "never" in found["msg"]


@pytest.mark.parametrize("url", ["https://a.example/b?c=d", "http://b.example:8080"])
def test_names_are_checked_only_when_connecting(caller: Caller, url: str) -> None:
    answer = caller.post(EXTEND, ask(caller.source(), callBackUrl=url))
    assert caller.record(answer["data"]["taskId"]).callback_url == url


# ── the source ──


def test_our_own_names_for_fields_are_unknown_on_the_wire(caller: Caller) -> None:
    body = ask(caller.source(), batch_size=4, water_mark="x", callback_url="nowhere")
    task_id = caller.post(EXTEND, body)["data"]["taskId"]
    work = caller.work(task_id)
    assert (work.candidates, work.watermark) == (1, None)


@pytest.mark.parametrize("task_id", ["unknown", "💥", "'; DROP TABLE", "%s", "x" * 128])
def test_no_such_source(caller: Caller, task_id: str) -> None:
    found = caller.post(EXTEND, ask(task_id))
    assert found == {"code": 422, "msg": "Record does not exist", "data": None}


def test_a_source_that_is_not_finished(caller: Caller) -> None:
    found = caller.post(EXTEND, ask(caller.open_task()))
    assert found["code"] == 422
    assert "not finished" in found["msg"]


def test_a_source_whose_media_are_gone(caller: Caller) -> None:
    source = caller.source()
    caller.expire(source)
    found = caller.post(EXTEND, ask(source))
    assert found["code"] == 422
    assert "expired" in found["msg"]


def test_a_source_that_failed(caller: Caller) -> None:
    answer = caller.call("POST", EXTEND, json=ask(caller.failed()))
    assert answer.status_code == 200
    found = envelope(answer)
    assert found["code"] == 501
    assert "failed itself" in found["msg"]


@pytest.mark.parametrize(
    ("n", "index", "says"),
    [
        (4, 4, "4 videos, 0 to 3"),
        (1, 1, "one video, index 0"),
        (0, 0, "no video"),
        (2, "7", "2 videos, 0 to 1"),
    ],
)
def test_an_index_beyond_says_how_many_there_are(
    caller: Caller, n: int, index: object, says: str
) -> None:
    found = caller.post(EXTEND, ask(caller.source(n), index=index))
    assert found["code"] == 422
    assert says in found["msg"]


def test_the_index_chooses_the_video(caller: Caller) -> None:
    source = caller.source(4)
    for index in range(4):
        task_id = caller.post(EXTEND, ask(source, index=index))["data"]["taskId"]
        assert caller.work(task_id).source_clip_id == caller.clip_id(source, index)
        record = caller.record(task_id)
        assert (record.parent_task_id, record.parent_index) == (source, index)


# ── leniency, and what is kept ──


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, {}),
        ({"index": "0"}, {}),
        ({"index": 0.0}, {}),
        ({"index": " 0 "}, {}),
        ({"unheard": {"of": [1]}, "fileUrl": 5, "speed": "fast"}, {}),
        ({"waterMark": "© me"}, {"waterMark": "© me"}),
        ({"watermark": "© me"}, {"waterMark": "© me"}),
        ({"waterMark": "mine", "watermark": "other"}, {"waterMark": "mine"}),
        ({"waterMark": "", "watermark": "this"}, {"waterMark": "this"}),
        ({"waterMark": "", "callBackUrl": "", "prompt": "", "sound": ""}, {}),
        ({"seconds": "", "from": "", "seed": "", "engine": " "}, {}),
        ({"seconds": 2.5}, {"seconds": "2.5"}),
        ({"seconds": "7/2"}, {"seconds": "7/2"}),
        ({"from": 1, "sound": "fade"}, {"from": "1", "sound": "fade"}),
        ({"from": "5"}, {"from": "5"}),
        ({"seed": "7", "videoBatchSize": "4"}, {"seed": 7, "videoBatchSize": 4}),
        ({"engine": "motion"}, {"engine": "motion"}),
        ({"prompt": "a hint"}, {"prompt": "a hint"}),
        ({"prompt": "é" * 2000}, {"prompt": "é" * 2000}),
        ({"prompt": "🎬" * 2000}, {"prompt": "🎬" * 2000}),
    ],
)
def test_what_is_taken_and_what_is_kept(
    caller: Caller, changes: dict[str, Any], kept: dict[str, Any]
) -> None:
    source = caller.source()
    answer = caller.post(EXTEND, ask(source, **changes))
    assert answer["code"] == 200, answer
    info = caller.get(INFO, taskId=answer["data"]["taskId"])["data"]
    asked = {"taskId": source, "taskType": AUTO, "index": 0} | kept
    assert info["paramJson"] == json.dumps(
        asked, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )


def test_nulls_are_like_fields_left_out(caller: Caller) -> None:
    body = ask(caller.source()) | dict.fromkeys(["prompt", "waterMark", "callBackUrl"])
    answer = caller.post(EXTEND, body)
    assert answer["code"] == 200
    assert (
        "null"
        not in caller.get(INFO, taskId=answer["data"]["taskId"])["data"]["paramJson"]
    )


def test_the_work_that_is_asked_for(caller: Caller) -> None:
    source = caller.source()
    body = ask(
        source,
        taskType=MANUAL,
        prompt="slow pan left --motion low --bs 2",
        waterMark="mine",
        seconds="7/2",
        seed=5,
        sound="silent",
        **{"from": "3.25"},
    )
    task_id = caller.post(EXTEND, body)["data"]["taskId"]
    work = caller.work(task_id)
    assert work.kind == "extend"
    assert work.engine == "motion"
    assert work.source_clip_id == caller.clip_id(source)
    assert work.seconds == Fraction(7, 2)
    assert work.from_ == Fraction(13, 4)
    assert work.prompt == "slow pan left --motion low --bs 2"
    assert (work.seed, work.watermark, work.sound) == (5, "mine", "silent")
    assert (work.candidates, work.motion) == (2, "low")
    assert caller.record(task_id).credits == 60  # whatever the candidates


def test_by_default_four_seconds_and_one_candidate(caller: Caller) -> None:
    work = caller.work(caller.open_task())
    assert work.seconds == 4
    assert (work.candidates, work.from_) == (1, None)


def test_whoever_asks_twice_gets_two_continuations(caller: Caller) -> None:
    """Without a seed each task has one of its own, which paramJson does not claim."""
    source = caller.source()
    first, second, zero = (
        str(caller.post(EXTEND, ask(source, seed=seed))["data"]["taskId"])
        for seed in (None, None, 0)
    )
    assert caller.work(first).seed == int(caller.record(first).id[:8], 16)
    assert caller.work(first).seed != caller.work(second).seed
    assert "seed" not in caller.record(first).params
    assert caller.work(zero).seed == caller.record(zero).params["seed"] == 0


def test_a_field_goes_before_the_prompts_flag(caller: Caller) -> None:
    body = ask(caller.source(), prompt="on --bs 4", videoBatchSize=2)
    assert caller.work(caller.post(EXTEND, body)["data"]["taskId"]).candidates == 2


def test_auto_goes_on_with_the_lineages_prompt(caller: Caller) -> None:
    source = caller.source(prompt="a boat drifts --bs 4")
    first = caller.post(EXTEND, ask(source))["data"]["taskId"]
    assert caller.work(first).prompt == "a boat drifts"
    assert caller.work(first).candidates == 1
    hinted = caller.post(EXTEND, ask(source, prompt="into the fog"))["data"]["taskId"]
    assert caller.work(hinted).prompt == "into the fog"
    info = caller.get(INFO, taskId=first)["data"]
    assert "prompt" not in json.loads(info["paramJson"])


# ── repeated requests ──


def test_the_same_request_again_is_the_same_task(caller: Caller) -> None:
    body = ask(caller.source())
    first = caller.post(EXTEND, body, Idempotency_Key="k1")
    caller.expire(body["taskId"])  # what was right then may no longer be
    again = caller.post(EXTEND, body, Idempotency_Key="k1")
    assert again == first
    assert caller.balance() == 1_000_000 - 60


def test_another_request_under_the_same_key_is_refused(caller: Caller) -> None:
    source = caller.source()
    caller.post(EXTEND, ask(source), Idempotency_Key="k1")
    other = caller.post(EXTEND, ask(source, seed=1), Idempotency_Key="k1")
    assert other["code"] == 422
    assert "Idempotency-Key" in other["msg"]
    assert caller.post(EXTEND, ask(source), Idempotency_Key="k2")["code"] == 200


def test_idempotency_keys_are_an_accounts_own(caller: Caller, site: Site) -> None:
    stranger = site.caller()
    body = ask(caller.source(task_id="old"))
    stranger.source(task_id="old")
    first = caller.post(EXTEND, body, Idempotency_Key="same")
    second = stranger.post(EXTEND, body, Idempotency_Key="same")
    assert first["data"]["taskId"] != second["data"]["taskId"]


def test_too_long_an_idempotency_key(caller: Caller) -> None:
    found = caller.post(EXTEND, ask(caller.source()), Idempotency_Key="x" * 256)
    assert found["code"] == 422
    assert "Idempotency-Key" in found["msg"]


def test_a_repeat_is_answered_when_the_credits_are_spent(site: Site) -> None:
    caller = site.caller(credits=60)
    body = ask(caller.source())
    first = caller.post(EXTEND, body, Idempotency_Key="k")
    assert caller.balance() == 0
    assert caller.post(EXTEND, body, Idempotency_Key="k") == first
    assert caller.post(EXTEND, body)["code"] == 402


def test_nothing_is_left_of_a_refusal(caller: Caller, site: Site) -> None:
    poor = site.caller(credits=59)
    source = poor.source()
    assert poor.post(EXTEND, ask(source), Idempotency_Key="k")["code"] == 402
    with site.store.database.reading() as connection:
        kept = connection.execute(
            records_table.select().where(
                records_table.c.account_id == poor.account.id,
                records_table.c.task_id != source,
            )
        ).all()
    assert not kept
    assert poor.balance() == 59
