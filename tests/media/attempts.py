"""What a confined child tries: a limited child that reports how far it got.

Run through the real ``Child``. The request names the forbidden things; the result says
for each attempt "done" or the error that stopped it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from longtake.errors import ClipRefused
from longtake.media import child


def work(request: dict[str, Any], channel: child.Channel) -> dict[str, Any]:
    """Do one of several things, by ``request["do"]``."""
    return _DEEDS[request["do"]](request, channel)


def _try(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except (OSError, ValueError) as error:
        return type(error).__name__
    return "done"


def _escape(request: dict[str, Any], _: child.Channel) -> dict[str, Any]:
    """Every way out that comes to mind."""
    secret, folder = Path(request["secret"]), Path(request["folder"])
    own, parent = Path(request["own"]), os.getppid()
    port = int(request["port"])
    new = folder / "new"
    attempts: dict[str, Callable[[], object]] = {
        "read a file": secret.read_bytes,
        "read passwords": Path("/etc/passwd").read_bytes,
        "read the parent's environment": Path(f"/proc/{parent}/environ").read_bytes,
        "read the parent's memory": Path(f"/proc/{parent}/mem").read_bytes,
        "read its own environment": Path("/proc/self/environ").read_bytes,
        "list a folder": lambda: list(folder.iterdir()),
        "list the home folder": lambda: list(Path(request["home"]).iterdir()),
        "write to its own input": lambda: own.open("r+b"),
        "truncate its own input": lambda: os.truncate(own, 0),
        "write to a file": lambda: secret.open("wb"),
        "create a file": lambda: new.write_bytes(b""),
        "make a folder": new.mkdir,
        "make a link": lambda: new.symlink_to(secret),
        "make a hard link": lambda: new.hardlink_to(own),
        "make a fifo": lambda: os.mkfifo(new),
        "rename": lambda: own.rename(new),
        "remove": secret.unlink,
        "change a mode": lambda: secret.chmod(0o777),
        "change an owner": lambda: os.chown(secret, 0, 0),
        "change a time": lambda: os.utime(secret, (0, 0)),
        "connect": lambda: socket.create_connection(("127.0.0.1", port), 2),
        "send a datagram": lambda: _datagram(port),
        "listen": lambda: socket.create_server(("127.0.0.1", 0)),
        "connect by a path": lambda: _unix(request["unix"]),
        "connect by a name": lambda: _unix("\0" + request["abstract"]),
        "make a pair of sockets": socket.socketpair,
        "run a program": lambda: subprocess.run([sys.executable, "-V"], check=True),
        "replace itself": lambda: os.execv(sys.executable, [sys.executable, "-V"]),  # noqa: S606
        "fork": _fork,
        "stop the parent": lambda: os.kill(parent, signal.SIGUSR1),
        "probe the parent": lambda: os.kill(parent, 0),
        "trace the parent": lambda: _system_call("ptrace", 16, parent, 0, 0),
        "raise the parent's limits": lambda: _limits_of(parent),
        "make a user namespace": lambda: _system_call("unshare", 0x10000000),
        "lift its own limits": _lift,
    }
    return {name: _try(attempt) for name, attempt in attempts.items()} | {
        "environment": dict(os.environ)  # noqa: TID251 - what is left of it
    }


def _datagram(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", ("127.0.0.1", port))


def _unix(address: str) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(address)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _limits_of(process: int) -> None:
    import resource  # noqa: PLC0415 - not on Windows

    resource.prlimit(process, resource.RLIMIT_NOFILE, (64, 64))


def _lift() -> None:
    import resource  # noqa: PLC0415 - not on Windows

    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def _system_call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*map(ctypes.c_long, arguments)) < 0:
        code = ctypes.get_errno()
        raise OSError(code, errno.errorcode[code])


def _write(request: dict[str, Any], _: child.Channel) -> dict[str, Any]:
    """Write the named file by name, read it back, and try a second one."""
    out = Path(request["out"])
    out.write_bytes(b"result")
    return {
        "own": out.read_bytes().decode(),
        "other": _try(lambda: out.with_suffix(".other").write_bytes(b"")),
    }


def _count(request: dict[str, Any], channel: child.Channel) -> dict[str, Any]:
    """Send ``n`` messages, then say how many bytes of pictures came, with threads."""
    for index in range(request["n"]):
        channel.send("index", {"index": index}, bytes(index))
    total = [0]

    def add() -> None:
        total[0] = sum(int(np.sum(frame, dtype=np.int64)) for frame in channel.frames())

    thread = threading.Thread(target=add)
    thread.start()
    thread.join()
    return {"sum": total[0]}


def _refuse(*_: object) -> dict[str, Any]:
    raise ClipRefused("This clip is refused; take another.")


def _break(*_: object) -> dict[str, Any]:
    raise KeyError("inside")


def _crash(*_: object) -> dict[str, Any]:
    ctypes.string_at(0)
    return {}


def _spin(*_: object) -> dict[str, Any]:
    while True:
        pass


def _sleep(*_: object) -> dict[str, Any]:
    threading.Event().wait()
    return {}


def _grow(*_: object) -> dict[str, Any]:
    return {"size": len(bytearray(4 << 30))}


def _leave(*_: object) -> dict[str, Any]:
    os._exit(3)


def _hold(*_: object) -> dict[str, Any]:
    """What it has open, and what it is."""
    held = []
    for descriptor in range(256):
        with suppress(OSError):
            os.fstat(descriptor)
            held.append(descriptor)
    return {"open": held, "parent": os.getppid(), "group": os.getpgid(0) == os.getpid()}


_DEEDS: dict[str, Callable[..., dict[str, Any]]] = {
    "escape": _escape,
    "write": _write,
    "count": _count,
    "refuse": _refuse,
    "break": _break,
    "crash": _crash,
    "spin": _spin,
    "sleep": _sleep,
    "grow": _grow,
    "leave": _leave,
    "hold": _hold,
}

if __name__ == "__main__":
    child.main(work)
