"""A real HTTP server for tests: receives callbacks, serves files, behaves badly on demand."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

LONG_S = 60.0  # longer than anybody waits


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came; the names of the headers are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver does: answers, or something worse."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: bool = False  # read the request, never answer
    reset: bool = False  # break the connection instead of answering
    drip_s: float = 0.0  # send the body byte by byte, waiting before each
    endless: bool = False  # repeat the body until the other side has had enough


Behavior = Callable[[Received], Reply]


def ok(_: Received) -> Reply:
    """Answer 200 to everything."""
    return Reply()


def always(status: int, **headers: str) -> Behavior:
    """Answer ``status`` to everything; ``Retry_After="3"`` becomes that header."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Reply(status, sent)


def failing(times: int, status: int = 500) -> Behavior:
    """Answer ``status`` so many ``times``, then 200."""
    lock, left = threading.Lock(), [times]

    def behave(_: Received) -> Reply:
        with lock:
            left[0] -= 1
            return Reply(status if left[0] >= 0 else 200)

    return behave


def hanging(_: Received) -> Reply:
    """Take the request and never answer."""
    return Reply(hang=True)


def resetting(_: Received) -> Reply:
    """Break the connection instead of answering."""
    return Reply(reset=True)


def redirecting(to: str, status: int = 302) -> Behavior:
    """Send everybody ``to`` another URL."""
    return lambda _: Reply(status, {"Location": to})


def dripping(every_s: float = 0.2) -> Behavior:
    """Answer 200 with a body that comes byte by byte."""
    return lambda _: Reply(body=b"x" * 10_000, drip_s=every_s)


def serving(files: Mapping[str, tuple[str, bytes]]) -> Behavior:
    """Answer each path of ``files`` with its content type and bytes, others with 404."""

    def behave(request: Received) -> Reply:
        if (found := files.get(request.path.partition("?")[0])) is None:
            return Reply(404)
        return Reply(headers={"Content-Type": found[0]}, body=found[1])

    return behave


class Receiver:
    """A server on a free port of 127.0.0.1. ``behave`` may be set anew at any time."""

    def __init__(self, behave: Behavior = ok) -> None:
        self.behave = behave
        self.received: list[Received] = []
        self.leaving = threading.Event()
        self._arrived = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), _Exchange)
        self._server.receiver = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def host(self) -> str:
        """``host:port``, as LONGTAKE_ALLOWED_HOSTS wants it."""
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/callback") -> str:
        """The URL of ``path`` here."""
        return f"http://{self.host}{path}"

    def take(self, request: Received) -> Reply:
        """Keep ``request`` and say what is done about it."""
        with self._arrived:
            self.received.append(request)
            self._arrived.notify_all()
        return self.behave(request)

    def wait_for(self, count: int, timeout_s: float = 10.0) -> list[Received]:
        """The requests so far, once there are ``count``; fails when they do not come."""
        with self._arrived:
            enough = self._arrived.wait_for(
                lambda: len(self.received) >= count, timeout_s
            )
            assert enough, f"{len(self.received)} of {count} requests came"
            return list(self.received)

    def close(self) -> None:
        """Stop, and let go of everybody who still waits."""
        self.leaving.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def receiving(behave: Behavior = ok) -> Iterator[Receiver]:
    """A receiver for the length of a block."""
    receiver = Receiver(behave)
    try:
        yield receiver
    finally:
        receiver.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    receiver: Receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The other side may leave whenever it likes."""


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = LONG_S

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on stderr."""

    def _answer(self) -> None:
        receiver = cast(_Server, self.server).receiver
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Received(self.command, self.path, headers, body)
        reply = receiver.take(request)
        self.close_connection = True
        if reply.hang:
            receiver.leaving.wait(LONG_S)
        elif reply.reset:
            # A socket closed with unsent time to linger of zero sends RST.
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        else:
            self._send(reply, receiver.leaving)

    def _send(self, reply: Reply, leaving: threading.Event) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if not reply.endless:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.drip_s:
            for n in range(len(reply.body)):
                if leaving.wait(reply.drip_s):
                    return
                self.wfile.write(reply.body[n : n + 1])
            return
        self.wfile.write(reply.body)
        while reply.endless and not leaving.is_set():
            self.wfile.write(reply.body)
