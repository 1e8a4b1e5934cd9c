"""Subjects laid over the picture: each from an original frame, resampled once."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from longtake.analysis.camera import Map
from longtake.engines.motion import morph
from longtake.engines.motion.matte import Alpha, Picture
from longtake.engines.motion.plan import Sprite, running
from longtake.engines.motion.stage import Cutout, Stage
from longtake.engines.motion.trail import centered

_CUBIC = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP


def lay(
    picture: Picture,
    stage: Stage,
    sprites: Sequence[Sprite],
    view: Map | None,
    time: float,
) -> None:
    """Draw ``sprites`` into ``picture`` (height, width, 3) as ``view`` sees new frame ``time``.

    The later in order, the nearer.
    """
    whole = np.eye(3) if view is None else view
    to_scene = whole @ np.linalg.inv(stage.to_pixels)
    for number, one in enumerate(sprites):
        to_subject = np.linalg.inv(centered(one.trail.onward(time))) @ to_scene
        box = stage.box(one.trail.corners, np.linalg.inv(to_subject))
        if box is None:  # it has left the picture
            continue
        corner = np.array([[1, 0, box.left], [0, 1, box.top], [0, 0, 1]])
        ink = np.zeros((*box.size[::-1], 3), np.float32)
        alpha = np.zeros(box.size[::-1], np.float32)
        for entry, weight in _shown(one, time):
            cutout = stage.cutout(number, entry)
            if cutout is not None:
                matrix = centered(one.trail.poses[entry]) @ to_subject @ corner
                seen = _seen(cutout, stage.to_frame(entry) @ matrix, box.size)
                ink += np.float32(weight) * seen[0]
                alpha += np.float32(weight) * seen[1]
        part = picture[box.slices]
        part += ink - alpha[..., None] * part


def _shown(one: Sprite, time: float) -> list[tuple[int, float]]:
    """The poses shown at ``time``, each with its weight."""
    run, under = running(one.runs, time)
    share, _ = (1.0, 1.0) if under is None else morph.shares(time, run.at, run.fade)
    shown = [(run, share)] if under is None else [(run, share), (under, 1 - share)]
    return [
        (one.trail.within(round(each.place(time))), weight) for each, weight in shown
    ]


def _seen(cutout: Cutout, matrix: Map, size: tuple[int, int]) -> tuple[Picture, Alpha]:
    """A subject through ``matrix``, from pixels of ``size`` to those of its frame."""
    corner = np.array([[1, 0, -cutout.box.left], [0, 1, -cutout.box.top], [0, 0, 1]])
    whole = corner @ matrix
    ink = cv2.warpPerspective(cutout.ink, whole, size, flags=_CUBIC)
    alpha = cv2.warpPerspective(cutout.alpha, whole, size, flags=_CUBIC)
    return np.asarray(ink, np.float32), np.asarray(np.clip(alpha, 0, 1), np.float32)
