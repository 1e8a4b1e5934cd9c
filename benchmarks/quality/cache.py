"""What was already measured, kept outside the tree: a run that was stopped goes on.

A result lies under the digest of the sources that it depends on, so that what was
measured by other code is never taken for this. An engine that changes leaves what really
happened and the controls as they were.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.quality import windows
from benchmarks.quality.scores import Score
from benchmarks.quality.windows import Held, Window

FOLDER = Path(tempfile.gettempdir()) / "longtake-quality"

_HERE = Path(__file__).parent
_SOURCE = Path(__file__).resolve().parents[2] / "src" / "longtake"
_READING = [_HERE / "windows.py", _SOURCE / "analysis" / "cuts.py"]
_MEASURING = [
    *_READING,
    _HERE / "controls.py",
    _HERE / "scores.py",
    *(
        _SOURCE / "analysis" / f"{name}.py"
        for name in (
            "measures",
            "curves",
            "recurrence",
            "distances",
            "duplicates",
            "flow",
            "pictures",
        )
    ),
]
# By what is measured: the sources that it depends on.
SOURCES: dict[str, list[Path]] = {
    "real_and_controls": _MEASURING,
    "engines": [
        *_MEASURING,
        *(_SOURCE / "analysis").glob("*.py"),
        *(_SOURCE / "engines").rglob("*.py"),
    ],
}


def digest(paths: Sequence[Path]) -> str:
    """Twelve hexadecimal digits of what the files hold."""
    found = hashlib.sha256()
    for path in sorted(set(paths)):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:12]


def held(path: Path) -> Held:
    """:func:`windows.held`, read once: it is kept small."""
    folder = FOLDER / f"frames-{digest([*_READING, path])}"
    pictures, facts = folder / f"{path.stem}.npy", folder / f"{path.stem}.json"
    if not facts.exists():
        found = windows.held(path)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(pictures, found.frames)
        told = {"rate": str(found.rate), "ends": dict(found.ends)}
        _written(facts, json.dumps(told))
    told = json.loads(facts.read_text())
    ends = {int(join): end for join, end in told["ends"].items()}
    frames = np.load(pictures, mmap_mode="r")
    return Held(path.stem, Fraction(told["rate"]), frames, ends)


def scored(
    window: Window,
    kind: str,
    measured: Callable[[Window], list[Score]],
    folder: Path = FOLDER,
) -> list[Score]:
    """What is ``measured`` of a window, or was before by the same sources."""
    folder = folder / f"{kind}-{digest(SOURCES[kind])}"
    path = folder / f"{window.clip}-{window.join}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _written(path, json.dumps(measured(window)))
    found: list[Score] = json.loads(path.read_text())
    return found


def _written(path: Path, text: str) -> None:
    """Whole or not at all, whoever is stopped when."""
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)
