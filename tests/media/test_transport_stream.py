"""Sound of a transport stream: every AAC frame has a header, silent ones too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Made
from tests.joins import joined
from tests.media.watching import hear, judged


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_its_sound_is_copied(
    channels: int, made: Made, tmp_path: Path, ffmpeg: str
) -> None:
    source = made("ts", n_frames=24, size=(160, 96), sound="aac", channels=channels)
    result, facts = joined(source, tmp_path, n_new=12)
    assert facts.mode == "re-encode"
    assert facts.sound.mode == "copied"
    assert facts.sound.n_new_samples > 0
    before, after = hear(source), hear(result)
    n_same = before.samples.shape[1]
    assert np.array_equal(after.samples[:, :n_same], before.samples)
    silent = after.samples[:, n_same + 2048 :]  # the source's last frame fades into it
    assert silent.shape[1] > 0
    assert np.abs(silent).max() < 1e-3
    assert len(judged(ffmpeg, result)) == 36
