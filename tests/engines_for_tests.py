"""Engines that misbehave, installed for a test the way any engine is: an entry point.

``install(folder)`` writes a distribution that declares them; with the folder on
``sys.path`` (for a command: on PYTHONPATH) they are found like ours.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import numpy as np

from longtake.engines.protocol import Ask, Continuation, Frame, Limits
from tests.scene import read_counter, write_counter

_REPOSITORY = Path(__file__).parents[1]


class Steady:
    """Repeats the last context frame; most others break one promise each."""

    name: ClassVar[str] = "steady"
    version: ClassVar[str] = "1"
    limits: ClassVar[Limits] = Limits(context_s=Fraction(2), context_bytes=1 << 28)

    def setup(self) -> None:
        pass

    def extend(self, ask: Ask) -> Continuation:
        return Continuation(frames=self.frames(ask))

    def frames(self, ask: Ask) -> Iterator[Frame]:
        for _ in range(ask.n_frames):
            yield ask.context[-1]


class Narrow(Steady):
    """Declares limits that few clips meet."""

    name = "narrow"
    limits = Limits(
        context_s=Fraction(1),
        context_bytes=1 << 28,
        min_context=5,
        size_multiple=64,
        min_rate=Fraction(20),
        max_rate=Fraction(30),
        max_seconds=Fraction(1),
    )


class Chatty(Steady):
    """Prints to stdout and reads stdin."""

    name = "chatty"

    def setup(self) -> None:
        print("loading", flush=True)  # noqa: T201
        os.write(1, b"raw bytes on the first descriptor\n")
        assert sys.stdin.read() == ""


class Segfaults(Steady):
    """Dies of a bad pointer after a few frames."""

    name = "segfaults"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        yield ask.context[-1]
        print("about to touch address 0", file=sys.stderr, flush=True)  # noqa: T201
        ctypes.string_at(0)


class Leaves(Steady):
    """Ends its process without a word."""

    name = "leaves"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        yield ask.context[-1]
        os._exit(3)


class LeavesEarly(Steady):
    """Ends its process in its set-up, while the context is still on its way."""

    name = "leaves-early"

    def setup(self) -> None:
        os._exit(3)


class Raises(Steady):
    """Has a bug."""

    name = "raises"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        yield ask.context[-1]
        raise ValueError("a bug in the engine")


class Hangs(Steady):
    """Never comes to its second frame."""

    name = "hangs"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        yield ask.context[-1]
        threading.Event().wait()


class KillsWorker(Steady):
    """Takes the worker that asks it along."""

    name = "kills-worker"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        yield ask.context[-1]
        os.kill(os.getppid(), signal.SIGKILL)
        threading.Event().wait()


class Hungry(Steady):
    """Takes more and more memory, up to what a test machine can spare."""

    name = "hungry"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        yield ask.context[-1]
        taken = [np.ones(1 << 25, np.uint8) for _ in range(96)]
        threading.Event().wait()
        del taken


class Slow(Steady):
    """Takes a while for each frame."""

    name = "slow"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        for _ in range(ask.n_frames):
            threading.Event().wait(0.1)
            yield ask.context[-1]


class Ponders(Steady):
    """Never comes to a plan."""

    name = "ponders"

    def extend(self, ask: Ask) -> Continuation:
        threading.Event().wait()
        return super().extend(ask)


class Feeding(Steady):
    """Starts a process that takes 400 MB, and waits."""

    name = "feeding"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        eat = "eaten = b'x' * 400_000_000; import threading; threading.Event().wait()"
        with subprocess.Popen([sys.executable, "-c", eat]) as process:
            yield ask.context[-1]
            process.wait()


class Reserving(Steady):
    """Reserves 64 GB of addresses, as GPU libraries do, and uses none of them."""

    name = "reserving"

    def setup(self) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self.reserved = mmap.mmap(-1, 64 << 30, flags=flags, prot=mmap.PROT_READ)


class Short(Steady):
    """Makes too few frames."""

    name = "short"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        for _ in range(ask.n_frames - 1):
            yield ask.context[-1]


class Misshapen(Steady):
    """Yields frames of another size."""

    name = "misshapen"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        yield ask.context[-1][:-2]


class Floating(Steady):
    """Yields frames of another type."""

    name = "floating"

    def frames(self, ask: Ask) -> Iterator[Frame]:
        yield (ask.context[-1] / 255).astype(np.float32)


class Counting(Steady):
    """Goes on with the counter of a made clip, so that each new frame says which it is."""

    name = "counting"

    def extend(self, ask: Ask) -> Continuation:
        return Continuation(
            frames=self.frames(ask),
            understood=("count on: by one a frame",),
            written="The last picture stands still and is counted on.",
        )

    def frames(self, ask: Ask) -> Iterator[Frame]:
        last = read_counter(ask.context[-1])
        for number in range(last + 1, last + 1 + ask.n_frames):
            frame = ask.context[-1].copy()
            write_counter(frame, number)
            yield frame


ENGINES: tuple[type[Steady], ...] = (
    Steady,
    Narrow,
    Chatty,
    Segfaults,
    Leaves,
    LeavesEarly,
    Raises,
    Hangs,
    KillsWorker,
    Hungry,
    Slow,
    Ponders,
    Feeding,
    Reserving,
    Short,
    Misshapen,
    Floating,
    Counting,
)


def install(folder: Path, *names: str) -> None:
    """Write a distribution into ``folder`` whose entry points are the engines above.

    With ``names``, those only: a worker asks every engine what it can do.
    """
    about = folder / "engines_for_tests-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Name: engines-for-tests\nVersion: 1\n")
    points = [
        f"{kind.name} = tests.engines_for_tests:{kind.__name__}"
        for kind in ENGINES
        if kind.name in names or not names
    ]
    if not names:
        points.append("broken = no_such_module:Engine")
        points.append("stranger = pathlib:Path")
    (about / "entry_points.txt").write_text(
        "[longtake.engines]\n" + "\n".join(points) + "\n"
    )


def python_path(folder: Path) -> str:
    """What PYTHONPATH must be for a command to find engines installed in ``folder``."""
    return os.pathsep.join([str(folder), str(_REPOSITORY)])
