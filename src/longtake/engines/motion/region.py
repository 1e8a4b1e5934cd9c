"""A region of a plan, ready to be laid over the picture: where, and how firmly."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map, in_pixels
from longtake.analysis.letterbox import Box
from longtake.engines.motion.plan import Region
from longtake.engines.motion.played import Played
from longtake.engines.motion.source import Source

Alpha = NDArray[np.float32]  # (height, width, 1), 0 to 1
_SOFT = 0.6  # of a cell: sigma of the feather


class Painted:
    """One region over the picture of ``source``."""

    def __init__(self, region: Region, source: Source) -> None:
        """Its runs are ``played`` where it is."""
        width, height = source.whole.size
        self.played = Played(source, region.runs, region.weight)
        cell = max(width / region.cells.shape[1], height / region.cells.shape[0])
        hard = cv2.resize(
            region.cells.astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_AREA,
        )
        soft = cv2.GaussianBlur(hard, (0, 0), max(0.5, _SOFT * cell))
        self._alpha = np.asarray(soft, np.float32)
        self._still = _cut(self._alpha)

    def seen(self, view: Map | None) -> tuple[Box | None, Alpha]:
        """The part of the picture that shows it, and how much of it; None: nothing."""
        if view is None:
            return self._still
        height, width = self._alpha.shape
        seen = cv2.warpPerspective(
            self._alpha,
            in_pixels(view, width, height),
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return _cut(np.asarray(seen, np.float32))


def _cut(alpha: NDArray[np.float32]) -> tuple[Box | None, Alpha]:
    rows = np.flatnonzero(alpha.max(axis=1) > 1 / 255)
    columns = np.flatnonzero(alpha.max(axis=0) > 1 / 255)
    if not rows.size:
        return None, alpha[..., None]
    box = Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    return box, alpha[box.slices][..., None]
