"""A person follows where a clip came from, takes it along, shows it around, deletes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Made
from tests.journeys.studio.desk import (
    Desk,
    make,
    record,
    recorded,
    seated,
    wait_for_frame,
)
from tests.running import PLAIN

pytestmark = [pytest.mark.slow, pytest.mark.browser]

N = 48  # at 24 a second


@dataclass(frozen=True)
class Family:
    """``source`` was extended twice, and one of the two once more, from 2.25 s on."""

    source: str
    rain: str
    storm: str
    dusk: str


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with seated(browser, tmp_path_factory.mktemp("studio")) as desk:
        yield desk


@pytest.fixture(scope="module")
def family(desk: Desk, made: Made) -> Family:
    manual = {"taskType": "mj_video_extend_manual"}
    source = desk.caller.import_clip(made(n_frames=N))
    rain = make(desk.caller, source, prompt="Rain comes", **manual)
    storm = make(desk.caller, rain, prompt="A storm", **manual, **{"from": "9/4"})
    dusk = make(desk.caller, source, prompt="It gets dark", **manual)
    return Family(source, rain, storm, dusk)


def test_every_step_is_on_the_timeline_and_exact(desk: Desk, family: Family) -> None:
    with desk.clip(family.storm) as page:
        record(page)
        parts = page.locator(".lane .part b")
        expect(parts).to_have_text(["source", "counting", "counting"])
        expect(page.locator(".strip .seam")).to_have_count(2)
        button = page.get_by_role("button", name="To the join")
        for frame in (54, 48, 54):  # the last join first, then the others
            button.click()
            wait_for_frame(page, frame)
            assert recorded(page)[-1] == (frame, frame)


def test_the_tree_shows_it_and_leads_there(desk: Desk, family: Family) -> None:
    with desk.clip(family.storm) as page:
        leaves = page.locator(".tree .leaf")
        expect(leaves).to_have_count(4)
        expect(leaves.first).to_contain_text("the original")
        here = page.locator(".leaf.here")
        expect(here).to_contain_text("A storm")
        expect(here).to_contain_text("from 0:02.25")
        expect(page.locator(".branch .branch")).to_contain_text("It gets dark")
        pictures = page.locator(".tree img")
        expect(pictures).to_have_count(4)
        expect(pictures.last).to_have_js_property("complete", True)
        assert pictures.last.evaluate("image => image.naturalWidth") > 0
        page.get_by_role("link", name="Rain comes").click()
        page.wait_for_url(f"**/#/clip/{family.rain}/0")
        expect(page.locator(".leaf.here")).to_contain_text("Rain comes")


def test_it_is_gone_on_with_from_any_frame(desk: Desk, family: Family) -> None:
    with desk.clip(family.rain) as page:
        page.get_by_role("group", name=re.compile("The picture")).press("Home")
        for _ in range(3):
            page.keyboard.press("Shift+ArrowRight")
        wait_for_frame(page, 30)
        page.get_by_role("button", name="Extend from this frame").click()
        form = page.get_by_role("form", name="Direct")
        expect(form).to_contain_text("Goes on after frame 30")
        form.get_by_label("What happens next").fill("The sun comes out")
        form.get_by_label("Engine").select_option("counting")
        form.get_by_label("Seconds").fill("1")
        form.get_by_role("button", name="Extend by 1 s").click()
        expect(page.locator(".leaf.here")).to_contain_text(
            "from 0:01.29", timeout=60_000
        )
        sun = page.url.split("/")[-2]
        record(page)
        page.get_by_role("button", name="To the join").click()
        wait_for_frame(page, 31)
        assert recorded(page)[-1] == (31, 31)
    found = desk.caller.data("GET", f"/api/v1/records/{sun}")
    assert json.loads(found["paramJson"])["from"] == "31/24"
    assert found["videos"][0]["facts"]["nFrames"] == 31 + 24
    desk.caller.data("DELETE", f"/api/v1/records/{sun}")


def test_it_is_taken_along(desk: Desk, family: Family, tmp_path: Path) -> None:
    with desk.clip(family.storm) as page:
        src = page.locator(".player video").get_attribute("src")
        assert src
        video = httpx2.get(src, verify=PLAIN, trust_env=False).content
        assert _saved(page, "Download mp4", tmp_path) == video
        report = json.loads(_saved(page, "Report", tmp_path))
        at = f"/api/v1/records/{family.storm}"
        assert report == desk.caller.data("GET", f"{at}/report")
        path = json.loads(_saved(page, "Whole path", tmp_path))
        prompts = [step["prompt"] for step in path["steps"]]
        assert prompts == [None, "Rain comes", "A storm"]
        assert path["steps"][2]["report"] == report


def test_it_is_shown_to_somebody_without_a_key_until_it_is_deleted(
    desk: Desk, family: Family
) -> None:
    with desk.clip(family.storm) as page:
        page.get_by_role("button", name="Share the path").click()
        link = page.get_by_label("The link").input_value()
        assert link.startswith(f"{desk.server.address}/#/share/")
        room = link.removeprefix(f"{desk.server.address}/")
        with desk.page(key=None, room=room) as theirs:
            expect(theirs.get_by_role("heading", name="A storm")).to_be_visible()
            expect(theirs.locator(".leaf b")).to_have_text(
                ["The original", "Rain comes", "A storm"]
            )
            expect(theirs.locator(".words")).to_contain_text("Source untouched")
            theirs.get_by_role("button", name=re.compile("Rain comes")).click()
            expect(theirs.locator(".player video")).to_have_attribute(
                "src", re.compile(family.rain)
            )
        page.get_by_role("button", name="Delete A storm").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("cannot be taken back")
        dialog.get_by_role("button", name="Keep").click()
        assert desk.caller.record(family.storm)["successFlag"] == 1
        page.get_by_role("button", name="Delete It gets dark").click()
        dialog.get_by_role("button", name="Delete it").click()
        expect(page.locator(".tree .leaf")).to_have_count(3)
        page.get_by_role("button", name="Delete A storm").click()
        dialog.get_by_role("button", name="Delete it").click()
        page.wait_for_url("**/#/")
    for gone in (family.storm, family.dusk):
        answer = desk.caller.call("GET", f"/api/v1/records/{gone}")
        assert answer.json()["code"] == 422
    with desk.page(key=None, room=room) as theirs:
        expect(theirs.get_by_role("alert")).to_contain_text("not good any more")


def _saved(page: Page, button: str, folder: Path) -> bytes:
    """What a press on ``button`` downloads."""
    with page.expect_download() as found:
        page.get_by_role("button", name=button).first.click()
    path = folder / found.value.suggested_filename
    found.value.save_as(path)
    return path.read_bytes()
