"""The stage: the scene with its subjects taken out, and each subject by itself.

Behind a subject is what other frames show there: the median of those in which it is
elsewhere. Where a frame differs from that, inside the coarse outline that the plan has,
is the subject; the outline says what to do where they happen to look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map, through
from longtake.analysis.letterbox import Box
from longtake.analysis.pictures import Frame
from longtake.analysis.subjects import median
from longtake.engines.motion.matte import Alpha, Picture, matte
from longtake.engines.motion.trail import Trail, centered, grid
from longtake.engines.motion.view import Camera
from longtake.engines.protocol import Frames

_SAMPLES = 11  # frames of which the median is taken
_LARGEST = 1_500_000  # pixels of the background: beyond it is drawn smaller
_GAIN = 24.0  # gray levels that the light may have changed by
_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A subject in the part ``box`` of a frame: see :func:`matte`."""

    box: Box
    ink: Picture
    alpha: Alpha


class Stage:
    """``frames``: (time, height, width, 3) uint8, originals, ending with the last one."""

    def __init__(
        self, frames: Frames, camera: Camera | None, trails: Sequence[Trail]
    ) -> None:
        self._frames = frames
        self._camera = camera
        self._trails = trails
        self._height, self._width = frames.shape[1:3]
        self.n_clear = min(len(frames), *(len(one.poses) for one in trails))
        self.cutout = lru_cache(maxsize=8)(self._cut)
        self.cleared = lru_cache(maxsize=4)(self._clear)

    @property
    def scene(self) -> Scene:
        """The last frames without any subject."""
        return Scene(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the scene: (time, height, width, 3)."""
        return (self.n_clear, *self._frames.shape[1:])

    @property
    def to_pixels(self) -> Map:
        """From centered picture widths to pixels of a frame: (3, 3)."""
        w, h = self._width, self._height
        return np.array([[w, 0, w / 2 - 0.5], [0, w, h / 2 - 0.5], [0, 0, 1]])

    def to_frame(self, entry: int) -> Map:
        """From the scene to pixels of the frame ``entry`` before the last: (3, 3)."""
        view = np.eye(3) if self._camera is None else self._camera.view(-entry)
        return np.asarray(self.to_pixels @ view)

    def box(self, corners: NDArray[np.float64], to_pixels: Map) -> Box | None:
        """The pixels of a frame around what has ``corners`` (4, 2); None for none."""
        x, y = through(to_pixels, corners).T
        left, top = max(int(x.min()) - 1, 0), max(int(y.min()) - 1, 0)
        right = min(int(x.max()) + 2, self._width)
        bottom = min(int(y.max()) + 2, self._height)
        if right - left < 1 or bottom - top < 1:
            return None
        return Box(top, bottom, left, right)

    def _to_scene(self, entry: int, box: Box) -> Map:
        back = np.asarray(np.linalg.inv(self.to_frame(entry)))
        corner = np.array([[1, 0, box.left], [0, 1, box.top], [0, 0, 1]])
        return np.asarray(back @ corner)

    def _clear(self, entry: int) -> Frame:
        frame = self._frames[-1 - entry].copy()
        for one in self._trails:
            box = self.box(_corners(one, entry), self.to_frame(entry))
            if box is None:
                continue
            to_scene = self._to_scene(entry, box)
            hidden = self._hidden(entry, to_scene, box.size)
            behind, _ = self._behind(frame, box, to_scene, hidden)
            part = frame[box.slices].astype(np.float32)
            part += hidden[..., None] * (behind - part)
            frame[box.slices] = np.clip(np.rint(part), 0, 255).astype(np.uint8)
        return np.asarray(frame)

    def _cut(self, number: int, entry: int) -> Cutout | None:
        """Subject ``number`` in the frame ``entry`` before the last; None: not in it."""
        one, frame = self._trails[number], self._frames[-1 - entry]
        box = self.box(_corners(one, entry), self.to_frame(entry))
        if box is None:
            return None
        to_scene = self._to_scene(entry, box)
        inside, deep = (
            _covered(one, entry, to_scene, box.size, change)
            for change in (None, cv2.MORPH_ERODE)
        )
        hidden = self._hidden(entry, to_scene, box.size)
        behind, known = self._behind(frame, box, to_scene, hidden)
        colors = frame[box.slices].astype(np.float32)
        ink, alpha = matte(colors, behind, known, (inside, deep), self._width)
        return Cutout(box, ink, alpha)

    def _hidden(self, entry: int, to_scene: Map, size: tuple[int, int]) -> Alpha:
        """How much of a part of the frame ``entry`` before the last subjects hide."""
        hidden = np.zeros(size[::-1], np.float32)
        for one in self._trails:
            if entry < len(one.poses):
                around = _covered(one, entry, to_scene, size, cv2.MORPH_DILATE)
                hidden = np.maximum(hidden, np.minimum(2 * around, 1))
        return np.asarray(hidden, np.float32)

    def _behind(
        self, frame: Frame, box: Box, to_scene: Map, hidden: Alpha
    ) -> tuple[Picture, Alpha]:
        """What lies behind the part ``box`` of a frame, in its light; where it is known."""
        plate, known, to_plate = self._plate
        matrix = to_plate @ to_scene
        behind = cv2.warpPerspective(
            plate, matrix, box.size, flags=_FLAGS, borderMode=cv2.BORDER_REPLICATE
        ).astype(np.float32)
        sure = cv2.warpPerspective(known, matrix, box.size, flags=_FLAGS)
        open_ = (hidden < 0.02) & (sure > 0.9)  # noqa: PLR2004
        if open_.any():
            off = (frame[box.slices] - behind)[open_]
            behind += np.clip(np.median(off, axis=0), -_GAIN, _GAIN)
        return np.asarray(behind, np.float32), np.asarray(sure, np.float32)

    @cached_property
    def _plate(self) -> tuple[Frame, Alpha, Map]:
        """The background of all trails, where it is known, and the map to its pixels."""
        corners = np.concatenate(
            [_corners(one, k) for one in self._trails for k in range(len(one.poses))]
        )
        low, high = corners.min(axis=0), corners.max(axis=0)
        wide, high_ = (high - low) * self._width
        scale = min(1.0, (_LARGEST / (wide * high_)) ** 0.5) * self._width
        size = (
            int(np.ceil((high - low)[0] * scale)),
            int(np.ceil((high - low)[1] * scale)),
        )
        to_plate = np.array(
            [[scale, 0, -low[0] * scale], [0, scale, -low[1] * scale], [0, 0, 1]]
        )
        back = np.linalg.inv(to_plate)
        n = min(self.n_clear, len(self._frames))
        entries = np.unique(np.linspace(0, n - 1, _SAMPLES).round().astype(np.int64))
        pictures, valid = [], []
        for entry in map(int, entries):
            matrix = self.to_frame(entry) @ back
            frame = self._frames[-1 - entry]
            pictures.append(
                cv2.warpPerspective(
                    frame, matrix, size, flags=_FLAGS, borderMode=cv2.BORDER_REPLICATE
                )
            )
            shown = cv2.warpPerspective(
                np.ones(frame.shape[:2], np.float32), matrix, size, flags=_FLAGS
            )
            hidden = self._hidden(entry, back, size)
            valid.append((shown > 0.99) & (hidden < 0.1))  # noqa: PLR2004
        found, known = median(np.stack(pictures), np.stack(valid))
        return _filled(found, known), known.astype(np.float32), to_plate


class Scene:
    """The frames of a stage without its subjects, as a sequence, drawn when asked for."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.shape = stage.shape

    def __len__(self) -> int:
        return self._stage.n_clear

    def __getitem__(self, index: int) -> Frame:
        n = self._stage.n_clear
        return self._stage.cleared(n - 1 - (index % n))


def _corners(trail: Trail, entry: int) -> NDArray[np.float64]:
    """The corners of its box in the scene: (4, 2)."""
    return through(
        centered(trail.poses[min(entry, len(trail.poses) - 1)]), trail.corners
    )


def _covered(
    trail: Trail,
    entry: int,
    to_scene: Map,
    size: tuple[int, int],
    change: int | None = None,
) -> Alpha:
    """How much of a picture, whose pixels lie in the scene, a subject covers.

    ``change``: a cell more or less of it all around (OpenCV's MORPH_DILATE, MORPH_ERODE).
    """
    entry = min(entry, len(trail.poses) - 1)
    cells = trail.masks[entry].astype(np.float32)
    if change is not None:
        square = np.ones((3, 3), np.uint8)
        cells = np.asarray(cv2.morphologyEx(cells, change, square), np.float32)
    to_cells = np.linalg.inv(
        centered(trail.poses[entry])
        @ grid((cells.shape[0], cells.shape[1]), trail.half)
    )
    seen = cv2.warpPerspective(cells, to_cells @ to_scene, size, flags=_FLAGS)
    return np.asarray(seen, np.float32)


def _filled(picture: Frame, known: NDArray[np.bool_]) -> Frame:
    """What nobody saw becomes like what is around it."""
    if known.all():
        return picture
    weight = known.astype(np.float32)
    sigma = max(2.0, 0.04 * max(known.shape))
    around = cv2.GaussianBlur(picture * weight[..., None], (0, 0), sigma)
    much = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-4)[..., None]
    return np.where(known[..., None], picture, np.clip(around / much, 0, 255)).astype(
        np.uint8
    )
