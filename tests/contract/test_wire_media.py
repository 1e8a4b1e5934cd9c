"""Media URLs over real HTTP, asked by curl: ranges, conditions, links, what is gone."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from itsdangerous import TimestampSigner
from sqlalchemy import update

from longtake import clock, records
from longtake.api import media
from longtake.records import Record
from longtake.store import tables
from tests.answering import answering, made
from tests.conftest import missing
from tests.running import Caller, Server

DOWNLOAD = "/api/v1/common/download-url"
BYTES = b"a video"  # of answering.made


@dataclass(frozen=True)
class Got:
    """What curl got."""

    status: int
    headers: dict[str, str]
    body: bytes


def curl(url: str, *options: str) -> Got:
    """One request of curl's."""
    if shutil.which("curl") is None:
        missing("curl is not installed: apt-get install curl")
    ran = subprocess.run(
        [
            "curl",
            "-q",
            "-sS",
            "--noproxy",
            "*",
            "-i",
            "--max-time",
            "20",
            *options,
            url,
        ],
        capture_output=True,
        check=True,
    )
    head, _, body = ran.stdout.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    return Got(int(first.split()[1]), headers, body)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The API as a process."""
    with answering(tmp_path_factory.mktemp("media")) as found:
        yield found


@pytest.fixture
def caller(server: Server) -> Caller:
    """A program with a key of an account of its own."""
    return server.caller(uuid4().hex)


@pytest.fixture
def record(server: Server, caller: Caller) -> Record:
    """A record with a video, a poster and a filmstrip."""
    return made(server.store, caller.account_id)


@pytest.fixture
def url(server: Server, record: Record) -> str:
    """The URL of its video; it needs no key."""
    return f"{server.address}/m/{record.task_id}_0_0.mp4"


def test_a_whole_file(url: str, record: Record) -> None:
    got = curl(url)
    assert (got.status, got.body) == (200, BYTES)
    assert got.headers["content-type"] == "video/mp4"
    assert got.headers["content-length"] == str(len(BYTES))
    assert got.headers["accept-ranges"] == "bytes"
    assert got.headers["x-content-type-options"] == "nosniff"
    name = f'inline; filename="{record.task_id}_0_0.mp4"'
    assert got.headers["content-disposition"] == name
    assert re.fullmatch(r'"[0-9a-f]{64}"', got.headers["etag"])
    assert got.headers["access-control-allow-origin"] == "*"
    assert "immutable" in got.headers["cache-control"]
    head = curl(url, "--head")
    assert (head.status, head.body) == (200, b"")
    unlike = {"date", "x-request-id"}
    assert {k: v for k, v in head.headers.items() if k not in unlike} == {
        k: v for k, v in got.headers.items() if k not in unlike
    }


def test_the_pictures_of_a_video(url: str) -> None:
    poster = curl(url.removesuffix("mp4") + "jpg")
    filmstrip = curl(url.removesuffix("mp4") + "png")
    assert (poster.body, poster.headers["content-type"]) == (b"a poster", "image/jpeg")
    assert filmstrip.body == b"a filmstrip"
    assert filmstrip.headers["content-type"] == "image/png"
    assert poster.headers["etag"] != filmstrip.headers["etag"]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=2-", 2, 6),
        ("bytes=2-4", 2, 4),
        ("bytes=-3", 4, 6),
        ("bytes=-99", 0, 6),
        ("bytes=3-999999999999", 3, 6),
        ("Bytes = 0-1".replace(" ", ""), 0, 1),
    ],
)
def test_one_range_is_answered_with_it(
    url: str, asked: str, first: int, last: int
) -> None:
    got = curl(url, "-H", f"Range: {asked}")
    assert (got.status, got.body) == (206, BYTES[first : last + 1])
    assert got.headers["content-range"] == f"bytes {first}-{last}/7"
    assert got.headers["content-length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", ["bytes=7-", "bytes=7-9", "bytes=-0", "bytes=99-100"])
def test_a_range_behind_the_end_is_refused(url: str, asked: str) -> None:
    got = curl(url, "-H", f"Range: {asked}")
    assert (got.status, got.headers["content-range"]) == (416, "bytes */7")


@pytest.mark.parametrize(
    "asked",
    [
        *("bytes=0-1,3-4", "items=0-1", "bytes=4-2", "bytes=a-b", "bytes", "bytes=-"),
        *(
            "bytes=0-1,",
            "bytes=--1",
            "bytes=" + "9" * 5000 + "-",
            "bytes=0x1-2",
            "",
            "=",
        ),
    ],
)
def test_other_ranges_are_answered_with_the_whole_file(url: str, asked: str) -> None:
    got = curl(url, "-H", f"Range: {asked}" if asked else "Range;")
    assert (got.status, got.body) == (200, BYTES)


def test_conditions(url: str) -> None:
    whole = curl(url)
    etag, date = whole.headers["etag"], whole.headers["last-modified"]
    for asked in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        got = curl(url, "-H", f"If-None-Match: {asked}")
        assert (got.status, got.body, got.headers["etag"]) == (304, b"", etag)
    assert curl(url, "-H", 'If-None-Match: "x"').status == 200
    assert curl(url, "-H", "Range: bytes=0-1", "-H", f"If-Range: {etag}").status == 206
    assert curl(url, "-H", "Range: bytes=0-1", "-H", f"If-Range: {date}").status == 206
    for other in ('"x"', f"W/{etag}", "Thu, 01 Jan 1970 00:00:00 GMT"):
        got = curl(url, "-H", "Range: bytes=0-1", "-H", f"If-Range: {other}")
        assert (got.status, got.body) == (200, BYTES)


def test_what_was_never_there(server: Server, url: str) -> None:
    for path in (
        *(f"/m/{'0' * 32}_0_0.mp4", "/m/x", "/m/.mp4", "/m/%00.mp4", "/m/é.mp4"),
        *("/m/..%2f..%2flongtake.db", "/m/%2e%2e/longtake.db", "/m/a/b.mp4", "/m/"),
        *("/m/clips%2f0.mp4", url.removeprefix(server.address) + "%2f"),
    ):
        got = curl(server.address + path, "--path-as-is")
        assert got.status in {400, 404}, path
        assert b'"data":null' in got.body
        assert b"a video" not in got.body


def test_other_methods_are_not_for_media(url: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert curl(url, "-X", method).status == 404


def test_what_has_expired_is_gone(server: Server, record: Record, url: str) -> None:
    def expires(at_ms: int) -> None:
        with server.store.database.transaction() as connection:
            connection.execute(
                update(tables.records)
                .where(tables.records.c.id == record.id)
                .values(expires_ms=at_ms)
            )

    expires(clock.now_ms() - 1)
    for each in (url, url.removesuffix("mp4") + "jpg"):
        got = curl(each)
        assert got.status == 410
        assert b"expired" in got.body
    expires(2**50)
    server.store.files.delete([f"clips/{record.account_id}/{record.id}/0.mp4"])
    assert curl(url).status == 410


def test_what_is_deleted_is_not_there(
    server: Server, caller: Caller, record: Record, url: str
) -> None:
    with server.store.database.transaction() as connection:
        records.delete(connection, caller.account_id, record.task_id)
    assert curl(url).status == 404


def test_a_link_saves_the_file(caller: Caller, url: str, record: Record) -> None:
    link = caller.data("POST", DOWNLOAD, json={"url": url})
    assert isinstance(link, str)
    got = curl(link)
    assert (got.status, got.body) == (200, BYTES)
    name = f'attachment; filename="{record.task_id}_0_0.mp4"'
    assert got.headers["content-disposition"] == name
    again = caller.data("POST", DOWNLOAD, json={"url": link})
    assert curl(again).status == 200


def test_a_link_ends_after_twenty_minutes(
    server: Server, url: str, record: Record
) -> None:
    class Earlier(TimestampSigner):
        age_s = 0

        def get_timestamp(self) -> int:
            return super().get_timestamp() - self.age_s

    signer, name = (
        Earlier(server.store.secret, salt=media._SALT),
        url.rpartition("/")[2],
    )
    for age_s, status in ((1195, 200), (1205, 410)):
        signer.age_s = age_s
        token = signer.sign(name).decode().removeprefix(f"{name}.")
        assert curl(f"{url}?download={token}").status == status
    other = TimestampSigner(b"another secret", salt=media._SALT).sign(name).decode()
    for wrong in ("", "x", "x.y", other.removeprefix(f"{name}."), token[:-1], "%00"):
        assert curl(f"{url}?download={wrong}").status in {400, 410}, wrong
    assert record.task_id in name


def test_a_url_of_somebody_elses_is_wrong(
    server: Server, caller: Caller, url: str
) -> None:
    theirs = made(server.store, server.caller(uuid4().hex).account_id)
    for wrong in (
        f"{server.address}/m/{theirs.task_id}_0_0.mp4",
        f"{server.address}/m/{'0' * 32}_0_0.mp4",
        f"{server.address}/api/v1/clips",
        "https://elsewhere.example/m/x.mp4",
        "not a url",
        "https://[",
    ):
        answer = caller.call("POST", DOWNLOAD, json={"url": wrong}).json()
        assert answer == {"code": 422, "msg": "url is wrong", "data": None}
    for body in ({}, {"url": ""}, {"url": None}, {"url": [url]}):
        answer = caller.call("POST", DOWNLOAD, json=body).json()
        assert answer["code"] == 422
        assert answer["msg"].startswith("url")


def test_a_large_file_is_read_in_parts(
    server: Server, caller: Caller, tmp_path: Path
) -> None:
    """What comes piece by piece is what was kept."""
    record = made(server.store, caller.account_id)
    data = bytes(range(256)) * 4096
    server.store.files.put_bytes(data, f"clips/{caller.account_id}/{record.id}/0.mp4")
    url = f"{server.address}/m/{record.task_id}_0_0.mp4"
    step, parts = 300_000, []
    for first in range(0, len(data), step):
        got = curl(url, "-r", f"{first}-{first + step - 1}")
        parts.append(got.body)
    assert b"".join(parts) == data
    assert not [*tmp_path.iterdir()]
