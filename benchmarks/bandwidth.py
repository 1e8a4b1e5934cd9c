"""How many bytes a second the operations of drawing and measuring move, beside a plain copy."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from benchmarks import results
from longtake.analysis.flow import flow, same_bits
from longtake.clock import monotonic_s

COLUMNS = ("operation", "ms", "gb_per_s", "of_a_copy")
_WIDTH, _HEIGHT = 832, 464
_RUNS = 31
_MUCH_BYTES = 256_000_000  # no cache holds it


def told() -> str:
    """The table, with a sentence before it."""
    return (
        f"What bounds drawing and measuring: operations on one frame of {_WIDTH}x{_HEIGHT}, "
        "one thread, bytes read and written once each:\n\n"
        + results.table(COLUMNS, rows())
    )


def _operations() -> dict[str, tuple[int, Callable[[], Any]]]:
    """What is measured: the bytes that it moves, and how to do it once."""
    random = np.random.default_rng(0)
    size = (_WIDTH, _HEIGHT)
    frame = random.integers(0, 256, (_HEIGHT, _WIDTH, 3), np.uint8)
    frame = np.asarray(cv2.GaussianBlur(frame, (0, 0), 2.0), np.uint8)
    exact, copy = frame.astype(np.float32), np.empty(frame.shape, np.float32)
    x, y = np.meshgrid(np.arange(_WIDTH), np.arange(_HEIGHT))
    grid = np.dstack([x, y]).astype(np.float32) + np.float32(1.3)
    gray = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8)
    little = np.asarray(cv2.resize(gray, (_WIDTH // 2, _HEIGHT // 2)), np.uint8)
    there = np.roll(little, 1, axis=1)
    n_flow = 2 * little.nbytes + 8 * little.size
    view = np.array([[1, 0.01, 3], [0, 1, 2.5], [0, 0, 1]])
    cubic = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP

    much, other = np.ones((2, _MUCH_BYTES), np.uint8)
    return {
        "copy of 256 MB": (2 * much.nbytes, lambda: np.copyto(other, much)),
        "copy of the frame (float32)": (
            2 * exact.nbytes,
            lambda: np.copyto(copy, exact),
        ),
        "mix of two pictures (float32)": (
            3 * exact.nbytes,
            lambda: cv2.addWeighted(exact, 0.3, copy, 0.7, 0, dst=copy),
        ),
        "remap, cubic (float32)": (
            2 * exact.nbytes + grid.nbytes,
            lambda: cv2.remap(exact, grid, None, cv2.INTER_CUBIC),  # type: ignore[call-overload]
        ),
        "warpPerspective, cubic (float32)": (
            2 * exact.nbytes,
            lambda: cv2.warpPerspective(exact, view, size, flags=cubic),
        ),
        "resize to half, by area (uint8)": (
            frame.nbytes * 5 // 4,
            lambda: cv2.resize(
                frame, (_WIDTH // 2, _HEIGHT // 2), interpolation=cv2.INTER_AREA
            ),
        ),
        "DIS flow, fast, at half the size": (n_flow, lambda: flow(little, there)),
    }


def rows() -> list[dict[str, Any]]:
    """One row for each operation, the copy first."""
    found: list[dict[str, Any]] = []
    with same_bits():
        for name, (n_bytes, work) in _operations().items():
            seconds = _seconds(work)
            rate = n_bytes / seconds / 1e9
            first = found[0]["gb_per_s"] if found else rate
            found.append(
                {
                    "operation": name,
                    "ms": seconds * 1e3,
                    "gb_per_s": rate,
                    "of_a_copy": rate / first,
                }
            )
    return found


def _seconds(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(_RUNS):
        began = monotonic_s()
        work()
        times.append(monotonic_s() - began)
    return statistics.median(times)
