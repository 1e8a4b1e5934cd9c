"""What moves: a sailing boat on the swell, gulls, leaves in the wind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from longtake.media.sample.view import Layer, Wander

_FINE = 4  # the boat is drawn this much larger, then scaled down smoothly
_BOAT = (208, 216)  # its picture, width and height in pixels
KEEL = (96.0, 192.0)  # column and row of it that meet the water, and where it turns

Shown = NDArray[np.uint8]  # (height, width, 3) uint8, RGB
Points = NDArray[np.float64]  # (n, 2): columns and rows


class Boat:
    """A small sloop under sail, its sails lit through by the low sun."""

    def __init__(self, random: np.random.Generator) -> None:
        self._picture = _boat()
        self._ahead = Wander(random, period_s=7.3, size=5.0)
        self._heave = Wander(random, period_s=2.9, size=1.3)
        self._roll = Wander(random, period_s=4.1, size=1.5)

    def layer(self, time_s: float, *, at: float) -> tuple[Layer, int]:
        """The boat at column ``at``, as it rides the swell; and its first column.

        It meets the water at row ``KEEL[1]`` of the layer.
        """
        x = at + self._ahead.at(time_s)
        first = int(x - KEEL[0])
        matrix = cv2.getRotationMatrix2D(KEEL, self._roll.at(time_s) - 2.2, 1.0)
        matrix[:, 2] += np.array([x - KEEL[0] - first, self._heave.at(time_s)])
        layer = cv2.warpAffine(self._picture, matrix, _BOAT, flags=cv2.INTER_LINEAR)
        return np.asarray(layer, np.float32), first


def _boat() -> Layer:
    """The boat upright: premultiplied RGBA, linear light."""
    canvas = np.zeros((_BOAT[1] * _FINE, _BOAT[0] * _FINE, 4), np.float32)
    y, x = np.mgrid[0 : canvas.shape[0], 0 : canvas.shape[1]].astype(np.float32) / _FINE
    along = np.linspace(0, 1, 24)
    sunlit = np.array([1.22, 0.76, 0.40])

    def paint(
        outline: Sequence[tuple[float, float]], color: NDArray[np.floating]
    ) -> None:
        cover = np.zeros(canvas.shape[:2], np.uint8)
        _fill(cover, np.array(outline) * _FINE, (255, 255, 255))
        share = (cover / np.float32(255))[..., None]
        canvas[...] *= 1 - share
        canvas[..., :3] += color * share
        canvas[..., 3:] += share

    def sail(light: NDArray[np.floating], seams: float) -> NDArray[np.floating]:
        seam = np.abs((y * 0.97 + x * 0.2) % seams - seams / 2) * 2 < 1
        return np.asarray(sunlit * (light - 0.06 * seam)[..., None])

    leech = [(89 - 58 * t**0.92 - 5 * np.sin(t * 3.0), 16 + 152 * t) for t in along]
    glow = 0.34 + 0.75 * np.exp(-(((x - 74) / 20) ** 2))
    paint([(88.5, 14), *leech, (88, 168)], sail(glow, 21))
    leech = [(91 + 70 * t + 7 * np.sin(t * 3.1), 34 + 138 * t) for t in along]
    glow = 0.42 + 0.95 * np.exp(-(((x - 132) / 22) ** 2))
    paint([(91, 34), *leech, (94, 166)], sail(glow, 25))
    for spar in (
        [(87.6, 6), (89.6, 6), (90.4, 178), (87.4, 178)],
        [(30, 168.5), (90, 170.5), (90, 172.5), (30, 170.5)],
        [(44, 182), (43, 170), (46, 164), (51, 164), (54, 171), (56, 182)],  # helmsman
        [(48.6 + 3.4 * np.cos(a), 160 + 3.9 * np.sin(a)) for a in along * 6.28],
    ):
        paint(spar, np.array([0.040, 0.036, 0.040]))
    keel = [(172 - 146 * t, 192 + 3.5 * np.sin(np.pi * t)) for t in along]
    hull = (
        np.array([0.028, 0.040, 0.075]) + np.clip((x - 90) / 90, 0, 1)[..., None] * 0.12
    )
    paint([(20, 178), (100, 181), (184, 173), *keel], hull)
    rail = [
        (20, 178),
        (100, 181),
        (184, 173),
        (183, 175.2),
        (100, 183.6),
        (20.4, 180.6),
    ]
    paint(rail, np.array([0.95, 0.62, 0.36]))
    return np.asarray(
        cv2.resize(canvas, _BOAT, interpolation=cv2.INTER_AREA), np.float32
    )


class Gulls:
    """A few gulls that hang on the wind above the lake."""

    def __init__(self, random: np.random.Generator) -> None:
        self._birds = [
            (
                Wander(random, period_s=6.3, size=7.0),
                Wander(random, period_s=4.9, size=4.0),
                Wander(random, period_s=0.62, size=0.5, waves=3),
                random.uniform(0.75, 1.15),
                np.array(home) + random.normal(0, 9, 2),
            )
            for home in ((150.0, 66.0), (236.0, 44.0), (318.0, 98.0))
        ]

    def draw(self, picture: Shown, time_s: float, *, x: float) -> None:
        """Draw them into ``picture``, moved by the camera's ``x``."""
        for across, down, beat, size, home in self._birds:
            center = home + np.array([across.at(time_s) + x, down.at(time_s)])
            lift = beat.at(time_s)
            bank = 0.05 * (across.at(time_s + 0.1) - across.at(time_s - 0.1))
            span = np.array([-10.0, -7.0, -3.8, 0.0, 3.8, 7.0, 10.0])
            arch = np.array([0.8, -2.4, -3.0, 0.0, -3.0, -2.4, 0.8])
            arch -= np.array([6.5, 4.8, 2.2, -0.8, 2.2, 4.8, 6.5]) * lift
            wing = size * np.stack([span, arch + span * bank], axis=1)
            _fill(picture, center + _thick(wing, size * 0.95), (58, 52, 56))


class Leaves:
    """Twigs of a willow that hang into the view and answer every gust."""

    def __init__(self, random: np.random.Generator) -> None:
        self._gust = Wander(random, period_s=3.7, size=1.0)
        self._twigs = [
            _twig(
                random,
                root=np.array([548.0 + 372 * share**0.85, -18.0])
                + random.normal(0, 7, 2),
                length=random.uniform(50, 92) + 96 * share**1.6,
            )
            for share in np.linspace(0, 1, 24)
        ]

    def draw(self, picture: Shown, time_s: float, *, x: float) -> None:
        """Draw them into ``picture``, moved by the camera's ``x``."""
        for twig in self._twigs:
            swing = 0.05 * self._gust.at(time_s - twig.root[0] / 700) + twig.own.at(
                time_s
            )
            angle = twig.bend + swing * np.linspace(0.2, 1.6, len(twig.bend))
            steps = twig.reach * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            points = twig.root + np.array([x, 0]) + np.cumsum(steps, axis=0)
            _fill(picture, _thick(points, 1.7), (34, 27, 22))
            for leaf in twig.leaves:
                flutter = leaf.flutter.at(time_s)
                turn = angle[leaf.joint] + leaf.aim + flutter + swing
                outline = leaf.outline * (1.0, 0.8 + 1.2 * flutter)
                cos, sin = np.cos(turn), np.sin(turn)
                turned = outline @ np.array([[cos, sin], [-sin, cos]])
                _fill(picture, points[leaf.joint] + turned, leaf.color)


@dataclass(frozen=True, slots=True)
class _Leaf:
    joint: int  # of its twig
    aim: float  # radians, away from the twig
    outline: Points
    color: tuple[float, float, float]
    flutter: Wander


@dataclass(frozen=True, slots=True)
class _Twig:
    root: Points
    reach: float  # pixels from joint to joint
    bend: NDArray[np.float64]  # direction at each joint, radians
    leaves: tuple[_Leaf, ...]
    own: Wander


def _twig(random: np.random.Generator, *, root: Points, length: float) -> _Twig:
    """A twig that hangs down, bent a little, with leaves on either side of it."""
    joints = int(length / 5)
    bend = np.deg2rad(random.uniform(86, 108)) + np.cumsum(
        random.normal(0, 0.05, joints)
    )
    leaves = []
    for joint in range(2, joints):
        along = np.linspace(0, np.pi, 9)
        size = random.uniform(11, 19) * (1.1 - 0.5 * joint / joints)
        far, half = size * (1 - np.cos(along)) / 2, 0.10 * size * np.sin(along)
        outline = np.concatenate(
            [np.stack([far, half], 1), np.stack([far, -half], 1)[::-1]]
        )
        light = random.beta(1.1, 2.6)
        color = (1 - light) * np.array([34, 36, 24]) + light * np.array([196, 142, 50])
        side = random.choice([-1, 1])
        leaves.append(
            _Leaf(
                joint=joint,
                aim=side * random.uniform(0.25, 0.95),
                outline=outline,
                color=(float(color[0]), float(color[1]), float(color[2])),
                flutter=Wander(random, period_s=0.9, size=0.09, waves=4),
            )
        )
    own = Wander(random, period_s=1.9, size=0.02)
    return _Twig(root, length / joints, bend, tuple(leaves), own)


def _thick(line: Points, width: float) -> Points:
    """The outline of a line that tapers towards both ends."""
    half = width / 2 * np.sqrt(np.sin(np.linspace(0.12, np.pi - 0.12, len(line))))
    across = np.gradient(line, axis=0)[:, ::-1] * (-1, 1)
    across *= (half / np.hypot(*across.T))[:, None]
    return np.concatenate([line + across, (line - across)[::-1]])


def _fill(picture: Shown, outline: Points, color: tuple[float, float, float]) -> None:
    """Fill an outline, smooth at its edge, to a sixteenth of a pixel."""
    fixed = np.round(outline * 16).astype(np.int32)
    cv2.fillPoly(picture, [fixed], color, cv2.LINE_AA, shift=4)
