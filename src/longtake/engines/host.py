"""The process an engine lives in: ``python -P -m longtake.engines.host NAME``.

Speaks media.wire over stdin and stdout. In: ``ask`` (the facts of an Ask and the shape
of its context), then that many ``context`` pictures; ``cancel``. Out: ``hello`` (name,
version, limits) as soon as the engine is imported, ``ready`` when it is set up; then for
each ask ``plan``, ``frame`` for every new frame, and ``end`` or ``canceled``; or, at any
point, ``error``. The process ends when its stdin does.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import traceback
from fractions import Fraction
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
from pydantic import TypeAdapter

from longtake.engines import registry
from longtake.engines.protocol import Ask, Continuation, Engine, Limits
from longtake.errors import EngineFailed, LongtakeError
from longtake.media import confine, wire

LIMITS: TypeAdapter[Limits] = TypeAdapter(Limits)
_GRACE_S = 2.0  # what an engine gets to reach its next frame once nobody listens


class Inbox(threading.Thread):
    """Reads stdin without pause, so that the parent never waits for a busy engine.

    Whole asks come out of :attr:`asks`, None at the end. ``canceled`` is set between a
    ``cancel`` (or the end of stdin) and the next ask.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(name="inbox", daemon=True)
        self.asks: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
        self.canceled = threading.Event()
        self._stream = stream

    def run(self) -> None:
        """Read until the parent is gone; then see to it that this process is, too."""
        try:
            while message := wire.read(self._stream):
                if message.kind == "cancel":
                    self.canceled.set()
                elif message.kind == "ask":
                    self.canceled.clear()
                    self.asks.put(self._ask(message.body))
        except (wire.WireBroken, OSError):
            pass  # the parent died in the middle of a message
        self.canceled.set()
        self.asks.put(None)
        threading.Event().wait(_GRACE_S)
        os._exit(0)

    def _ask(self, body: dict[str, Any]) -> Ask:
        context = np.empty(body.pop("shape"), np.uint8)
        for index in range(len(context)):
            message = wire.read(self._stream)
            if message is None or message.kind != "context":
                raise wire.WireBroken("the context ended early")
            context[index] = wire.frame_of(message)
        return Ask(context=context, rate=Fraction(body.pop("rate")), **body)


def main(name: str) -> None:
    """Serve asks with the engine ``name`` until stdin closes."""
    confine.die_with_parent()
    stdin, stdout = _take_pipes()
    inbox = Inbox(stdin)
    inbox.start()
    try:
        _serve(name, inbox, stdout)
    except BrokenPipeError:
        pass  # the parent is gone; there is nobody to tell
    except Exception as error:  # noqa: BLE001 - the edge of this process: the parent gets a sentence
        traceback.print_exc()
        _report(stdout, name, error)
    sys.stderr.flush()
    os._exit(0)  # whatever threads an engine left behind


def _serve(name: str, inbox: Inbox, stdout: BinaryIO) -> None:
    engine = registry.load(name)
    hello = {"name": engine.name, "version": engine.version}
    limits = LIMITS.dump_python(engine.limits, mode="json")
    wire.write(stdout, "hello", {**hello, "limits": limits})
    engine.setup()
    wire.write(stdout, "ready")
    while ask := inbox.asks.get():
        _answer(engine, ask, inbox.canceled, stdout)


def _answer(
    engine: Engine, ask: Ask, canceled: threading.Event, stdout: BinaryIO
) -> None:
    continuation = engine.extend(ask)
    wire.write(stdout, "plan", _facts(continuation))
    frames = iter(continuation.frames)
    count = 0
    for frame in islice(frames, ask.n_frames):
        if canceled.is_set():
            break
        _check(engine, count, frame, ask)
        wire.write_frame(stdout, "frame", frame)
        count += 1
    close = getattr(frames, "close", None)
    if close is not None:
        close()
    if not canceled.is_set() and count < ask.n_frames:
        raise EngineFailed(
            f"The engine {engine.name!r} made {count} of {ask.n_frames} frames."
        )
    wire.write(stdout, "end" if count == ask.n_frames else "canceled")


def _facts(continuation: Continuation) -> dict[str, Any]:
    return {
        "plan": continuation.plan,
        "source_map": continuation.source_map,
        "understood": continuation.understood,
        "ignored": continuation.ignored,
        "relaxed": continuation.relaxed,
        "written": continuation.written,
        "notes": continuation.notes,
    }


def _check(engine: Engine, index: int, frame: object, ask: Ask) -> None:
    """An engine is other people's code: what it yields is looked at before it travels."""
    shape = ask.context.shape[1:]
    got = (getattr(frame, "shape", type(frame).__name__), getattr(frame, "dtype", None))
    if got != (shape, np.dtype(np.uint8)):
        raise EngineFailed(
            f"Frame {index} of the engine {engine.name!r} is {got[0]} {got[1]}; "
            f"it promised {shape} uint8."
        )


def _report(stdout: BinaryIO, name: str, error: Exception) -> None:
    if not isinstance(error, LongtakeError):
        text = f"{type(error).__name__}: {error}"
        error = EngineFailed(f"The engine {name!r} failed: {text}")
    with contextlib.suppress(OSError):  # the parent is gone
        wire.write(stdout, "error", {"code": error.code, "message": str(error)})


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Our two pipes, moved out of reach of an engine that prints or reads stdin."""
    sys.stdout.flush()
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(stdin, "rb"), os.fdopen(stdout, "wb")


if __name__ == "__main__":
    main(sys.argv[1])
