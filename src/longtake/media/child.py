"""The limited child: where bytes that came from outside are decoded.

A module with work for such a child has a function ``work`` and ends in::

    if __name__ == "__main__":
        child.main(work)

and its parent-side function opens ``Child("longtake.media.<module>", request, ...)``.
The child, a fork that has its libraries or a process that imports them (media.offspring),
reads the request, is confined (media.confine) to the files named in it, and only then
calls ``work(request, channel)``. It exits when its parent does: the pipe from it closes,
and Linux kills it when what started it ends, which may be the thread that opened it. So
open, use and close a Child in one thread.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from longtake import clock
from longtake.errors import ClipUnreadable, LongtakeError, MediaFailed, from_code
from longtake.media import confine, offspring, stopping, wire
from longtake.media.wire import Frame, Message

_GRACE_S = 10.0  # for a child that has sent its result


class Channel:
    """The child's side: messages to and from the parent."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming, self._outgoing, self._ended = incoming, outgoing, False

    def send(
        self, kind: str, body: dict[str, Any] | None = None, payload: bytes = b""
    ) -> None:
        """Send one message; it blocks while the parent is slower."""
        wire.write(self._outgoing, kind, body, payload)

    def send_frame(self, frame: Frame, **body: Any) -> None:
        """Send one picture, (height, width, 3) uint8 RGB, as a message "frame"."""
        wire.write_frame(self._outgoing, "frame", frame, **body)

    def receive(self) -> Message | None:
        """The parent's next message, None after its last. Raises where it is gone."""
        if self._ended:
            return None
        message = wire.read(self._incoming)
        if message is None:
            raise BrokenPipeError("the parent is gone")
        if message.kind == "end":
            self._ended = True
            return None
        return message

    def frames(self) -> Iterator[Frame]:
        """The pictures the parent sends, until its end."""
        while (message := self.receive()) is not None:
            yield wire.frame_of(message)


Work = Callable[[dict[str, Any], Channel], dict[str, Any]]


def main(work: Work) -> None:
    """Run as the limited child: confine this process, do ``work``, send its result."""
    confine.die_with_parent()
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not enter the channel
    channel = Channel(os.fdopen(0, "rb", closefd=False), outgoing)
    # Nobody listens any more: nothing is left to do, and nobody to tell.
    with suppress(BrokenPipeError):
        opening = channel.receive()
        assert opening is not None, "a parent opens with a request"
        if sys.platform == "linux" and os.getppid() != opening.body["parent"]:
            return  # it died before it could take this process with it
        bounds = opening.body["bounds"]
        bounds["reads"] = tuple(map(Path, bounds["reads"]))
        bounds["writes"] = tuple(map(Path, bounds["writes"]))
        confine.confine(confine.Bounds(**bounds))
        _answer(work, opening.body["request"], channel)
    os._exit(0)  # at once: the parent waits, and the libraries tidy up for long


def _answer(work: Work, request: dict[str, Any], channel: Channel) -> None:
    try:
        channel.send("result", work(request, channel))
    except BrokenPipeError:
        raise
    except LongtakeError as error:
        channel.send("error", {"code": error.code, "message": str(error)})
    except MemoryError:
        channel.send("error", {"code": ClipUnreadable.code, "message": _MEMORY})
    except Exception as error:  # noqa: BLE001 - the process's edge: the parent must hear of it
        message = f"Handling the file failed ({type(error).__name__}: {error})."
        body = {"code": MediaFailed.code, "message": message}
        channel.send("error", {**body, "trace": traceback.format_exc()})


_MEMORY = (
    "The file needs more memory to decode than is allowed; convert it to a smaller or "
    "simpler format first."
)


class Child:
    """The parent's side of one limited child; a context manager that leaves none behind.

    ``reads`` and ``writes`` are the files it may open (``writes`` must exist); ``cpu_s``
    and ``memory_bytes`` (address space) are its limits; silent for ``silence_s`` while it
    is waited for, it is killed, and at once when the stop is set of the block it was
    opened in (media.stopping). Every failure is a LongtakeError: its own, or
    ClipUnreadable where it crashed, hung or hit a limit.
    """

    def __init__(
        self,
        module: str,
        request: dict[str, Any],
        *,
        reads: tuple[Path, ...] = (),
        writes: tuple[Path, ...] = (),
        cpu_s: int = 30,
        memory_bytes: int = 2 << 30,
        silence_s: float = 60.0,
    ) -> None:
        self._name = reads[0].name if reads else "The file"
        self._cpu_s, self._silence_s = cpu_s, silence_s
        self._hung = self._finished = False
        self._waiting_since: float | None = None
        self._done, self._stop = threading.Event(), stopping.current()
        stopping.check()  # its work may be done before anybody looks
        self._process = offspring.born(module)
        self._watch = threading.Thread(target=self._look_after_it, daemon=True)
        self._watch.start()
        bounds = confine.Bounds(
            reads=tuple(Path(os.path.realpath(path)) for path in reads),
            writes=tuple(Path(os.path.realpath(path)) for path in writes),
            cpu_s=cpu_s,
            memory_bytes=memory_bytes,
        )
        body = asdict(bounds) | {
            "reads": [str(path) for path in bounds.reads],
            "writes": [str(path) for path in bounds.writes],
        }
        try:
            self.send(
                "request",
                {"bounds": body, "request": request, "parent": self._process.parent},
            )
        except LongtakeError:
            self.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._finished and kind is None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
        self.kill()

    def send(
        self, kind: str, body: dict[str, Any] | None = None, payload: bytes = b""
    ) -> None:
        """Send one message. Raises the child's error where it has given up."""
        with self._waiting():
            wire.write(self._process.stdin, kind, body, payload)

    def send_frame(self, frame: Frame, **body: Any) -> None:
        """Send one picture, (height, width, 3) uint8 RGB, as a message "frame"."""
        with self._waiting():
            wire.write_frame(self._process.stdin, "frame", frame, **body)

    def close_input(self) -> None:
        """Tell the child that nothing more comes."""
        self.send("end")

    def messages(self) -> Iterator[Message]:
        """What the child sends, until its result. Raises its error instead."""
        while not self._finished:
            message = self._receive()
            if message.kind == "result":
                self._finished, self._answer = True, message.body
            else:
                yield message

    def result(self) -> dict[str, Any]:
        """The child's answer, what it sends before that being passed over."""
        for _ in self.messages():
            pass
        return self._answer

    def kill(self) -> None:
        """End the child now and everything of its group; safe at any time."""
        self._done.set()
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                pipe.close()
        if threading.current_thread() is not self._watch:
            self._watch.join()
            self._process.close()

    def _receive(self) -> Message:
        with self._waiting():
            message = wire.read(self._process.stdout)
            if message is None:
                raise wire.WireBroken("the child closed its pipe without a result")
        if message.kind == "error":
            raised = from_code(message.body["code"], message.body["message"])
            if "trace" in message.body:
                raised.add_note(message.body["trace"])
            raise raised
        return message

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Around every wait for the child: watched, and its death translated."""
        self._waiting_since = clock.monotonic_s()
        try:
            yield
        except BrokenPipeError as error:
            self._waiting_since = clock.monotonic_s()
            raise self._last_words() from error
        except wire.WireBroken as error:
            raise self._death() from error
        finally:
            self._waiting_since = None

    def _look_after_it(self) -> None:
        """Kill it when it is silent for too long, or no longer wanted."""
        while not self._done.wait(stopping.LOOK_EVERY_S):
            since = self._waiting_since
            if since is not None and clock.monotonic_s() - since > self._silence_s:
                self._hung = True
            if self._hung or self._stop.is_set():
                self._process.kill()
                return

    def _last_words(self) -> LongtakeError:
        """The error of a child that has stopped listening: said, or seen in its death."""
        try:
            for _ in self.messages():
                pass
        except LongtakeError as error:
            return error
        return MediaFailed(f"{self._name}: the work ended before all of it was given.")

    def _death(self) -> LongtakeError:
        """What ended the child, as a sentence."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        code = self._process.poll()
        if self._stop.is_set():
            return stopping.canceled()
        if self._hung:
            return ClipUnreadable(
                f"{self._name}: decoding made no progress for {self._silence_s:g} s and "
                "was stopped; the file is damaged, convert it with another program first."
            )
        if code is None or code >= 0:
            return MediaFailed(
                f"{self._name}: the limited process that handles it ended without an "
                f"answer (exit code {code}); run `longtake check`."
            )
        name = signal.Signals(-code).name
        if name in {"SIGXCPU", "SIGKILL"}:
            return ClipUnreadable(
                f"{self._name}: decoding needs more than the {self._cpu_s} s of processor "
                "time or the memory it is given; convert it to a simpler format first."
            )
        return ClipUnreadable(
            f"{self._name}: the decoder crashed on it ({name}); the file is damaged, "
            "convert it with another program first."
        )
