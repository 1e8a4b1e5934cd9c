"""``python -m benchmarks.studio.pictures``: the studio's pictures in the documents, anew.

Everything on them was really made: the clip is drawn by code, the rest by a server.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from benchmarks.studio import chromium, sample
from tests.journeys.studio.conftest import NARROW, WIDE
from tests.journeys.studio.desk import Desk, operator
from tests.running import running, until

FOLDER = Path(__file__).parents[2] / "docs" / "studio"
_MOST_BYTES = 60_000
_MADE_S = 600.0
_MANUAL = {"taskType": "mj_video_extend_manual", "engine": "motion", "seconds": 2}
_PROMPT = "Slowly push in, then it gets dark --motion low"

_STANDING = """() => {
  const all = [...document.querySelectorAll(".candidates video")];
  return all.length > 1 && all.every((one) => one.readyState > 2 && !one.seeking && one.currentTime > 0);
}"""
_FILM = """() => [...document.querySelectorAll(".film canvas")].at(-1)
  ?.getContext("2d").getImageData(1, 1, 1, 1).data[3] > 0"""
_POSTERS = """() => {
  const all = [...document.querySelectorAll(".card img")];
  return all.length > 2 && all.every((one) => one.complete);
}"""

Act = Callable[[Page], object]


def main() -> None:
    """Serve, make what is to be seen, and look."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        running(Path(folder) / "served") as server,
    ):
        desk = Desk(server, operator(server, "harbor"), browser)
        source = desk.caller.import_clip(sample(Path(folder) / "sailing.mp4"))
        first = desk.caller.extend(
            source, **_MANUAL, videoBatchSize=2, prompt="The boat sails on"
        )
        desk.caller.settled(first, timeout_s=_MADE_S)
        _picture(desk, "direct", f"#/clip/{source}/0", _write_prompt)
        second = desk.caller.extend(first, **_MANUAL, prompt="Slowly push in")
        watched = f"#/task/{second}"
        _picture(desk, "watch", watched, _see_a_new_frame, size=(1280, 640))
        queue = "#/run/queue"
        _picture(desk, "run", queue, _see_work, size=(1280, 710), scheme="light")
        desk.caller.settled(second, timeout_s=_MADE_S)
        _picture(desk, "judge", f"#/clip/{second}/0", _go_to_the_join)
        _picture(
            desk,
            "report",
            f"#/clip/{second}/0",
            _go_to_the_join,
            size=(1280, 1900),
            part=".report",
        )
        _picture(desk, "candidates", f"#/clip/{first}/0", _see_candidates)
        _picture(
            desk,
            "narrow",
            f"#/clip/{second}/0",
            _go_to_the_join,
            size=NARROW,
            scheme="light",
        )
        _picture(desk, "library", "#/", _see_posters, size=(1280, 440))


def _picture(
    desk: Desk,
    name: str,
    room: str,
    act: Act,
    *,
    size: tuple[int, int] = WIDE,
    scheme: str = "dark",
    part: str = "",
) -> None:
    """One picture of a room or a part of it, once ``act`` has seen what it is to show."""
    with desk.page(room=room, size=size, scheme=scheme) as page:
        page.set_default_timeout(1000 * _MADE_S)
        act(page)
        seen = page.locator(part).screenshot() if part else page.screenshot()
    shot = Image.open(io.BytesIO(seen)).convert("RGB")
    for quality in range(80, 20, -5):
        packed = io.BytesIO()
        shot.save(packed, "WEBP", quality=quality, method=6)
        if packed.tell() < _MOST_BYTES:
            break
    (FOLDER / f"{name}.webp").write_bytes(packed.getvalue())
    print(f"{name}: {packed.tell():,} bytes at quality {quality}", flush=True)


def _write_prompt(page: Page) -> None:
    until(lambda: page.evaluate(_FILM), what="the filmstrip")
    page.get_by_label("What happens next").fill(_PROMPT)
    page.locator(".reading li, .reading .tag, .reading mark").first.wait_for()


def _see_a_new_frame(page: Page) -> None:
    page.get_by_alt_text("The latest new frame").wait_for()


def _see_work(page: Page) -> None:
    page.locator(".figures").wait_for()


def _go_to_the_join(page: Page) -> None:
    until(lambda: page.evaluate(_FILM), what="the filmstrip")
    page.get_by_role("button", name="To the join").click()
    page.locator(".side.at").wait_for()


def _see_candidates(page: Page) -> None:
    until(lambda: page.evaluate(_STANDING), what="a picture of each candidate")


def _see_posters(page: Page) -> None:
    until(lambda: page.evaluate(_POSTERS), what="the posters")


if __name__ == "__main__":
    main()
