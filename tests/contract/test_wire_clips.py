"""Bringing clips in, over real HTTP: by file, by URL, and under another service's id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from longtake import limits
from tests.answering import answering
from tests.conftest import Made
from tests.receivers import Receiver, receiving, serving
from tests.running import EXTEND, Caller, Server, ask

CLIPS = "/api/v1/clips"
OLD_ID = "ee9c2715375b7837f8bb51d641ff5863"  # of the vendor's own example


@pytest.fixture(scope="module")
def clip(made: Made) -> Path:
    """A clip of two seconds."""
    return made("mp4", n_frames=48, size=(160, 96))


@pytest.fixture(scope="module")
def elsewhere(clip: Path) -> Iterator[Receiver]:
    """Another server that the door lets through."""
    files = {
        "/clip.mp4": ("video/mp4", clip.read_bytes()),
        "/page.mp4": ("video/mp4", b"<!DOCTYPE html>"),
    }
    with receiving(serving(files)) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, elsewhere: Receiver
) -> Iterator[Server]:
    """The API as a process."""
    folder = tmp_path_factory.mktemp("clips")
    with answering(folder, allowed_hosts=(elsewhere.host,)) as found:
        yield found


@pytest.fixture
def caller(server: Server) -> Caller:
    """A program with a key of an account of its own."""
    return server.caller(uuid4().hex, credits=100)


def sent(caller: Caller, name: str, data: bytes, **fields: str) -> dict[str, Any]:
    """The envelope that answers a form with the part ``file``."""
    files = {"file": (name, data)}
    envelope = caller.call("POST", CLIPS, files=files, data=fields).json()
    assert isinstance(envelope, dict)
    return envelope


def posted(caller: Caller, **body: Any) -> dict[str, Any]:
    """The envelope that answers a JSON body."""
    envelope = caller.call("POST", CLIPS, json=body).json()
    assert isinstance(envelope, dict)
    return envelope


def lying(server: Server) -> set[str]:
    """Every file of the server, half written ones too."""
    data = server.settings.data
    found = [*(data / "files").rglob("*"), *(data / "arrivals").rglob("*")]
    return {str(path.relative_to(data)) for path in found if path.is_file()}


def test_a_clip_is_a_record_like_any_other(caller: Caller, clip: Path) -> None:
    data = sent(caller, "my.mp4", clip.read_bytes(), prompt="a river")["data"]
    assert len(data["taskId"]) == 32
    assert data["successFlag"] == 1
    assert data["state"] == "success"
    assert data["origin"] == "imported"
    assert json.loads(data["paramJson"]) == {"fileName": "my.mp4", "prompt": "a river"}
    [video] = data["videos"]
    assert video["facts"] == {
        "container": "mp4",
        "codec": "h264",
        "width": 160,
        "height": 96,
        "rate": "24",
        "duration": "2",
        "nFrames": 48,
        "sound": False,
        "fps": 24.0,
        "seconds": 2.0,
    }
    assert video["sizeBytes"] == clip.stat().st_size
    record = caller.record(data["taskId"])
    assert record == {name: data[name] for name in record}
    assert caller.data("GET", "/api/v1/chat/credit") == 100
    [url] = [each["resultUrl"] for each in data["resultInfoJson"]["resultUrls"]]
    assert url == video["url"]
    assert httpx2.get(url, trust_env=False).content == clip.read_bytes()
    poster = httpx2.get(video["posterUrl"], trust_env=False)
    assert poster.content.startswith(b"\xff\xd8\xff")
    assert caller.extend(data["taskId"], engine=None)


def test_a_clip_is_fetched_from_elsewhere(
    caller: Caller, elsewhere: Receiver, clip: Path
) -> None:
    data = posted(caller, url=elsewhere.url("/clip.mp4"))["data"]
    url = data["resultInfoJson"]["resultUrls"][0]["resultUrl"]
    assert httpx2.get(url, trust_env=False).content == clip.read_bytes()


def test_our_own_url_is_looked_up_and_never_fetched(
    server: Server, caller: Caller, clip: Path
) -> None:
    """The door would refuse it: this server's own port is not among those allowed."""
    first = sent(caller, "x.mp4", clip.read_bytes())["data"]
    url = json.loads(first["resultJson"])["resultUrls"][0]
    second = posted(caller, url=url)["data"]
    assert second["taskId"] != first["taskId"]
    assert [each["sha256"] for each in second["videos"]] == [
        each["sha256"] for each in first["videos"]
    ]
    stranger = server.caller("stranger")
    for wrong in (url, f"{server.address}/m/{'0' * 32}_0_0.mp4"):
        answer = posted(stranger, url=wrong)
        assert (answer["code"], answer["msg"]) == (422, "There is no such file.")
    picture = posted(caller, url=url.removesuffix("mp4") + "jpg")
    assert picture["code"] == 422
    assert "is an image" in picture["msg"]


def test_a_record_moves_in_under_its_old_id(
    caller: Caller, elsewhere: Receiver, clip: Path, made: Made
) -> None:
    other = made("mp4", n_frames=12, size=(96, 96))
    second = sent(caller, "o.mp4", other.read_bytes())["data"]
    urls = [
        elsewhere.url("/clip.mp4"),
        json.loads(second["resultJson"])["resultUrls"][0],
    ]
    data = posted(caller, taskId=OLD_ID, urls=urls, prompt="a cat")["data"]
    assert (data["taskId"], data["origin"]) == (OLD_ID, "adopted")
    assert [each["facts"]["nFrames"] for each in data["videos"]] == [48, 12]
    count = len(elsewhere.received)
    again = posted(caller, taskId=OLD_ID, urls=urls, prompt="a cat")
    assert again["data"] == data
    assert len(elsewhere.received) == count
    for other_content in (
        {"urls": urls[::-1]},
        {"prompt": "a dog"},
        {"urls": urls[:1]},
    ):
        body = {"taskId": OLD_ID, "urls": urls, "prompt": "a cat"} | other_content
        answer = posted(caller, **body)
        assert answer["code"] == 422
        assert "other content" in answer["msg"]
    example = ask(
        OLD_ID,
        engine=None,
        seconds=None,
        taskType="mj_video_extend_manual",
        prompt="the cat jumps",
        index=1,
        waterMark="my_watermark",
        callBackUrl="https://api.example.com/callback",
    )
    assert caller.data("POST", EXTEND, json=example)["taskId"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "x.mp4 is empty"),
        (b"PK\3\4" + bytes(5000), "x.mp4 is not an mp4, mov, mkv, webm, avi or ts"),
        (b"<!DOCTYPE html>", "x.mp4 is not an mp4"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "x.mp4 is an image"),
        (b"\0\0\0\x18ftypmp42" + bytes(5000), "x.mp4 is not a video that can be read"),
        (b"#EXTM3U\nhttp://127.0.0.1/a.ts", "x.mp4 is not an mp4"),
    ],
)
def test_what_is_no_clip_is_refused_in_a_sentence(
    server: Server, caller: Caller, data: bytes, reason: str
) -> None:
    before = lying(server)
    answer = sent(caller, "x.mp4", data)
    assert answer["code"] == 422
    assert answer["msg"].startswith(reason)
    assert lying(server) == before


def test_a_clip_that_is_cut_off_is_refused(
    server: Server, caller: Caller, clip: Path
) -> None:
    before = lying(server)
    data = clip.read_bytes()
    answer = sent(caller, "x.mp4", data[: len(data) * 3 // 4])
    assert answer["code"] == 422
    assert answer["msg"].startswith("x.mp4 ")
    assert lying(server) == before


def test_urls_that_lead_to_no_clip_are_refused(
    server: Server, caller: Caller, elsewhere: Receiver
) -> None:
    before = lying(server)
    for url, reason in (
        (elsewhere.url("/none.mp4"), "answered 404"),
        (elsewhere.url("/page.mp4"), "page.mp4 is not an mp4"),
        ("http://127.0.0.1:1/x.mp4", "127.0.0.1 is a loopback address"),
        ("http://169.254.169.254/latest", "never allowed"),
        ("file:///etc/passwd", "http"),
        ("https://[", ""),
    ):
        answer = posted(caller, url=url)
        assert answer["code"] == 422, url
        assert reason in answer["msg"], url
    both = [elsewhere.url("/clip.mp4"), elsewhere.url("/none.mp4")]
    assert posted(caller, taskId="half", urls=both)["code"] == 422
    assert lying(server) == before
    assert caller.call(
        "GET", "/api/v1/mj/record-info", params={"taskId": "half"}
    ).json() == {"code": 422, "msg": "Record does not exist", "data": None}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": " "}, "url"),
        ({"url": 7}, "url"),
        ({"url": "x" * 3000}, "url"),
        ({"taskId": "x"}, "urls"),
        ({"taskId": "x", "urls": []}, "urls"),
        ({"taskId": "x", "urls": "http://a.example"}, "urls"),
        ({"taskId": "x", "urls": ["http://a.example"] * 9}, "urls"),
        ({"taskId": "x" * 129, "urls": ["http://a.example"]}, "taskId"),
        ({"taskId": "x\ny", "urls": ["http://a.example"]}, "taskId"),
        ({"url": "http://a.example", "prompt": "x" * 2001}, "prompt"),
    ],
)
def test_a_rule_that_is_broken_is_named(
    caller: Caller, body: dict[str, Any], field: str
) -> None:
    answer = posted(caller, **body)
    assert answer["code"] == 422
    assert answer["msg"].startswith(field)


def test_a_form_is_understood_as_clients_write_it(caller: Caller, clip: Path) -> None:
    data = clip.read_bytes()
    files = [
        ("other", ("o.bin", b"passed over" * 1000)),
        ("file", ('a "b"\\c/../my clip é.mp4', data)),
        ("note", (None, b"a field that nobody knows")),
    ]
    answer = caller.call("POST", CLIPS, files=files).json()
    assert json.loads(answer["data"]["paramJson"]) == {"fileName": "my clip é.mp4"}
    unnamed = caller.call("POST", CLIPS, files={"file": ("", data)}).json()
    assert json.loads(unnamed["data"]["paramJson"]) == {}


def _form(*parts: bytes) -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"


_PART = b'Content-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'


@pytest.mark.parametrize(
    ("code", "body", "boundary"),
    [
        (400, b"", "x"),
        (400, b"not a form", "x"),
        (400, _form(_PART + b"data")[:-8], "x"),
        (400, _form(_PART + b"data"), ""),
        (400, _form(_PART + b"data"), "y" * 300),
        (400, b"--x\r\n" + b"X-A: b\r\n" * 50 + b"\r\n\r\n--x--\r\n", "x"),
        (422, _form(_PART + b"data", _PART + b"data"), "x"),
        (422, _form(b'Content-Disposition: form-data; name="fil"\r\n\r\nx'), "x"),
        (422, _form(b"Content-Disposition: form-data\r\n\r\nx"), "x"),
        (422, _form(*[b'Content-Disposition: form-data; name="a"\r\n\r\n'] * 40), "x"),
        (
            422,
            _form(
                b'Content-Disposition: form-data; name="prompt"\r\n\r\n' + b"x" * 70_000
            ),
            "x",
        ),
    ],
)
def test_a_form_that_is_none_is_refused(
    server: Server, caller: Caller, code: int, body: bytes, boundary: str
) -> None:
    before = lying(server)
    kind = f"multipart/form-data; boundary={boundary}" if boundary else "multipart/x"
    answer = caller.call("POST", CLIPS, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert answer.json()["code"] == code, answer.text
    assert lying(server) == before


def test_a_switch_stops_imports_and_adoption(
    server: Server, caller: Caller, clip: Path, elsewhere: Receiver
) -> None:
    def switch(name: str, *, off: bool) -> None:
        with server.store.database.transaction() as connection:
            limits.switch(connection, name, off=off)

    adoption = {"taskId": "old", "urls": [elsewhere.url("/clip.mp4")]}
    switch("adopt", off=True)
    assert posted(caller, **adoption)["code"] == 505
    assert sent(caller, "x.mp4", clip.read_bytes())["code"] == 200
    switch("adopt", off=False)
    switch("imports", off=True)
    assert sent(caller, "x.mp4", clip.read_bytes())["code"] == 505
    switch("imports", off=False)
    assert posted(caller, **adoption)["code"] == 200


def test_several_at_once_all_come_in(caller: Caller, clip: Path) -> None:
    data = clip.read_bytes()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(sent, caller, f"{n}.mp4", data) for n in range(4)]
    assert [answer.result()["code"] for answer in answers] == [200] * 4
    same = {"taskId": "once", "urls": [_url(answers[0].result())]}
    with ThreadPoolExecutor(3) as pool:
        again = [pool.submit(posted, caller, **same) for _ in range(3)]
    assert len({answer.result()["data"]["createTime"] for answer in again}) == 1


def _url(envelope: dict[str, Any]) -> str:
    return str(json.loads(envelope["data"]["resultJson"])["resultUrls"][0])
