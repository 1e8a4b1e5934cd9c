"""POST /api/v1/mj/generate: the row of section 5 of the wire contract."""

from __future__ import annotations

import json
from typing import Any

import pytest

from longtake import clips
from longtake.records import Work
from longtake.store.files import Stored
from tests.wire import BASE, GENERATE, INFO, Caller, Site, envelope

IMAGE = "https://images.example/a.jpg"


def ask(**fields: Any) -> dict[str, Any]:
    """The body of a generate request; None leaves a field out."""
    body = {"taskType": "mj_video", "prompt": "waves", "fileUrls": [IMAGE]} | fields
    return {name: value for name, value in body.items() if value is not None}


def submitted(caller: Caller, **fields: Any) -> str:
    answer = caller.post(GENERATE, ask(**fields))
    assert answer["code"] == 200, answer
    return str(answer["data"]["taskId"])


def kept(caller: Caller, task_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        caller.get(INFO, taskId=task_id)["data"]["paramJson"]
    )
    return found


def work(caller: Caller, **fields: Any) -> Work:
    return caller.work(submitted(caller, **fields))


def test_the_defaults_are_filled_in(caller: Caller) -> None:
    task_id = submitted(caller)
    assert kept(caller, task_id) == {
        "enableTranslation": True,
        "fileUrls": [IMAGE],
        "motion": "high",
        "prompt": "waves",
        "taskType": "mj_video",
        "videoBatchSize": 1,
    }
    asked = caller.work(task_id)
    assert asked.kind == "generate"
    assert asked.image == IMAGE
    assert asked.seconds == 5
    assert (asked.aspect, asked.hd, asked.motion, asked.candidates) == (
        None,
        False,
        "high",
        1,
    )


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        ({}, 15),
        ({"videoBatchSize": 4}, 60),
        ({"taskType": "mj_video_hd"}, 45),
        ({"taskType": "mj_video_hd", "videoBatchSize": "2"}, 90),
        ({"prompt": "waves --bs 4"}, 60),
        ({"prompt": "waves --bs 4", "videoBatchSize": 1}, 15),
    ],
)
def test_the_price_is_by_clip(
    caller: Caller, fields: dict[str, Any], price: int
) -> None:
    submitted(caller, **fields)
    assert caller.balance() == 1_000_000 - price


@pytest.mark.parametrize(
    ("sent", "means"),
    [
        ("high", "high"),
        ("low", "low"),
        ("LOW", "low"),
        (0, "low"),
        (49, "low"),
        (49.9, "low"),
        (50, "high"),
        (100, "high"),
        ("30", "low"),
        ("51", "high"),
        (None, "high"),
        ("", "high"),
    ],
)
def test_motion(caller: Caller, sent: object, means: str) -> None:
    assert work(caller, motion=sent).motion == means


@pytest.mark.parametrize(
    "aspect",
    ["1:2", "9:16", "2:3", "3:4", "5:6", "6:5", "4:3", "3:2", "1:1", "16:9", "2:1"],
)
def test_aspects(caller: Caller, aspect: str) -> None:
    asked = work(caller, aspectRatio=aspect, taskType="mj_video_hd")
    assert (asked.aspect, asked.hd) == (aspect, True)


@pytest.mark.parametrize(
    ("fields", "image"),
    [
        ({"fileUrls": [IMAGE]}, IMAGE),
        ({"fileUrls": None, "fileUrl": IMAGE}, IMAGE),
        ({"fileUrls": [], "fileUrl": IMAGE}, IMAGE),
        ({"fileUrls": [""], "fileUrl": IMAGE}, IMAGE),
        ({"fileUrls": [IMAGE], "fileUrl": "https://other.example/"}, IMAGE),
        ({"fileUrls": [IMAGE], "fileUrl": ""}, IMAGE),
    ],
)
def test_the_image(caller: Caller, fields: dict[str, Any], image: str) -> None:
    assert work(caller, **fields).image == image


def test_what_has_no_effect_is_kept(caller: Caller) -> None:
    irrelevant = {
        "speed": "relaxed",
        "ow": 500,
        "version": 7,
        "variety": 5,
        "stylization": "1",
        "weirdness": 0.5,
    }
    found = kept(caller, submitted(caller, **irrelevant, unheard="of"))
    assert found | irrelevant == found | {"version": 7}
    assert found["version"] == "7"
    assert "unheard" not in found


@pytest.mark.parametrize("sent", [True, "true", "TRUE", 1])
def test_translation_is_kept(caller: Caller, *, sent: object) -> None:
    assert kept(caller, submitted(caller, enableTranslation=sent))["enableTranslation"]


def test_the_work_carries_what_was_asked(caller: Caller) -> None:
    asked = work(
        caller,
        waterMark="mine",
        seed="3",
        engine="motion",
        prompt="waves --motion low",
        callBackUrl="https://a.example/",
    )
    assert (asked.watermark, asked.seed, asked.engine) == ("mine", 3, "motion")
    assert asked.motion == "low"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"taskType": None}, "taskType is required"),
        ({"taskType": "mj_video_extend_auto"}, "taskType"),
        ({"prompt": None}, "prompt is required"),
        ({"prompt": "  "}, "prompt is required"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"fileUrls": None}, "fileUrls must have exactly one URL"),
        ({"fileUrls": []}, "fileUrls must have exactly one URL"),
        ({"fileUrls": [IMAGE, IMAGE]}, "fileUrls must have exactly one URL"),
        ({"fileUrls": "text"}, "fileUrls"),
        ({"fileUrls": [7]}, "fileUrls"),
        ({"fileUrls": ["a\0b"]}, "fileUrls must not contain the character NUL"),
        ({"fileUrls": ["file:///etc/passwd"]}, "fileUrls"),
        ({"fileUrls": ["http://127.0.0.1:9/a.png"]}, "fileUrls"),
        ({"fileUrls": [f"{BASE}/m/{'0' * 32}_0_0.png"]}, "fileUrls"),
        ({"motion": "medium"}, "motion"),
        ({"motion": 101}, "motion must be high, low or a number from 0 to 100"),
        ({"motion": -1}, "motion"),
        ({"motion": True}, "motion"),
        ({"videoBatchSize": 3}, "videoBatchSize must be one of 1, 2, 4"),
        ({"videoBatchSize": "x"}, "videoBatchSize"),
        ({"aspectRatio": "7:5"}, "aspectRatio"),
        ({"aspectRatio": 1.5}, "aspectRatio"),
        ({"waterMark": "x" * 101}, "waterMark"),
        ({"callBackUrl": "nowhere"}, "callBackUrl"),
        ({"enableTranslation": "perhaps"}, "enableTranslation"),
        ({"speed": {"nested": 1}}, "speed"),
        ({"version": "x" * 101}, "version"),
        ({"stylization": "x" * 101}, "stylization"),
    ],
)
def test_what_is_wrong_is_named_and_costs_nothing(
    caller: Caller, changes: dict[str, Any], says: str
) -> None:
    found = caller.post(GENERATE, ask(**changes))
    assert found["code"] == 422, found
    assert says in found["msg"]
    assert caller.balance() == 1_000_000


@pytest.mark.parametrize(
    "task_type",
    ["mj_txt2img", "mj_img2img", "mj_style_reference", "mj_omni_reference"],
)
def test_image_tasks_are_no_feature_of_ours(caller: Caller, task_type: str) -> None:
    answer = caller.call("POST", GENERATE, json={"taskType": task_type})
    assert answer.status_code == 200
    found = envelope(answer)
    assert found["code"] == 505
    assert task_type in found["msg"]


def upload(caller: Caller, mime_type: str, suffix: str) -> tuple[str, str]:
    """An upload of the account: its id and its URL."""
    with caller.site.store.database.transaction() as connection:
        kept, _ = clips.add_upload(
            connection,
            upload_id="0" * 24 + caller.account.id[:8],
            account_id=caller.account.id,
            path=f"images/a.{suffix}",
            suffix=suffix,
            object_key=f"uploads/{caller.account.id}/x",
            mime_type=mime_type,
            stored=Stored(1, "0" * 64),
        )
    return kept.id, f"{BASE}/m/{kept.media_name}"


def test_an_upload_of_the_account_is_looked_up(caller: Caller, site: Site) -> None:
    upload_id, url = upload(caller, "image/png", "png")
    assert work(caller, fileUrls=[url]).image == upload_id
    stranger = site.caller().post(GENERATE, ask(fileUrls=[url]))
    assert stranger["code"] == 422
    assert "fileUrls" in stranger["msg"]


def test_an_upload_that_is_no_image(caller: Caller) -> None:
    _, url = upload(caller, "video/mp4", "mp4")
    found = caller.post(GENERATE, ask(fileUrls=[url]))
    assert found["code"] == 422
    assert "fileUrls must name an image" in found["msg"]


def test_the_same_request_again_is_the_same_task(caller: Caller) -> None:
    first = caller.post(GENERATE, ask(), Idempotency_Key="k")
    assert caller.post(GENERATE, ask(), Idempotency_Key="k") == first
    assert caller.balance() == 1_000_000 - 15
