"""A seccomp filter: system calls that decoding never needs are answered with EPERM.

The second wall behind media.landlock, and the first where that is missing: no socket of
any kind, no new program or process, no hand on other processes, no change of names,
owners, modes or times of files, no mounts, no keys, nothing of the kernel's machinery.
Threads keep working. Source: the kernel's Documentation/userspace-api/seccomp_filter.rst;
the numbers are those of its unistd headers.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Iterator

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand

_LOAD, _IF_EQUAL, _IF_ABOVE, _IF_ANY_BIT, _ANSWER = 0x20, 0x15, 0x25, 0x45, 0x06
_ALLOW = 0x7FFF0000
_NOT_PERMITTED = 0x00050000 | errno.EPERM
_NOT_KNOWN = 0x00050000 | errno.ENOSYS  # C libraries then take the older call
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # in struct seccomp_data

_SET_MODE_FILTER, _EVERY_THREAD = 1, 1
_NEWEST = 462  # mseal; what came after it was not looked at
_A_THREAD = 0x10000  # CLONE_THREAD
_TO_WRITE = 0o1 | 0o2 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC

# machine: AUDIT_ARCH, seccomp, clone, clone3, tgkill, prlimit64, openat, open
_MACHINES = {
    "x86_64": (0xC000003E, 317, 56, 435, 234, 302, 257, 2),
    "aarch64": (0xC00000B7, 277, 220, 435, 131, 261, 56, None),
}
_COLUMN = {"x86_64": 1, "aarch64": 2}

# name, number on x86_64, number on aarch64 ("-": it has none)
_FORBIDDEN = """
socket 41 198, socketpair 53 199, connect 42 203, bind 49 200, listen 50 201,
accept 43 202, accept4 288 242, sendto 44 206, sendmsg 46 211, sendmmsg 307 269,
execve 59 221, execveat 322 281, fork 57 -, vfork 58 -, ptrace 101 117,
process_vm_readv 310 270, process_vm_writev 311 271, process_madvise 440 440,
process_mrelease 448 448, kcmp 312 272, kill 62 129, tkill 200 130,
rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240, pidfd_open 434 434,
pidfd_getfd 438 438, pidfd_send_signal 424 424, sched_setaffinity 203 122,
sched_setattr 314 274, sched_setparam 142 118, sched_setscheduler 144 119,
setpriority 141 140, ioprio_set 251 30, move_pages 279 239, migrate_pages 256 238,
creat 85 -, rename 82 -, renameat 264 38, renameat2 316 276, link 86 -,
linkat 265 37, symlink 88 -, symlinkat 266 36, unlink 87 -, unlinkat 263 35,
mkdir 83 -, mkdirat 258 34, rmdir 84 -, mknod 133 -, mknodat 259 33, truncate 76 45,
chmod 90 -, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452, chown 92 -,
fchown 93 55, lchown 94 -, fchownat 260 54, utime 132 -, utimes 235 -,
futimesat 261 -, utimensat 280 88, setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7,
removexattr 197 14, lremovexattr 198 15, fremovexattr 199 16, openat2 437 437,
open_by_handle_at 304 265, name_to_handle_at 303 264, inotify_init 253 -,
inotify_init1 294 26, fanotify_init 300 262, bpf 321 280, perf_event_open 298 241,
userfaultfd 323 282, io_uring_setup 425 425, io_uring_enter 426 426,
io_uring_register 427 427, keyctl 250 219, add_key 248 217, request_key 249 218,
init_module 175 105, finit_module 313 273, delete_module 176 106, kexec_load 246 104,
kexec_file_load 320 294, reboot 169 142, syslog 103 116, acct 163 89, swapon 167 224,
swapoff 168 225, quotactl 179 60, quotactl_fd 443 443, iopl 172 -, ioperm 173 -,
modify_ldt 154 -, personality 135 92, settimeofday 164 170, clock_settime 227 112,
clock_adjtime 305 266, adjtimex 159 171, sethostname 170 161, setdomainname 171 162,
vhangup 153 58, memfd_secret 447 447, memfd_create 319 279, mount 165 40,
umount2 166 39, pivot_root 155 41, chroot 161 51, unshare 272 97, setns 308 268,
open_tree 428 428, move_mount 429 429, fsopen 430 430, fsconfig 431 431,
fsmount 432 432, fspick 433 433, mount_setattr 442 442, setuid 105 146,
setgid 106 144, setreuid 113 145, setregid 114 143, setresuid 117 147,
setresgid 119 149, setfsuid 122 151, setfsgid 123 152, setgroups 116 159,
capset 126 91, shmget 29 194, semget 64 190, msgget 68 186, mq_open 240 180
"""


def _of(machine: str) -> list[int]:
    """The numbers of the forbidden calls on one machine."""
    rows = [row.split() for row in _FORBIDDEN.replace("\n", " ").split(",")]
    column = _COLUMN[machine]
    return [int(row[column]) for row in rows if row[column] != "-"]


def program(machine: str, process: int, *, writes: bool) -> list[_Instruction]:
    """The filter for one ``machine`` and ``process`` id; without ``writes`` no file can be
    opened for writing either."""
    arch, _, clone, clone3, tgkill, prlimit, openat, open_ = _MACHINES[machine]
    lines: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, arch),
        (_ANSWER, 0, 0, _NOT_PERMITTED),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    for number in _of(machine):
        lines += [(_IF_EQUAL, 0, 1, number), (_ANSWER, 0, 0, _NOT_PERMITTED)]
    lines += [(_IF_EQUAL, 0, 1, clone3), (_ANSWER, 0, 0, _NOT_KNOWN)]
    lines += [(_IF_ABOVE, 0, 1, _NEWEST), (_ANSWER, 0, 0, _NOT_KNOWN)]
    # x86_64's x32 calls have bit 30 set and fall to the line above.
    lines += _when(clone, 0, (_IF_ANY_BIT, 1, 0, _A_THREAD))
    lines += _when(tgkill, 0, (_IF_EQUAL, 1, 0, process))
    lines += _when(prlimit, 0, (_IF_EQUAL, 1, 0, 0))
    if not writes:
        lines += _when(openat, 2, (_IF_ANY_BIT, 0, 1, _TO_WRITE))
        if open_ is not None:
            lines += _when(open_, 1, (_IF_ANY_BIT, 0, 1, _TO_WRITE))
    return [*lines, (_ANSWER, 0, 0, _ALLOW)]


def _when(number: int, argument: int, passes: _Instruction) -> Iterator[_Instruction]:
    """For call ``number``: load an argument's low half; ``passes`` jumps over the refusal.

    The number is loaded again where another call goes on.
    """
    yield (_IF_EQUAL, 0, 4, number)
    yield (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument)
    yield passes
    yield (_ANSWER, 0, 0, _NOT_PERMITTED)
    yield (_ANSWER, 0, 0, _ALLOW)


def restrict(*, writes: bool) -> bool:
    """Put every thread of this process under the filter; False where it cannot be.

    Needs PR_SET_NO_NEW_PRIVS. Raises OSError where the kernel refuses.
    """
    machine = platform.machine()
    if machine not in _MACHINES or sys.maxsize <= 1 << 32:
        return False
    lines = program(machine, os.getpid(), writes=writes)
    code = (_Line * len(lines))(*(_Line(*line) for line in lines))
    whole = _Program(len(lines), ctypes.cast(code, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    answer = libc.syscall(
        ctypes.c_long(_MACHINES[machine][1]),
        ctypes.c_uint(_SET_MODE_FILTER),
        ctypes.c_uint(_EVERY_THREAD),
        ctypes.byref(whole),
    )
    if answer:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return True


class _Line(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jump_true", ctypes.c_uint8),
        ("jump_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("lines", ctypes.c_void_p))
