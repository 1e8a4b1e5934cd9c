"""The mosaic: what the clip has shown beside what its last frame shows.

A picture somewhat larger than the frame, in the last frame's coordinates: every place
shows the newest frame that saw it, feathered at that frame's edge and brought to the last
frame's brightness. What nobody ever saw is mirrored.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import in_pixels
from longtake.analysis.pictures import Pictures
from longtake.engines.motion.view import Camera

MARGIN = 0.2  # picture widths to each side
_LAID = 16  # frames, evenly spread over the clip: more add nothing
_FEATHER = 0.02  # picture widths
_GAINS = (0.8, 1.25)

Picture = NDArray[np.float32]  # (height, width, 3)


def mosaic(frames: Pictures, camera: Camera) -> tuple[Picture, int]:
    """The mosaic, and how many pixels of it lie beyond each side of the frame."""
    height, width = frames.shape[1:3]
    beyond = round(MARGIN * width)
    size = (width + 2 * beyond, height + 2 * beyond)
    shift = np.array([[1, 0, -beyond], [0, 1, -beyond], [0, 0, 1]], np.float64)
    last = frames[-1].astype(np.float32)
    laid: Picture = np.asarray(
        cv2.copyMakeBorder(last, beyond, beyond, beyond, beyond, cv2.BORDER_REFLECT)
    )
    known = cv2.copyMakeBorder(
        np.ones((height, width), np.float32), beyond, beyond, beyond, beyond, 0, value=0
    )
    alpha = feathered(height, width)
    n = min(len(frames), len(camera.views))
    for place in sorted(
        {round(k) for k in np.linspace(1, n - 1, _LAID)} if n > 1 else ()
    ):
        to_frame = in_pixels(camera.view(-place), width, height) @ shift
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpPerspective(alpha, to_frame, size, flags=flags)
        new = seen * (1 - known)
        if new.max() < 0.5:  # noqa: PLR2004 - it shows nothing that is not known
            continue
        frame = frames[len(frames) - 1 - place].astype(np.float32)
        picture = cv2.warpPerspective(
            frame, to_frame, size, flags=flags, borderMode=cv2.BORDER_REFLECT
        )
        both = (seen > 0.5) & (known > 0.5)  # noqa: PLR2004
        if both.any():
            picture *= np.clip(
                laid[both].mean() / max(picture[both].mean(), 1), *_GAINS
            )
        laid += new[..., None] * (picture - laid)
        known = np.maximum(known, seen)
    return laid, beyond


def feathered(height: int, width: int) -> NDArray[np.float32]:
    """1 inside the frame, falling to 0 at its edge."""
    across = np.minimum(np.arange(width) + 1, np.arange(width)[::-1] + 1)
    along = np.minimum(np.arange(height) + 1, np.arange(height)[::-1] + 1)
    edge = np.minimum(across[None], along[:, None]) / max(1.0, _FEATHER * width)
    return np.minimum(edge, 1).astype(np.float32)
