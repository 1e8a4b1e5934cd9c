"""Clips that hardly are any, through all of Longtake: a sane continuation or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from longtake import extend
from longtake.engines.process import EngineProcess
from longtake.engines.protocol import Frames
from longtake.errors import ClipRefused
from tests.motion_scenes import slide, swing, texture, window

MEMORY_BYTES = (
    900_000_000  # of the engine: beyond that it is stopped, and the test fails
)
SIZE = {"width": 160, "height": 96}


@dataclass(frozen=True, slots=True)
class Odd:
    """A clip, and how much its continuation may change from frame to frame, in levels."""

    frames: Callable[[], Frames]
    step: float
    rate: int = 24
    seconds: Fraction = Fraction(1, 2)


def _cut_at_the_end() -> Frames:
    return np.concatenate([swing(30, 17, **SIZE), texture(96, 160, seed=9)[None]])


def _wide() -> Frames:
    long = texture(160, 4096 + 40)
    return np.stack([window(long, 2.0 * t, 4096) for t in range(10)])


def _noise() -> Frames:
    return np.random.default_rng(0).integers(0, 256, (40, 96, 160, 3), np.uint8)


ODD = {
    "one frame": Odd(lambda: texture(96, 160)[None], 8),
    "two frames": Odd(lambda: slide(2, 1.5, **SIZE), 20),
    "all black": Odd(lambda: np.zeros((30, 96, 160, 3), np.uint8), 0),
    "pure noise": Odd(_noise, 90),
    "a cut on the last frame": Odd(_cut_at_the_end, 8),
    "4096 wide": Odd(_wide, 28, seconds=Fraction(1, 4)),
    "240 frames a second": Odd(
        lambda: swing(240, 170, **SIZE), 8, rate=240, seconds=Fraction(1, 4)
    ),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineProcess]:
    with EngineProcess("motion", memory_bytes=MEMORY_BYTES) as running:
        yield running


def written(path: Path, frames: Frames, rate: int) -> Path:
    """``frames`` as a clip at ``path``."""
    with av.open(str(path), "w") as output:
        options = {"crf": "18", "preset": "ultrafast"}
        stream = output.add_stream("libx264", rate=rate, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))
    return path


def shown(path: Path) -> Frames:
    with av.open(str(path)) as container:
        frames = [one.to_ndarray(format="rgb24") for one in container.decode(video=0)]
    return np.stack(frames).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_an_odd_clip_goes_on_sanely(
    name: str, engine: EngineProcess, tmp_path: Path
) -> None:
    odd = ODD[name]
    clip = written(tmp_path / "clip.mp4", odd.frames(), odd.rate)
    made = extend(clip, seconds=odd.seconds, engine=engine)
    assert made.report.proof.identical
    assert made.report.n_new == round(odd.seconds * odd.rate)
    n_own = made.report.source.n_frames
    frames = shown(made.path)
    assert len(frames) == n_own + made.report.n_new
    last = frames[n_own - 1 :].astype(np.int16)
    steps = np.abs(np.diff(last, axis=0)).mean(axis=(1, 2, 3))
    assert steps.max() <= odd.step
    own, new = frames[n_own - 1].astype(float), frames[n_own:].astype(float)
    assert np.abs(new.mean(axis=(1, 2)) - own.mean(axis=(0, 1))).max() < 12
    assert new[-1].std() == pytest.approx(own.std(), rel=0.2, abs=1)


@pytest.mark.parametrize(
    ("size", "rate", "said"),
    [
        (8, 24, "is 8x8; sides of 16 to 4096 pixels"),
        (32, 300, "has 300 frames per second; 1 to 240 are taken"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    size: int, rate: int, said: str, engine: EngineProcess, tmp_path: Path
) -> None:
    frames = swing(20, 9, width=size, height=size)
    clip = written(tmp_path / "clip.mp4", frames, rate)
    with pytest.raises(ClipRefused, match=said):
        extend(clip, engine=engine)
    assert [one.name for one in tmp_path.iterdir()] == ["clip.mp4"]
