"""The command as a user runs it: a real process, its words, and what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()  # noqa: TID251  (a user's own environment)
    if not name.startswith("LONGTAKE_")
}


@dataclass(frozen=True, slots=True)
class Ran:
    """How one run ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document of a run with ``--json``."""
        read: dict[str, Any] = json.loads(self.out)
        return read


def start(
    *arguments: str | Path,
    folder: Path | None = None,
    stdin: int = subprocess.DEVNULL,
    **environment: str,
) -> subprocess.Popen[str]:
    """Start ``longtake ARGUMENTS`` in ``folder``."""
    return subprocess.Popen(
        [sys.executable, "-m", "longtake", *map(str, arguments)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=ENVIRONMENT | environment,
    )


def longtake(
    *arguments: str | Path, folder: Path | None = None, **environment: str
) -> Ran:
    """Run ``longtake ARGUMENTS`` to its end."""
    with start(
        *arguments, folder=folder, stdin=subprocess.DEVNULL, **environment
    ) as process:
        out, err = process.communicate(timeout=300)
    return Ran(process.returncode, out, err)


def listed(folder: Path) -> dict[str, bytes]:
    """Everything in ``folder``, hidden files too, with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
