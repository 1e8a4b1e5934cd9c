"""Connections of the door: to checked addresses only, and over by a deadline."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpcore2

from longtake import clock
from longtake.errors import FetchFailed

Resolver = Callable[[str, int], Sequence[str]]
_CONNECT_S = 5.0  # for one address; the next is tried then


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address that the system knows for ``host``. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Deadline:
    """A moment after which nothing goes on."""

    def __init__(self, seconds: float) -> None:
        self._at_s = clock.monotonic_s() + seconds

    def left_s(self, timeout: float | None = None) -> float:
        """Seconds left, at most ``timeout``. Raises TimeoutError when there are none."""
        left = self._at_s - clock.monotonic_s()
        if left <= 0:
            raise TimeoutError("it took too long")
        return left if timeout is None else min(left, timeout)


class Backend(httpcore2.NetworkBackend):
    """Connects to the addresses that ``checked`` answers for a name: resolved once.

    ``checked(host, port)`` raises AddressRefused where one of them is not to be reached.
    """

    def __init__(self, checked: Resolver, deadline: Deadline) -> None:
        self._checked = checked
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address that answers; the name is not looked up again."""
        with _translated(httpcore2.ConnectTimeout, httpcore2.ConnectError):
            addresses = self._in_time(lambda: self._checked(host, port))
            failure: OSError = ConnectionError("the name has no address")
            for address in addresses:
                try:
                    found = socket.create_connection(
                        (address, port), self._deadline.left_s(_CONNECT_S)
                    )
                except OSError as error:
                    failure = error
                    continue
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return _Stream(found, self._deadline)
            raise failure

    def _in_time(self, look: Callable[[], Sequence[str]]) -> Sequence[str]:
        """What ``look`` answers, in a thread: a resolver knows no timeout of ours."""
        answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(look())
            except Exception as error:  # noqa: BLE001 - raised again where it is awaited
                answers.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=self._deadline.left_s())
        except queue.Empty:
            raise TimeoutError("its name could not be looked up in time") from None
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Stream(httpcore2.NetworkStream):
    """A socket on which no operation outlives the deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with _translated(httpcore2.ReadTimeout, httpcore2.ReadError):
            self._socket.settimeout(self._deadline.left_s(timeout))
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        with _translated(httpcore2.WriteTimeout, httpcore2.WriteError):
            while rest:
                self._socket.settimeout(self._deadline.left_s(timeout))
                rest = rest[self._socket.send(rest) :]

    def close(self) -> None:
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            with _translated(httpcore2.ConnectTimeout, httpcore2.ConnectError):
                self._socket.settimeout(self._deadline.left_s(timeout))
                found = ssl_context.wrap_socket(
                    self._socket, server_hostname=server_hostname
                )
        except BaseException:
            self.close()
            raise
        return _Stream(found, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the connection pool asks for: nothing of TLS, since HTTP/2 is not spoken."""
        return None


@contextmanager
def _translated(
    late: type[httpcore2.TimeoutException], failed: type[httpcore2.NetworkError]
) -> Iterator[None]:
    """The socket's errors in the words of httpcore."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:
        raise failed(str(error)) from error


@contextmanager
def answering(place: str) -> Iterator[None]:
    """What goes wrong on the way to ``place`` as FetchFailed."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise FetchFailed(f"{place} did not answer in time.") from error
    except httpcore2.NetworkError as error:
        raise FetchFailed(f"{place} cannot be reached: {error}.") from error
    except httpcore2.ProtocolError as error:
        raise FetchFailed(f"{place} does not speak HTTP: {error}.") from error
