"""Limited children are forked by a nursery, and are as alone as a process of their own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from longtake import clock
from longtake.errors import ClipUnreadable, MediaFailed
from longtake.media import offspring
from longtake.media.child import Child
from longtake.media.nursery import Nursery

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks of Linux")
ATTEMPTS = "tests.media.attempts"


def nursery_of(child: Child) -> int:
    """The process that forked it."""
    assert child._process.parent != os.getpid()
    return child._process.parent


def test_children_beside_each_other_share_nothing_but_their_nursery() -> None:
    with (
        Child(ATTEMPTS, {"do": "sleep"}) as first,
        Child(ATTEMPTS, {"do": "count", "n": 1}) as second,
        Child(ATTEMPTS, {"do": "hold"}) as third,
    ):
        assert nursery_of(first) == nursery_of(second) == nursery_of(third)
        assert len({child._process.pid for child in (first, second, third)}) == 3
        assert third.result() == {
            "open": [0, 1, 2, 3],  # its pipe in, nothing, nothing, its pipe out
            "parent": nursery_of(third),
            "group": True,
        }


def test_who_kills_the_nursery_kills_its_children_and_the_next_has_another() -> None:
    with Child(ATTEMPTS, {"do": "sleep"}) as child:
        before = nursery_of(child)
        os.kill(before, signal.SIGKILL)
        with pytest.raises(ClipUnreadable):
            child.result()
        assert child._process.wait(10) == -signal.SIGKILL
    with Child(ATTEMPTS, {"do": "hold"}) as child:
        assert child.result()["parent"] == nursery_of(child) != before


def test_a_child_that_cannot_be_forked_is_started_and_tells_as_one() -> None:
    with Child("tests.media.nothing", {}) as child:
        assert child._process.parent == os.getpid()
        with pytest.raises(MediaFailed, match="exit code 1"):
            child.result()


def test_a_fork_of_ours_has_a_nursery_of_its_own() -> None:
    code = (
        "import os\n"
        "from longtake.media.child import Child\n"
        "def parent():\n"
        f"    with Child({ATTEMPTS!r}, {{'do': 'hold'}}) as child:\n"
        "        return child.result()['parent']\n"
        "before = parent()\n"
        "if not os.fork():\n"
        "    os._exit(parent() == before)\n"
        "assert os.wait()[1] == 0\n"
        "assert parent() == before\n"
    )
    path = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-W", "error", "-c", code]
    subprocess.run(command, check=True, env={"PYTHONPATH": path}, timeout=60)


def test_a_nursery_that_is_not_asked_any_more_ends() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        began = clock.monotonic_s()
        Nursery(theirs, idle_s=0.2).serve()
        assert 0.2 <= clock.monotonic_s() - began < 10


def test_who_asks_an_ended_nursery_gets_the_next(tmp_path: Path) -> None:
    """It may end between being found alive and being asked."""
    ended = offspring._nursery()
    os.kill(ended.pid, signal.SIGKILL)
    ended._process.wait()
    with pytest.raises((OSError, EOFError)):
        offspring._Forked(ATTEMPTS, ended)
    with Child(ATTEMPTS, {"do": "hold"}) as child:
        assert child.result()["parent"] == nursery_of(child) != ended.pid
