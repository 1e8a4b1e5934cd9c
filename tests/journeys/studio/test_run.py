"""Run it: an operator's rounds, and what an account has without one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import clips
from tests.journeys.studio.conftest import NARROW, opened, signed_in
from tests.journeys.studio.desk import operator
from tests.receivers import Receiver, always, ok, receiving
from tests.running import Caller, Server, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_NAME = "<b>ben</b> & sons"  # a text, and never markup


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def server(
    receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served") / "here"
    with running(folder, allowed_hosts=[receiver.host]) as found:
        yield found


@pytest.fixture(name="operator")
def _operator(server: Server) -> Caller:
    return operator(server)


def agree(tab: Page, doing: str) -> None:
    """Say yes to the question that is asked."""
    tab.get_by_role("dialog").get_by_role("button", name=doing).click()


def kept(tab: Page) -> str:
    return str(tab.evaluate("() => sessionStorage.getItem('longtake.key')"))


def test_a_key_is_made_replaced_and_revoked(
    server: Server, operator: Caller, tab: Page
) -> None:
    signed_in(tab, operator, "#/run/keys")
    tab.get_by_label("Name of a new key").fill(_NAME)
    tab.get_by_role("button", name="Make a key").click()
    shown = tab.get_by_role("textbox", name="The new key").input_value()
    assert replace(operator, key=shown).data("GET", "/api/v1/account")
    row = tab.get_by_role("row").filter(has_text=_NAME)
    expect(row).to_contain_text(shown[:11])
    tab.get_by_role("button", name="I have it").click()
    assert shown not in tab.content()
    expect(tab.get_by_label("Name of a new key")).to_be_focused()

    row.get_by_role("button", name="Revoke").click()
    tab.get_by_role("button", name="Keep").click()
    assert replace(operator, key=shown).call("GET", "/api/v1/account").is_success
    row.get_by_role("button", name="Revoke").click()
    agree(tab, "Revoke")
    expect(row.get_by_role("button")).to_have_count(0)
    assert (
        replace(operator, key=shown).call("GET", "/api/v1/account").status_code == 401
    )

    # The tab's own key: the new one takes its place, here too.
    tab.get_by_role("row").filter(has_text="this tab").get_by_role(
        "button", name="Replace"
    ).click()
    heir = tab.get_by_role("textbox", name="The new key").input_value()
    tab.get_by_role("button", name="Stop “here”").click()
    assert operator.call("GET", "/api/v1/account").is_success
    agree(tab, "Revoke")
    row = tab.get_by_role("row").filter(has_text="this tab")
    expect(row).to_contain_text(heir[:11])
    assert kept(tab) == heir
    assert operator.call("GET", "/api/v1/account").status_code == 401

    row.get_by_role("button", name="Revoke").click()
    agree(tab, "Revoke")
    expect(tab.get_by_role("alert")).to_contain_text("not accepted")
    assert kept(tab) == "None"


def test_maintenance_begins_with_a_word_and_ends(
    server: Server, operator: Caller, tab: Page, tmp_path: Path
) -> None:
    signed_in(tab, operator, "#/run/switches")
    tab.get_by_role("button", name="Begin maintenance").click()
    tab.get_by_label("What callers are told").fill("Back at six.")
    agree(tab, "Begin maintenance")
    end = tab.get_by_role("button", name="End maintenance")
    expect(end).to_be_focused()
    clip = clips.make(tmp_path / "clip.mp4", size=(64, 48), n_frames=12)
    with clip.open("rb") as file:
        told = operator.call("POST", "/api/v1/clips", files={"file": file}).json()
    assert (told["code"], told["msg"]) == (455, "Back at six.")
    tab.reload()
    expect(tab.get_by_text("Callers are told: “Back at six.”")).to_be_visible()
    end.click()
    expect(tab.get_by_role("button", name="Begin maintenance")).to_be_focused()
    assert operator.import_clip(clip)

    tab.get_by_role("button", name="Turn off: Extending clips").click()
    agree(tab, "Turn off")
    tab.get_by_role("button", name="Turn on: Extending clips").click()
    tab.get_by_role("button", name="Turn off: Extending clips").wait_for()


def test_an_account_is_opened_and_kept(
    server: Server, operator: Caller, tab: Page
) -> None:
    signed_in(tab, operator, "#/run/accounts")
    tab.get_by_label("Name").fill(_NAME)
    tab.get_by_label("Tier").select_option("priority")
    tab.get_by_label("Credits", exact=True).fill("100")
    tab.get_by_role("button", name="Open an account").click()
    expect(tab.get_by_role("heading", name=_NAME, exact=True)).to_be_visible()
    expect(tab.get_by_text("priority, 10 at a time")).to_be_visible()

    tab.get_by_label("Credits", exact=True).fill("-30")
    tab.get_by_label("Note", exact=True).fill("a mistake")
    tab.get_by_role("button", name="Grant").click()
    agree(tab, "Take back")
    expect(tab.get_by_role("row").filter(has_text="a mistake")).to_contain_text(
        "\N{MINUS SIGN}30"
    )
    (one,) = (
        each
        for each in operator.data("GET", "/api/v1/admin/accounts")["items"]
        if each["name"] == _NAME
    )
    assert (one["tier"], one["balance"]) == ("priority", 70)
    tab.get_by_label("Credits", exact=True).fill("-300")
    tab.get_by_role("button", name="Grant").click()
    agree(tab, "Take back")
    expect(tab.get_by_role("alert")).to_be_visible()  # the server's own words

    tab.get_by_role("link", name="All accounts").click()
    expect(tab.get_by_role("link", name=_NAME)).to_be_visible()
    tab.get_by_role("link", name="Queue and workers").click()
    expect(tab.get_by_role("row").filter(has_text="slot-0")).to_be_visible()
    expect(tab.get_by_text("Nothing waits and nothing runs.")).to_be_visible()


def test_a_callback_is_followed_and_sent_again(
    server: Server, receiver: Receiver, browser: Browser, tmp_path: Path
) -> None:
    """In a narrow window, with a key that administers nothing."""
    caller = server.caller("ann", credits=100)
    clip = clips.make(tmp_path / "clip.mp4", size=(64, 48), n_frames=12)
    source = caller.import_clip(clip)
    receiver.behave = always(410)
    task = caller.extend(source, callBackUrl=receiver.url())
    caller.settled(task)
    receiver.wait_for(1)
    with opened(browser, size=NARROW) as tab:
        signed_in(tab, caller, "#/run/queue")  # to this key there is none
        expect(tab.get_by_role("heading", name="Keys", exact=True)).to_be_visible()
        expect(tab.get_by_role("link", name="Switches")).to_have_count(0)
        tab.get_by_role("link", name="Credits").click()
        row = tab.get_by_role("row").filter(has_text="Held for a task")
        expect(row).to_contain_text("\N{MINUS SIGN}60")

        tab.get_by_role("link", name="Callbacks").click()
        expect(tab.get_by_text("1 attempt", exact=True)).to_be_visible()
        receiver.behave = ok
        tab.get_by_role("button", name="Deliver again").click()
        expect(tab.get_by_text("2 attempts")).to_be_visible()
        tab.get_by_text("2 attempts").click()
        rows = tab.get_by_role("table", name="Attempts").get_by_role("row")
        expect(rows.nth(1)).to_contain_text("200")
        expect(rows.nth(2)).to_contain_text("410")
        tab.get_by_text("What is sent").click()
        expect(tab.get_by_label("The body")).to_contain_text(task)

        tab.get_by_role("button", name="Make a secret").click()
        secret = tab.get_by_role("textbox", name="The new secret").input_value()
        assert secret.startswith("whsec_")
        tab.get_by_role("button", name="Rotate the secret").click()
        agree(tab, "Rotate")
        expect(tab.get_by_text("signs until")).to_be_visible()
