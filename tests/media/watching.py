"""A result as a player finds it: its frames, their times, its sound, in two decoders."""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.scene import read_counter


@dataclass(frozen=True, slots=True)
class Shown:
    """One shown frame: its time, seconds, and a hash of every sample of it."""

    time: Fraction
    digest: bytes
    number: int | None  # of the counter drawn into it


def watch(path: Path, *, numbers: bool = True) -> list[Shown]:
    """Every frame of the first picture that is not a cover, as PyAV shows it."""
    found = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            assert frame.pts is not None
            assert frame.time_base is not None
            digest = hashlib.md5(_samples(frame), usedforsecurity=False)
            number = _number(frame) if numbers else None
            found.append(Shown(frame.pts * frame.time_base, digest.digest(), number))
    return found


def _samples(frame: av.VideoFrame) -> bytes:
    try:
        return frame.to_ndarray().tobytes()
    except (ValueError, AssertionError):  # a format or size PyAV has no array for
        return frame.to_ndarray(format="rgb24").tobytes()


def _number(frame: av.VideoFrame) -> int | None:
    try:
        rgb = frame.to_ndarray(format="rgb24")
        return read_counter(np.asarray(rgb, np.uint8))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Heard:
    """Sound as decoded: (channels, time), and when its first sample is heard."""

    start: Fraction
    end: Fraction  # when the last sample has been heard
    samples: NDArray[Any]
    rate: int
    largest_gap: int  # samples between two decoded frames, by their times


def hear(path: Path, number: int = 0) -> Heard:
    """All of a sound stream."""
    pieces, start, due, gap = [], None, None, 0
    with av.open(str(path)) as container:
        stream = container.streams.audio[number]
        rate = stream.codec_context.sample_rate
        for frame in container.decode(stream):
            samples = frame.to_ndarray()
            if frame.format.is_packed:
                samples = samples.reshape(-1, frame.layout.nb_channels).T
            assert frame.pts is not None
            assert frame.time_base is not None
            at = frame.pts * frame.time_base
            start = at if start is None else start
            if due is not None:
                gap = max(gap, abs(round((at - due) * rate)))
            due = at + Fraction(samples.shape[1], rate)
            pieces.append(samples)
    assert start is not None, "the stream has sound"
    assert due is not None
    return Heard(start, due, np.concatenate(pieces, axis=1), rate, gap)


def decoding_times(path: Path) -> list[int]:
    """The dts of every packet of the first picture."""
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        return [p.dts for p in packets if p.size and p.dts is not None]


def judged(ffmpeg: str, path: Path, stream: str = "v:0") -> list[str]:
    """A hash of each decoded frame by another program; it must have nothing to say."""
    done = subprocess.run(
        [
            *(ffmpeg, "-v", "error", "-i", str(path), "-map", f"0:{stream}"),
            *("-fps_mode", "passthrough", "-f", "framemd5", "-"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert not done.stderr.strip(), done.stderr
    return re.findall(r"^\d.*\b([0-9a-f]{32})$", done.stdout, re.MULTILINE)
