"""Joining by transplant as plainly as can be, and two decoders that judge the result."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

from longtake.media.h264.recipe import Recipe
from longtake.media.h264.stream import PictureKind, SourceStream
from longtake.media.h264.transplant import Transplant
from tests.scene import picture

Picture: TypeAlias = (
    "NDArray[Any]"  # one decoded frame's planes, as to_ndarray packs them
)
LEAST_PSNR = 40.0  # dB, of a continuation against what was asked for


@dataclass(frozen=True)
class Spliced:
    """A source and the file in which rewritten packets follow its own."""

    source: Path
    result: Path
    asked: list[Picture]
    kinds: list[PictureKind]
    rewritten: list[bytes]
    coded: list[Picture]  # the continuation as decoded with the encoder's own sets


def drawn(recipe: Recipe, n_frames: int) -> list[av.VideoFrame]:
    """Frames of the test scene for an encoder opened by ``recipe``, pts 0, 1, 2 …"""
    frames = []
    for index in range(n_frames):
        rgb = picture(20 + index / recipe.rate, recipe.width, recipe.height)
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
            format=recipe.pix_fmt
        )
        frame.pts = index
        frames.append(frame)
    return frames


def encode(
    recipe: Recipe, frames: Iterable[av.VideoFrame], **extra: str
) -> tuple[bytes, list[bytes]]:
    """The encoder's extradata and its packets; ``extra`` goes into x264-params."""
    context = av.CodecContext.create(recipe.codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = recipe.width, recipe.height
    context.pix_fmt = recipe.pix_fmt
    context.framerate, context.time_base = recipe.rate, 1 / recipe.rate
    context.thread_count = 2
    params = [recipe.options["x264-params"]]
    params += [f"{name}={value}" for name, value in extra.items()]
    context.options = {**recipe.options, "x264-params": ":".join(params)}
    context.flags |= av.codec.context.Flags.global_header
    context.open()
    packets = [bytes(packet) for frame in frames for packet in context.encode(frame)]
    packets += [bytes(packet) for packet in context.encode(None)]
    assert context.extradata is not None
    return context.extradata, packets


def decode(extradata: bytes, packets: list[bytes]) -> list[Picture]:
    """All frames of a bare H.264 stream, in PyAV."""
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, av.VideoCodecContext)
    context.extradata = extradata
    frames = []
    for data in packets:
        frames += context.decode(av.Packet(data))
    frames += context.decode(None)
    return [frame.to_ndarray() for frame in frames]


def decode_file(path: Path) -> Iterator[Picture]:
    """All shown frames of a file, in PyAV."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray()


def splice(source: Path, result: Path, n_new: int, **extra: str) -> Spliced:
    """Follow the packets of ``source`` by ``n_new`` frames of the scene, in ``result``."""
    with av.open(str(source)) as container, av.open(str(result), "w") as output:
        stream = container.streams.video[0]
        assert stream.codec_context.extradata is not None
        followed = SourceStream(stream.codec_context.extradata)
        packets = [packet for packet in container.demux(stream) if packet.size]
        kinds = [followed.scan(bytes(packet)) for packet in packets]
        rate = stream.average_rate or Fraction(24)
        recipe = followed.recipe(width=stream.width, height=stream.height, rate=rate)
        frames = drawn(recipe, n_new)
        extradata, encoded = encode(recipe, frames, **extra)
        transplant = Transplant(followed, extradata)
        rewritten = [transplant.rewrite(data) for data in encoded]
        target = output.add_stream_from_template(stream, opaque=True)
        tick = packets[0].time_base
        step = round(1 / rate / tick)
        follows = max(_pts(packet) for packet in packets) + step
        # Matroska keeps no decoding times: FFmpeg leaves the first ones open.
        last = max(packet.dts for packet in packets if packet.dts is not None)
        delay = follows - last - step
        for packet, kind in zip(packets, kinds, strict=True):
            packet.stream = target
            packet.is_keyframe = kind is PictureKind.IDR
            output.mux(packet)
        for index, (data, idr) in enumerate(rewritten):
            new: av.Packet[Any] = av.Packet(data)
            new.pts = follows + index * step
            new.dts = new.pts - delay
            new.duration, new.time_base = step, tick
            new.is_keyframe, new.stream = idr, target
            output.mux(new)
    return Spliced(
        source=source,
        result=result,
        asked=[frame.to_ndarray() for frame in frames],
        kinds=kinds,
        rewritten=[data for data, _ in rewritten],
        coded=decode(extradata, encoded),
    )


def _pts(packet: av.Packet[Any]) -> int:
    assert packet.pts is not None
    return packet.pts


def faults(spliced: Spliced, ffmpeg: str) -> list[str]:
    """Whatever is wrong with a splice, in words; empty where nothing is."""
    before = [_digest(one) for one in decode_file(spliced.source)]
    try:
        found = _differences("PyAV", before, spliced, decode_file(spliced.result))
    except av.InvalidDataError as error:
        found = [f"PyAV: {error}"]
    with av.open(str(spliced.source)) as container:
        pix_fmt = container.streams.video[0].pix_fmt or ""
    complaints: list[str] = []
    pictures = decode_outside(
        ffmpeg, spliced.result, pix_fmt, spliced.coded[0], complaints
    )
    found += _differences("ffmpeg", before, spliced, pictures)
    return found + [f"ffmpeg: {line}" for line in complaints]


def _digest(one: Picture) -> bytes:
    return hashlib.sha256(one.tobytes()).digest()


def _differences(
    who: str, before: list[bytes], spliced: Spliced, after: Iterable[Picture]
) -> list[str]:
    wanted = before + [_digest(one) for one in spliced.coded]
    changed, count, worst = [], 0, np.inf
    for count, one in enumerate(after, start=1):
        if count > len(wanted) or _digest(one) != wanted[count - 1]:
            changed.append(count - 1)
        place = count - 1 - len(before)
        if 0 <= place < len(spliced.asked):
            worst = min(worst, _psnr(spliced.asked[place], one))
    found = []
    if count != len(before) + len(spliced.asked) or count != len(wanted):
        found.append(
            f"{who}: {count} frames, not {len(before)} and {len(spliced.asked)}"
        )
    if changed:
        found.append(f"{who}: frames {changed} are not what was coded")
    if not worst > LEAST_PSNR:
        found.append(f"{who}: the continuation is at {worst:.1f} dB")
    return found


def _psnr(a: Picture, b: Picture) -> float:
    peak = 1023 if a.dtype == np.uint16 else 255
    error = float(np.mean((a.astype(np.float32) - b.astype(np.float32)) ** 2))
    return float(10 * np.log10(peak**2 / max(error, 1e-9)))


def decode_outside(
    ffmpeg: str, path: Path, pix_fmt: str, like: Picture, complaints: list[str]
) -> Iterator[Picture]:
    """All frames from an ffmpeg that is not ours; what it says goes to ``complaints``."""
    command = [ffmpeg, "-v", "warning", "-xerror", "-noautorotate", "-i", str(path)]
    command += ["-map", "0:v:0", "-fps_mode", "passthrough", "-enc_time_base", "-1"]
    command += ["-pix_fmt", pix_fmt, "-f", "rawvideo", "-"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as child,
    ):
        assert child.stdout is not None
        while len(data := child.stdout.read(like.nbytes)) == like.nbytes:
            yield np.frombuffer(data, like.dtype).reshape(like.shape)
        status = child.wait(timeout=60)
        said.seek(0)
        complaints += said.read().decode().splitlines()
        if status:
            complaints.append(f"exit status {status}")
