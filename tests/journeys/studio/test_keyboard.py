"""From the printed link to the downloaded file without a mouse; where one is, is always seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from longtake.media.probe import probe
from tests.conftest import Made
from tests.journeys.studio.conftest import WIDE, opened
from tests.journeys.studio.desk import Desk, seated, wait_for_frame

pytestmark = [pytest.mark.slow, pytest.mark.browser]

N = 24  # frames of the clip, at 24 a second
_MOST_STOPS = 80

# What has the focus, by the name that is read out; or what is wrong about it: the body
# has it, it is not marked, or it lies outside the window or under the bar at the top.
_FOCUS = """() => {
  const it = document.activeElement;
  if (!it || it === document.body) return {wrong: "nothing has the focus"};
  const name = (it.getAttribute("aria-label") || it.labels?.[0]?.textContent
    || it.textContent || it.value || "").trim().slice(0, 80);
  const is = {name, tag: it.tagName.toLowerCase()};
  if (it.id === "main") return is;
  let marked = false;
  for (let one = it, n = 0; one && n < 4; one = one.parentElement, n += 1) {
    const its = getComputedStyle(one);
    marked ||= its.outlineStyle !== "none" && parseFloat(its.outlineWidth) > 0;
  }
  if (!marked) return {...is, wrong: "the focus is not seen"};
  const box = it.getBoundingClientRect();
  const bar = document.querySelector(".top");
  const middle = [(box.left + box.right) / 2, Math.min((box.top + box.bottom) / 2, innerHeight - 5)];
  const hit = document.elementFromPoint(...middle);
  const seen = hit && (bar.contains(it) || !bar.contains(hit));
  return seen ? is : {...is, wrong: `out of sight: ${box.top} to ${box.bottom}`};
}"""

_AT_THE_END = "() => document.activeElement === document.body"


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with seated(browser, tmp_path_factory.mktemp("studio"), "slow") as desk:
        yield desk


def stand(page: Page) -> str:
    """The name of what has the focus. Fails where that cannot be seen."""
    told = page.evaluate(_FOCUS)
    assert "wrong" not in told, told
    return str(told["name"])


def walk_to(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus; behind the last is the browser."""
    passed: list[str] = []
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate(_AT_THE_END):
            assert "the browser" not in passed, passed
            passed.append("the browser")
            continue
        passed.append(stand(page))
        if re.search(name, passed[-1]):
            return
    raise AssertionError(f"no Tab leads to {name!r}, but to {passed}")


def test_a_clip_is_made_longer_by_keys_alone(desk: Desk, made: Made) -> None:
    found = re.search(r"^http\S+/#code=\w+$", desk.server.log.read_text(), re.MULTILINE)
    assert found
    with opened(desk.browser, size=WIDE) as page:
        clip = made(n_frames=N, sound="aac")
        page.on("filechooser", lambda chooser: chooser.set_files(clip))
        page.goto(found[0])
        expect(page.get_by_role("button", name="Choose a file")).to_be_visible()
        stand(page)
        bring_in(page)
        direct(page)
        judge(page)
        take_along(page)


def bring_in(page: Page) -> None:
    """Choose the clip, which opens where it is looked at."""
    walk_to(page, "^Choose a file$")
    page.keyboard.press("Enter")
    expect(page.locator(".player")).to_have_attribute("data-frame", "0")
    stand(page)


def direct(page: Page) -> None:
    """Ask for a second more, and watch until it is made."""
    walk_to(page, "^What happens next$")
    page.keyboard.type("Slowly push in")
    walk_to(page, "^Engine$")
    page.keyboard.type("counting")
    walk_to(page, "^Seconds$")
    for _ in range(6):
        page.keyboard.press("ArrowDown")
    walk_to(page, "^Extend by 1 s$")
    page.keyboard.press("Enter")
    expect(page.locator(".report")).to_be_visible(timeout=60_000)
    expect(page.locator(".player")).to_have_attribute("data-frame", re.compile("."))
    stand(page)


def judge(page: Page) -> None:
    """Step around the join, and let it loop."""
    walk_to(page, "^The picture")
    page.keyboard.press("j")
    wait_for_frame(page, N)
    for key, frame in (("ArrowLeft", N - 1), ("ArrowRight", N), (".", N + 1)):
        page.keyboard.press(key)
        wait_for_frame(page, frame)
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name=re.compile("^Play"))).to_be_visible()
    assert stand(page).startswith("The picture")


def take_along(page: Page) -> None:
    """Download it, and think again about deleting it."""
    walk_to(page, "^Download ")
    with page.expect_download() as downloading:
        page.keyboard.press("Enter")
    assert probe(downloading.value.path()).video.n_frames == 2 * N
    assert stand(page).startswith("Download ")

    walk_to(page, "^Delete ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert stand(page) == "Keep"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert stand(page).startswith("Delete ")


def test_what_changes_under_the_hand_keeps_it(desk: Desk, made: Made) -> None:
    """The cards of the library are drawn again while something is in work."""
    source = desk.caller.import_clip(made(n_frames=N, sound="aac"))
    manual = {"taskType": "mj_video_extend_manual", "prompt": "The slow one"}
    task = desk.caller.extend(source, engine="slow", **manual)
    with desk.page() as page:
        card = page.locator(".card").filter(has_text="The slow one")
        expect(card.locator("progress")).to_be_visible()
        walk_to(page, "^The slow one$")
        desk.caller.settled(task)
        expect(card.locator(".over")).to_be_visible()
        assert stand(page) == "The slow one"
        page.keyboard.press("Enter")
        expect(page.locator(".player")).to_be_visible()
