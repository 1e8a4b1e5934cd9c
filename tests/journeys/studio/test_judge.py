"""A person judges what was made: what is shown is counted, frame by frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import update

from longtake.store import tables
from tests.conftest import Made
from tests.journeys.studio.conftest import NARROW
from tests.journeys.studio.desk import (
    Desk,
    make,
    record,
    recorded,
    seated,
    wait_for_frame,
)
from tests.running import until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

N, NEW = 48, 24  # at 24 a second
JOIN = N
ROUND = range(JOIN - 12, JOIN + 12)  # the second around the join

# What makes the page scroll sideways.
_TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth && !one.closest(".scroll"))
    .map((one) => `${one.tagName}.${one.className} ${one.textContent.slice(0, 40)}`)"""


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with seated(browser, tmp_path_factory.mktemp("studio")) as desk:
        yield desk


@pytest.fixture(scope="module")
def source(desk: Desk, made: Made) -> str:
    return desk.caller.import_clip(made(n_frames=N, sound="aac"))


@pytest.fixture(scope="module")
def longer(desk: Desk, source: str) -> str:
    fields = {"taskType": "mj_video_extend_manual", "prompt": "Dragons appear"}
    return make(desk.caller, source, seconds=1, **fields)


def test_every_frame_of_the_second_around_the_join_is_shown(
    desk: Desk, longer: str
) -> None:
    with desk.clip(longer) as page:
        record(page)
        page.get_by_label("Speed").select_option("0.5")
        page.get_by_role("button", name="Loop the second around the join").click()
        pairs: list[tuple[int, int]] = []

        def complete() -> bool:
            pairs.extend(recorded(page))
            shown = [called for _, called in pairs]
            rounds = sum(after < before for before, after in pairwise(shown))
            return rounds > 1 and {*ROUND} <= {*shown}

        # A busy machine may not paint every frame of the first round.
        until(complete, what=lambda: f"all of {ROUND} in {pairs}", timeout_s=60)
        # Nor may it look at a picture before the next one is there.
        for (number, called), (_, following) in pairwise(pairs):
            assert number in {called, following}, pairs
        exact = sum(number == called for number, called in pairs)
        assert exact > 0.8 * len(pairs), pairs
        late = [called for _, called in pairs if called > ROUND[-1] + 8]
        assert not late, "the loop goes on behind its end"
        page.get_by_role("button", name="Pause").click()
        assert page.locator(".side").inner_text() in {"source", "new · counting"}


def test_stepping_and_seeking_are_exact(desk: Desk, longer: str) -> None:
    with desk.clip(longer) as page:
        record(page)

        def at(frame: int) -> None:
            wait_for_frame(page, frame)
            seen = recorded(page)
            assert all(number == called for number, called in seen), seen
            assert seen[-1][0] == frame

        page.get_by_role("button", name="To the join").click()
        at(JOIN)
        expect(page.locator(".side")).to_have_text("new · counting")
        for name, frame in (("back", JOIN - 1), ("back", JOIN - 2), ("on", JOIN - 1)):
            page.get_by_role("button", name=f"One frame {name}").click()
            at(frame)
        expect(page.locator(".side")).to_have_text("source")
        well = page.get_by_role("group", name=re.compile("The picture"))
        well.focus()
        for key, frame in (
            ("ArrowRight", JOIN),
            (".", JOIN + 1),
            ("Shift+ArrowLeft", JOIN - 9),
            ("End", N + NEW - 1),
            (",", N + NEW - 2),
            ("Home", 0),
            ("j", JOIN),
        ):
            well.press(key)
            at(frame)
        ruler = page.get_by_role("slider", name="Frames around the join")
        ruler.press("Home")
        at(ROUND[0])
        ruler.press("ArrowRight")
        at(ROUND[0] + 1)
        line = page.get_by_role("slider", name="Where in the clip")
        box = line.bounding_box()
        assert box
        for share in (0.1, 0.9):
            line.click(position={"x": share * box["width"], "y": box["height"] / 2})
            at(int(share * (N + NEW)))
        line.press("PageDown")
        at(int(0.9 * (N + NEW)) - 24)
        assert "source" in (line.get_attribute("aria-valuetext") or "")


def test_the_join_of_an_uneven_clip_is_found(desk: Desk, made: Made) -> None:
    """The source's frames come when they will, the new ones at an even pace after it."""
    source = desk.caller.import_clip(made(n_frames=36, vfr=True))
    task_id = make(desk.caller, source, seconds=1)
    with desk.clip(task_id) as page:
        record(page)
        page.get_by_role("button", name="To the join").click()
        for frame in (36, 37, 38):
            wait_for_frame(page, frame)
            assert recorded(page)[-1] == (frame, frame)
            page.get_by_role("button", name="One frame on").click()


def test_the_report_is_told_and_drawn(desk: Desk, longer: str) -> None:
    report = desk.caller.data("GET", f"/api/v1/records/{longer}/report")
    step = report["steps"][0]
    with desk.clip(longer, size=NARROW) as page:
        words = page.locator(".words")
        expect(words).to_contain_text("Source untouched: every packet identical")
        expect(words).to_contain_text("Sound copied, packet for packet")
        expect(words).to_contain_text("Dragons appear was ignored")
        for failure in step["verdict"]["failures"]:
            expect(words).to_contain_text(failure)
        plots = page.locator(".chart svg[role=img]")
        expect(plots).to_have_count(4)
        seam = step["measures"]["seam"]
        expect(plots.first).to_have_attribute(
            "aria-label", re.compile(rf"Seam: .*{seam:.2f} at it")
        )
        page.get_by_text("All measures").click()
        row = page.get_by_role("row", name=re.compile("^Seam change"))
        expect(row).to_contain_text(f"{seam:.2f}")
        page.get_by_text("Along time, as a table").click()
        sharp = step["along"]["sharpness"][step["along"]["n_before"]]
        expect(page.get_by_role("row", name=re.compile("^join"))).to_contain_text(
            f"{sharp:.2f}"
        )
        assert not page.evaluate(_TOO_WIDE)


def test_a_source_that_was_encoded_again_is_told_with_its_reason(
    desk: Desk, made: Made
) -> None:
    clip = made(codec="libx265", b_frames=None, n_frames=12, size=(160, 90))
    task_id = make(desk.caller, desk.caller.import_clip(clip))
    report = desk.caller.data("GET", f"/api/v1/records/{task_id}/report")
    assert report["proof"]["mode"] == "re-encode"
    with desk.clip(task_id) as page:
        told = page.locator(".told .warn").filter(has_text="was encoded again")
        expect(told).to_contain_text(report["proof"]["reason"])
        expect(told).to_contain_text(f"{report['proof']['psnr_db']:.1f} dB")


def test_what_has_expired_is_still_told_of(desk: Desk, source: str) -> None:
    task_id = make(desk.caller, source)
    record = tables.clips.c.record_id == task_id
    with desk.server.store.database.transaction() as connection:
        connection.execute(update(tables.clips).where(record).values(expired_ms=1))
    with desk.page(room=f"#/clip/{task_id}/0") as page:
        expect(page.locator("main")).to_contain_text("The files have expired")
        expect(page.locator(".words")).to_contain_text("Source untouched")
        expect(page.get_by_role("button", name="Download mp4")).to_be_disabled()
        expect(page.get_by_role("form", name="Direct")).to_have_count(0)


def test_candidates_play_together_and_one_is_picked(desk: Desk, source: str) -> None:
    task_id = make(desk.caller, source, seconds=1, videoBatchSize=2)
    with desk.clip(task_id) as page:
        videos = page.locator(".candidate video")
        expect(videos).to_have_count(2)
        page.get_by_role("button", name="Play together").click()
        until(lambda: _moments(page)[0] > 1.5, what="both play", timeout_s=30)
        page.get_by_role("button", name="Pause").first.click()
        one, other = _moments(page)
        assert abs(one - other) < 3 / 24
        page.get_by_role("slider", name="Frame of all candidates").press("End")
        end = pytest.approx([71.5 / 24] * 2, abs=1e-3)
        until(lambda: _moments(page) == end, what=lambda: f"the end: {_moments(page)}")
        page.get_by_role("button", name="Pick candidate 2").click()
        page.wait_for_url(f"**/#/clip/{task_id}/1")
        expect(page.locator(".candidate.picked")).to_contain_text("Candidate 2")
        expect(page.locator(".player video")).to_have_attribute(
            "src", re.compile(rf"{task_id}_0_1\.mp4$")
        )


def _moments(page: Page) -> list[float]:
    found: list[float] = page.evaluate(
        "[...document.querySelectorAll('.candidate video')].map(v => v.currentTime)"
    )
    return found


def test_the_join_is_found_before_anything_is_shown(desk: Desk, longer: str) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with desk.page() as page:
        media = re.compile(r"/m/.*[.]mp4")
        page.route(media, hold)
        page.goto(f"{desk.server.address}/#/clip/{longer}/0")
        page.get_by_role("button", name="To the join").click()
        assert held
        page.unroute(media)  # which lets go of what is held
        wait_for_frame(page, JOIN)
