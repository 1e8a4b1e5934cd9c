"""A contact sheet per clip: what was given, what happened, and what was made of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.quality.windows import Window
from longtake.analysis.pictures import Frames
from longtake.analysis.sheet import Sheet

_WIDE, _TALL, _GAP, _LABEL = 152, 92, 4, 92  # pixels: a picture at most, and around it
_COUNT = 7  # pictures in a row
_PAPER, _INK, _OWN, _NEW = (
    (19, 21, 26),
    (232, 234, 240),
    (116, 160, 214),
    (240, 168, 88),
)
_QUALITY = 62
MOST_BYTES = 60_000


def contact(window: Window, rows: Mapping[str, Frames], path: Path) -> None:
    """Draw ``rows`` of continuations, by name, under each other, the last old frame first."""
    height, width = window.context.shape[1:3]
    scale = min(_WIDE / width, _TALL / height)
    wide, tall = round(width * scale), round(height * scale)
    chosen = np.linspace(0, len(window.future) - 1, _COUNT).round().astype(int)
    sheet = Sheet(
        _LABEL + (_COUNT + 1) * (wide + _GAP),
        26 + len(rows) * (tall + _GAP),
        _PAPER,
    )
    sheet.text((8, 13), window.clip, 12, _INK, "lm")
    for column, k in enumerate([-1, *chosen]):
        x = _LABEL + column * (wide + _GAP)
        stamp = f"{float((k + 1) / window.rate):+.2f} s" if k >= 0 else "the clip's end"
        color = _NEW if k >= 0 else _OWN
        sheet.text((x + wide / 2, 13), stamp, 12, color, "mm")
        for row, (name, frames) in enumerate(rows.items()):
            y = 26 + row * (tall + _GAP)
            if not column:
                sheet.text((8, y + tall / 2), name.replace("_", " "), 12, _INK, "lm")
            frame = window.context[-1] if k < 0 else frames[min(k, len(frames) - 1)]
            sheet.picture(frame, (x, y, x + wide, y + tall))
    image = sheet.finished()
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in range(_QUALITY, 10, -8):
        image.save(path, "JPEG", quality=quality, optimize=True)
        if path.stat().st_size < MOST_BYTES:
            return
