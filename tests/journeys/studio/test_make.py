"""From a file to a longer clip in the studio: dropped, directed, watched, and what refuses."""

from __future__ import annotations

import base64
import os
import re
import signal
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from longtake import limits
from tests.conftest import Made
from tests.journeys.studio.conftest import signed_in
from tests.running import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_DROP = """([name, type, text]) => {
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, {type}));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true}));
}"""
_LINE_BPS = 150_000  # bytes a second: slow enough that an upload can be watched


def dropped(tab: Page, name: str, kind: str, content: bytes) -> None:
    tab.evaluate(_DROP, [name, kind, base64.b64encode(content).decode()])


def chosen(tab: Page, path: Path) -> None:
    with tab.expect_file_chooser() as chooser:
        tab.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(path)


def stage(tab: Page) -> str:
    return tab.locator(".stages [aria-current=step]").inner_text()


def test_a_clip_is_dropped_and_made_longer(
    server: Server, tab: Page, made: Made
) -> None:
    clip = made(n_frames=48, sound="aac")
    caller = server.caller("dora", credits=100)
    signed_in(tab, caller)
    line = tab.context.new_cdp_session(tab)
    line.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 0,
            "downloadThroughput": -1,
            "uploadThroughput": _LINE_BPS,
        },
    )
    dropped(tab, "<b>tide.mp4", "video/mp4", clip.read_bytes())
    expect(tab.get_by_text(re.compile(r"\d+ % of"))).to_be_visible()
    expect(tab.get_by_role("heading", name="<b>tide.mp4")).to_be_visible()
    facts = tab.get_by_role("region", name="Facts")
    expect(facts).to_contain_text("48 frames")
    expect(facts).to_contain_text("320\N{MULTIPLICATION SIGN}180 at 24 fps")

    tab.get_by_label("What happens next").fill("rain")
    tab.get_by_label("Engine").select_option("persistence")
    tab.get_by_label("Seconds").fill("1.5")
    expect(tab.get_by_text("60 credits of 100")).to_be_visible()
    tab.get_by_role("button", name="Extend by 1.5 s").click()
    expect(tab.get_by_role("region", name="Report")).to_be_visible(timeout=60_000)
    assert re.search(r"#/clip/[0-9a-f]{32}/0$", tab.url)
    (record,) = caller.data("GET", "/api/v1/records?origin=made")["items"]
    assert record["prompt"] == "rain"
    assert record["videos"][0]["facts"]["nFrames"] == 48 + 36
    expect(tab.get_by_role("banner")).to_contain_text("40 credits")


def test_a_prompt_is_read_while_it_is_written(
    server: Server, tab: Page, made: Made
) -> None:
    caller = server.caller("petra")
    signed_in(tab, caller, f"#/clip/{caller.import_clip(made(n_frames=48))}/0")
    prompt = tab.get_by_label("What happens next")
    extend = tab.get_by_role("button", name="Extend by 4 s")
    expect(extend).to_be_disabled()
    prompt.fill("Slowly push in, then fade to black; a dragon appears --bs 2 --foo")
    reading = tab.get_by_role("status", name="How the prompt is read")
    expect(reading.locator("mark.camera")).to_have_text("Slowly push in")
    expect(reading.locator("mark.light")).to_have_text("fade to black")
    expect(reading.locator(".ignored li")).to_have_text(["a dragon appears", "--foo"])
    candidates = tab.get_by_role("radiogroup", name="Candidates")
    expect(candidates.get_by_role("radio", name="2")).to_be_checked()
    tab.get_by_label("Engine").select_option("persistence")
    expect(reading).to_contain_text("persistence follows no words")
    expect(reading.locator(".ignored li").first).to_have_text("Slowly push in")
    tab.get_by_text("Auto", exact=True).click()
    tab.get_by_label("A hint, if you like").fill("")
    expect(extend).to_be_enabled()


def test_a_task_is_watched_whatever_happens_to_the_connection(
    server: Server, tab: Page, made: Made
) -> None:
    caller = server.caller("wanda")
    source = caller.import_clip(made(n_frames=48))
    task = caller.extend(source, engine="motion", seconds=20)
    signed_in(tab, caller, f"#/task/{task}")
    picture = tab.get_by_role("img", name="The latest new frame")
    expect(picture).to_be_visible(timeout=60_000)
    assert re.match(r"Make new frames\s+\d+ of 480 frames", stage(tab))
    tab.reload()
    expect(picture).to_be_visible()

    (api,) = server.of_kind("api")
    os.kill(api, signal.SIGKILL)
    expect(tab.get_by_text("The server does not answer")).to_be_visible()
    expect(tab.get_by_text("The connection is lost")).to_be_visible()
    expect(tab.get_by_text("The connection is lost")).not_to_be_visible(timeout=30_000)
    expect(tab.get_by_text("The server does not answer")).not_to_be_visible()

    expect(tab.get_by_role("region", name="Report")).to_be_visible(timeout=90_000)
    assert tab.url.endswith(f"#/clip/{task}/0")


def test_what_is_no_clip_is_refused_with_the_reason(server: Server, tab: Page) -> None:
    signed_in(tab, server.caller("rita"))
    dropped(tab, "notes.mp4", "video/mp4", b"this is no video " * 99)
    told = tab.get_by_role("alert")
    expect(told).to_contain_text("notes.mp4")
    tab.get_by_role("button", name="Put notes.mp4 away").click()
    expect(told).not_to_be_visible()


def test_an_image_becomes_a_video(server: Server, tab: Page, tmp_path: Path) -> None:
    still = tmp_path / "still.png"
    Image.linear_gradient("L").resize((320, 180)).convert("RGB").save(still)
    caller = server.caller("iris")
    signed_in(tab, caller)
    chosen(tab, still)
    expect(tab.get_by_text("320\N{MULTIPLICATION SIGN}180")).to_be_visible()
    tab.get_by_label("What happens next").fill("the sun rises")
    tab.get_by_label("Engine").select_option("persistence")
    tab.get_by_text("2", exact=True).click()
    expect(tab.get_by_text("30 credits")).to_be_visible()
    tab.get_by_role("button", name="Make 2 videos").click()
    expect(tab.get_by_role("heading", name="the sun rises")).to_be_visible()
    expect(tab.get_by_role("region", name="Candidates")).to_be_visible(timeout=60_000)
    (record,) = caller.data("GET", "/api/v1/records")["items"]
    assert record["taskType"] == "mj_video"


def test_a_task_is_canceled(server: Server, tab: Page, made: Made) -> None:
    caller = server.caller("carl", credits=60)
    source = caller.import_clip(made(n_frames=48))
    task = caller.extend(source, engine="motion", seconds=20)
    signed_in(tab, caller, f"#/task/{task}")
    tab.get_by_role("button", name="Cancel").click()
    tab.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(tab.get_by_text("Its credits are back.")).to_be_visible()
    expect(tab.get_by_role("banner")).to_contain_text("60 credits")
    tab.get_by_role("link", name="Direct it again").click()
    expect(tab.get_by_label("What happens next")).to_be_visible()


def test_what_cannot_be_made_now_says_why(
    server: Server, tab: Page, made: Made
) -> None:
    """Without credits, and under maintenance; what was written stays."""
    poor = server.caller("paul", credits=12)
    source = poor.import_clip(made(n_frames=48))
    signed_in(tab, poor, f"#/clip/{source}/0")
    tab.get_by_label("What happens next").fill("rain")
    expect(tab.get_by_text("12 credits are left, 48 too few")).to_be_visible()
    expect(tab.get_by_role("button", name="Extend by 4 s")).to_be_disabled()
    tab.get_by_role("button", name="Sign out").click()

    rich = server.caller("rosa")
    source = rich.import_clip(made(n_frames=48))
    signed_in(tab, rich, f"#/clip/{source}/0")
    tab.get_by_label("What happens next").fill("rain")
    with server.store.database.transaction() as connection:
        limits.switch(connection, "maintenance", off=False, message="Back at 6.")
    try:
        tab.get_by_role("button", name="Extend by 4 s").click()
        told = tab.get_by_role("alert").filter(has_text="Under maintenance")
        expect(told).to_contain_text("Back at 6.")
        expect(tab.get_by_label("What happens next")).to_have_value("rain")
    finally:
        with server.store.database.transaction() as connection:
            limits.switch(connection, "maintenance", off=True)
    tab.get_by_role("button", name="Extend by 4 s").click()
    expect(tab.get_by_role("region", name="Stages")).to_be_visible()
