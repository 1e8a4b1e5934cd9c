"""Sources of any length: the sample clip, played over and over by copying its packets."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import av

from longtake.media.sample import draw
from longtake.media.sample.view import HEIGHT

SAMPLE_S = 5
_SOUND_FRAME = 1024  # samples

Packet: TypeAlias = "av.Packet[Any]"


def sample(folder: Path, *, height: int = HEIGHT) -> Path:
    """The sample clip, drawn once per ``folder``; scaled where it is of another height."""
    path = folder / f"sample-{height}.mp4"
    if path.exists():
        return path
    if height == HEIGHT:
        draw(path, seconds=SAMPLE_S)
    else:
        scaled = ("-vf", f"scale={round(height * 16 / 9)}:{height}", "-c:a", "copy")
        ffmpeg("-i", sample(folder), *scaled, "-c:v", "libx264", "-crf", "20", path)
    return path


def ffmpeg(*arguments: str | Path) -> None:
    """Run the machine's own ffmpeg, the yardstick. Raises CalledProcessError."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def looped(folder: Path, seconds: int) -> Path:
    """The sample over and over, ``seconds`` long: a multiple of its own length.

    Its first picture is an IDR picture, so that every round decodes as the first did.
    """
    rounds, rest = divmod(seconds, SAMPLE_S)
    assert rounds > 0, "at least one round"
    assert rest == 0, "only whole rounds"
    path = folder / f"{seconds}s.mp4"
    if path.exists():
        return path
    with av.open(str(sample(folder))) as one, av.open(str(path), "w") as long:
        streams = (one.streams.video[0], one.streams.audio[0])
        packets = [p for p in one.demux(*streams) if p.size]
        out = [long.add_stream_from_template(s, opaque=True) for s in streams]
        pictures = [p for p in packets if p.stream is streams[0]]
        sounds = [p for p in packets if p.stream is streams[1]]
        heard = _endless(sounds)
        for number in range(rounds):
            for packet in pictures:
                shift = round(number * SAMPLE_S / packet.time_base)
                copy = _copy(packet, shift)
                copy.stream = out[0]
                long.mux_one(copy)
            end = (number + 1) * SAMPLE_S * streams[1].rate
            for copy in heard:
                copy.stream = out[1]
                long.mux_one(copy)
                assert copy.pts is not None, "it was just set"
                if copy.pts + 2 * _SOUND_FRAME > end:
                    break
    return path


def _endless(sounds: list[Packet]) -> Iterator[Packet]:
    """The encoder's first packet, which is not played, then the whole others for ever."""
    yield _copy(sounds[0], 0)
    number = 0
    while True:
        for packet in sounds[1:-1]:
            assert packet.pts is not None, "packets of MP4 have times"
            yield _copy(packet, number * _SOUND_FRAME - packet.pts)
            number += 1


def _copy(packet: Packet, shift: int) -> Packet:
    assert packet.pts is not None, "packets of MP4 have times"
    assert packet.dts is not None, "packets of MP4 have times"
    copy: Packet = av.Packet(bytes(packet))
    copy.time_base, copy.duration = packet.time_base, packet.duration
    copy.pts, copy.dts = packet.pts + shift, packet.dts + shift
    copy.is_keyframe = packet.is_keyframe
    return copy
