"""The sample clip: an ordinary file, the same every time, and nothing in it repeats."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest

from longtake.media.sample import RATE, draw
from longtake.media.sample.scene import Scene
from longtake.media.sample.view import HEIGHT, WIDTH


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    draw(path, seconds=1)
    return path


def test_it_is_a_clip_as_most_short_clips_are(sample: Path) -> None:
    with av.open(str(sample)) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (video.codec.name, video.width, video.height) == ("h264", WIDTH, HEIGHT)
        assert video.average_rate == RATE
        assert (audio.codec.canonical_name, audio.rate) == ("aac", 48_000)
        frames = list(file.decode(video=0))
        assert len(frames) == RATE
        assert any(frame.pict_type == av.video.frame.PictureType.B for frame in frames)
        file.seek(0)
        heard = np.concatenate([f.to_ndarray() for f in file.decode(audio=0)], axis=1)
    assert heard.shape[1] >= 48_000
    assert 0.01 < heard.std() < 0.3


def test_the_same_seed_draws_the_same_and_another_seed_another() -> None:
    first, again, other = Scene(7), Scene(7), Scene(8)
    at = 1.25
    assert np.array_equal(first.frame(at), again.frame(at))
    assert not np.array_equal(first.frame(at), other.frame(at))


def test_a_moment_does_not_depend_on_those_drawn_before() -> None:
    fresh, used = Scene(7), Scene(7)
    for n in range(3):
        used.frame(n / RATE)
    assert np.array_equal(fresh.frame(2.0), used.frame(2.0))


@pytest.mark.slow
def test_nothing_in_it_repeats() -> None:
    """No two moments half a second or more apart are as near as two neighbors are."""
    scene = Scene(7)
    pictures = [scene.frame(n / 6).astype(np.float32) for n in range(30)]
    neighbor = np.abs(scene.frame(1 / RATE).astype(np.float32) - pictures[0]).mean()
    apart = [
        np.abs(a - b).mean()
        for (n, a), (m, b) in combinations(enumerate(pictures), 2)
        if m - n >= 3
    ]
    assert min(apart) > neighbor
