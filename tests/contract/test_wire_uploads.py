"""The family's file uploads (the wire contract, section 5), over real HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import update

from longtake.store import tables
from tests.answering import answering
from tests.conftest import Made
from tests.receivers import Receiver, receiving, serving
from tests.running import Caller, Server

STREAM = "/api/file-stream-upload"
FETCH = "/api/file-url-upload"
BASE64 = "/api/file-base64-upload"
KEYS = ["success", "code", "msg", "data"]
DATA_KEYS = [
    *("success", "fileName", "filePath", "downloadUrl", "fileUrl"),
    *("fileSize", "mimeType", "uploadedAt"),
]
JPEG = b"\xff\xd8\xff\xe0" + bytes(300)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(300)
WEBP = b"RIFF\0\1\0\0WEBPVP8 " + bytes(300)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Receiver]:
    """Another server that the door lets through."""
    with receiving(serving({"/a/pic%20one.png": ("image/png", PNG)})) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, elsewhere: Receiver
) -> Iterator[Server]:
    """The API as a process."""
    folder = tmp_path_factory.mktemp("uploads")
    with answering(folder, allowed_hosts=(elsewhere.host,)) as found:
        yield found


@pytest.fixture
def caller(server: Server) -> Caller:
    """A program with a key of an account of its own."""
    return server.caller(uuid4().hex)


def sent(
    caller: Caller, data: bytes, name: str = "x.png", **fields: str
) -> dict[str, Any]:
    """What answers a form."""
    return _read(caller.call("POST", STREAM, files={"file": (name, data)}, data=fields))


def posted(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    """What answers a JSON body."""
    return _read(caller.call("POST", path, json=body))


def _read(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    found: dict[str, Any] = json.loads(answer.content)
    assert list(found) == (KEYS if found["success"] else KEYS[:3])
    return found


def kept(server: Server) -> int:
    """How many files the server has, half written ones too."""
    data = server.settings.data
    found = [*(data / "files").rglob("*"), *(data / "arrivals").rglob("*")]
    return sum(path.is_file() for path in found)


def test_a_stream_is_kept_and_answered_as_documented(caller: Caller) -> None:
    answer = sent(caller, PNG, uploadPath="images/user", fileName="mine.png")
    assert answer["success"] is True
    assert (answer["code"], answer["msg"]) == (200, "File uploaded successfully")
    data = answer["data"]
    assert list(data) == DATA_KEYS
    assert data["success"] is True
    assert (data["fileName"], data["filePath"]) == ("mine.png", "images/user/mine.png")
    assert (data["fileSize"], data["mimeType"]) == (len(PNG), "image/png")
    assert data["fileUrl"] == data["downloadUrl"]
    at = datetime.fromisoformat(data["uploadedAt"])
    assert data["uploadedAt"].endswith("Z")
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60  # noqa: TID251
    got = httpx2.get(data["fileUrl"], trust_env=False)
    assert (got.content, got.headers["content-type"]) == (PNG, "image/png")


def test_a_file_is_fetched(caller: Caller, elsewhere: Receiver) -> None:
    url = elsewhere.url("/a/pic%20one.png")
    answer = posted(caller, FETCH, fileUrl=url, uploadPath="/a/b/")
    assert answer["data"]["filePath"] == "a/b/pic one.png"
    own = posted(
        caller, FETCH, fileUrl=answer["data"]["fileUrl"], uploadPath="c", fileName="d"
    )
    assert (own["data"]["filePath"], own["data"]["fileSize"]) == ("c/d", len(PNG))


@pytest.mark.parametrize("form", ["{}", "data:image/webp;base64,{}", " {}\n"])
def test_base64_is_decoded(caller: Caller, form: str) -> None:
    text = form.format(base64.b64encode(WEBP).decode())
    answer = posted(caller, BASE64, base64Data=text, uploadPath="a")
    assert answer["data"]["mimeType"] == "image/webp"
    assert answer["data"]["fileName"].endswith(".webp")
    got = httpx2.get(answer["data"]["fileUrl"], trust_env=False)
    assert got.content == WEBP


def test_a_large_base64_file_is_taken_and_a_larger_one_refused(caller: Caller) -> None:
    large = base64.b64encode(JPEG + bytes(8 << 20)).decode()
    answer = posted(caller, BASE64, base64Data=large, uploadPath="a")
    assert answer["data"]["fileSize"] == len(JPEG) + (8 << 20)
    larger = base64.b64encode(bytes(32 << 20)).decode()
    refusal = posted(caller, BASE64, base64Data=larger, uploadPath="a")
    assert refusal["code"] == 400
    assert "33,554,432 bytes" in refusal["msg"]


def test_the_type_is_that_of_the_bytes(caller: Caller, made: Made) -> None:
    clip = made("mov", n_frames=12, size=(96, 96)).read_bytes()
    for data, mime_type in (
        (JPEG, "image/jpeg"),
        (PNG, "image/png"),
        (WEBP, "image/webp"),
        (clip, "video/quicktime"),
    ):
        answer = sent(caller, data, "wrong.gif", uploadPath="a")
        assert answer["data"]["mimeType"] == mime_type
        assert answer["data"]["fileName"] == "wrong.gif"
        got = httpx2.get(answer["data"]["fileUrl"], trust_env=False)
        assert got.headers["content-type"] == mime_type
        assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        (FETCH, {"fileUrl": "http://a.example/b"}, "uploadPath"),
        (FETCH, {"uploadPath": "a"}, "fileUrl"),
        (BASE64, {"base64Data": "AAAA"}, "uploadPath"),
        (BASE64, {"base64Data": "AAAA", "uploadPath": ""}, "uploadPath"),
        (BASE64, {"base64Data": None, "uploadPath": "a"}, "base64Data"),
    ],
)
def test_what_is_missing_is_named(
    caller: Caller, path: str, body: dict[str, Any], name: str
) -> None:
    assert posted(caller, path, **body) == {
        "success": False,
        "code": 400,
        "msg": f"Missing required parameter: {name}",
    }


def test_a_form_must_have_its_parts(caller: Caller) -> None:
    missing = sent(caller, PNG)
    assert missing["msg"] == "Missing required parameter: uploadPath"
    files = {"other": ("x.png", PNG)}
    answer = caller.call("POST", STREAM, files=files, data={"uploadPath": "a"})
    assert _read(answer)["msg"] == "Missing required parameter: file"
    for body in (b"{}", b"x", b""):
        assert _read(caller.call("POST", STREAM, content=body))["code"] == 400


def test_refusals_have_the_older_shape_everywhere(
    server: Server, caller: Caller
) -> None:
    stranger = Caller(server.address, "lt_nobody", "")
    for path in (STREAM, FETCH, BASE64):
        answer = stranger.call("POST", path, json={})
        assert answer.status_code == 401
        assert answer.json() == {
            "success": False,
            "code": 401,
            "msg": "You do not have access permissions",
        }
        assert answer.headers["www-authenticate"] == "Bearer"
    for body in (b"", b"[]", b"{", b'{"base64Data": NaN}'):
        assert _read(caller.call("POST", BASE64, content=body))["code"] == 400


@pytest.mark.parametrize(
    "data", [b"", b"PK\3\4" + bytes(99), b"<svg></svg>", b"%PDF-1.7", b"MZ" + bytes(99)]
)
def test_other_kinds_are_refused(server: Server, caller: Caller, data: bytes) -> None:
    before = kept(server)
    assert sent(caller, data, uploadPath="a")["code"] == 400
    text = base64.b64encode(data).decode()
    assert posted(caller, BASE64, base64Data=text, uploadPath="a")["code"] == 400
    assert kept(server) == before


def test_a_clip_that_is_none_is_refused(server: Server, caller: Caller) -> None:
    before = kept(server)
    data = b"\0\0\0\x18ftypisom" + bytes(3000)
    answer = sent(caller, data, "x.mp4", uploadPath="a")
    assert answer["code"] == 400
    assert answer["msg"].startswith("x.mp4 is not a video that can be read")
    assert kept(server) == before


@pytest.mark.parametrize(
    "wrong",
    [
        *({"uploadPath": path} for path in ("..", "a/../../b", "a\\b", "C:/a", "\0")),
        *({"uploadPath": path} for path in ("\uff0e\uff0e/a", "a\nb", "/", "a" * 5000)),
        *(
            {"fileName": name}
            for name in ("../x", "/etc/x", "a/b", "..", "a\0", "x" * 999)
        ),
        {"fileUrl": "http://127.0.0.1:1/x.png"},
        {"fileUrl": "file:///etc/passwd"},
        {"fileUrl": "http://169.254.169.254/latest"},
    ],
)
def test_hostile_names_and_urls_are_refused(
    server: Server, caller: Caller, elsewhere: Receiver, wrong: dict[str, str]
) -> None:
    before = kept(server)
    body = {"fileUrl": elsewhere.url("/a/pic%20one.png"), "uploadPath": "a"}
    assert posted(caller, FETCH, **body | wrong)["code"] == 400
    if "fileUrl" not in wrong:
        assert sent(caller, PNG, **{"uploadPath": "a"} | wrong)["code"] == 400
    assert kept(server) == before


def test_the_name_of_a_part_may_be_anything(caller: Caller) -> None:
    for name, named in (
        ("../../etc/passwd", "passwd"),
        ('quote".png', None),
        ("C:\\fakepath\\pic.png", "pic.png"),
        ("\u202egnp.exe", None),
        ("x" * 300, None),
    ):
        data = sent(caller, PNG, name, uploadPath="a")["data"]
        assert data["filePath"] == f"a/{data['fileName']}"
        assert "/" not in data["fileName"]
        if named:
            assert data["fileName"] == named


def test_the_same_path_again_takes_the_place(server: Server, caller: Caller) -> None:
    first = sent(caller, PNG, uploadPath="a", fileName="b")["data"]
    other = sent(server.caller(uuid4().hex), PNG, uploadPath="a", fileName="b")["data"]
    before = kept(server)
    second = sent(caller, JPEG, uploadPath="/a/", fileName="b")["data"]
    assert kept(server) == before
    assert second["filePath"] == first["filePath"]
    statuses = [
        httpx2.get(each["fileUrl"], trust_env=False).status_code
        for each in (first, second, other)
    ]
    assert statuses == [404, 200, 200]


def test_uploads_live_three_days(server: Server, caller: Caller) -> None:
    url = sent(caller, PNG, uploadPath="a")["data"]["fileUrl"]
    row = tables.uploads.c.media_name == url.rpartition("/")[2]
    [found] = server.rows(
        "SELECT expires_ms - created_ms AS life_ms FROM lt_uploads "
        "WHERE media_name = :name",
        name=url.rpartition("/")[2],
    )
    assert found.life_ms == 3 * 24 * 3600 * 1000
    with server.store.database.transaction() as connection:
        connection.execute(update(tables.uploads).where(row).values(expires_ms=1))
    assert httpx2.get(url, trust_env=False).status_code == 410
    answer = posted(caller, FETCH, fileUrl=url, uploadPath="a")
    assert "expired" in answer["msg"]


def test_an_upload_starts_a_lineage(caller: Caller) -> None:
    url = sent(caller, PNG, uploadPath="a")["data"]["fileUrl"]
    body = {"taskType": "mj_video", "prompt": "waves", "fileUrls": [url]}
    assert caller.data("POST", "/api/v1/mj/generate", json=body)["taskId"]
    assert Path(url).suffix == ".png"
