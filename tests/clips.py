"""Clips made by code: every frame carries its number, every sample of sound is known."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.audio.resampler import AudioResampler

from tests import boxes
from tests.scene import (
    Frame,
    chirp,
    counter_blocks,
    picture,
    read_counter,
    wind,
    write_counter,
)

__all__ = [
    "Recipe",
    "chirp",
    "counter_blocks",
    "frame_at",
    "make",
    "read_counter",
    "times",
]

Packets: TypeAlias = "Iterator[av.Packet[Any]]"

_SOUND_CODECS = {
    "mp3": "libmp3lame",
    "opus": "libopus",
    "pcm": "pcm_s16le",
}
_UNEVEN = (0, 0, 1, -1, 3, 0, -1, 2)  # eighths of a step by which VFR steps differ


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything a made clip is made from; equal recipes make equal clips."""

    codec: str = "libx264"
    size: tuple[int, int] = (320, 180)
    rate: Fraction = Fraction(24)
    n_frames: int = 72
    start: Fraction = Fraction(0)  # of the first frame, seconds
    vfr: bool = False
    pix_fmt: str = "yuv420p"
    # None: the encoder's own way.
    b_frames: int | None = 2
    gop: int = 24
    open_gop: bool = False
    interlaced: bool = False
    # (matrix, range, primaries, transfer) of ITU-T H.273; range 1 limited, 2 full.
    color: tuple[int, int, int, int] | None = None
    rotation: int = 0  # degrees clockwise a player turns the picture
    pixel_aspect: Fraction = Fraction(1)
    hide_head: int = 0  # frames before the start, hidden by an edit list (mp4, mov)
    hide_tail: int = 0  # shown by no one after the edit list's end
    edit_list: tuple[tuple[int, int], ...] | None = None  # boxes.set_edit_list
    time_base: Fraction | None = None
    options: tuple[tuple[str, str], ...] = ()  # of the video encoder
    sound: str | None = None
    sound_rate: int = 48_000
    channels: int = 2
    texture: bool = False  # the sound is wind, not a chirp
    sound_seconds: Fraction | None = None  # None: as long as the picture
    more_sound: int = 0  # further sound tracks
    movflags: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def seconds(self) -> Fraction:
        """How long the clip would be at a constant rate."""
        return self.n_frames / self.rate


def times(recipe: Recipe) -> list[Fraction]:
    """When each frame is shown, seconds, before rounding to the container's ticks."""
    found, at = [], recipe.start - recipe.hide_head / recipe.rate
    for index in range(recipe.n_frames):
        found.append(at)
        uneven = _UNEVEN[index % len(_UNEVEN)] if recipe.vfr else 0
        at += (1 + Fraction(uneven, 8)) / recipe.rate
    return found


def frame_at(recipe: Recipe, index: int) -> Frame:
    """Frame ``index`` as drawn, before encoding: (height, width, 3) uint8, RGB."""
    frame = picture(times(recipe)[index], *recipe.size)
    write_counter(frame, index)
    return frame


def make(path: Path, **fields: Any) -> Path:
    """Write the clip of ``Recipe(**fields)`` to ``path``; its suffix is the container."""
    if isinstance(fields.get("options"), dict):
        fields["options"] = tuple(sorted(fields["options"].items()))
    return cook(path, Recipe(**fields))


def cook(path: Path, recipe: Recipe) -> Path:
    """Write the clip of ``recipe`` to ``path``."""
    container_options = {"movflags": recipe.movflags} if recipe.movflags else {}
    if recipe.hide_head:
        container_options["avoid_negative_ts"] = "disabled"
    with av.open(str(path), "w", options=container_options) as output:
        output.metadata.update(dict(recipe.tags))
        video = _video_stream(output, recipe)
        sounds = [
            _sound_stream(output, recipe)
            for _ in range(recipe.more_sound + 1)
            if recipe.sound
        ]
        packets = [_video_packets(video, recipe)]
        packets += [_sound_packets(sound, recipe) for sound in sounds]
        _interleave(output, packets)
    if recipe.hide_tail:
        _hide_tail(path, recipe)
    if recipe.edit_list is not None:
        boxes.set_edit_list(path, list(recipe.edit_list))
    return path


def _video_stream(
    output: av.container.OutputContainer, recipe: Recipe
) -> av.VideoStream:
    options = _encoder_options(recipe)
    stream = output.add_stream(recipe.codec, rate=recipe.rate, options=options)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = recipe.size
    stream.pix_fmt = recipe.pix_fmt
    stream.codec_context.sample_aspect_ratio = recipe.pixel_aspect
    stream.codec_context.gop_size = recipe.gop
    # VP8's threads wait for one another in a loop: two on a busy machine take 20 times as long.
    stream.codec_context.thread_count = 1 if recipe.codec == "libvpx" else 2
    stream.codec_context.time_base = recipe.time_base or _tick(recipe)
    if recipe.b_frames is not None:
        stream.codec_context.max_b_frames = recipe.b_frames
    if recipe.color is not None:
        context = stream.codec_context
        context.colorspace, context.color_range = recipe.color[:2]
        context.color_primaries, context.color_trc = recipe.color[2:]
    if recipe.rotation:
        stream.set_display_rotation(-recipe.rotation)
    return stream


def _tick(recipe: Recipe) -> Fraction:
    """A time base in which every frame's time, also of uneven ones, is whole."""
    return 1 / (recipe.rate * 8 * recipe.start.denominator)


def _encoder_options(recipe: Recipe) -> dict[str, str]:
    options: dict[str, str] = {}
    if recipe.codec == "libx264":
        options = {"preset": "veryfast", "crf": "20"}
        extra = ["open-gop=1"] if recipe.open_gop else []
        extra += ["tff=1"] if recipe.interlaced else []
        if extra:
            options["x264-params"] = ":".join(extra)
    elif recipe.codec == "libx265":
        options = {"preset": "ultrafast", "x265-params": "log-level=error"}
    elif recipe.codec in {"libvpx", "libvpx-vp9"}:
        options = {"deadline": "realtime", "cpu-used": "6", "crf": "24", "b": "2M"}
    elif recipe.codec == "libsvtav1":
        options = {"preset": "8", "crf": "24", "svtav1-params": "lp=2"}
    return options | dict(recipe.options)


def _video_packets(stream: av.VideoStream, recipe: Recipe) -> Packets:
    tick = recipe.time_base or _tick(recipe)
    for index, time in enumerate(times(recipe)):
        rgb = picture(time, *recipe.size)
        write_counter(rgb, index)
        frame = _encodable(rgb, recipe)
        frame.pts = round(time / tick)
        frame.time_base = tick
        yield from stream.encode(frame)
        if recipe.codec == "libsvtav1" and index == 0:
            _be_ordinary()
    yield from stream.encode(None)


def _be_ordinary() -> None:
    """SVT-AV1, started by root, makes the whole caller a real-time process, for good."""
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _encodable(rgb: Frame, recipe: Recipe) -> av.VideoFrame:
    """The drawn frame in the clip's own pixel format, matrix and range, and tagged so."""
    matrix, span, primaries, transfer = recipe.color or (6, 1, 2, 2)
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
        format=recipe.pix_fmt,
        dst_colorspace={1: "ITU709", 9: "bt2020"}.get(matrix, "ITU601"),
        dst_color_range="JPEG" if span == 2 else "MPEG",
        interpolation="BICUBIC",
    )
    if recipe.color is not None:
        frame.colorspace, frame.color_range = matrix, span
        frame.color_primaries, frame.color_trc = primaries, transfer
    return frame


def _sound_stream(
    output: av.container.OutputContainer, recipe: Recipe
) -> av.AudioStream:
    assert recipe.sound is not None
    name = _SOUND_CODECS.get(recipe.sound, recipe.sound)
    layouts = {1: "mono", 2: "stereo", 6: "5.1"}
    stream = output.add_stream(name, rate=recipe.sound_rate)
    assert isinstance(stream, av.AudioStream)
    stream.codec_context.layout = layouts[recipe.channels]
    return stream


def _sound_packets(stream: av.AudioStream, recipe: Recipe) -> Packets:
    context = stream.codec_context
    context.open(strict=False)
    step = context.frame_size or 1024
    resampler = AudioResampler(context.format, context.layout, recipe.sound_rate)
    seconds = recipe.seconds if recipe.sound_seconds is None else recipe.sound_seconds
    total = int(seconds * recipe.sound_rate)
    for first in range(0, total, step):
        count = min(step, total - first)
        sounds = wind if recipe.texture else chirp
        samples = sounds(first, count, recipe.sound_rate, recipe.channels)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=context.layout
        )
        frame.sample_rate = recipe.sound_rate
        frame.pts = first
        frame.time_base = Fraction(1, recipe.sound_rate)
        for piece in resampler.resample(frame):
            yield from stream.encode(piece)
    yield from stream.encode(None)


def _interleave(output: av.container.OutputContainer, sources: list[Packets]) -> None:
    """Mux the streams' packets in the order of their times."""
    heads = [next(source, None) for source in sources]
    while any(head is not None for head in heads):
        order = [
            (Fraction(head.dts or 0) * head.time_base, place)
            for place, head in enumerate(heads)
            if head is not None
        ]
        _, place = min(order)
        packet = heads[place]
        assert packet is not None
        heads[place] = next(sources[place], None)
        output.mux(packet)


def _hide_tail(path: Path, recipe: Recipe) -> None:
    """Shorten the picture's edit so that the last ``hide_tail`` frames are not shown."""
    scale = int.from_bytes(boxes.payload(path, "moov/mvhd")[12:16], "big")
    elst = boxes.payload(path, "moov/trak/edts/elst")
    assert elst[4:8] == b"\0\0\0\1", "one edit was expected"
    media_time = int.from_bytes(elst[12:16], "big", signed=True)
    shown = recipe.n_frames - recipe.hide_head - recipe.hide_tail
    boxes.set_edit_list(path, [(round(shown / recipe.rate * scale), media_time)])
