"""The trail of a subject: where it was in each frame, what of its box it filled, where it goes.

Coordinates are those of the clip's last frame, in picture widths from its center. All
numbers are rounded before anything is drawn from them, so that a plan read from a file
draws the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, floor

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map
from longtake.analysis.subjects import Subject

Grids = NDArray[np.bool_]  # (time, rows, columns) of cells, each a part of a box

_SMOOTH_S = 0.5  # sigma of what counts as the way itself, without the steps
_RECENT_S = 0.8  # sigma of the time that says how fast it goes on
_CELLS = 18  # along the longer side of a subject
_AROUND = 2  # cells around it
_GROWN = 0.1  # of its size: what grows less keeps its size
_LARGEST, _SMALLEST = 2.0, 0.25  # of its last size: it grows and shrinks no further
_DIGITS = 6  # of picture widths


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """``poses``: (n, 3): right, down, log of size; entry k lies k frames before the end.

    The last ``leaving`` of them are on its way out of the picture, as it was before.
    ``half``: half the width and height of its box at size 1, that of the last frame.
    ``masks``: (n, rows, columns) bool, the part of the box that it fills. ``velocity``:
    (3,), the pose gained with each new frame.
    """

    poses: NDArray[np.float64]
    half: NDArray[np.float64]
    masks: Grids
    velocity: NDArray[np.float64]
    leaving: int = 0

    @property
    def corners(self) -> NDArray[np.float64]:
        """Of its box, centered on it, at size 1: (4, 2)."""
        right, down = self.half
        return np.array([[x, y] for x in (-right, right) for y in (-down, down)])

    def within(self, place: int) -> int:
        """The entry for a ``place``; beyond its ends, and while it is leaving: the next."""
        return min(max(-place, self.leaving), len(self.poses) - 1)

    def onward(self, time: float) -> NDArray[np.float64]:
        """Where it goes: its pose at new frame ``time``; before the join, where it was."""
        if time < -1:
            past = min(-1 - time, len(self.poses) - 1.0)
            early, late = ceil(past), floor(past)
            apart = self.poses[early] - self.poses[late]
            return np.asarray(self.poses[late] + (past - late) * apart)
        pose = self.poses[0] + self.velocity * (time + 1)
        pose[2] = np.clip(pose[2], np.log(_SMALLEST), np.log(_LARGEST))
        return np.asarray(pose)

    def to_json(self) -> list[object]:
        """Compact, since it travels in a tag of the file."""
        along = np.moveaxis(self.masks, 0, -1)  # a cell changes seldom
        return [
            [_short(pose) for pose in self.poses],
            _short(self.half),
            _short(self.velocity),
            list(along.shape),
            packed(along),
            self.leaving,
        ]

    @classmethod
    def from_json(cls, row: Sequence[object]) -> Trail:
        """Read :meth:`to_json`; raises what NumPy raises for anything else."""
        poses, half, velocity, shape, lengths, leaving = row
        rows, columns, n = np.asarray(shape, np.int64)
        along = unpacked(np.asarray(lengths, np.int64)).reshape(rows, columns, n)
        return cls(
            poses=np.asarray(poses, np.float64).reshape(n, 3),
            half=np.asarray(half, np.float64).reshape(2),
            masks=np.ascontiguousarray(np.moveaxis(along, -1, 0)),
            velocity=np.asarray(velocity, np.float64).reshape(3),
            leaving=int(np.int64(leaving)),  # type: ignore[arg-type]
        )


def _short(numbers: NDArray[np.float64]) -> list[float]:
    return [round(float(one), _DIGITS) for one in numbers]


def packed(cells: NDArray[np.bool_]) -> list[int]:
    """The lengths of stretches by turns outside and inside, in order."""
    flat = np.concatenate([[False], cells.ravel(), [not cells.ravel()[-1]]])
    edges = np.flatnonzero(np.diff(flat))
    return [int(n) for n in np.diff(np.concatenate([[0], edges]))]


def unpacked(lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """What :func:`packed` wrote: (n,)."""
    return np.asarray(np.repeat(np.arange(len(lengths)) % 2 == 1, lengths))


def centered(pose: NDArray[np.float64]) -> Map:
    """From coordinates centered on a subject at ``pose`` to those of the scene: (3, 3)."""
    right, down, size = pose
    s = exp(size)
    return np.array([[s, 0, right], [0, s, down], [0, 0, 1]])


def trail(subject: Subject, rate: float, width: int) -> Trail:
    """The trail of ``subject``, at ``rate`` frames per second.

    ``width``: of the clip's picture, in whose middle its masks are centered, in pixels.
    """
    height, whole = subject.masks.shape[1:]
    across = (subject.centers[:, 0] + 0.5 - whole / 2) / width
    along = (subject.centers[:, 1] + 0.5 - height / 2) / width
    size = np.log(subject.areas) / 2
    size, growing = _size(size, rate)
    poses = np.c_[
        _smoothed(across, _SMOOTH_S * rate), _smoothed(along, _SMOOTH_S * rate), size
    ]
    _, right = _line(across, 0, _RECENT_S * rate)
    _, down = _line(along, 0, _RECENT_S * rate)
    poses = poses.round(_DIGITS)
    half, masks = _masks(subject.masks, poses, width)
    velocity = np.round([-right, -down, growing], _DIGITS)
    out = poses[0] + velocity * np.arange(subject.leaving, 0, -1)[:, None]
    return Trail(
        poses=np.concatenate([out, poses]).round(_DIGITS),
        half=half,
        masks=np.concatenate([*[masks[:1]] * subject.leaving, masks]),
        velocity=velocity,
        leaving=subject.leaving,
    )


def _size(size: NDArray[np.float64], rate: float) -> tuple[NDArray[np.float64], float]:
    """The log of size against the last one, evenly, and what it gains with a frame."""
    fit = np.polynomial.Polynomial.fit(np.arange(len(size)), size, 1)
    there, here = fit(len(size) - 1), fit(0)
    if abs(here - there) < _GROWN:
        return np.zeros(len(size)), 0.0
    evenly = fit(np.arange(len(size)))
    return np.asarray(evenly - here), float((here - there) / max(len(size) - 1, 1))


def _smoothed(values: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    return np.array([_line(values, k, sigma)[0] for k in range(len(values))])


def _line(values: NDArray[np.float64], at: int, sigma: float) -> tuple[float, float]:
    """Value and slope at ``at`` of the line through what lies around it."""
    times = np.arange(len(values)) - at
    weights = np.exp(-np.square(times / max(sigma, 1.0)) / 2)
    slope, value = np.polyfit(times, values, 1, w=np.sqrt(weights))
    return float(value), float(slope)


def _masks(
    masks: NDArray[np.bool_], poses: NDArray[np.float64], width: int
) -> tuple[NDArray[np.float64], Grids]:
    """Half the box of a subject, and what of it each frame fills."""
    height, whole = masks.shape[1:]
    half = np.zeros(2)
    for mask, (right, down, size) in zip(masks, poses, strict=True):
        rows, columns = np.nonzero(mask)
        x = (columns + 0.5 - whole / 2) / width - right
        y = (rows + 0.5 - height / 2) / width - down
        half = np.maximum(half, np.abs([[*x], [*y]]).max(axis=1) / exp(size))
    cell = 2 * half.max() / _CELLS
    columns_, rows_ = (int(np.ceil(2 * side / cell)) + 2 * _AROUND for side in half)
    half = np.round(np.array([columns_, rows_]) * cell / 2, _DIGITS)
    cells = []
    for mask, pose in zip(masks, poses, strict=True):
        matrix = (
            _to_pixels(width, whole, height)
            @ centered(pose)
            @ grid((rows_, columns_), half)
        )
        blurred = cv2.blur(mask.astype(np.float32), (3, 3))
        found = cv2.warpPerspective(
            blurred,
            matrix,
            (columns_, rows_),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        cells.append(found > 0.4)  # noqa: PLR2004 - rather too much than too little
    return half, np.stack(cells)


def _to_pixels(width: int, whole: int, height: int) -> Map:
    return np.array(
        [[width, 0, whole / 2 - 0.5], [0, width, height / 2 - 0.5], [0, 0, 1]]
    )


def grid(shape: tuple[int, int], half: NDArray[np.float64]) -> Map:
    """From cells of a box to coordinates centered on its subject: (3, 3)."""
    rows, columns = shape
    wide, high = 2 * half[0] / columns, 2 * half[1] / rows
    return np.array(
        [[wide, 0, wide / 2 - half[0]], [0, high, high / 2 - half[1]], [0, 0, 1]]
    )
