"""A person plays the result: every frame across the join is shown, and seeks are exact.

The clips carry a counter in every frame, so that the browser itself says what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from longtake.media.probe import probe
from longtake.media.source import open_source
from longtake.media.timeline import Timeline
from tests.clips import counter_blocks
from tests.conftest import Made
from tests.joins import joined
from tests.journeys.browser import browsing, serving
from tests.scene import read_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]

N, NEW = 72, 60  # of 24 a second: 3 s, and 2.5 s more
# A busy machine may not paint every frame in time, and misses others the next time; what
# is not in the file is never shown.
SPEEDS = (1.0, 0.5, 0.5, 0.25)

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "H.264 with B-frames and sound": ("mp4", {"sound": "aac"}),
    "H.264 at 23.976": ("mp4", {"rate": Fraction(24000, 1001)}),
    "H.264 at a varying rate": ("mp4", {"vfr": True}),
    "H.264 with open GOPs": ("mp4", {"open_gop": True, "b_frames": 3}),
    "H.264 fragmented": ("mp4", {"movflags": "frag_keyframe+empty_moov"}),
    "VP9": ("webm", {"codec": "libvpx-vp9", "b_frames": None, "sound": "opus"}),
    "VP8": ("webm", {"codec": "libvpx", "b_frames": None}),
    "AV1": ("mp4", {"codec": "libsvtav1", "b_frames": None}),
    "HEVC, encoded again": ("mp4", {"codec": "libx265"}),
}


@pytest.fixture(scope="module")
def page(
    chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Page, Path]]:
    """A page that plays the files of a folder, and that folder."""
    folder = tmp_path_factory.mktemp("served")
    profile = tmp_path_factory.mktemp("profile")
    with serving(folder) as address, browsing(chromium, profile, address) as page:
        yield page, folder


def shown_times(path: Path) -> list[Fraction]:
    """When each frame is shown, seconds, as the container says."""
    with open_source(path) as container:
        timeline = Timeline.read(container.streams.video[0])
    return [pts * timeline.tick for pts in timeline.shown]


def number(page: Page, blocks: list[list[int]]) -> int:
    return read_code(page.evaluate("blocks => number(blocks)", blocks))


def played(
    page: Page, begin: Fraction, end: Fraction, speed: float, blocks: list[list[int]]
) -> list[int]:
    """The numbers of the frames that the browser paints from ``begin`` to ``end``."""
    seen = page.evaluate(
        "([from, to, speed, blocks]) => play(from, to, speed, blocks)",
        [float(begin), float(end), speed, blocks],
    )
    return [read_code(code) for code, _, _ in seen]


@pytest.mark.parametrize("case", CASES)
def test_every_frame_across_the_join_is_shown(
    page: tuple[Page, Path], made: Made, case: str
) -> None:
    tab, folder = page
    suffix, fields = CASES[case]
    source = made(suffix, n_frames=N, **fields)
    result, _ = joined(source, folder, n_new=NEW)
    clip = probe(result)
    assert clip.video.n_frames == N + NEW
    blocks = [
        [(left + right) // 2, (top + bottom) // 2]
        for left, top, right, bottom in counter_blocks(320, 180)
    ]
    duration, width, height = tab.evaluate("name => load(name)", result.name)
    assert (width, height) == (320, 180)
    assert duration == pytest.approx(float(clip.video.duration), abs=0.05)

    times = shown_times(result)
    begin, end = times[N] - 2, times[N] + 2
    shown: set[int] = set()
    for speed in SPEEDS:
        numbers = played(tab, begin, end, speed, blocks)
        assert numbers == sorted(numbers), "frames were shown out of order"
        assert times[numbers[0]] <= begin + Fraction(1, 1000)
        assert times[numbers[-1]] >= end - Fraction(1, 10)
        shown.update(numbers)
        wanted = set(range(min(shown), max(shown) + 1))
        if shown == wanted:
            break
    assert shown == wanted, f"never shown: {sorted(wanted - shown)}"

    for rank in (N - 25, N - 2, N - 1, N, N + 1, N + 2, N + 26, N - 13, N + 50, 3):
        middle = (times[rank] + times[rank + 1]) / 2
        tab.evaluate("time => seek(time)", float(middle))
        assert number(tab, blocks) == rank
