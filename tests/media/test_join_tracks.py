"""What a source carries beside its picture and sound, and what becomes of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

from longtake.media.join import Join, container_for
from longtake.media.lineage import Lineage
from longtake.media.probe import probe
from tests.joins import joined, lineage_of, new_frame
from tests.media.watching import watch

Made = Callable[..., Path]

_SUBTITLES = (
    "1\n00:00:00,100 --> 00:00:00,900\nOne\n\n2\n00:00:01,000 --> 00:00:02,500\nTwo\n"
)
_CHAPTERS = (
    ";FFMETADATA1\ntitle=My clip\ncomment=Mine\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=First\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=900\nEND=2000\ntitle=Second\n"
)


@pytest.fixture
def rich(made: Made, tmp_path: Path, ffmpeg: str) -> Callable[..., Path]:
    """A clip with subtitles, two sounds, chapters, tags; more by ffmpeg's options."""
    (tmp_path / "text.srt").write_text(_SUBTITLES)
    (tmp_path / "chapters.txt").write_text(_CHAPTERS)

    def make(suffix: str, *options: str) -> Path:
        plain = made("mp4", n_frames=48, sound="aac", more_sound=1)
        path = tmp_path / f"rich.{suffix}"
        text = "mov_text" if suffix in {"mp4", "mov"} else "subrip"
        command = [ffmpeg, "-v", "error", "-i", str(plain)]
        command += ["-i", str(tmp_path / "text.srt")]
        command += ["-i", str(tmp_path / "chapters.txt"), "-map_metadata", "2"]
        command += ["-map", "0", "-map", "1", "-c", "copy", "-c:s", text]
        command += ["-metadata:s:a:0", "language=deu"]
        command += ["-metadata:s:a:1", "language=fra", *options, str(path)]
        subprocess.run(command, check=True, timeout=60)
        return path

    return make


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_everything_is_taken_along(
    suffix: str, rich: Callable[..., Path], tmp_path: Path
) -> None:
    source = rich(suffix)
    result, facts = joined(source, tmp_path, n_new=12)
    assert [(t.kind, t.codec, t.kept) for t in facts.tracks] == [
        ("sound", "aac", True),
        ("subtitles", "mov_text" if suffix != "mkv" else "subrip", True),
    ]
    with av.open(str(source)) as before, av.open(str(result)) as after:
        assert kinds(after) == kinds(before)
        languages = [s.language for s in before.streams.audio]
        assert [s.language for s in after.streams.audio] == languages
        assert chapters(after) == chapters(before)
    assert payloads(result, 2) == payloads(source, 2)
    assert payloads(result, 3) == payloads(source, 3)
    tags = {key.lower(): value for key, value in probe(result).tags.items()}
    assert tags["title"] == "My clip"
    mine, ours = tags["comment"].splitlines()
    assert mine == "Mine"
    assert "Synthetic" in ours
    assert "hand" in ours


def kinds(container: av.container.InputContainer) -> list[tuple[str, str]]:
    return [
        (stream.type, getattr(stream.codec_context, "name", ""))
        for stream in container.streams
    ]


def chapters(container: av.container.InputContainer) -> list[tuple[Fraction, str]]:
    return [
        (
            chapter["start"] * (chapter["time_base"] or Fraction(0)),
            chapter["metadata"]["title"],
        )
        for chapter in container.chapters()
    ]


def payloads(path: Path, index: int) -> list[bytes]:
    with av.open(str(path)) as container:
        packets = container.demux(container.streams[index])
        return [bytes(packet) for packet in packets if packet.size]


def test_joined_again_nothing_multiplies(
    rich: Callable[..., Path], tmp_path: Path
) -> None:
    source = rich("mp4")
    first, _ = joined(source, tmp_path, n_new=12)
    second, _ = joined(first, tmp_path, n_new=12)
    with av.open(str(first)) as before, av.open(str(second)) as after:
        assert kinds(after) == kinds(before)
        assert chapters(after) == chapters(before)
        assert after.metadata["comment"].count("[longtake]") == 1


def test_a_cut_takes_what_comes_later_from_every_track(
    rich: Callable[..., Path], tmp_path: Path
) -> None:
    result, facts = joined(rich("mkv"), tmp_path, n_new=12, n_keep=20)
    assert all(track.kept for track in facts.tracks)
    with av.open(str(result)) as container:
        cues = [p for p in container.demux(subtitles=0) if p.size]
        assert [bytes(cue) for cue in cues] == [b"One"]
        assert cues[0].duration == 733, "20 / 24 s is where it was cut"


def test_a_time_code_is_kept(made: Made, tmp_path: Path, ffmpeg: str) -> None:
    source = tmp_path / "coded.mov"
    command = [ffmpeg, "-v", "error", "-i", str(made("mp4")), "-c", "copy"]
    command += ["-timecode", "01:02:03:04", str(source)]
    subprocess.run(command, check=True, timeout=60)
    result, facts = joined(source, tmp_path, n_new=5)
    assert [track.kept for track in facts.tracks] == [True]
    with av.open(str(result)) as container:
        assert kinds(container) == [("video", "h264"), ("data", "")]
        assert container.streams[1].metadata["timecode"] == "01:02:03:04"


def test_attachments_and_a_cover(made: Made, tmp_path: Path, ffmpeg: str) -> None:
    picture, font = tmp_path / "cover.jpg", tmp_path / "font.ttf"
    command = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x64"]
    subprocess.run([*command, "-frames:v", "1", str(picture)], check=True, timeout=60)
    font.write_bytes(b"no real font" * 100)
    source = tmp_path / "attached.mkv"
    command = [ffmpeg, "-v", "error", "-i", str(made("mp4")), "-c", "copy"]
    for file, kind in ((picture, "image/jpeg"), (font, "application/x-truetype-font")):
        command += ["-attach", str(file)]
        command += [f"-metadata:s:t:{int(file == font)}", f"mimetype={kind}"]
    subprocess.run([*command, str(source)], check=True, timeout=60)
    result, facts = joined(source, tmp_path, n_new=5)
    assert [track.kept for track in facts.tracks] == [True, True]
    with av.open(str(result)) as container:
        assert kinds(container)[1:] == [("video", "mjpeg"), ("attachment", "")]
        attachment = container.streams[2]
        assert isinstance(attachment, av.stream.AttachmentStream)
        assert attachment.data == font.read_bytes()


def test_a_lost_track_is_reported(made: Made, tmp_path: Path, ffmpeg: str) -> None:
    source = tmp_path / "cover.mp4"
    command = [ffmpeg, "-v", "error", "-i", str(made("mp4")), "-f", "lavfi"]
    command += ["-i", "testsrc=s=64x64:r=1:d=1", "-map", "0:v", "-map", "1:v"]
    command += ["-c:v:0", "copy", "-c:v:1", "mjpeg", "-disposition:v:1"]
    command += ["attached_pic", str(source)]
    subprocess.run(command, check=True, timeout=60)
    result, facts = joined(source, tmp_path, n_new=5)
    (track,) = facts.tracks
    assert not track.kept
    assert track.reason is not None
    assert "cover" in track.reason
    assert len(watch(result)) == len(watch(source)) + 5


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm"])
def test_a_long_tag_reads_back(suffix: str, made: Made, tmp_path: Path) -> None:
    fields = {"codec": "libvpx", "b_frames": None} if suffix == "webm" else {}
    source = made(suffix, n_frames=12, **fields)
    clip = probe(source)
    plan = {"texture": ["ünïcode " * 10, list(range(52_000))]}
    tag = lineage_of(clip, 12, 3).model_copy(update={"plan": plan})
    assert len(tag.model_dump_json()) > 300_000
    result = tmp_path / f"result{container_for(clip)}"
    result.touch()
    with Join(clip, result, n_keep=12, n_new=3, lineage=tag) as join:
        for number in range(12, 15):
            join.write(new_frame(clip, number))
        join.finish()
    read, problem = Lineage.of(probe(result))
    assert problem is None
    assert read == tag
