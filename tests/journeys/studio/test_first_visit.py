"""The first visit: by the link that `serve` prints, or with a key."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Tell
from tests.journeys.studio.conftest import opened, signed_in
from tests.running import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_KEPT = "() => sessionStorage.getItem('longtake.key')"
_ELSEWHERE = "() => [document.cookie, JSON.stringify(localStorage), location.href]"
_PAINTED = """() => Object.fromEntries(
  performance.getEntriesByType("paint").map((one) => [one.name, one.startTime]))"""


def test_the_printed_link_opens_the_studio_once(
    server: Server, tab: Page, browser: Browser, tell: Tell
) -> None:
    found = re.search(r"^http\S+/#code=(\w+)$", server.log.read_text(), re.MULTILINE)
    assert found
    link, code = found[0], found[1]
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(link)
    expect(tab.get_by_role("heading", name="Library")).to_be_visible()

    key = tab.evaluate(_KEPT)
    assert key.startswith("lt_")
    assert tab.evaluate(_ELSEWHERE) == ["", "{}", f"{server.address}/"]
    assert all(code not in url and key not in url for url in asked)
    assert {url.split("/")[2] for url in asked} == {server.address.split("/")[2]}
    log = server.log.read_text().replace(link, "")
    assert code not in log
    assert key not in log

    tab.reload()
    expect(tab.get_by_role("heading", name="Library")).to_be_visible()
    tell(f"painted after {tab.evaluate(_PAINTED)} ms")

    with opened(browser) as other:
        other.goto(link)
        expect(other.get_by_role("alert")).to_contain_text("works no longer")
        assert other.evaluate(_KEPT) is None

    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_label("Key")).to_be_visible()
    assert tab.evaluate(_KEPT) is None
    (left,) = server.rows("SELECT count(*) AS n FROM lt_keys WHERE revoked_ms IS NULL")
    assert left.n == 1, "the first key; the one of the code was given back"


def test_a_key_can_be_pasted(server: Server, tab: Page) -> None:
    caller = server.caller("ann", credits=1234)
    tab.goto(server.address)
    tab.get_by_label("Key").fill("lt_" + "a" * 43)
    tab.get_by_role("button", name="Open the studio").click()
    expect(tab.get_by_role("alert")).to_contain_text("This key is not accepted")
    signed_in(tab, caller)
    expect(tab.get_by_text("1,234 credits")).to_be_visible()
    expect(tab.get_by_text("Drop a clip or an image")).to_be_visible()
    caller.data("DELETE", f"/api/v1/account/keys/{_key_id(caller.data)}")
    tab.reload()
    expect(tab.get_by_role("alert")).to_contain_text("revoked")


def _key_id(data: object) -> str:
    assert callable(data)
    return str(data("GET", "/api/v1/account")["key"]["id"])
