"""The source as one line of places: original frames, between them, and beyond the end.

A place becomes layers, each an original frame with a displacement: nothing is drawn
until all displacements and the camera are composed, so that each new pixel is resampled
from an original frame once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import floor

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.flow import Flow, warp
from longtake.analysis.pictures import Gray, gray, small
from longtake.engines.motion import bridge, morph
from longtake.engines.protocol import Frames

Picture = NDArray[np.float32]  # (height, width) or (height, width, 3)
Matrix = NDArray[np.float64]  # (2, 3): new pixel -> original pixel
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

    def __init__(self, frames: Frames, shot: int) -> None:
        """Small copies and flows come when they are asked for.

        The last ``shot`` frames, at least, show what the last one shows.
        """
        self.frames = frames
        self._shot = min(shot, len(frames))
        self.last = len(frames) - 1
        self.height, self.width = frames.shape[1:3]
        self._gray = lru_cache(maxsize=32)(self._make_gray)
        self._layers = lru_cache(maxsize=4)(self._make_layers)
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

    def paint(self, layers: tuple[Layer, ...], camera: Matrix | None = None) -> Picture:
        """Draw ``layers`` at full size: (height, width, 3) float32, 0..255."""
        return _mixed(layers, [self._resampled(layer, camera) for layer in layers])

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

    def _resampled(self, layer: Layer, camera: Matrix | None) -> Picture:
        picture: Picture = self.frames[layer.index].astype(np.float32)
        if layer.field is None and camera is None:
            return picture
        grid = _grid(self.width, self.height, camera)
        if layer.field is not None:
            grid += _enlarged(layer.field, self.width, self.height, camera)
        return np.asarray(
            cv2.remap(  # type: ignore[call-overload]  # None: no second map
                picture, grid, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
            ),
            np.float32,
        )

    def _make_gray(self, index: int) -> Gray:
        return gray(small(self.frames[index]))

    def _make_momentum(self) -> bridge.Momentum:
        looked_at = min(self._shot, bridge.LOOK_BACK)
        return bridge.momentum([self._gray(self.last - k) for k in range(looked_at)])


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


@lru_cache(maxsize=4)
def _plain_grid(width: int, height: int) -> Flow:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.dstack([x, y]).astype(np.float32)


def _grid(width: int, height: int, camera: Matrix | None) -> Flow:
    plain = _plain_grid(width, height)
    if camera is None:
        return plain.copy()
    return np.asarray(cv2.transform(plain, camera), np.float32)


def _enlarged(field: Flow, width: int, height: int, camera: Matrix | None) -> Flow:
    """A small field at full size, in full pixels, seen through the camera."""
    h, w = field.shape[:2]
    if camera is None:
        large = cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR)
    else:
        # Pixel centers: full pixel x lies at (x + 1/2) * w / width - 1/2.
        scale = np.diag([w / width, h / height])
        middle = np.array([w / width - 1, h / height - 1]) / 2
        matrix = scale @ camera
        matrix[:, 2] += middle
        large = cv2.warpAffine(
            field,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return np.asarray(large * np.array([width / w, height / h], np.float32), np.float32)
