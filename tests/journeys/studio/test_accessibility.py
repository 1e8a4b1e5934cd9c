"""Nothing serious that axe finds, in any room, wide and narrow, dark and light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Made
from tests.journeys.studio.conftest import NARROW, WIDE
from tests.journeys.studio.desk import Desk, make, operator, seated
from tests.receivers import always, receiving
from tests.running import until

pytestmark = [pytest.mark.slow, pytest.mark.browser]

# Colors pass from one to the other.
_SETTLED = """() => Promise.allSettled(document.getAnimations()
  .filter((one) => one instanceof CSSTransition).map((one) => one.finished))"""
_TURNING = "() => document.querySelector('main [aria-busy=true]') !== null"


@pytest.fixture(scope="module")
def desk(
    browser: Browser, made: Made, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """An operator's, to whom a callback is owed that nobody takes."""
    folder = tmp_path_factory.mktemp("studio")
    with (
        receiving(always(503)) as receiver,
        seated(browser, folder, "hangs", allowed_hosts=[receiver.host]) as desk,
    ):
        someone = Desk(desk.server, operator(desk.server), browser)
        task = {"engine": "persistence", "callBackUrl": receiver.url()}
        source = someone.caller.import_clip(made(n_frames=48, sound="aac"))
        someone.caller.settled(someone.caller.extend(source, **task))
        receiver.wait_for(1)
        yield someone


@pytest.fixture(scope="module")
def rooms(desk: Desk, made: Made) -> Iterator[dict[str, str]]:
    """The address of every room, by what it is called; all of them have something in."""
    caller = desk.caller
    source = caller.import_clip(made(n_frames=48, sound="aac"))
    manual = {"taskType": "mj_video_extend_manual", "prompt": "Dragons appear"}
    longer = make(caller, source, seconds=1, videoBatchSize=2, **manual)
    link = caller.data("POST", f"/api/v1/records/{longer}/share", json={})["url"]
    caller.data("POST", "/api/v1/account/secrets")
    open_task = caller.extend(source, engine="hangs")
    until(lambda: caller.record(open_task)["progress"], what="its progress")
    yield {
        "library": "#/",
        "clip": f"#/clip/{source}/0",
        "judge": f"#/clip/{longer}/0",
        "watch": f"#/task/{open_task}",
        "shared": "#/share/" + link.partition("#/share/")[2],
        **{
            part: f"#/run/{part}"
            for part in ("keys", "credits", "callbacks", "queue", "switches")
        },
        "accounts": "#/run/accounts",
        "account": f"#/run/accounts/{caller.account_id}",
        "nothing": "#/clip/none/0",
    }
    caller.data("POST", f"/api/v1/tasks/{open_task}/cancel")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_room_shuts_anybody_out(
    desk: Desk, rooms: dict[str, str], size: tuple[int, int]
) -> None:
    found: list[str] = []
    with desk.page(size=size, key=None, room="") as page:
        expect(page.get_by_label("Key")).to_be_visible()
        found += _findings("door", page)
    with desk.page(size=size) as page:
        for name, room in rooms.items():
            page.goto(f"{desk.server.address}/{room}")
            until(lambda: not page.evaluate(_TURNING), what=f"the room {name}")
            expect(page.locator("main h1, main .state").first).to_be_visible()
            found += _findings(name, page)
    assert not found, "\n".join(found)


def _findings(name: str, page: Page) -> list[str]:
    """What axe finds serious or critical in the dark, and in the light what cannot be
    read, a line each; and what makes the page scroll sideways.
    """
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="light")
    page.evaluate(_SETTLED)
    violations += page.evaluate("() => axe.run({runOnly: ['color-contrast']})")[
        "violations"
    ]
    page.emulate_media(color_scheme="dark")
    page.evaluate(_SETTLED)
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    return [
        f"{name}: {one['id']}: {node['html'][:160]}: {node.get('failureSummary', '')}"
        for one in violations
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ] + [f"{name}: {wide} px too wide"] * (wide > 0)
