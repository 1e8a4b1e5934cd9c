"""Landlock: the kernel forbids this process every file but the named ones.

Raw system calls, since no C library wraps them (their numbers are the same on every
architecture). Source: the kernel's Documentation/userspace-api/landlock.rst, ABI 1 to 7.
Not covered by any ABI so far: stat, chmod, chown and times of files; media.seccomp
forbids the changing ones.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_QUERY_VERSION = 1  # flag of _CREATE_RULESET
_PATH_BENEATH = 1  # rule type

_WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
_OF_A_FILE = _WRITE_FILE | _READ_FILE | _TRUNCATE
_FILE_RIGHTS = (0, 13, 14, 15, 15, 16)  # how many of the bits each ABI knows
_ABI_TCP, _TCP_BIND_CONNECT = 4, 0b11
_ABI_SCOPE, _SCOPE_ABSTRACT_SOCKET_AND_SIGNAL = 6, 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    result: int = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def abi() -> int:
    """The version that this kernel has in force, 0 for none."""
    try:
        return _call(
            _CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_QUERY_VERSION)
        )
    except OSError:
        return 0


def restrict(*, reads: Iterable[Path], writes: Iterable[Path]) -> int:
    """Leave this thread ``reads`` (files, or folders with all in them) and ``writes``.

    ``writes`` are files that exist; they may be read too. Nothing can be created,
    removed, renamed or executed, no TCP port used, no process outside signaled, as far as
    the kernel's version goes. Threads started later inherit it. Returns the version used.
    Raises OSError where the kernel refuses; needs PR_SET_NO_NEW_PRIVS.
    """
    version = abi()
    if not version:
        return 0
    known = (1 << _FILE_RIGHTS[min(version, len(_FILE_RIGHTS) - 1)]) - 1
    rules = _Ruleset(
        known,
        _TCP_BIND_CONNECT if version >= _ABI_TCP else 0,
        _SCOPE_ABSTRACT_SOCKET_AND_SIGNAL if version >= _ABI_SCOPE else 0,
    )
    size = 8 * (1 + (version >= _ABI_TCP) + (version >= _ABI_SCOPE))
    ruleset = _call(
        _CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0)
    )
    try:
        for path in reads:
            _allow(ruleset, path, _READ_FILE | _READ_DIR)
        for path in writes:
            _allow(ruleset, path, known & _OF_A_FILE)
        _call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return version


def _allow(ruleset: int, path: Path, access: int) -> None:
    """Add one path; a missing one needs no rule, since nothing can create it."""
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not path.is_dir():
                access &= _OF_A_FILE
            beneath = _Beneath(access, descriptor)
            _call(
                _ADD_RULE,
                ctypes.c_int(ruleset),
                ctypes.c_int(_PATH_BENEATH),
                ctypes.byref(beneath),
                ctypes.c_uint32(0),
            )
        finally:
            os.close(descriptor)
