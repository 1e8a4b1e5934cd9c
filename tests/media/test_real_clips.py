"""Every real clip that can be joined untouched is: no frame of it differs.

Two judges: our proof, and an ffmpeg of another version that knows nothing of Longtake.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from longtake.media import decode
from longtake.media.clip import Clip
from longtake.media.join import Join, Joined, container_for
from longtake.media.probe import probe
from longtake.media.verify import prove
from tests.joins import lineage_of
from tests.real import APPENDED, COPIED, QUICK, RECODED


def longer(clip: Clip, folder: Path) -> tuple[Path, Joined]:
    """The clip with a second more: its last frame, moved sideways."""
    n_keep, n_new = clip.video.n_frames, round(clip.video.rate)
    last = next(decode.frames(clip, first=n_keep - 1, count=1))
    result = folder / f"longer{container_for(clip)}"
    result.touch()
    tag = lineage_of(clip, n_keep, n_new)
    with Join(clip, result, n_keep=n_keep, n_new=n_new, lineage=tag) as join:
        for number in range(n_new):
            join.write(np.roll(last, 2 * number, axis=1))
        return result, join.finish()


def frame_hashes(ffmpeg: str, file: Path, index: int) -> list[str]:
    """MD5 of each decoded frame of one stream; fails where ffmpeg says anything."""
    command = f"{ffmpeg} -v warning -noautorotate -i".split()
    command += [str(file), *f"-map 0:{index} -fps_mode passthrough".split()]
    done = subprocess.run(
        [*command, "-f", "framemd5", "-"], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    lines = (line for line in done.stdout.splitlines() if not line.startswith("#"))
    return [line.rsplit(",", 1)[1].strip() for line in lines]


def check(file: Path, folder: Path, ffmpeg: str, *, whole: bool) -> None:
    clip = probe(file)
    n_keep, n_new = clip.video.n_frames, round(clip.video.rate)
    result, join = longer(clip, folder)
    proof = prove(result, file, whole=whole)
    assert proof.failures == ()
    assert (proof.n_kept + proof.n_recoded, proof.n_new) == (n_keep, n_new)
    assert proof.mode == join.mode
    after = probe(result)
    assert after.video.n_frames == n_keep + n_new
    assert after.video.rotation == clip.video.rotation
    assert after.video.pixel_aspect == clip.video.pixel_aspect
    assert join.mode in {"copy", "append"}, join.reason
    assert proof.n_recoded == 0
    assert proof.n_different == 0
    ours = frame_hashes(ffmpeg, file, clip.video.index)
    theirs = frame_hashes(ffmpeg, result, after.video.index)
    assert theirs[:n_keep] == ours[:n_keep]
    assert len(theirs) == n_keep + n_new


@pytest.mark.parametrize("name", sorted(QUICK))
@pytest.mark.slow
def test_real_clip(name: str, clips_dir: Path, ffmpeg: str, tmp_path: Path) -> None:
    check(clips_dir / name, tmp_path, ffmpeg, whole=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted((COPIED | APPENDED) - QUICK))
def test_further_real_clip(
    name: str, clips_dir: Path, ffmpeg: str, tmp_path: Path
) -> None:
    check(clips_dir / name, tmp_path, ffmpeg, whole=True)


def test_no_real_clip_is_forgotten(clips_dir: Path) -> None:
    found = {
        str(file.relative_to(clips_dir))
        for file in clips_dir.rglob("*")
        if file.suffix in {".mp4", ".webm", ".mkv", ".mov"}
    }
    assert found == COPIED | APPENDED | set(RECODED)
