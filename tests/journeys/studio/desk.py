"""A server with an engine that counts on, and a page of the studio in a real Chromium."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, Page, expect

from longtake import keys
from tests import engines_for_tests
from tests.clips import counter_blocks
from tests.journeys.studio.conftest import WIDE, opened
from tests.running import Caller, Server, running
from tests.scene import read_code

SIZE = (320, 180)

# Writes down every picture that the player puts on the screen: the bits of its counter,
# and which frame the studio says it is.
_RECORDER = """blocks => {
  const video = document.querySelector(".player video");
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  window.seen = [];
  const look = () => {
    canvas.width = video.videoWidth; canvas.height = video.videoHeight;
    pen.drawImage(video, 0, 0);
    let code = 0;
    for (const [x, y] of blocks) {
      const p = pen.getImageData(x - 1, y - 1, 3, 3).data;
      let sum = 0;
      for (let i = 0; i < p.length; i += 4) sum += p[i] + p[i + 1] + p[i + 2];
      code = code * 2 + (sum > 128 * 27 ? 1 : 0);
    }
    seen.push([code, Number(document.querySelector(".player").dataset.frame)]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}"""
_BLOCKS = [[(a + c) // 2, (b + d) // 2] for a, b, c, d in counter_blocks(*SIZE)]


@dataclass(frozen=True)
class Desk:
    """One person at the studio of ``server``, under the key of ``caller``."""

    server: Server
    caller: Caller
    browser: Browser

    @contextmanager
    def page(
        self,
        *,
        size: tuple[int, int] = WIDE,
        scheme: str = "dark",
        key: str | None = "",
        room: str = "#/",
    ) -> Iterator[Page]:
        """The studio in a window of its own; ``key`` None: of somebody without one."""
        with opened(self.browser, size=size, scheme=scheme) as page:
            if key is not None:
                kept = json.dumps(key or self.caller.key)
                page.add_init_script(f"sessionStorage.setItem('longtake.key', {kept})")
            page.goto(f"{self.server.address}/{room}")
            yield page

    @contextmanager
    def clip(self, task_id: str, index: int = 0, **how: Any) -> Iterator[Page]:
        """The workspace of a video, once its first picture is shown."""
        with self.page(room=f"#/clip/{task_id}/{index}", **how) as page:
            expect(page.locator(".player")).to_have_attribute(
                "data-frame", re.compile("[0-9]+"), timeout=20_000
            )
            yield page


def operator(server: Server, name: str = "") -> Caller:
    """Somebody with an admin key, of an account of its own."""
    caller = server.caller(name or uuid4().hex[:8])
    with server.store.database.transaction() as connection:
        text, _ = keys.create(
            connection,
            caller.account_id,
            secret=server.store.secret,
            name="here",
            admin=True,
        )
    return replace(caller, key=text)


@contextmanager
def seated(
    browser: Browser, folder: Path, *engines: str, **settings: Any
) -> Iterator[Desk]:
    """A desk at a new server in ``folder`` that has the engine which counts on.

    And ``engines``, of those for tests.
    """
    engines_for_tests.install(folder / "installed", "counting", *engines)
    path = engines_for_tests.python_path(folder / "installed")
    with running(folder / "served", python_path=path, **settings) as server:
        yield Desk(server, server.caller("ann"), browser)


def record(page: Page) -> None:
    """Begin to write down every frame that the player shows."""
    page.evaluate(_RECORDER, _BLOCKS)


def recorded(page: Page) -> list[tuple[int, int]]:
    """What was shown since: the number in the picture, and what the studio called it."""
    found: list[list[int]] = page.evaluate("seen.splice(0)")
    return [(read_code(code), called) for code, called in found]


def wait_for_frame(page: Page, frame: int) -> None:
    """Wait until the player says that it shows ``frame``."""
    expect(page.locator(".player")).to_have_attribute("data-frame", str(frame))


def make(desk_caller: Caller, source: str, **fields: Any) -> str:
    """An extension by the engine that counts on, once it is made."""
    task_id = desk_caller.extend(source, engine="counting", **fields)
    assert desk_caller.settled(task_id)["successFlag"] == 1
    return task_id
