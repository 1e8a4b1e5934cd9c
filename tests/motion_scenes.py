"""Small drawn clips whose continuation is known, for the motion engine."""

from __future__ import annotations

from math import cos, radians, sin

import cv2
import numpy as np

from longtake.engines.protocol import Frames

Pose = tuple[float, float, float, float]  # right, down (pixels), factor, degrees


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture with detail at every scale: (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for octave in range(1, 6):
        size = (max(2, width >> octave), max(2, height >> octave))
        noise = rng.standard_normal((size[1], size[0], 3)).astype(np.float32)
        total += octave * cv2.resize(
            noise, (width, height), interpolation=cv2.INTER_CUBIC
        )
    return np.clip(128 + 14 * total, 0, 255).astype(np.uint8)


def slide(n_frames: int, speed: float, width: int = 208, height: int = 120) -> Frames:
    """The picture moves to the left by ``speed`` pixels a frame: (t, h, w, 3) uint8."""
    long = texture(height, width + 64 + int(speed * n_frames) + 1)
    return np.stack([window(long, speed * t, width) for t in range(n_frames)])


def window(long: np.ndarray, left: float, width: int) -> np.ndarray:
    """``width`` columns of a long picture from ``left`` on, between pixels too."""
    matrix = np.array([[1, 0, left], [0, 1, 0]], np.float64)
    size = (width, long.shape[0])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(long, matrix, size, flags=flags), np.uint8)


def filmed(poses: list[Pose]) -> Frames:
    """A still texture as a camera sees it at each of ``poses``: (t, 120, 208, 3) uint8."""
    ground = texture(480, 832, seed=5)
    frames = []
    for right, down, factor, degrees in poses:
        c, s = cos(radians(degrees)) / factor, sin(radians(degrees)) / factor
        x, y = 103.5, 59.5
        view = np.array(
            [[c, -s, 416 + right - c * x + s * y], [s, c, 240 + down - s * x - c * y]]
        )
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        frames.append(cv2.warpAffine(ground, view, (208, 120), flags=flags))
    return np.stack(frames).astype(np.uint8)


def swing(
    n_frames: int, period: float, width: int = 128, height: int = 72, first: int = 0
) -> Frames:
    """A textured board swings before a still ground: (t, h, w, 3) uint8."""
    ground = texture(height, width, seed=1)
    board = texture(height // 2, width // 4, seed=2)
    frames = np.repeat(ground[None], n_frames, axis=0)
    for t in range(n_frames):
        sway = np.sin(2 * np.pi * (first + t) / period)
        left = (width - board.shape[1]) / 2 + width / 5 * sway
        matrix = np.array([[1, 0, left], [0, 1, height / 4]], np.float64)
        cv2.warpAffine(
            board,
            matrix,
            (width, height),
            frames[t],
            cv2.INTER_LINEAR,
            cv2.BORDER_TRANSPARENT,
        )
    return frames


def two_beats(n_frames: int, first: int = 0) -> Frames:
    """Two boards swing apart from each other, every 17 and every 23 frames."""
    left = swing(n_frames, 17, width=104, height=96, first=first)
    right = swing(n_frames, 23, width=104, height=96, first=first)
    return np.concatenate([left, right], axis=2)


def panned(n_frames: int, speed: float, first: int = 0) -> Frames:
    """Boards swing every 16 frames while the camera pans to the right by ``speed`` pixels."""
    ground = texture(120, 640, seed=5)
    board = texture(30, 30, seed=6)
    frames = []
    for t in range(first, first + n_frames):
        wide = ground.copy()
        for k in range(8):
            down = 45 + 14 * np.sin(2 * np.pi * t / 16 + k)
            matrix = np.array([[1, 0, 30 + 75 * k], [0, 1, down]], np.float64)
            cv2.warpAffine(
                board,
                matrix,
                wide.shape[1::-1],
                wide,
                cv2.INTER_LINEAR,
                cv2.BORDER_TRANSPARENT,
            )
        frames.append(window(wide, 40 + speed * t, 208))
    return np.stack(frames)


def _laid(
    frame: np.ndarray, colors: np.ndarray, cover: np.ndarray, at: tuple[float, float]
) -> None:
    """Lay ``colors`` (h, w, 3), as far as it covers, over ``frame``, its corner at x, y."""
    matrix = np.array([[1, 0, at[0]], [0, 1, at[1]]], np.float64)
    size = (frame.shape[1], frame.shape[0])
    alpha = cv2.warpAffine(cover.astype(np.float32), matrix, size)[..., None]
    moved = cv2.warpAffine(colors * cover[..., None], matrix, size).astype(np.float32)
    frame[:] = np.rint(frame * (1 - alpha) + moved)


def _walker(phase: float) -> tuple[np.ndarray, np.ndarray]:
    """A figure with two legs that swing: colors (52, 40, 3) and where it is, 0 to 1."""
    fine = 4
    cover = np.zeros((52 * fine, 40 * fine), np.uint8)
    cv2.ellipse(cover, (80, 20), (20, 20), 0, 0, 360, 255, -1)
    cv2.rectangle(cover, (56, 36), (104, 116), 255, -1)
    for side in (0.0, np.pi):
        foot = 80 + 56 * np.sin(phase + side)
        cv2.line(cover, (80, 108), (round(foot), 196), 255, 22)
    alpha = cv2.resize(cover, (40, 52), interpolation=cv2.INTER_AREA) / np.float32(255)
    colors = texture(52, 40, seed=8).astype(np.float32) * 0.4
    colors[..., 0] += 110
    return colors, alpha


def walk(
    n_frames: int,
    *,
    first: int = 0,
    speed: float = 1.5,
    pan: float = 0.0,
    period: int = 11,
) -> Frames:
    """A figure walks to the right, a step cycle every ``period`` frames: (t, 120, 208, 3).

    The camera pans to the right by ``pan`` pixels a frame.
    """
    ground = texture(120, 520, seed=5)
    frames = []
    for t in range(first, first + n_frames):
        wide = ground.copy()
        _laid(wide, *_walker(2 * np.pi * t / period), (44 + speed * t, 50))
        frames.append(window(wide, 40 + pan * t, 208))
    return np.stack(frames)


def drive(n_frames: int, *speeds: float, first: int = 0) -> Frames:
    """Cars drive, each at a speed of its own, one below the other: (t, 120, 208, 3)."""
    ground = texture(120, 208, seed=5)
    cover = np.pad(np.ones((14, 20), np.float32), 1)
    frames = np.repeat(ground[None], n_frames, axis=0)
    for t in range(n_frames):
        for k, speed in enumerate(speeds):
            colors = texture(16, 22, seed=20 + k).astype(np.float32) * 0.5
            colors[..., k % 3] += 120
            start = 6 if speed > 0 else 180
            _laid(frames[t], colors, cover, (start + speed * (first + t), 50 + 10 * k))
    return frames
