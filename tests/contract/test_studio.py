"""How the studio is served: under a strict policy, small, and whole."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from longtake.api.studio import policy
from longtake.settings import Settings
from tests.conftest import Tell
from tests.wire import Caller

_MOST_BYTES = 150_000
_FILES = sorted(
    Path(str(resources.files("longtake") / "studio")).iterdir(),
    key=lambda path: path.name,
)
_PARTS = [path for path in _FILES if path.suffix in {".css", ".js"}]
_LOADS = re.compile(r"""(?:href="studio/|src="studio/|from "\./)([\w.]+)\"""")
_NEVER = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b"
    r"|new Function|localStorage|indexedDB|document\.cookie|cookieStore"
    r"|cssText|setAttribute\(\"style|\sstyle=\"|https?://(?!www\.w3\.org/2000/svg)"
)


def test_the_page_loads_only_what_is_here(caller: Caller) -> None:
    answer = caller.client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    loaded = re.findall(r'(?:src|href)="(studio/[^"]+)"', answer.text)
    assert len(loaded) > 1
    for path in loaded:
        assert caller.client.get(f"/{path}").status_code == 200
    assert "style=" not in answer.text
    assert not re.search(
        r"<script(?! type=\"module\" src=)|<style|\son\w+=", answer.text
    )


def test_its_policy_lets_in_nothing_else(caller: Caller) -> None:
    for path in ("/", "/studio/main.js"):
        told = dict(
            one.split(" ", 1)
            for one in caller.client.get(path)
            .headers["content-security-policy"]
            .split("; ")
        )
        assert told["default-src"] == "'none'"
        assert told["script-src"] == told["style-src"] == "'self'"
        assert told["connect-src"] == "'self'"
        assert told["frame-ancestors"] == "'none'"
        assert told["trusted-types"] == "'none'"
        assert told["media-src"] == "'self' http://127.0.0.1:8420 blob:"


def test_media_of_the_public_url_are_let_in() -> None:
    told = policy(Settings(public_url="https://clips.example/long/"))
    assert "media-src 'self' https://clips.example blob:" in told
    assert "img-src 'self' https://clips.example data: blob:" in told


@pytest.mark.parametrize("path", _PARTS, ids=lambda path: path.name)
def test_a_part_is_answered_once(caller: Caller, path: Path) -> None:
    url = f"/studio/{path.name}"
    answer = caller.client.get(url)
    assert answer.content == path.read_bytes()
    assert answer.headers["content-type"].startswith("text/")
    etag = answer.headers["etag"]
    again = caller.client.get(url, headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content) == (304, b"")


def test_there_is_nothing_else(caller: Caller) -> None:
    for name in ("none.js", "..%2Fpage.css", "__init__.py"):
        answer = caller.client.get(f"/studio/{name}")
        assert answer.json()["code"] == 404


def test_no_text_becomes_markup_and_nothing_comes_from_elsewhere() -> None:
    found = {
        path.name: match[0]
        for path in _FILES
        if (match := _NEVER.search(path.read_text("utf-8")))
    }
    assert not found


def test_it_weighs_little(caller: Caller, tell: Tell) -> None:
    """What opening the page loads; what an operator looks into comes when it is asked for."""
    wanted, loaded = ["index.html"], dict[str, int]()
    while wanted:
        name = wanted.pop()
        if name not in loaded:
            path = next(path for path in _FILES if path.name == name)
            loaded[name] = path.stat().st_size
            wanted += _LOADS.findall(path.read_text("utf-8"))
    everything = sum(path.stat().st_size for path in _FILES)
    sent = sum(
        int(caller.client.get(f"/studio/{path.name}").headers["content-length"])
        for path in _FILES
    )
    weight = sum(loaded.values())
    tell(f"{weight:,} bytes at first, {everything:,} in all; {sent:,} as they are sent")
    assert weight < _MOST_BYTES
    assert sent < everything / 2


def test_no_part_is_long() -> None:
    long = {
        path.name: n
        for path in _PARTS
        if path.suffix == ".js" and (n := path.read_text("utf-8").count("\n")) > 400
    }
    assert not long
