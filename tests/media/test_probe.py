"""What the probe says of a file, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from longtake.errors import ClipRefused, ClipUnreadable, LongtakeError
from longtake.media import probe
from longtake.settings import Settings
from tests import boxes, clips
from tests.media.looking import look

Made = Callable[..., Path]
NTSC = Fraction(30000, 1001)


def test_the_facts_of_a_plain_clip(made: Made) -> None:
    path = made("mp4", n_frames=72, sound="aac", tags=(("title", "a test"),))
    clip = probe.probe(path)
    video = clip.video
    assert (clip.container, clip.fragmented) == ("mp4", False)
    assert clip.path == path
    assert clip.size_bytes == path.stat().st_size
    assert clip.tags["title"] == "a test"
    assert clip.lineage is None
    assert clip.damaged_share == 0
    assert (video.codec, video.width, video.height) == ("h264", 320, 180)
    assert (video.pixel_format, video.bit_depth) == ("yuv420p", 8)
    assert (video.n_packets, video.n_frames) == (72, 72)
    assert video.start == 0
    assert video.end == video.duration == 3
    assert video.rate == 1 / video.step == 24
    assert not any((video.variable, video.interlaced, video.alpha))
    assert video.pixel_aspect == 1
    assert clip.audio is not None
    assert (clip.audio.codec, clip.audio.sample_rate) == ("aac", 48_000)
    assert (clip.audio.channels, clip.audio.layout) == (2, "stereo")
    assert abs(clip.audio.end - 3) < Fraction(1, 20)
    assert clip.tracks == ()


FACTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "NTSC rate": ("mp4", {"rate": NTSC}, {"rate": NTSC, "variable": False}),
    "NTSC rate in milliseconds": ("mkv", {"rate": NTSC}, {"rate": NTSC}),
    "variable": ("mp4", {"vfr": True}, {"variable": True}),
    "late start": ("mp4", {"start": Fraction(3, 2)}, {"start": Fraction(3, 2)}),
    "transport stream": ("ts", {}, {"n_frames": 72, "rate": 24}),
    "hidden": (
        "mp4",
        {"hide_head": 6, "hide_tail": 6},
        {"n_frames": 60, "n_hidden_head": 6, "start": 0, "n_edits": 1},
    ),
    "turned": ("mp4", {"rotation": 90}, {"rotation": 90}),
    "turned back": ("mov", {"rotation": 270}, {"rotation": 270}),
    "interlaced": ("mp4", {"interlaced": True, "b_frames": 0}, {"interlaced": True}),
    "anamorphic": (
        "mp4",
        {"pixel_aspect": Fraction(4, 3)},
        {"pixel_aspect": Fraction(4, 3)},
    ),
    "10 bit": ("mp4", {"pix_fmt": "yuv420p10le"}, {"bit_depth": 10}),
    "4:4:4": ("mp4", {"pix_fmt": "yuv444p"}, {"pixel_format": "yuv444p"}),
    "hevc": ("mp4", {"codec": "libx265", "b_frames": None}, {"codec": "hevc"}),
    "av1": ("webm", {"codec": "libsvtav1", "b_frames": None}, {"codec": "av1"}),
    "one frame": ("mp4", {"n_frames": 1}, {"n_frames": 1, "rate": 24}),
}


@pytest.mark.parametrize("kind", FACTS)
def test_a_fact(kind: str, made: Made) -> None:
    suffix, recipe, facts = FACTS[kind]
    found = look(made(suffix, **recipe)).video
    assert {name: getattr(found, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("suffix", "recipe", "container", "fragmented"),
    [
        ("mp4", {}, "mp4", False),
        ("mp4", {"movflags": "frag_keyframe+empty_moov"}, "mp4", True),
        ("mp4", {"movflags": "faststart"}, "mp4", False),
        ("mov", {}, "mov", False),
        ("mkv", {}, "matroska", False),
        ("webm", {"codec": "libvpx", "b_frames": None}, "webm", False),
        ("ts", {}, "mpegts", False),
        ("avi", {"time_base": Fraction(1, 24)}, "avi", False),
    ],
)
def test_the_container(
    suffix: str, recipe: dict[str, Any], container: str, *, fragmented: bool, made: Made
) -> None:
    clip = look(made(suffix, **recipe))
    assert (clip.container, clip.fragmented) == (container, fragmented)


@pytest.mark.parametrize("color", [(1, 1, 1, 1), (6, 2, 6, 6), (9, 1, 9, 16)])
def test_color_is_what_the_stream_says(
    color: tuple[int, int, int, int], made: Made
) -> None:
    found = look(made("mp4", color=color, n_frames=12)).video.color
    matrix, span, primaries, transfer = color
    assert (found.matrix, found.primaries, found.transfer) == (
        matrix,
        primaries,
        transfer,
    )
    assert found.full_range == (span == 2)
    assert found.hdr == (transfer == 16)


def test_several_edits_are_counted(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "edits.mp4"
    path.write_bytes(made("mp4", n_frames=72).read_bytes())
    scale = int.from_bytes(boxes.payload(path, "moov/mvhd")[12:16], "big")
    boxes.set_edit_list(path, [(scale // 2, 0), (scale // 2, 1 << 14)])
    assert look(path).video.n_edits == 2
    boxes.set_edit_list(path, [(scale // 2, -1), (scale, 0)])  # a pause, then a segment
    assert look(path).video.n_edits == 1


def test_further_tracks_are_named(made: Made) -> None:
    clip = look(made("mp4", sound="aac", more_sound=2))
    assert [(track.kind, track.codec) for track in clip.tracks] == [
        ("audio", "aac")
    ] * 2


def test_alpha_of_vp9_is_seen(clips_dir: Path) -> None:
    assert look(clips_dir / "formats" / "moviepy_transparent.webm").video.alpha
    assert not look(clips_dir / "formats" / "mdn_flower.webm").video.alpha


def test_what_vp8_does_not_show_is_no_frame(clips_dir: Path) -> None:
    """Five of its packets are references that nobody sees; a decoder gives 90 frames."""
    video = look(clips_dir / "formats" / "mdn_stream-of-water.webm").video
    assert (video.n_packets, video.n_frames) == (95, 90)


@pytest.mark.slow
def test_every_real_clip_is_counted_as_ffmpeg_decodes_it(clips_dir: Path) -> None:
    for path in sorted([*clips_dir.glob("*.mp4"), *clips_dir.glob("formats/*.m*")]):
        clip = look(path)
        with av.open(str(path)) as container:
            stream = container.streams[clip.video.index]
            frames = [frame.pts or 0 for frame in container.decode(stream)]
        assert clip.video.n_frames == len(frames), path.name
        assert clip.video.start / clip.video.time_base == min(frames), path.name


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    """Ten minutes of a clip against a few seconds, in the probe's own process."""
    peaks = []
    for n_frames in (48, 14_400):
        path = clips.make(
            tmp_path / f"{n_frames}.mp4",
            n_frames=48,
            size=(64, 48),
            gop=12,
            b_frames=0,
        )
        if n_frames > 48:
            path = repeated(path, tmp_path / "long.mp4", n_frames // 48)
        code = (
            "import sys, resource; from tests.media.looking import look\n"
            "from pathlib import Path; look(Path(sys.argv[1]))\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        out = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            check=True,
        )
        peaks.append(int(out.stdout) * 1024)
    assert peaks[1] - peaks[0] < 12_000_000


def repeated(path: Path, out: Path, times: int) -> Path:
    """The clip's packets again and again: a long clip without the encoding."""
    with av.open(str(path)) as source, av.open(str(out), "w") as output:
        packets = [packet for packet in source.demux() if packet.size]
        targets = {s.index: output.add_stream_from_template(s) for s in source.streams}
        length = Fraction(2)
        for turn in range(times):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                assert packet.pts is not None
                assert packet.dts is not None
                assert packet.time_base is not None
                shift = int(turn * length / packet.time_base)
                copy.pts, copy.dts = packet.pts + shift, packet.dts + shift
                copy.duration, copy.time_base = packet.duration, packet.time_base
                copy.is_keyframe = packet.is_keyframe
                copy.stream = targets[packet.stream_index]
                output.mux(copy)
    return out


def test_frames_before_a_moment_of_a_variable_clip(made: Made) -> None:
    recipe = clips.Recipe(vfr=True)
    clip = look(made("mp4", vfr=True))
    moment = Fraction(7, 5)
    by_hand = sum(time < moment for time in clips.times(recipe))
    assert probe.frames_before(clip, moment) == by_hand
    assert by_hand != moment * clip.video.rate


# What is refused


def refusal(
    path: Path, kind: type[LongtakeError], settings: Settings | None = None
) -> str:
    """The sentence with which the real probe refuses ``path``."""
    with pytest.raises(kind) as caught:
        probe.probe(path, settings=settings)
    text = str(caught.value)
    assert text.endswith(".")
    assert "Traceback" not in text
    return text


def test_what_is_no_file_of_pictures(made: Made, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video at all\n" * 100)
    (tmp_path / "folder.mp4").mkdir()
    sound = tmp_path / "sound.mp4"
    with (
        av.open(str(made("mp4", sound="aac"))) as source,
        av.open(str(sound), "w") as out,
    ):
        stream = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    picture = tmp_path / "picture.png"
    with av.open(str(picture), "w", format="image2", options={"update": "1"}) as out:
        image = out.add_stream("png", rate=1)
        image.width, image.height, image.pix_fmt = 64, 48, "rgb24"
        out.mux(image.encode(av.VideoFrame(64, 48, "rgb24")))
    said = {
        name: refusal(tmp_path / name, ClipUnreadable)
        for name in (
            "missing.mp4",
            "empty.mp4",
            "text.mp4",
            "folder.mp4",
            "sound.mp4",
            "picture.png",
        )
    }
    assert "does not exist" in said["missing.mp4"]
    assert "is empty" in said["empty.mp4"]
    assert "not a video" in said["text.mp4"]
    assert "is a folder" in said["folder.mp4"]
    assert "no video" in said["sound.mp4"]
    assert "not a video" in said["picture.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no fifos")
def test_a_pipe_or_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "pipe or a device" in refusal(tmp_path / "pipe.mp4", ClipUnreadable)
    assert "pipe or a device" in refusal(Path("/dev/zero"), ClipUnreadable)


def test_a_file_that_was_cut_off(made: Made, tmp_path: Path) -> None:
    whole = made("mp4", n_frames=72).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])  # its index lay at the end
    assert "cut off" in refusal(path, ClipUnreadable)
    fast = made("mp4", n_frames=72, movflags="faststart").read_bytes()
    path.write_bytes(fast[: len(fast) * 2 // 3])
    assert "frames are missing" in refusal(path, ClipUnreadable)
    streamed = made("mkv", n_frames=72).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(streamed[: len(streamed) * 2 // 3])
    assert 24 < look(path).video.n_frames < 72  # no index: what is there is the clip


def test_a_file_without_a_frame(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "none.mp4"
    with av.open(str(made("mp4"))) as source, av.open(str(path), "w") as out:
        out.add_stream_from_template(source.streams.video[0])
        out.start_encoding()
    refusal(path, ClipUnreadable)


LIMITS: dict[str, tuple[str, dict[str, Any], str]] = {
    "tiny": ("mp4", {"size": (16, 8), "n_frames": 4}, "16x8"),
    "wide": ("mp4", {"size": (4200, 64), "n_frames": 2}, "4200x64"),
    "flat pixels": (
        "mp4",
        {"pixel_aspect": Fraction(9, 2), "n_frames": 4},
        "square pixels",
    ),
    "slow": ("mp4", {"rate": Fraction(1, 2), "n_frames": 4}, "frames per second"),
    "odd codec": (
        "mkv",
        {"codec": "ffv1", "b_frames": None, "n_frames": 4},
        "ffv1.*H.264",
    ),
}


@pytest.mark.parametrize("kind", LIMITS)
def test_what_is_beyond_a_limit(kind: str, made: Made) -> None:
    suffix, recipe, says = LIMITS[kind]
    with pytest.raises(ClipRefused, match=says):
        look(made(suffix, **recipe))


def test_too_many_pixels_are_not_even_decoded(made: Made) -> None:
    path = made("mp4", size=(4096, 2176), n_frames=1, b_frames=0)
    with pytest.raises(ClipRefused, match="4096x2176"):
        look(path)


def test_length_and_bytes_are_limited_but_own_results_may_be_longer(made: Made) -> None:
    path = made("mp4", n_frames=72)
    assert "LONGTAKE_MAX_CLIP_S" in refusal(path, ClipRefused, Settings(max_clip_s=2))
    assert "LONGTAKE_MAX_CLIP_BYTES" in refusal(
        path, ClipRefused, Settings(max_clip_bytes=999)
    )
    own = made(
        "mp4", n_frames=72, tags=(("longtake", "{}"),), movflags="use_metadata_tags"
    )
    clip = look(own, max_clip_s=2)
    assert clip.lineage == "{}"


def test_a_size_that_changes_on_the_way(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "both.ts"
    sizes = [(320, 180), (160, 96)]
    with path.open("wb") as out:
        for part, size in enumerate(sizes):
            start = Fraction(3 * part)
            out.write(made("ts", size=size, start=start, b_frames=0).read_bytes())
    with pytest.raises(ClipRefused, match="changes its picture size"):
        look(path)
