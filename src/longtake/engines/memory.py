"""How much memory a process and everything it started hold, asked of Linux.

What is really held, summed over all of them: a limit of address space or data (setrlimit)
counts what is only reserved, by GPU libraries beyond any limit and by the threads of a
large machine; it is each process's own; and a library that meets it dies in ways that do
not say why. The price is that a limit is seen to be passed a moment late.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_KILOBYTE = 1024
_HELD = ("RssAnon:", "RssShmem:", "VmSwap:")
_SHARES = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")  # pages of several, divided by them


def exceeds(pid: int, limit_bytes: int) -> bool:
    """Whether process ``pid`` and its descendants together hold more than the limit.

    Files that are only mapped do not count. Not known, and never true, elsewhere.
    """
    family = list(_family(pid))
    if sum(_sum(process / "status", _HELD) for process in family) <= limit_bytes:
        return False
    # Pages shared after a fork were counted twice; exact is slow, so asked only now.
    return sum(_sum(one / "smaps_rollup", _SHARES) for one in family) > limit_bytes


def _family(pid: int) -> Iterator[Path]:
    found = [str(pid)]
    while found:
        process = Path("/proc", found.pop())
        yield process
        with suppress(OSError):  # it ended meanwhile
            for thread in (process / "task").iterdir():
                found += (thread / "children").read_text().split()


def _sum(file: Path, names: tuple[str, ...]) -> int:
    """The sum of the lines ``names`` of a file of /proc, in bytes."""
    with suppress(OSError):
        lines = [line.split() for line in file.read_text().splitlines()]
        return sum(int(line[1]) for line in lines if line[0] in names) * _KILOBYTE
    return 0
