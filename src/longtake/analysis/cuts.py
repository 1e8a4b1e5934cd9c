"""Where one shot ends and the next begins: cuts, fades and dissolves.

A cut is a single step that no motion explains, between steps that motion does explain.
A gradual transition is linear: each frame in it is a mixture of its two ends (the
production model of Hampapur, Jain and Weymouth, 1994; see Lienhart, "Reliable transition
detection in videos", 2001), and dense flow from one end to the other explains nothing.
Moving pictures are not mixtures of earlier and later ones, and flow explains most of them.
For the same reason a dissolve between two shots that both move fast can be missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.duplicates import runs
from longtake.analysis.flow import difference, each, flow, residual
from longtake.analysis.pictures import Frame, Frames, Gray, gray

_SIZE = (128, 72)  # pixels: shots differ at this size, details and noise do not
_CONTRAST = 0.35  # of the contrast left after flow: not the same scene
_PEAK = 2.5  # times the largest residual nearby: a whip pan is no single step
_NEAR = 4  # steps to each side
_FLASH = 5  # frames a flash lasts at most, after which the old picture is back
_WINDOWS = (6, 12, 20)  # frames: pieces of transitions of 0.2 to 2 s
_MIXED = 0.6  # of half the change: a frame nearer than this to the mixture is one
_UNMOVED = (
    0.88  # of the change stays after flow: nothing moved, the picture became other
)
_CHANGE = 8.0  # gray levels left after flow, mean
_ALIKE = 0.7  # correlation of the ends: above it is the same scene, brighter or darker
_FLAT = (
    0.6  # ratio of the ends' contrasts: below it the scene came from or went to a color
)
_PLAIN = 16.0  # gray levels: a picture of less contrast is a color, or fog, or sky
_PURE = 0.05  # share of the other shot in a frame taken for pure

_Lumas = NDArray[np.float32]  # (time, 72, 128) float32


@dataclass(frozen=True, slots=True)
class Transition:
    """The change of shot whose last pure old frame is ``first`` - 1.

    ``end`` is the first pure frame of the new shot. A transition that the frames break
    off ends at their last frame.
    """

    kind: Literal["cut", "fade", "dissolve"]
    first: int
    end: int


def last_shot(frames: Frames) -> int:
    """The first frame of the last shot: what is before shows something else.

    ``frames``: (time, height, width, 3) uint8, time at least 1. In the midst of a fade or
    dissolve this is the last frame itself.
    """
    return max((found.end for found in transitions(frames)), default=0)


def transitions(frames: Frames) -> tuple[Transition, ...]:
    """Every cut, fade and dissolve in ``frames`` (time, height, width, 3), in order."""
    lumas = each(_shrunk, list(frames))
    found = [Transition("cut", k, k) for k in _cuts(lumas)] + _gradual(lumas)
    return tuple(sorted(found, key=lambda one: one.first))


def _shrunk(frame: Frame) -> Gray:
    small = cv2.resize(gray(frame), _SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _cuts(lumas: list[Gray]) -> list[int]:
    """First frames after a cut."""

    def left(k: int) -> float:
        return residual(lumas[k], lumas[k + 1], flow(lumas[k], lumas[k + 1]))

    steps = np.array(each(left, range(len(lumas) - 1)))
    contrast = np.array([luma.std() for luma in lumas])
    cuts = []
    for k, step in enumerate(steps):
        around = np.r_[steps[max(0, k - _NEAR) : k], steps[k + 1 : k + 1 + _NEAR]]
        strange = step > _CONTRAST * (contrast[k] + contrast[k + 1]) / 2 + 1
        alone = around.size > 0 and step > _PEAK * around.max()
        if strange and alone and not _comes_back(lumas, k, step):
            cuts.append(k + 1)
    return cuts


def _comes_back(lumas: list[Gray], k: int, step: float) -> bool:
    """Whether the picture of frame ``k`` is back soon, or frame ``k + 1`` was there before.

    The first is where a flash begins, the second where it ends.
    """
    later = lumas[k + 2 : k + 2 + _FLASH]
    earlier = lumas[max(0, k - _FLASH) : k]
    pairs = [(lumas[k], other) for other in later]
    pairs += [(other, lumas[k + 1]) for other in earlier]
    return any(residual(a, b, flow(a, b)) < step / 2 for a, b in pairs)


def _gradual(lumas: list[Gray]) -> list[Transition]:
    """Fades and dissolves: runs of frames that are mixtures of the frames around them."""
    pictures = np.stack(lumas).astype(np.float32)
    mixed = np.zeros(len(lumas), np.bool_)
    for width in _WINDOWS:
        for k in range(len(lumas) - width):
            if _is_mixture(lumas, pictures[k : k + width + 1], k):
                first, end = _impure(pictures[k : k + width + 1])
                mixed[k + first : k + end] = True
    found = []
    for first, end in runs(mixed):
        before, after = max(0, first - 1), min(end, len(lumas) - 1)
        kind = _kind(pictures[before], pictures[after])
        if kind:
            found.append(Transition(kind, first, after))
    return found


def _is_mixture(lumas: list[Gray], piece: _Lumas, k: int) -> bool:
    """Whether a piece of frames from ``k`` on is one linear change that is not motion."""
    width = len(piece) - 1
    change = float(np.sqrt(np.square(piece[-1] - piece[0]).mean()))
    if change < _CHANGE:
        return False
    for quarter in (1, 2, 3):
        i = round(quarter * width / 4)
        mixture = piece[0] + (piece[-1] - piece[0]) * np.float32(i / width)
        off = float(np.sqrt(np.square(piece[i] - mixture).mean()))
        if off > _MIXED * (change / 2 + 1):
            return False
    before, after = lumas[k], lumas[k + width]
    left = residual(before, after, flow(before, after))
    return left > _CHANGE and left > _UNMOVED * (difference(before, after) + 0.5)


def _impure(piece: _Lumas) -> tuple[int, int]:
    """The half-open range of frames in ``piece`` in which both ends are seen."""
    line = (piece[-1] - piece[0]).ravel()
    along = (piece - piece[0]).reshape(len(piece), -1) @ line / (line @ line)
    first = int(np.flatnonzero(along <= _PURE).max()) + 1
    end = int(np.flatnonzero(along >= 1 - _PURE).min())
    return first, max(first, end)


def _kind(before: _Lumas, after: _Lumas) -> Literal["fade", "dissolve"] | None:
    """What lies between two frames.

    None where it is the same scene in another light, or where there is too little in
    either picture to tell.
    """
    contrasts = sorted([float(before.std()) + 1, float(after.std()) + 1])
    if contrasts[1] < _PLAIN:
        return None
    if contrasts[0] < _FLAT * contrasts[1]:
        return "fade"
    alike = ((before - before.mean()) * (after - after.mean())).mean()
    return "dissolve" if alike < _ALIKE * contrasts[0] * contrasts[1] else None
