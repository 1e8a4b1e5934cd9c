"""The source as one line of places: original frames, between them, and beyond the end.

A place becomes layers, each an original frame with a displacement: nothing is drawn
until all displacements and the view are composed, so that each new pixel is resampled
from an original frame once. Where the clip's camera moved, places are seen in the
coordinates of its last frame, and what a frame does not cover comes from the mosaic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import floor

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map, in_pixels, through
from longtake.analysis.flow import Flow, warp
from longtake.analysis.letterbox import Box
from longtake.analysis.pictures import Gray, Pictures, gray, small
from longtake.engines.motion import bridge, morph, sway
from longtake.engines.motion.mosaic import feathered, mosaic
from longtake.engines.motion.view import Camera

Picture = NDArray[np.float32]  # (height, width) or (height, width, 3)
_EXACT = 1e-6  # pixels
_WHOLE = 1e-3  # places nearer than this to a frame are that frame


@dataclass(frozen=True, slots=True)
class Layer:
    """One original frame under a displacement, with its weight in the picture.

    ``field`` is (h, w, 2) float32 in small pixels: ``picture(x) = frame(x + field(x))``.
    """

    index: int
    field: Flow | None
    weight: float


class Source:
    """Original frames (time, height, width, 3) uint8, and small gray copies for flow."""

    def __init__(
        self, frames: Pictures, shot: int, camera: Camera | None = None
    ) -> None:
        """Small copies and flows come when they are asked for.

        The last ``shot`` frames, at least, show what the last one shows.
        """
        self.frames = frames
        self._camera = camera
        self._shot = min(shot, len(frames), sway.LOOK_BACK)
        self.last = len(frames) - 1
        self.height, self.width = frames.shape[1:3]
        self.whole = Box(0, self.height, 0, self.width)
        self._gray = lru_cache(maxsize=32)(self._make_gray)
        self._layers = lru_cache(maxsize=16)(self._make_layers)
        self._momentum = lru_cache(maxsize=1)(self._make_momentum)

    def layers(self, place: float) -> tuple[Layer, ...]:
        """What is shown at ``place`` (0: the last original frame, above: beyond it)."""
        return self._layers(float(place))

    def _make_layers(self, place: float) -> tuple[Layer, ...]:
        place = max(place, -float(self.last))
        if abs(place - round(place)) < _WHOLE and place < _WHOLE:
            return (Layer(self.last + round(place), None, 1.0),)
        if place > 0:
            field = bridge.field(self._momentum(), place)
            return (Layer(self.last, field, 1.0),)
        index, share = floor(place) + self.last, place - floor(place)
        to_one, to_two = morph.alignment(
            self._gray(index), self._gray(index + 1), share
        )
        return (Layer(index, to_one, 1 - share), Layer(index + 1, to_two, share))

    def sketch(self, layers: tuple[Layer, ...]) -> Gray:
        """Draw ``layers`` small and gray, for flow: (h, w) uint8."""
        pictures = [
            self._gray(layer.index)
            if layer.field is None
            else warp(self._gray(layer.index), layer.field)
            for layer in layers
        ]
        mixed = _mixed(layers, [np.asarray(one, np.float32) for one in pictures])
        return np.asarray(np.rint(mixed), np.uint8)

    def paint(
        self, layers: tuple[Layer, ...], view: Map | None, box: Box | None = None
    ) -> Picture:
        """Draw ``layers`` at full size as seen from ``view``: (height, width, 3) float32.

        ``box``: draw this part only.
        """
        box = box or self.whole
        painted = [self._resampled(layer, view, box) for layer in layers]
        return _mixed(layers, painted)

    def _resampled(self, layer: Layer, view: Map | None, box: Box) -> Picture:
        frame = self.frames[layer.index]
        to_frame = self._camera.view(layer.index - self.last) if self._camera else None
        matrix = self._matrix(view, to_frame, box)
        if layer.field is None and matrix is None:
            return np.asarray(frame[box.slices], np.float32)
        picture = frame.astype(np.float32)
        if layer.field is None:
            assert matrix is not None
            seen = _projected(picture, matrix, box, cv2.INTER_CUBIC)
        else:
            grid = self._grid(layer.field, view, to_frame, box)
            seen = np.asarray(
                cv2.remap(  # type: ignore[call-overload]  # None: no second map
                    picture, grid, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
                ),
                np.float32,
            )
        if to_frame is None or matrix is None or self._covers(matrix, box):
            return seen
        return self._filled(seen, matrix, view, box)

    def _matrix(self, view: Map | None, to_frame: Map | None, box: Box) -> Map | None:
        """From pixels of ``box`` to pixels of a frame; None where they are the same."""
        if view is None and to_frame is None:
            return None
        whole = np.eye(3) if view is None else view
        if to_frame is not None:
            whole = to_frame @ whole
        return in_pixels(whole, self.width, self.height)

    def _grid(
        self, field: Flow, view: Map | None, to_frame: Map | None, box: Box
    ) -> Flow:
        """Where the pixels of ``box`` lie in a frame that is displaced: (h, w, 2)."""
        plain = _plain_grid(self.width, self.height)[box.slices]
        h, w = field.shape[:2]
        finer = np.array([self.width / w, self.height / h], np.float32)
        in_full = field * finer  # while it is small
        if view is None:
            size = (self.width, self.height)
            large = cv2.resize(in_full, size, interpolation=cv2.INTER_LINEAR)
            grid = plain + large[box.slices]
        else:
            pixels = in_pixels(view, self.width, self.height)
            grid = _seen_through(pixels, plain)
            at = _seen_through(_reduction(*finer) @ pixels, plain)
            grid += cv2.remap(  # type: ignore[call-overload]  # None: no second map
                in_full, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        if to_frame is not None:
            grid = _seen_through(in_pixels(to_frame, self.width, self.height), grid)
        return np.asarray(grid, np.float32)

    def _covers(self, matrix: Map, box: Box) -> bool:
        """Whether a frame shows all of what ``box`` shows."""
        corners = np.array(
            [
                [x, y]
                for x in (box.left, box.right - 1)
                for y in (box.top, box.bottom - 1)
            ],
            np.float64,
        )
        x, y = through(matrix, corners).T
        right, bottom = self.width - 1 + _EXACT, self.height - 1 + _EXACT
        inside = x.min() >= -_EXACT and y.min() >= -_EXACT
        return bool(inside and x.max() <= right and y.max() <= bottom)

    def _filled(
        self, seen: Picture, matrix: Map, view: Map | None, box: Box
    ) -> Picture:
        """``seen`` where the frame shows it, and the mosaic elsewhere."""
        picture, beyond, edge = self._mosaic
        shift = np.array([[1, 0, beyond], [0, 1, beyond], [0, 0, 1]], np.float64)
        pixels = np.eye(3) if view is None else in_pixels(view, self.width, self.height)
        behind = _projected(picture, shift @ pixels, box, cv2.INTER_LINEAR)
        alpha = _projected(edge, matrix, box, cv2.INTER_LINEAR, cv2.BORDER_CONSTANT)
        return np.asarray(behind + alpha[..., None] * (seen - behind), np.float32)

    @cached_property
    def _mosaic(self) -> tuple[Picture, int, Picture]:
        assert self._camera is not None, "only a moving camera leaves a frame"
        picture, beyond = mosaic(self.frames, self._camera)
        return picture, beyond, feathered(self.height, self.width)

    def _make_gray(self, index: int) -> Gray:
        picture = gray(small(self.frames[index]))
        if self._camera is None:
            return picture
        height, width = picture.shape
        to_frame = in_pixels(self._camera.view(index - self.last), width, height)
        steady = _projected(
            picture, to_frame, Box(0, height, 0, width), cv2.INTER_LINEAR
        )
        return np.asarray(steady, np.uint8)

    def _make_momentum(self) -> bridge.Momentum:
        return bridge.momentum([self._gray(self.last - k) for k in range(self._shot)])


def _mixed(layers: tuple[Layer, ...], pictures: list[Picture]) -> Picture:
    if len(layers) == 1:
        return pictures[0]
    weighed = zip(layers, pictures, strict=True)
    return np.asarray(
        sum(picture * np.float32(layer.weight) for layer, picture in weighed),
        np.float32,
    )


def shifted(layers: tuple[Layer, ...], by: Flow) -> tuple[Layer, ...]:
    """``layers`` seen through a further displacement ``by``: (h, w, 2), small pixels."""
    return tuple(
        Layer(
            layer.index,
            by if layer.field is None else by + warp(layer.field, by),
            layer.weight,
        )
        for layer in layers
    )


def _projected(
    picture: NDArray[np.uint8] | Picture,
    matrix: Map,
    box: Box,
    interpolation: int,
    border: int = cv2.BORDER_REFLECT,
) -> Picture:
    """The part ``box`` of ``picture`` seen through ``matrix``, in pixels."""
    corner = np.array([[1, 0, box.left], [0, 1, box.top], [0, 0, 1]], np.float64)
    flags = interpolation | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpPerspective(
            picture, matrix @ corner, box.size, flags=flags, borderMode=border
        )
    )


def _seen_through(matrix: Map, grid: Flow) -> Flow:
    if np.allclose(matrix[2], (0, 0, 1)):
        return np.asarray(cv2.transform(grid, matrix[:2]), np.float32)
    return np.asarray(cv2.perspectiveTransform(grid, matrix), np.float32)


def _reduction(across: float, along: float) -> Map:
    """From full pixels to those of a picture that is so many times smaller: (3, 3)."""
    x, y = 1 / float(across), 1 / float(along)
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])


@lru_cache(maxsize=4)
def _plain_grid(width: int, height: int) -> Flow:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.dstack([x, y]).astype(np.float32)
