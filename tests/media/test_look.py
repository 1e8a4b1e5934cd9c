"""A look at a file without a codec in this process: the same facts, the same refusals."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from longtake.clips import Facts
from longtake.clips.look import Looker, Seen
from longtake.errors import ClipRefused, ClipUnreadable
from longtake.media.probe import probe
from longtake.settings import Settings
from tests.command import ENVIRONMENT
from tests.conftest import Made


def looked(path: Path, name: str = "mine.mp4", **settings: Any) -> Seen:
    """One look."""
    return asyncio.run(Looker(Settings(**settings)).look(path, name))


def children() -> Iterator[int]:
    """The probing children of this process."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"longtake.media.probe" in command:
            yield int(entry.name)


@pytest.mark.parametrize(
    ("suffix", "recipe"),
    [
        ("mp4", {"sound": "aac"}),
        ("mov", {"rotation": 90}),
        ("webm", {"codec": "libvpx-vp9"}),
        ("mkv", {}),
        ("avi", {"codec": "mpeg4"}),
        ("ts", {}),
    ],
)
def test_the_facts_are_those_of_a_probe(
    made: Made, suffix: str, recipe: dict[str, Any]
) -> None:
    path = made(suffix, n_frames=24, size=(160, 96), **recipe)
    seen = looked(path)
    clip = probe(path)
    assert seen.facts == Facts.of(clip.model_dump(mode="json"))
    assert seen.facts.suffix == suffix
    assert seen.facts.n_frames == 24
    sideways = clip.video.rotation % 180 == 90
    assert (seen.facts.width, seen.facts.height) == (
        (96, 160) if sideways else (160, 96)
    )
    poster = Image.open(BytesIO(seen.poster))
    assert (poster.format, poster.size) == (
        "JPEG",
        (seen.facts.width, seen.facts.height),
    )


def test_the_poster_shows_the_first_frame_upright_and_small(
    made: Made, ffmpeg: str
) -> None:
    path = made("mp4", n_frames=12, size=(1280, 704), rotation=90)
    poster = Image.open(BytesIO(looked(path).poster)).convert("RGB")
    assert poster.size == (352, 640)
    command = [
        ffmpeg,
        "-v",
        "error",
        "-i",
        str(path),
        "-frames:v",
        "1",
        "-s",
        "352x640",
    ]
    raw = subprocess.run(
        [*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True,
        check=True,
    ).stdout
    theirs = np.frombuffer(raw, np.uint8).reshape(640, 352, 3).astype(float)
    apart = np.abs(theirs - np.asarray(poster, float))
    assert apart.mean() < 4


def test_refusals_name_the_file_as_its_owner_does(made: Made, tmp_path: Path) -> None:
    path = made("mp4", n_frames=24, size=(160, 96))
    with pytest.raises(
        ClipRefused, match=r"mine\.mp4 has .* bytes, more than the 1,000"
    ):
        looked(path, max_clip_bytes=1000)
    cut = tmp_path / "0123456789abcdef"
    cut.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ClipUnreadable) as caught:
        looked(cut)
    assert str(caught.value).startswith("mine.mp4 ")
    assert cut.name not in str(caught.value)
    with pytest.raises(ClipUnreadable, match=r"^mine\.mp4 does not exist"):
        looked(tmp_path / "none")


def test_two_at_a_time_and_none_is_left(made: Made) -> None:
    path = made("mp4", n_frames=24, size=(160, 96))
    most = 0

    async def watch(looks: list[asyncio.Task[Seen]]) -> None:
        nonlocal most
        while not all(look.done() for look in looks):
            most = max(most, len([*children()]))
            await asyncio.sleep(0.01)

    async def look() -> list[Seen]:
        looker = Looker(Settings(), at_once=2)
        looks = [asyncio.create_task(looker.look(path, "x")) for _ in range(5)]
        await watch(looks)
        return [each.result() for each in looks]

    found = asyncio.run(look())
    assert all(each == found[0] for each in found)
    assert most == 2
    assert not [*children()]


async def _while_looking(looker: Looker, path: Path, number: int) -> Seen:
    """Send the signal ``number`` to the child as soon as there is one."""
    look = asyncio.create_task(looker.look(path, "mine.mp4"))
    while not (found := [*children()]):
        await asyncio.sleep(0.005)
    os.kill(found[0], number)
    return await look


def test_a_child_that_crashes_is_a_refusal(made: Made) -> None:
    path = made("mp4", n_frames=24, size=(160, 96))
    with pytest.raises(ClipUnreadable, match=r"^mine\.mp4 crashed the decoder"):
        asyncio.run(_while_looking(Looker(Settings()), path, signal.SIGSEGV))


def test_a_child_that_hangs_is_ended(made: Made) -> None:
    path = made("mp4", n_frames=24, size=(160, 96))
    looker = Looker(Settings(), patience_s=0.5)
    with pytest.raises(
        ClipUnreadable, match=r"^mine\.mp4 could not be read within 0\.5"
    ):
        asyncio.run(_while_looking(looker, path, signal.SIGSTOP))
    assert not [*children()]


def test_whoever_gives_up_leaves_no_child(made: Made) -> None:
    path = made("mp4", n_frames=24, size=(160, 96))

    async def give_up() -> None:
        look = asyncio.create_task(Looker(Settings()).look(path, "x"))
        while not [*children()]:
            await asyncio.sleep(0.005)
        look.cancel()
        with pytest.raises(asyncio.CancelledError):
            await look

    asyncio.run(give_up())
    assert not [*children()]


def test_no_codec_is_loaded_by_looking(made: Made) -> None:
    path = made("mp4", n_frames=24, size=(160, 96))
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from longtake.clips.look import Looker\n"
        "from longtake.settings import Settings\n"
        "asyncio.run(Looker(Settings()).look(Path(sys.argv[1]), 'x'))\n"
        "print([n for n in ('av', 'cv2', 'numpy', 'PIL') if n in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, path],
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRONMENT,
    )
    assert ran.stdout == "[]\n"
