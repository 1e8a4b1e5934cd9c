"""Each place of the picture passes from one run to the next at a moment of its own.

Where two runs do not meet in one pose, nothing between them is a picture: a morph shows
both, half transparent. Along the surface in space and time at which they differ least one
can follow the other without being seen: the minimum cut between what is before and what is
after (Kwatra, Schödl, Essa, Turk and Bobick, "Graphcut textures", SIGGRAPH 2003). Here it
passes each place once, and is found line by line: along a row, with the rows beside it as
they are, dynamic programming finds the best moments of all its places at once; rows and
columns take turns until nothing gets better, first on a coarse picture, where few lines
are a large part of it, then on finer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.analysis.camera import Map
from longtake.analysis.letterbox import Box
from longtake.analysis.pictures import Gray

Moments = NDArray[np.intp]  # (rows, columns): the slab from which the later is shown
Share = NDArray[np.float32]  # (rows, columns) or (height, width, 1), 0 to 1
Costs = NDArray[np.float32]

_ACROSS = 80  # columns of the surface
_EVERYWHERE = np.float32(1)  # gray level: what costs nothing would pass at any moment
_COARSE = (8, 4, 2, 1)  # times as long and as high as the finest cells
_ROUNDS = 3
_SOFT = 3.0  # frames over which a place passes: in one or two, the picture would jump
_FEATHER = 0.7  # sigma of the edge between what has passed and what has not, in cells


def surface(
    before: Sequence[Gray], after: Sequence[Gray], weight: Share | None = None
) -> Moments:
    """When each cell passes: at slab 0, the first, up to the number of slabs, after the last.

    ``before``, ``after``: (h, w) uint8, what two runs show just before the transition, at
    each slab of it, and just after it. ``weight``: (rows, columns) of any size, how much a
    place of the picture counts.
    """
    height, width = before[0].shape
    rows = min(height, max(1, round(_ACROSS * height / width)))
    size = (min(width, _ACROSS), rows)
    pairs = zip(before, after, strict=True)
    differs = [
        _shrunk(np.asarray(cv2.absdiff(*pair)), size) + _EVERYWHERE for pair in pairs
    ]
    if weight is not None:
        counts = _shrunk(weight, size)
        differs = [one * counts for one in differs]
    moments: Moments | None = None
    for coarse in _COARSE:
        smaller = (max(1, size[0] // coarse), max(1, size[1] // coarse))
        costs = np.stack([_shrunk(one, smaller) for one in differs])
        moments = _passed(costs, coarse, moments)
    assert moments is not None, "the last is as fine as it gets"
    return moments


def _passed(differs: Costs, coarse: int, start: Moments | None) -> Moments:
    """The moments of a picture whose cells are ``coarse`` times as long, from ``start`` on.

    ``differs``: (slabs + 2, rows, columns). A cell passes over its area, and beside others
    along its edge.
    """
    now = np.moveaxis(differs[1:] + differs[:-1], 0, -1) * np.float32(coarse)
    passed = np.cumsum(differs[1:-1], axis=0, dtype=np.float32)
    passed = np.moveaxis(np.pad(passed, ((1, 0), (0, 0), (0, 0))), 0, -1)
    between = np.abs(passed[..., None] - passed[..., None, :])
    rows, columns = now.shape[:2]
    if start is None:
        moments = np.full((rows, columns), int(now.sum(axis=(0, 1)).argmin()))
    else:
        finer = cv2.resize(
            start.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST
        )
        moments = finer.astype(np.intp)
    for _ in range(_ROUNDS):
        old = moments.copy()
        for first in (0, 1):
            _pass_lines(now, between, moments, first)
        for first in (0, 1):
            _pass_lines(now.swapaxes(0, 1), between.swapaxes(0, 1), moments.T, first)
        if np.array_equal(old, moments):
            break
    return moments


def _shrunk(picture: NDArray[Any], size: tuple[int, int]) -> Share:
    exact = picture.astype(np.float32)
    return np.asarray(cv2.resize(exact, size, interpolation=cv2.INTER_AREA), np.float32)


def _pass_lines(now: Costs, between: Costs, moments: Moments, first: int) -> None:
    """Give every second line from ``first`` on the best moments, those beside it as they are.

    ``now``: (lines, places, moments), what it costs to pass at a moment; ``between``:
    (lines, places, moments, moments), half of what it costs beside one that passes at
    another.
    """
    lines = np.arange(first, len(now), 2)
    if not lines.size:
        return
    costs, edge = now[lines].copy(), between[lines]
    for aside in (-1, 1):
        here = np.flatnonzero((lines + aside >= 0) & (lines + aside < len(now)))
        beside = lines[here] + aside
        its = moments[beside][..., None, None]
        for half in (edge[here], between[beside]):
            costs[here] += np.take_along_axis(half, its, axis=-1)[..., 0]
    best, came_from = costs[:, 0], []
    for place in range(1, costs.shape[1]):
        total = best[:, :, None] + edge[:, place - 1] + edge[:, place]
        from_ = total.argmin(axis=1)
        came_from.append(from_)
        best = np.take_along_axis(total, from_[:, None], axis=1)[:, 0] + costs[:, place]
    moment = best.argmin(axis=1)
    moments[lines, -1] = moment
    for place, from_ in zip(
        range(costs.shape[1] - 2, -1, -1), came_from[::-1], strict=True
    ):
        moment = np.take_along_axis(from_, moment[:, None], axis=1)[:, 0]
        moments[lines, place] = moment


def share(passes: Share, time: float) -> Share:
    """How much of the later run is seen ``time`` frames into it, for each cell.

    ``passes``: (rows, columns), the frame from which each cell shows the later one.
    """
    since = (np.float32(time + 0.5) - passes) / np.float32(_SOFT)
    found = np.clip(since + np.float32(0.5), 0, 1)
    return np.asarray(cv2.GaussianBlur(found, (0, 0), _FEATHER), np.float32)


def spread(cells: Share, pixels: Map, size: tuple[int, int], box: Box) -> Share:
    """The part ``box`` of ``cells`` as a picture: (height, width, 1).

    ``pixels``: from those of the picture seen to those of a picture of ``size``, width
    and height, that ``cells`` fill.
    """
    rows, columns = cells.shape
    x, y = columns / size[0], rows / size[1]
    to_cells = np.array([[x, 0, x / 2 - 0.5], [0, y, y / 2 - 0.5], [0, 0, 1]])
    corner = np.array([[1, 0, box.left], [0, 1, box.top], [0, 0, 1]], np.float64)
    found = cv2.warpPerspective(
        cells,
        to_cells @ pixels @ corner,
        box.size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(found, np.float32)[..., None]
