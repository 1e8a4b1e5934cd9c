"""The studio in a real browser, over a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.running import Caller, Server, running

WIDE, NARROW = (1280, 800), (390, 844)
_ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]

expect.set_options(timeout=20_000)  # a busy machine takes its time


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """``longtake serve`` on new books, for the tests of a file."""
    with running(tmp_path_factory.mktemp("served") / "here") as found:
        yield found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium, for the tests of a file."""
    with sync_playwright() as player:
        found = player.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A wide window with nothing in it, on whose page nothing must go wrong."""
    with opened(browser) as page:
        yield page


@contextmanager
def opened(
    browser: Browser, *, size: tuple[int, int] = WIDE, scheme: str = "dark"
) -> Iterator[Page]:
    """A window that shares nothing with others.

    Fails where a script broke or the page tried what its policy forbids.
    """
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="light" if scheme == "light" else "dark",
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))

    def hear(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            wrong.append(said.text)

    page.on("console", hear)
    try:
        yield page
    finally:
        context.close()
    assert not wrong


def signed_in(tab: Page, caller: Caller, place: str = "") -> None:
    """The studio with the caller's key, at a ``place`` like ``#/clip/ID/0``."""
    tab.goto(f"{caller.address}/{place}")
    tab.get_by_label("Key").fill(caller.key)
    tab.get_by_role("button", name="Open the studio").click()
    tab.get_by_role("button", name="Sign out").wait_for()
