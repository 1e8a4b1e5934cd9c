"""The tracked files of this repository, as the house rules look at them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tracked(*patterns: str) -> Iterator[Path]:
    """The files that git holds and that still exist; skips outside a checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("these rules are about a git checkout")
    names = subprocess.run(
        ["git", "ls-files", "-z", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in names.split("\0"):
        path = ROOT / name
        if name and path.is_file():
            yield path


def text(path: Path) -> str | None:
    """What a text file says; None for a file that is not text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None
