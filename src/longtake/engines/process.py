"""The parent's side of an engine's process: start it, ask it, and be rid of it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from fractions import Fraction
from types import TracebackType
from typing import Any, BinaryIO, NoReturn, Self, cast

from longtake import clock, settings
from longtake.engines import memory, registry
from longtake.engines.host import LIMITS
from longtake.engines.protocol import Continuation, Frame, Limits
from longtake.errors import EngineFailed, LongtakeError, from_code
from longtake.media import stopping, wire

_LEAVE_S = 1.0  # what the last words of a killed process get to arrive
_CANCEL_S = 1.0  # what a canceled engine gets to reach its next frame


class EngineProcess:
    """The engine ``name`` in a process of its own, with nothing of our environment.

    A context manager: leaving it kills the process and all it started. Knows the
    engine's limits on entry, before its set-up, which goes on meanwhile. Can be asked
    again and again, by one thread at a time, whichever. Raises EngineUnknown, and
    EngineFailed when the process crashes, breaks the protocol, is silent for ``silence_s``
    seconds or takes more than ``memory_bytes`` with all it started (defaults: settings);
    Canceled when the stop is set of the block it is asked in (media.stopping).
    """

    version: str
    limits: Limits

    def __init__(
        self,
        name: str,
        *,
        silence_s: float | None = None,
        memory_bytes: int | None = None,
    ) -> None:
        registry.require(name)
        self.name = name
        self._silence_s = silence_s or settings.load().engine_silence_s
        self._memory_bytes = memory_bytes or settings.load().engine_memory_bytes
        self._ready, self._busy = False, True
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._due: float | None = None  # when it must have answered
        self._stop = stopping.current()
        self._sentence: LongtakeError | None = None  # why it was killed
        self._last_words: deque[str] = deque(maxlen=20)

    def start(self) -> Self:
        """Launch it and go on, where there is something to do before it is entered.

        It is the caller's to :meth:`kill` then.
        """
        launched: Future[subprocess.Popen[bytes]] = Future()
        self._watch = threading.Thread(
            target=self._look_after_it, args=(launched,), daemon=True
        )
        self._watch.start()
        self._process = launched.result()
        self._stdin = cast(BinaryIO, self._process.stdin)
        self._stdout = cast(BinaryIO, self._process.stdout)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __enter__(self) -> Self:
        try:
            if self._process is None:
                self.start()
            hello = self._receive("hello").body
        except BaseException:
            self.kill()
            raise
        self._busy = False
        self.version = hello["version"]
        self.limits = LIMITS.validate_python(hello["limits"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def idle(self) -> bool:
        """Whether it is alive and has nothing under way, so that it can be asked."""
        if self._busy or self._over.is_set() or self._sentence:
            return False
        try:
            if self._heard():
                self._await_ready()
        except LongtakeError:
            return False
        return not self._heard()  # who has nothing to answer says something: its end

    def extend(
        self,
        context: Iterable[Frame],
        *,
        n_context: int,
        width: int,
        height: int,
        rate: Fraction,
        n_frames: int,
        seed: int,
        prompt: str | None = None,
        plan: dict[str, Any] | None = None,
        n_played: int = 0,
        candidate: int = 0,
        whole: bool = False,
        later: bool = False,
    ) -> Continuation:
        """Ask for one continuation; the words are those of protocol.Ask.

        ``context`` yields ``n_context`` upright pictures of ``width`` by ``height`` and is
        sent on as it comes. Closing the answer's ``frames`` cancels the rest; the process
        can then be asked again.
        """
        self._busy, self._stop = True, stopping.current()
        self._await_ready()
        ask = {
            "shape": [n_context, height, width, 3],
            "rate": str(rate),
            "n_frames": n_frames,
            "seed": seed,
            "prompt": prompt,
            "plan": plan,
            "n_played": n_played,
            "candidate": candidate,
            "whole": whole,
            "later": later,
        }
        with self._sending():
            wire.write(self._stdin, "ask", ask)
        count = 0
        for frame in context:
            with self._sending():
                wire.write_frame(self._stdin, "context", frame)
            count += 1
        assert count == n_context, f"promised {n_context} context frames, gave {count}"
        facts = self._receive("plan").body
        source_map = facts["source_map"]
        return Continuation(
            frames=self._frames(n_frames, (height, width, 3)),
            plan=facts["plan"],
            source_map=None if source_map is None else tuple(source_map),
            understood=tuple(facts["understood"]),
            ignored=tuple(facts["ignored"]),
            relaxed=tuple(facts["relaxed"]),
            written=facts["written"],
            notes=facts["notes"],
        )

    def halt(self) -> None:
        """Have it ended, from any thread; whoever uses it gets Canceled."""
        self._sentence = stopping.canceled()
        self._over.set()

    def kill(self) -> None:
        """End the process and all it started, now. Does nothing the second time."""
        self._over.set()
        self._watch.join()
        if self._process is None:
            return
        self._listener.join(_LEAVE_S)
        for stream in (self._stdin, self._stdout):
            with suppress(OSError):  # bytes that were still to be sent to the dead
                stream.close()

    def _frames(self, n_frames: int, shape: tuple[int, ...]) -> Iterator[Frame]:
        try:
            for _ in range(n_frames):
                frame = wire.frame_of(self._receive("frame"))
                if frame.shape != shape:
                    raise EngineFailed(
                        f"The engine {self.name!r} made a frame of shape {frame.shape} "
                        f"where {shape} was asked for."
                    )
                yield frame
            self._receive("end")
            self._busy = False
        except GeneratorExit:
            self._cancel()
            raise

    def _cancel(self) -> None:
        """Have the engine stop at its next frame; kill it if that takes too long."""
        if self._over.is_set():
            return  # it was killed before its frames were let go
        with self._deadline(_CANCEL_S):
            try:
                wire.write(self._stdin, "cancel")
                while (message := wire.read(self._stdout)) and message.kind == "frame":
                    pass
                self._busy = message is None or message.kind == "error"
            except (OSError, wire.WireBroken):
                self.kill()

    def _await_ready(self) -> None:
        if not self._ready:
            self._receive("ready")
            self._ready = True

    def _heard(self) -> bool:
        """Whether its pipe can be read at once: a message, or the end."""
        assert self._process, "it was started"
        if sys.platform == "win32":  # no select() on pipes
            return self._process.poll() is not None
        # Not poll(): that would reap it, and its group could not be killed any more.
        return bool(select.select([self._stdout], [], [], 0)[0])

    @contextmanager
    def _sending(self) -> Iterator[None]:
        try:
            with self._deadline(self._silence_s):
                yield
        except OSError:  # it is gone, or going: its last message or its end says why
            while True:
                self._receive("")

    def _receive(self, kind: str) -> wire.Message:
        """The next message, which must be of ``kind``."""
        try:
            with self._deadline(self._silence_s):
                message = wire.read(self._stdout)
        except (wire.WireBroken, OSError):
            message = None
        if message is None:
            self._fail()
        if message.kind == "error":
            raise from_code(message.body["code"], message.body["message"])
        if message.kind != kind and kind:
            raise EngineFailed(
                f"The engine {self.name!r} answered {message.kind!r} instead of {kind!r}."
            )
        return message

    def _fail(self) -> NoReturn:
        self.kill()  # a process that is already exiting keeps its own exit status
        if self._sentence:
            raise self._sentence
        assert self._process, "it was asked"
        status = self._process.returncode
        how = f"exit code {status}"
        if status < 0:
            how = signal.Signals(-status).name
        said = f": {self._last_words[-1]}" if self._last_words else ""
        raise EngineFailed(f"The engine {self.name!r} crashed ({how}){said}")

    @contextmanager
    def _deadline(self, limit_s: float) -> Iterator[None]:
        """Have the process killed when the block takes longer: its pipes then end."""
        self._due = clock.monotonic_s() + limit_s
        try:
            yield
        finally:
            self._due = None

    def _look_after_it(self, launched: Future[subprocess.Popen[bytes]]) -> None:
        """The life of the process, in one thread: Linux kills it if that ends first."""
        try:
            process = _launch(self.name)
        except BaseException as error:  # noqa: BLE001 - the thread's edge: raised where it is awaited
            launched.set_exception(error)
            return
        launched.set_result(process)
        try:
            while not self._sentence and not self._over.wait(stopping.LOOK_EVERY_S):
                self._sentence = self._objection(process.pid)
        finally:
            _kill_group(process)
            process.wait()

    def _objection(self, pid: int) -> LongtakeError | None:
        """Why the process must not go on, if it must not."""
        if self._busy and self._stop.is_set():
            return stopping.canceled()
        due = self._due
        if due is not None and clock.monotonic_s() > due:
            return EngineFailed(
                f"The engine {self.name!r} said nothing for {self._silence_s:g} s and was "
                "stopped; ask for less, or set LONGTAKE_ENGINE_SILENCE_S higher."
            )
        if memory.exceeds(pid, self._memory_bytes):
            return EngineFailed(
                f"The engine {self.name!r} took more than {self._memory_bytes:,} bytes of "
                "memory and was stopped; ask for less, or set "
                "LONGTAKE_ENGINE_MEMORY_BYTES higher."
            )
        return None

    def _listen(self) -> None:
        """Keep the last lines of stderr, so that the engine never blocks on it."""
        assert self._process, "it was started"
        assert self._process.stderr
        with self._process.stderr as stream:
            for line in stream:
                if text := line.decode(errors="replace").strip():
                    self._last_words.append(text)


def _launch(name: str) -> subprocess.Popen[bytes]:
    """The host of the engine ``name``, finding the modules we find, and nothing else."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "longtake.engines.host", name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**settings.child_environment("SYSTEMROOT"), "PYTHONPATH": path},
        start_new_session=True,
    )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
        return
    # ProcessLookupError: nothing is left of the group; PermissionError: macOS says so
    # of a group of zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
