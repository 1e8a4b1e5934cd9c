"""The old service as adoption asks it: what it tells, its moods, and our pace."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from longtake import clock
from longtake.errors import (
    AddressRefused,
    AskInvalid,
    FetchFailed,
    KeyRefused,
    NotFound,
)
from longtake.tasks.vendor import Vendor
from tests import vendors
from tests.receivers import Reply
from tests.vendors import KEY, OldService, envelope, info_path

ID = "2fac8a0e-93d1-4b1c-a1f6-8a3d6c0ad1b1"
QUICK = (0.01, 0.01)


@pytest.fixture
def service() -> Iterator[OldService]:
    with vendors.serving() as found:
        yield found


def _vendor(service: OldService, key: str = KEY, **options: Any) -> Vendor:
    return Vendor(service.url, key, **{"per_second": 100, "waits_s": QUICK, **options})


def test_a_record_is_read_as_it_is_told(service: OldService) -> None:
    service.add(ID, b"0", b"1")
    with _vendor(service) as vendor:
        found = vendor.record(ID)
    assert (found.task_type, found.flag) == ("mj_video", 1)
    assert found.prompt == f"a scene of {ID}"
    assert found.params["ow"] == 3
    assert found.created_ms == 1_760_000_000_000
    assert found.urls == tuple(
        f"{service.url}/media/{ID}_{n}.mp4?s=1" for n in range(2)
    )


@pytest.mark.parametrize("suffix", ["", "/", "/api/v1", "/api/v1/"])
def test_the_address_may_be_written_in_several_ways(
    service: OldService, suffix: str
) -> None:
    service.add(ID, b"0")
    with Vendor(service.url + suffix, KEY) as vendor:
        assert vendor.record(ID).urls


ODD: dict[str, tuple[dict[str, Any], str, Any]] = {
    "ISO time": ({"createTime": "2025-10-09T08:53:20Z"}, "created_ms", 1760000000000),
    "ISO time without zone": (
        {"createTime": "2025-10-09 08:53:20"},
        "created_ms",
        1760000000000,
    ),
    "time as text": ({"createTime": "1760000000000"}, "created_ms", 1760000000000),
    "no time": ({"createTime": None}, "created_ms", None),
    "no such time": ({"createTime": "yesterday"}, "created_ms", None),
    "a time beyond": ({"createTime": 10**30}, "created_ms", None),
    "results as text": (
        {"resultInfoJson": '{"resultUrls": [{"resultUrl": "http://a/"}]}'},
        "urls",
        ("http://a/",),
    ),
    "plain URLs": (
        {"resultInfoJson": {"resultUrls": ["http://a/", "", None]}},
        "urls",
        ("http://a/",),
    ),
    "no results": ({"resultInfoJson": None}, "urls", ()),
    "broken results": ({"resultInfoJson": "{"}, "urls", ()),
    "broken parameters": ({"paramJson": "{"}, "params", {}),
    "parameters no JSON knows": (
        {"paramJson": '{"a": NaN, "prompt": 5}'},
        "params",
        {"a": None, "prompt": 5},
    ),
    "a prompt that is none": ({"paramJson": '{"prompt": 5}'}, "prompt", None),
    "a prompt no database takes": (
        {"paramJson": '{"prompt": "a\\u0000b\\ud800"}'},
        "prompt",
        "ab?",
    ),
    "a long type": ({"taskType": "x" * 99}, "task_type", "x" * 40),
}


@pytest.mark.parametrize("name", ODD)
def test_what_old_documents_show_is_understood_too(
    service: OldService, name: str
) -> None:
    fields, part, value = ODD[name]
    service.add(ID, b"0", **fields)
    with _vendor(service) as vendor:
        assert getattr(vendor.record(ID), part) == value


MOODS = {
    "500": Reply(500),
    "502 in HTML": Reply(502, body=b"<html>"),
    "429": Reply(429),
    "429 in an envelope": envelope(429, "slow down"),
    "maintenance": envelope(455, "back soon"),
    "reset": Reply(reset=True),
}


@pytest.mark.parametrize("name", MOODS)
def test_what_may_go_through_later_is_asked_again(
    service: OldService, name: str
) -> None:
    service.add(ID, b"0")
    service.first[info_path(ID)] = [MOODS[name], MOODS[name]]
    with _vendor(service) as vendor:
        assert vendor.record(ID).urls
    assert service.asked(ID) == 3


def test_a_service_that_stays_ill_is_given_up(service: OldService) -> None:
    service.first[info_path(ID)] = [Reply(503)] * 3
    with _vendor(service) as vendor, pytest.raises(FetchFailed) as failed:
        vendor.record(ID)
    assert failed.value.status == 503
    assert service.asked(ID) == 3


def test_it_is_asked_no_sooner_than_it_wants(service: OldService) -> None:
    service.add(ID, b"0")
    service.first[info_path(ID)] = [Reply(429, {"Retry-After": "1"})]
    with _vendor(service) as vendor:
        vendor.record(ID)
    first, second = service.asked_s
    assert 1 <= second - first < 3


def test_the_pace_is_kept(service: OldService) -> None:
    service.add(ID, b"0")
    with _vendor(service, per_second=20) as vendor:
        began = clock.monotonic_s()
        for _ in range(10):
            vendor.record(ID)
        assert clock.monotonic_s() - began >= 9 / 20
    assert min(b - a for a, b in pairwise(service.asked_s)) > 0.04


def test_what_it_does_not_know_and_whom_it_does_not_let_in(
    service: OldService,
) -> None:
    with _vendor(service) as vendor, pytest.raises(NotFound, match="does not exist"):
        vendor.record(ID)
    with (
        _vendor(service, "another key") as vendor,
        pytest.raises(KeyRefused) as refused,
    ):
        vendor.record(ID)
    assert "another key" not in str(refused.value)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"x"', b'{"status": "ok"}'])
def test_another_service_is_recognized(service: OldService, body: bytes) -> None:
    service.first[info_path(ID)] = [Reply(body=body)]
    with _vendor(service) as vendor, pytest.raises(FetchFailed, match="--from") as it:
        vendor.record(ID)
    assert it.value.status is None


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with (
        Vendor(f"http://127.0.0.1:{port}", KEY, waits_s=QUICK) as vendor,
        pytest.raises(FetchFailed, match="cannot be reached") as failed,
    ):
        vendor.record(ID)
    assert failed.value.status is None


@pytest.mark.parametrize(
    "url", ["api.example.com", "", "ftp://x/", "http://", "http://["]
)
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(AddressRefused):
        Vendor(url, KEY)


@pytest.mark.parametrize("key", ["a\nb", "\N{SNOWMAN}"])
def test_a_key_that_no_header_can_carry_is_told(key: str) -> None:
    with pytest.raises(AskInvalid) as told:
        Vendor("http://127.0.0.1:1", key)
    assert key not in str(told.value)
