"""What can go wrong while a result is written: one sentence, and no wait for the dead."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from longtake.errors import ClipUnreadable, OutputRefused
from longtake.media.clip import Clip
from longtake.media.join import Join
from longtake.media.probe import probe
from tests.joins import lineage_of, new_frame

Made = Callable[..., Path]

_LIMITED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
from tests.media.test_join_failures import attempt
from longtake.media.probe import probe
attempt(probe(Path(sys.argv[1])), Path(sys.argv[2]), 48)
"""


def attempt(clip: Clip, output: Path, n_new: int) -> None:
    n_keep = clip.video.n_frames
    tag = lineage_of(clip, n_keep, n_new)
    with Join(clip, output, n_keep=n_keep, n_new=n_new, lineage=tag) as join:
        for number in range(n_keep, n_keep + n_new):
            join.write(new_frame(clip, number))
        join.finish()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="it needs /dev/full")
def test_a_full_disk(made: Made) -> None:
    clip = probe(made("mp4", n_frames=48, sound="aac"))
    with pytest.raises(OutputRefused, match="disk is full"):
        attempt(clip, Path("/dev/full"), 48)


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
def test_a_file_that_may_not_be_so_large(made: Made, tmp_path: Path) -> None:
    output = tmp_path / "result.mp4"
    output.touch()
    command = [sys.executable, "-c", _LIMITED]
    command += [str(made("mp4", n_frames=48, sound="aac")), str(output)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert "OutputRefused: The result in" in done.stderr
    assert "larger than files may be" in done.stderr


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_source_that_is_cut_off_meanwhile(
    share: float, made: Made, tmp_path: Path
) -> None:
    source, output = tmp_path / "source.mkv", tmp_path / "result.mkv"
    shutil.copy(made("mkv", n_frames=48, sound="aac"), source)
    clip = probe(source)
    with source.open("r+b") as file:
        file.truncate(int(clip.size_bytes * share))
    output.touch()
    with pytest.raises(ClipUnreadable, match=r"has changed|cut off"):
        attempt(clip, output, 100)


def test_leaving_early_ends_the_child(made: Made, tmp_path: Path) -> None:
    clip = probe(made("mp4", n_frames=48))
    output = tmp_path / "result.mp4"
    output.touch()
    tag = lineage_of(clip, 48, 10)
    with Join(clip, output, n_keep=48, n_new=10, lineage=tag) as join:
        join.write(new_frame(clip, 48))
        process = join._child._process
        assert process.poll() is None
    assert process.poll() is not None
    assert list(tmp_path.iterdir()) == [output]


def test_fewer_frames_than_promised_are_no_result(made: Made, tmp_path: Path) -> None:
    clip = probe(made("mp4", n_frames=48))
    output = tmp_path / "result.mp4"
    output.touch()
    tag = lineage_of(clip, 48, 10)
    with Join(clip, output, n_keep=48, n_new=10, lineage=tag) as join:
        join.write(new_frame(clip, 48))
        with pytest.raises(AssertionError, match="as many frames as promised"):
            join.finish()
