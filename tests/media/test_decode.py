"""Decoding by rank: the frame asked for, whatever the codec, container and times."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from longtake.errors import ClipRefused, ClipUnreadable
from longtake.media import decode, probe
from longtake.media.clip import Clip
from longtake.media.source import open_source
from longtake.media.timeline import Timeline
from tests import clips
from tests.media.looking import decoded, look

Made = Callable[..., Path]
N = 72
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "b-frames": ("mp4", {}),
    "open gop": ("mp4", {"open_gop": True, "b_frames": 3}),
    "no b-frames": ("mp4", {"b_frames": 0}),
    "variable": ("mp4", {"vfr": True}),
    "mov": ("mov", {"rate": Fraction(30000, 1001)}),
    "matroska": ("mkv", {}),
    "transport stream": ("ts", {"open_gop": True}),
    "avi without times": ("avi", {"time_base": Fraction(1, 24)}),
    "fragmented": ("mp4", {"movflags": "frag_keyframe+empty_moov"}),
    "hevc": ("mp4", {"codec": "libx265", "b_frames": None}),
    "vp8": ("webm", {"codec": "libvpx", "b_frames": None}),
    "vp9": ("webm", {"codec": "libvpx-vp9", "b_frames": None}),
    "av1": ("mkv", {"codec": "libsvtav1", "b_frames": None, "pix_fmt": "yuv420p10le"}),
    "mpeg4": ("mp4", {"codec": "mpeg4", "options": {"qscale": "3"}}),
    "late start": ("mp4", {"start": Fraction(3, 2)}),
    "4:4:4 full range": ("mp4", {"pix_fmt": "yuv444p", "color": (1, 2, 1, 1)}),
}


def counters(clip: Clip, first: int, count: int) -> list[int | None]:
    """The numbers drawn into the decoded frames."""
    return [clips.read_counter(frame) for frame in decoded(clip, first, count)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_rank_is_the_frame_a_player_shows(kind: str, made: Made) -> None:
    suffix, recipe = KINDS[kind]
    clip = look(made(suffix, n_frames=N, **recipe))
    assert clip.video.n_frames == N
    assert counters(clip, 0, N) == list(range(N))
    # From every place, also next to a key frame, where an open GOP shows what it decodes
    # later.
    for first in (1, 22, 23, 24, 25, 26, 47, 48, 50, N - 5, N - 1):
        assert counters(clip, first, 1) == [first]


def test_the_limited_child_gives_the_same_frames(made: Made) -> None:
    path = made("mp4", n_frames=N)
    clip = probe.probe(path)
    assert clip == look(path)
    frames = list(decode.frames(clip, first=40, count=9))
    assert [clips.read_counter(frame) for frame in frames] == list(range(40, 49))


def test_hidden_frames_are_not_counted(made: Made) -> None:
    clip = look(made("mp4", n_frames=N, hide_head=7, hide_tail=5))
    video = clip.video
    assert (video.n_frames, video.n_hidden_head) == (N - 12, 7)
    assert counters(clip, 0, 3) == [7, 8, 9]
    assert counters(clip, N - 14, 2) == [N - 7, N - 6]


def test_seeking_shows_what_decoding_from_the_start_shows(clips_dir: Path) -> None:
    """Old 4:4:4 of x264 decodes wrongly from a seek unless its first packet was seen."""
    clip = look(clips_dir / "formats" / "imageio_cockatoo.mp4")
    with open_source(clip.path) as container:
        stream = container.streams.video[0]
        timeline = Timeline.read(stream)
    frames = list(decode.shown(clip.path, clip.video.index, timeline, 150, 153))
    with av.open(str(clip.path)) as container:
        whole = [
            frame
            for rank, frame in enumerate(container.decode(container.streams.video[0]))
            if 150 <= rank < 153
        ]
    for ours, theirs in zip(frames, whole, strict=True):
        assert np.array_equal(ours.to_ndarray(), theirs.to_ndarray())


def test_decoding_near_the_end_does_not_begin_at_the_start(made: Made) -> None:
    path = made("mp4", n_frames=240, gop=24)
    with open_source(path) as container:
        timeline = Timeline.read(container.streams.video[0])
    start = next(timeline.starts(235))
    assert timeline.packets[start].key
    assert start >= 216


def test_an_interlaced_clip_gives_one_whole_picture_per_frame(made: Made) -> None:
    clip = look(made("mp4", n_frames=N, interlaced=True, b_frames=0))
    assert clip.video.interlaced
    assert counters(clip, 30, 6) == list(range(30, 36))
    assert counters(clip, 0, 2) == [0, 1]
    assert counters(clip, N - 2, 2) == [N - 2, N - 1]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_upright_is_what_a_player_shows_and_back(rotation: int, made: Made) -> None:
    clip = look(made("mp4", n_frames=4, gop=4, rotation=rotation))
    assert clip.video.rotation == rotation
    (coded,) = decoded(clip, 1, 1)
    turned = decode.upright(coded, rotation)
    assert (turned.shape[0] > turned.shape[1]) == (rotation in {90, 270})
    assert np.array_equal(decode.as_coded(turned, rotation), coded)
    clockwise = {0: (0, 0), 90: (0, -1), 180: (-1, -1), 270: (-1, 0)}[rotation]
    assert np.array_equal(turned[clockwise], coded[0, 0])


def test_the_turn_is_the_one_that_ffmpeg_makes(
    made: Made, ffmpeg: str, tmp_path: Path
) -> None:
    path = made("mp4", n_frames=4, gop=4, rotation=90)
    out = tmp_path / "frame.png"
    subprocess.run(
        [ffmpeg, "-loglevel", "error", "-i", path, "-frames:v", "1", out], check=True
    )
    with av.open(str(out)) as container:
        theirs = next(container.decode(video=0)).to_ndarray(format="rgb24")
    clip = look(path)
    (coded,) = decoded(clip, 0, 1)
    ours = decode.upright(coded, clip.video.rotation)
    assert ours.shape == theirs.shape
    assert np.abs(ours.astype(int) - theirs.astype(int)).mean() < 6


def damaged(path: Path, out: Path, *ranks: int) -> Path:
    """A copy of ``path`` with the packets of some ranks overwritten with noise."""
    with open_source(path) as container:
        stream = container.streams.video[0]
        packets = list(container.demux(stream))
        timeline = Timeline.of(stream, (p for p in packets if p.size))
        places = [packets[timeline.order[rank]] for rank in ranks]
    data = bytearray(path.read_bytes())
    for packet in places:
        assert packet.pos is not None
        data[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    out.write_bytes(data)
    return out


def test_the_neighbor_stands_in_for_a_lost_frame(made: Made, tmp_path: Path) -> None:
    path = damaged(made("mp4", n_frames=N, b_frames=0), tmp_path / "damaged.mp4", 71)
    clip = look(path)
    assert counters(clip, 60, 12) == [*range(60, 71), 70]


def test_too_much_damage_is_said(made: Made, tmp_path: Path) -> None:
    path = damaged(
        made("mp4", n_frames=N, b_frames=0), tmp_path / "bad.mp4", 66, 68, 70
    )
    with pytest.raises(ClipUnreadable, match="damaged"):
        decoded(look(path), 48, 24)


def test_a_size_that_changes_where_nobody_looked_is_refused(
    made: Made, tmp_path: Path
) -> None:
    """Key frames of another size, too many for the probe to look at each."""
    path = spliced(made, tmp_path, [(320, 180)] * 3 + [(160, 96)] + [(320, 180)] * 26)
    clip = look(path)
    with pytest.raises(ClipRefused, match=r"changes its picture size.*160x96"):
        decoded(clip, 0, clip.video.n_frames)


def spliced(made: Made, tmp_path: Path, sizes: list[tuple[int, int]]) -> Path:
    """VP8 clips of several sizes, one after another in one stream, 8 frames each."""
    out = tmp_path / "spliced.webm"
    with av.open(str(out), "w") as output:
        stream = output.add_stream("libvpx", rate=24)
        stream.width, stream.height, stream.pix_fmt = *sizes[0], "yuv420p"
        for part, size in enumerate(sizes):
            path = made("webm", codec="libvpx", n_frames=8, size=size, b_frames=None)
            with av.open(str(path)) as source:
                for packet in source.demux(video=0):
                    if packet.size:
                        packet.pts = packet.dts = (packet.pts or 0) + part * 333
                        packet.stream = stream
                        output.mux(packet)
    return out


def test_real_clips_decode_at_their_end(clips_dir: Path) -> None:
    """The last second of some real files, against decoding all of it."""
    for name in ("mdn_stream-of-water.mp4", "formats/mdn_stream-of-water.webm"):
        clip = look(clips_dir / name)
        first = clip.video.n_frames - 6
        frames = decoded(clip, first, 6)
        everything = decoded(clip, 0, clip.video.n_frames)
        assert all(map(np.array_equal, frames, everything[first:]))
