"""The parameter-set transplant over the ways x264 can write a source."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from longtake.media.h264 import CopyRefused
from longtake.media.h264.stream import PictureKind, SourceStream
from tests.conftest import Made
from tests.media.splice import decode_file, faults, splice

# At 10 frames a second the continuation's counts wrap (at 8 and 16 pictures) before its
# second key frame (at 20).
N_SOURCE, N_NEW = 12, 24
RATE = Fraction(10)

JOINED: dict[str, dict[str, Any]] = {
    "high": {},
    "main": {"options": {"x264-params": "8x8dct=0"}},
    "baseline": {"b_frames": 0, "options": {"profile": "baseline"}},
    "high10": {"pix_fmt": "yuv420p10le"},
    "high10-cavlc": {"pix_fmt": "yuv420p10le", "options": {"x264-params": "cabac=0"}},
    "cavlc-8x8dct": {"options": {"x264-params": "cabac=0:8x8dct=1"}},
    "no-b-frames": {"b_frames": 0},
    "b-pyramid": {
        "b_frames": None,
        "options": {"x264-params": "bframes=5:b-pyramid=normal:b-adapt=0:ref=4"},
    },
    "weightp-0": {"options": {"x264-params": "weightp=0"}},
    "weightp-1": {"options": {"x264-params": "weightp=1"}},
    "weightp-2": {"options": {"x264-params": "weightp=2:ref=3"}},
    "weightp-no-b": {"b_frames": 0, "options": {"x264-params": "weightp=2:ref=3"}},
    "one-reference": {"b_frames": 0, "options": {"x264-params": "ref=1"}},
    "sixteen-references": {"options": {"x264-params": "ref=16:level=4.0"}},
    "constrained-intra": {"options": {"x264-params": "constrained-intra=1"}},
    "chroma-offset-up": {"options": {"x264-params": "chroma-qp-offset=12:psy=0"}},
    "chroma-offset-down": {"options": {"x264-params": "chroma-qp-offset=-12:psy=0"}},
    "four-slices": {"options": {"x264-params": "slices=4"}},
    "four-slices-cavlc": {"options": {"x264-params": "slices=4:cabac=0"}},
    "no-deblocking": {"options": {"x264-params": "no-deblock=1"}},
    "strong-deblocking": {"options": {"x264-params": "deblock=3,3"}},
    "open-gop": {"gop": 8, "open_gop": True},
    "intra-refresh": {"options": {"x264-params": "intra-refresh=1"}},
    "intra-only": {"gop": 1, "b_frames": 0},
    "intra-only-10-bit": {"gop": 1, "b_frames": 0, "pix_fmt": "yuv420p10le"},
    "constant-quantizer": {"options": {"x264-params": "qp=31"}},
    "hrd": {
        "options": {
            "x264-params": "nal-hrd=vbr:vbv-maxrate=900:vbv-bufsize=900:aud=1:pic-struct=1"
        }
    },
    "repeated-headers": {"options": {"x264-params": "repeat-headers=1:aud=1"}},
    "fake-interlaced": {"options": {"x264-params": "fake-interlaced=1"}},
    "fake-interlaced-cavlc": {
        "b_frames": 0,
        "options": {"x264-params": "fake-interlaced=1:cabac=0"},
    },
    "level-too-low": {"size": (854, 480), "options": {"x264-params": "level=1.1"}},
    "cropped-both-ways": {"size": (200, 202)},
    "cropped-on-the-right": {"size": (854, 480)},
    "60-frames-a-second": {"rate": Fraction(60)},
}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "interlaced": ({"interlaced": True}, "interlaced"),
    "matrices": ({"options": {"x264-params": "cqm=jvt"}}, "scaling matrices"),
    "4:2:2": ({"pix_fmt": "yuv422p"}, "4:2:0"),
    "4:4:4": ({"pix_fmt": "yuv444p"}, "4:2:0"),
    "gray": ({"pix_fmt": "gray"}, "4:2:0"),
    "lossless": ({"options": {"x264-params": "qp=0"}}, "profile is 244"),
    "crop-left": ({"options": {"x264-params": "crop-rect=16,0,0,0"}}, "on the left"),
    "crop-much": (
        {"options": {"x264-params": "crop-rect=0,0,32,0"}},
        "whole macroblocks",
    ),
}


@pytest.mark.parametrize("case", JOINED)
def test_rewritten_pictures_follow_the_source(
    case: str, made: Made, tmp_path: Path, ffmpeg: str
) -> None:
    source = made("mp4", **{"n_frames": N_SOURCE, "rate": RATE, **JOINED[case]})
    spliced = splice(source, tmp_path / "joined.mp4", N_NEW)
    assert faults(spliced, ffmpeg) == []
    assert _record(spliced.result) == _record(source)


@pytest.mark.parametrize("suffix", ["mkv", "mov"])
def test_other_containers(suffix: str, made: Made, tmp_path: Path, ffmpeg: str) -> None:
    source = made(suffix, n_frames=N_SOURCE)
    assert faults(splice(source, tmp_path / f"joined.{suffix}", N_NEW), ffmpeg) == []


def test_several_slices_of_a_picture_are_rewritten(
    made: Made, tmp_path: Path, ffmpeg: str
) -> None:
    for params in ("cabac=1", "cabac=0"):
        source = made("mp4", n_frames=N_SOURCE, options={"x264-params": params})
        spliced = splice(source, tmp_path / f"{params}.mp4", N_NEW, slices="3")
        assert faults(spliced, ffmpeg) == []


def test_a_result_can_be_joined_again(made: Made, tmp_path: Path, ffmpeg: str) -> None:
    path = made("mp4", n_frames=N_SOURCE)
    for turn in range(3):
        spliced = splice(path, tmp_path / f"{turn}.mp4", 5)
        assert faults(spliced, ffmpeg) == []
        path = spliced.result
    assert sum(1 for _ in decode_file(path)) == N_SOURCE + 15


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_kept_is_refused(case: str, made: Made, tmp_path: Path) -> None:
    fields, reason = REFUSED[case]
    source = made("mp4", n_frames=4, **fields)
    with pytest.raises(CopyRefused, match=reason):
        splice(source, tmp_path / "joined.mp4", 1)


def test_only_idr_pictures_are_keys(made: Made) -> None:
    kinds = _kinds(made("mp4", n_frames=48, gop=8, open_gop=True))
    assert kinds[0] is PictureKind.IDR
    assert kinds.count(PictureKind.IDR) == 1
    assert kinds.count(PictureKind.INTRA) == 5
    closed = _kinds(made("mp4", n_frames=48, gop=8))
    assert closed.count(PictureKind.IDR) == 6


def test_a_damaged_packet_is_refused(made: Made) -> None:
    with av.open(str(made("mp4", n_frames=N_SOURCE))) as container:
        video = container.streams.video[0]
        stream = SourceStream(video.codec_context.extradata or b"")
        packets = [bytes(packet) for packet in container.demux(video) if packet.size]
    with pytest.raises(CopyRefused, match="begin with an IDR"):
        stream.scan(packets[1])
    stream.scan(packets[0])
    with pytest.raises(CopyRefused, match="cannot be read"):
        stream.scan(packets[1][:-1])


@pytest.mark.parametrize("place", range(6))
def test_a_flipped_bit_of_a_header_is_noticed(
    place: int, made: Made, tmp_path: Path, ffmpeg: str
) -> None:
    """These tests can fail: one bit, in any byte of a rewritten header, is enough."""
    source = made("mp4", n_frames=N_SOURCE, options={"x264-params": "cabac=0"})
    spliced = splice(source, tmp_path / "joined.mp4", 8)
    data = spliced.result.read_bytes()
    victim = spliced.rewritten[3]
    assert data.count(victim) == 1
    flipped = bytearray(victim)
    flipped[4 + place] ^= 4
    spliced.result.write_bytes(data.replace(victim, flipped))
    assert faults(spliced, ffmpeg)


def _record(path: Path) -> bytes | None:
    with av.open(str(path)) as container:
        return container.streams.video[0].codec_context.extradata


def _kinds(path: Path) -> list[PictureKind]:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        stream = SourceStream(video.codec_context.extradata or b"")
        return [
            stream.scan(bytes(packet))
            for packet in container.demux(video)
            if packet.size
        ]
