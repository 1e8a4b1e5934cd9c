"""Parallax for a picture of which there is no second one: nearer things move more.

How near they are is guessed from two simple cues: what stands lower in the picture is
mostly nearer, and so is what is in focus where the rest is not. That is no measurement;
so the guess is smooth, its effect small, and the report says that it is a guess.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map, in_pixels
from longtake.analysis.flow import Flow
from longtake.analysis.pictures import Gray

GAIN = 0.6  # of the camera's move: by so much more the nearest moves than the mean
_LOW = 0.65  # how much the height in the picture says, beside the focus
_SMOOTH = 1 / 14  # sigma, in picture widths: the picture bends and does not tear
_FINE = 1.5  # pixels: detail finer than this is in focus

Nearness = NDArray[np.float32]  # (h, w), from -1 (far) to 1 (near), 0 on the mean


def nearness(picture: Gray) -> Nearness:
    """How near each place of ``picture`` (h, w) uint8 seems to be."""
    height, width = picture.shape
    low = np.repeat(np.linspace(-1, 1, height)[:, None], width, axis=1)
    exact = picture.astype(np.float32)
    fine = np.abs(exact - cv2.GaussianBlur(exact, (0, 0), _FINE))
    sigma = max(1.0, _SMOOTH * width)
    sharp = cv2.GaussianBlur(np.log1p(fine), (0, 0), sigma)
    spread = float(np.abs(sharp - sharp.mean()).max())
    focused = (sharp - sharp.mean()) / spread if spread > 0 else np.zeros_like(sharp)
    both = _LOW * low + (1 - _LOW) * focused
    smooth = cv2.GaussianBlur(both.astype(np.float32), (0, 0), sigma)
    return np.asarray(np.clip(smooth - smooth.mean(), -1, 1), np.float32)


def field(near: Nearness, gain: float, view: Map) -> Flow:
    """What ``view`` moves more or less than the mean: (h, w, 2) float32, small pixels.

    A place that the view has moved by v from where it was shown moves by
    (1 + ``gain`` x nearness) v.
    """
    height, width = near.shape
    back = in_pixels(np.asarray(np.linalg.inv(view), np.float64), width, height)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places = np.dstack([x, y]).astype(np.float32)
    moved = places - cv2.transform(places, back[:2])
    return np.asarray(np.float32(gain) * near[..., None] * moved, np.float32)
