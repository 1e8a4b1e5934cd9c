"""How far any two frames are apart, in pose and in motion.

Video textures (Schödl, Szeliski, Salesin, Essa, SIGGRAPH 2000): a jump from one frame to
another is invisible where the frames around both places are alike, not the two alone.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.pictures import Frames, gray

_SIZE = (64, 36)  # pixels, width and height


def thumbnails(frames: Frames) -> NDArray[np.float32]:
    """Luma of every frame at 64x36, averaged over areas: (time, 2304) float32."""
    return np.stack(
        [
            cv2.resize(
                gray(frame).astype(np.float32), _SIZE, interpolation=cv2.INTER_AREA
            ).ravel()
            for frame in frames
        ]
    )
