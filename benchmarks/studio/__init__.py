"""The studio as a browser meets it: what it weighs, when it is painted, how it looks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        sys.exit("chromium is not installed: apt-get install chromium")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def sample(path: Path) -> Path:
    """The clip that the code draws, at ``path``."""
    command = [sys.executable, "-m", "longtake", "sample", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path
