"""A wall clock that a test can step, for the processes that are started with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import missing

_SOURCE = Path(__file__).with_suffix(".c")
_OPTIONS = ("-O1", "-Wall", "-Werror", "-shared", "-fPIC")


class WallClock:
    """Runs as the machine's does, ``ahead_s`` seconds ahead of it; those may be negative.

    Only the wall clock: monotonic clocks and all waits stay as they are. ``environment``
    is what gives it to a process, and to all that inherit its environment.
    """

    def __init__(self, folder: Path) -> None:
        if sys.platform != "linux" or (compiler := shutil.which("cc")) is None:
            missing("no C compiler to make a clock with: apt-get install gcc libc6-dev")
            raise AssertionError
        library = folder / "wall_clock.so"
        subprocess.run(
            [compiler, *_OPTIONS, _SOURCE, "-o", library],
            check=True,
        )
        self._file = folder / "wall_clock_ahead"
        self._file.write_bytes(bytes(8))
        self.ahead_s = 0
        self.environment = {
            "LD_PRELOAD": str(library),
            "WALL_CLOCK_AHEAD": str(self._file),
        }

    def step(self, seconds: int) -> None:
        """Set the clock forward, or back."""
        self.ahead_s += seconds
        ahead_ns = self.ahead_s * 1_000_000_000
        with self._file.open("r+b") as file:  # in place: it is mapped
            file.write(ahead_ns.to_bytes(8, sys.byteorder, signed=True))
