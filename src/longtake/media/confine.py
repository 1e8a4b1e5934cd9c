"""What a child that decodes outside bytes may still do, once confined.

Layers, each taken where the system has it and reported by :func:`capabilities`: resource
limits, no new privileges and no core dump, Landlock (media.landlock), a seccomp filter
(media.seccomp). On macOS only the limits are left, on Windows nothing but the empty
environment and the process of its own. A missing layer is never fatal.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from longtake.media import landlock, seccomp

try:
    _resource: Any = importlib.import_module("resource")
except ImportError:  # not everywhere
    _resource = None

_MAX_DESCRIPTORS = 32
_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SIGKILL = 9
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_AFTER_WARNING_S = 2  # between SIGXCPU and SIGKILL
_M_ARENA_MAX = -8  # of glibc's mallopt


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one child gets. ``writes`` are files that exist already."""

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()
    cpu_s: int = 30
    memory_bytes: int = 2 << 30  # of address space


def die_with_parent() -> None:
    """Linux kills this process when the thread that started it ends."""
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def confine(bounds: Bounds) -> dict[str, bool | str]:
    """Confine this process for good. Returns which layers are in force.

    Threads that run already escape Landlock: call it before any is started.
    """
    os.environ.clear()  # noqa: TID251 - forgets it, reads nothing
    layers: dict[str, bool | str] = dict(_limit(bounds))
    layers["privileges"] = _prctl(_PR_SET_NO_NEW_PRIVS, 1) and _drop_powers()
    _prctl(_PR_SET_DUMPABLE, 0)
    layers["files"] = layers["network"] = layers["system_calls"] = False
    if sys.platform != "linux":
        return layers
    with suppress(OSError, AttributeError):
        version = landlock.restrict(
            reads=[*bounds.reads, *_libraries()], writes=bounds.writes
        )
        layers["files"] = f"Landlock {version}" if version else False
    with suppress(OSError, AttributeError):
        layers["system_calls"] = seccomp.restrict(writes=bool(bounds.writes))
        layers["network"] = layers["system_calls"]
    return layers


@cache
def capabilities() -> dict[str, bool | str]:
    """The layers that a child on this machine really gets, asked of one.

    Keys: memory, cpu, file_size, descriptors, core_dump, privileges, files, network,
    system_calls; values: whether in force, or by what.
    """
    child = subprocess.run(
        [sys.executable, "-P", "-m", __name__],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=60,
    )
    layers: dict[str, bool | str] = json.loads(child.stdout)
    return layers


def environment() -> dict[str, str]:
    """The environment of a child: where to import from, and what Windows cannot miss.

    One BLAS thread, so that none runs before the child is confined.
    """
    from longtake import settings  # noqa: PLC0415 - slow to import; a child never asks

    return {
        **settings.child_environment("SYSTEMROOT", "TEMP"),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
    }


def _limit(bounds: Bounds) -> dict[str, bool]:
    """Set the resource limits, as far as the system knows them."""
    names = ("memory", "cpu", "file_size", "descriptors", "core_dump")
    if _resource is None:
        return dict.fromkeys(names, False)
    with suppress(
        AttributeError, OSError
    ):  # glibc: one heap for all threads, not 64 MB each
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
    endless = _resource.RLIM_INFINITY
    file_size = endless if bounds.writes else 0
    wanted = (
        ("memory", "RLIMIT_AS", bounds.memory_bytes, bounds.memory_bytes),
        ("cpu", "RLIMIT_CPU", bounds.cpu_s, bounds.cpu_s + _AFTER_WARNING_S),
        ("file_size", "RLIMIT_FSIZE", file_size, file_size),
        ("descriptors", "RLIMIT_NOFILE", _MAX_DESCRIPTORS, _MAX_DESCRIPTORS),
        ("core_dump", "RLIMIT_CORE", 0, 0),
    )
    layers = dict.fromkeys(names, False)
    for name, kind, soft, hard in wanted:
        with suppress(ValueError, OSError, AttributeError):
            which = getattr(_resource, kind)
            ceiling = _resource.getrlimit(which)[1]
            _resource.setrlimit(which, (_within(soft, ceiling), _within(hard, ceiling)))
            layers[name] = True
    return layers


def _within(wanted: int, ceiling: int) -> int:
    """The lower of two limits, of which -1 is none."""
    return min((n for n in (wanted, ceiling) if n >= 0), default=-1)


def _libraries() -> Sequence[Path]:
    """What a running interpreter may still have to read: its libraries, nothing of a home.

    The folders of what is imported already rather than sys.path, which may hold the
    folder of a user's script.
    """
    paths = sysconfig.get_paths()
    folders = {Path(paths[name]) for name in ("stdlib", "platstdlib")}
    for name, module in tuple(sys.modules.items()):
        if "." not in name and getattr(module, "__path__", None):
            folders.update(Path(folder) for folder in module.__path__)
    return [*sorted(folders), *map(Path, _SYSTEM_LIBRARIES)]


def _drop_powers() -> bool:
    """Keep of root's capabilities only the reading of other users' files.

    The input may be such a file; which files at all is for the other layers.
    """
    if sys.platform != "linux":
        return False
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    kept = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: low, then high
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        have = (ctypes.c_uint32 * 6)()
        libc.capget(header, have)
        kept[0], kept[1] = have[0] & _CAP_DAC, have[1] & _CAP_DAC
        return int(libc.capset(header, kept)) == 0
    return False


def _prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        rest = [ctypes.c_ulong(n) for n in (value, 0, 0, 0)]
        return int(libc.prctl(ctypes.c_int(option), *rest)) == 0
    return False


if __name__ == "__main__":
    sys.stdout.write(json.dumps(confine(Bounds())))
