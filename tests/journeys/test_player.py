"""A person plays a result, from the server that made it, in a page of their own."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.clips import counter_blocks
from tests.conftest import Made
from tests.journeys.browser import browsing, serving
from tests.running import running
from tests.scene import read_code

pytestmark = [pytest.mark.slow, pytest.mark.browser]

N, NEW, RATE = 72, 24, Fraction(24)
SIZE = (320, 180)
BLOCKS = [[(a + c) // 2, (b + d) // 2] for a, b, c, d in counter_blocks(*SIZE)]


def shown_at(page: Page, frame: Fraction) -> int:
    """The number on the picture that the player shows after a seek into ``frame``."""
    page.evaluate("time => seek(time)", float(frame / RATE))
    return read_code(page.evaluate("blocks => number(blocks)", BLOCKS))


def test_a_browser_plays_and_seeks_a_result(
    chromium: str, made: Made, tmp_path: Path
) -> None:
    """In a page from elsewhere that the operator allows, pixel by pixel."""
    (tmp_path / "page").mkdir()
    with (
        serving(tmp_path / "page") as page_address,
        running(tmp_path, cors_origins=[page_address.rstrip("/")]) as server,
    ):
        caller = server.caller("player")
        source = caller.import_clip(made(n_frames=N, sound="aac"))
        record = caller.settled(caller.extend(source, seconds=1))
        url = record["resultInfoJson"]["resultUrls"][0]["resultUrl"]
        with browsing(chromium, tmp_path / "profile", page_address) as page:
            statuses: list[int] = []
            page.on("response", lambda answer: statuses.append(answer.status))
            page.evaluate("v.crossOrigin = 'anonymous'")
            duration, width, height = page.evaluate("url => load(url)", url)
            assert (width, height) == SIZE
            assert duration == pytest.approx((N + NEW) / RATE, abs=0.05)
            half = Fraction(1, 2)
            for frame in (N + NEW - 2, 3, N - 1, N, 40):  # there and back again
                assert shown_at(page, frame + half) == min(frame, N - 1)
            seen = page.evaluate(
                "blocks => play(2.5, 3.5, 1, blocks).then(seen => seen.map(s => s[1]))",
                BLOCKS,
            )
        assert seen == sorted(seen)
        assert seen[-1] >= 3.4
        assert set(statuses) <= {200, 206}
        assert 206 in statuses, "a player asks for ranges"
