"""The peak memory of one extend, all its processes together, as the source gets longer."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.source import looped

QUESTION = (
    "Does memory grow with the source's length? (Peak of `longtake extend`, 832x464, 4 s "
    "more, all processes together, shared pages counted once (PSS), looked at every 20 ms.)"
)
COLUMNS = ("source_s", "peak_mb", "above_5_s_mb")
_LENGTHS_S = (5, 60, 600)
_EVERY_S = 0.02
_PROC = Path("/proc")


def main() -> None:
    """Measure at 5, 60 and 600 seconds."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seconds in _LENGTHS_S:
            source, output = looped(folder, seconds), folder / "longer.mp4"
            command = [sys.executable, "-m", "longtake", "extend", str(source)]
            peak = peak_bytes([*command, "-o", str(output), "--force"]) / 1e6
            first = rows[0]["peak_mb"] if rows else peak
            rows.append(
                {"source_s": seconds, "peak_mb": peak, "above_5_s_mb": peak - first}
            )
    results.write("memory", QUESTION, COLUMNS, rows)


def peak_bytes(command: list[str], *, every_s: float = _EVERY_S) -> int:
    """The largest memory that ``command`` and all it starts hold at one moment.

    Raises subprocess.CalledProcessError where the command fails.
    """
    done = threading.Event()
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:

        def watch() -> None:
            nonlocal peak
            while not done.wait(every_s):
                peak = max(peak, sum(map(held_bytes, tree(process.pid))))

        watcher = threading.Thread(target=watch)
        watcher.start()
        process.wait()
        done.set()
        watcher.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak


def tree(pid: int, proc: Path = _PROC) -> list[int]:
    """``pid`` and all its descendants, those of dead parents in our session left out."""
    children: dict[int, list[int]] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
            except OSError:  # it ended meanwhile
                continue
            parent = int(status.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def held_bytes(pid: int, proc: Path = _PROC) -> int:
    """The proportional set size of a process: a page shared by n counts 1/n; 0 when gone."""
    try:
        lines = (proc / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    assert _PROC.is_dir(), "memory is looked up in /proc, which Linux has"
    main()
