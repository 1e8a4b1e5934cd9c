"""The sample clip of ``longtake sample``: drawn by code, so that anyone may use it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from longtake.media.sample import sound
from longtake.media.sample.scene import Scene
from longtake.media.sample.view import HEIGHT, WIDTH

RATE = 24
_FRAME = 1024  # samples of one AAC frame
_BT709 = 1  # ITU-T H.273, for matrix, primaries and transfer alike


def draw(output: Path, *, seconds: int = 5, seed: int = 7) -> None:
    """Draw a sailing boat on a lake at evening, with sound, into an MP4 file.

    832x464 at 24 frames per second, H.264 with B-frames and AAC, as most short clips are.
    Nothing in it repeats. The same seed draws the same pictures and sound. Raises OSError
    where ``output`` cannot be written.
    """
    scene = Scene(seed)
    times = [n / RATE for n in range(seconds * RATE)]
    samples = sound.stereo(np.random.default_rng(seed), seconds=seconds)
    with (
        ThreadPoolExecutor(os.cpu_count()) as threads,
        av.open(
            str(output), "w", format="mp4", options={"movflags": "+faststart"}
        ) as file,
    ):
        video = file.add_stream(
            "libx264", rate=RATE, options={"crf": "20", "preset": "fast"}
        )
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context = video.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        audio = file.add_stream("aac", rate=sound.RATE, layout="stereo")
        audio.codec_context.bit_rate = 128_000
        heard = 0
        for n, pixels in enumerate(threads.map(scene.frame, times)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                interpolation="BICUBIC",
            )
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            file.mux(video.encode(frame))
            while heard < (n + 1) * sound.RATE // RATE:
                part = np.ascontiguousarray(samples[:, heard : heard + _FRAME])
                piece = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
                piece.sample_rate, piece.pts = sound.RATE, heard
                piece.time_base = Fraction(1, sound.RATE)
                file.mux(audio.encode(piece))
                heard += _FRAME
        file.mux(video.encode())
        file.mux(audio.encode())
