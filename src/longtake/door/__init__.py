"""The one guarded door to the network: what users name is fetched and called through it.

Only http(s). A name is resolved once; every address it has is checked; the connection
goes to a checked address, with the name kept for TLS and the Host header. No proxy of the
environment, no cookie, no compression, a limit on every size and time. URLs that the
operator sets do not pass here.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import httpcore2

from longtake.door import addresses
from longtake.door.network import Backend, Deadline, Resolver, answering, resolve
from longtake.door.place import Place, parsed_address
from longtake.errors import AddressRefused, FetchFailed, OutputRefused, SetupIncomplete
from longtake.settings import Settings

__all__ = ["MEDIA_TYPES", "Answer", "Door", "Fetched"]

MEDIA_TYPES = ("video/", "image/", "application/mp4", "application/octet-stream")

_MAX_HOPS = 5
_IDLE_S = 15.0
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_OK = 200
_USER_AGENT = f"longtake/{version('longtake')}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched: the type it claims to be, its size, and where it was found."""

    content_type: str  # lower-case, without parameters
    size_bytes: int
    url: str  # after redirects


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered; the names of the headers are lower-case."""

    status: int
    headers: Mapping[str, str]


class Door:
    """The way to the network for URLs that users name. Safe to share between threads.

    ``resolver`` looks names up, and ``tls`` says whom to trust; by default the system.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._private_allowed = settings.allow_private_addresses
        self._allowed = frozenset(map(_entry, settings.allowed_hosts))
        self._resolver = resolver
        self._given_tls = tls

    def check_literal(self, url: str) -> None:
        """Refuse ``url`` for what can be seen without a look-up. Raises AddressRefused.

        That is: no absolute http(s) URL, a literal address that is not gone to, or
        ``localhost``. Other names are checked when connecting.
        """
        self._check_host(Place.of(url))

    def destination(self, url: str) -> str:
        """``host:port`` of ``url``. Raises AddressRefused where it is no http(s) URL."""
        return Place.of(url).destination

    def fetch(
        self,
        url: str,
        to: Path,
        *,
        max_bytes: int,
        timeout_s: float,
        types: Sequence[str] = (),
    ) -> Fetched:
        """Write what lies at ``url`` to the file ``to``; of a failure nothing is left.

        At most five redirects are followed, each through this door. ``types`` are the
        beginnings of the content types taken; none: all. What says no type is an
        application/octet-stream (RFC 9110, 8.3). Raises AddressRefused, and FetchFailed for what is too large, too slow, of another type or not there, and
        OutputRefused where it cannot be written.
        """
        deadline = Deadline(timeout_s)
        place = Place.of(url)
        for _ in range(_MAX_HOPS + 1):
            with self._answer("GET", place, deadline) as response:
                if response.status not in _REDIRECTS:
                    found = _Body(place, response)
                    found.check(max_bytes, types)
                    size_bytes = found.write(to, max_bytes)
                    return Fetched(found.content_type, size_bytes, place.url)
                place = place.led_to(_headers(response).get("location", ""))
        raise FetchFailed(
            f"{Place.of(url)} redirects more than {_MAX_HOPS} times; name the file itself."
        )

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float
    ) -> Answer:
        """Send ``body`` and answer the status, whatever it is; redirects are not followed.

        Raises AddressRefused, and FetchFailed where no answer came within ``timeout_s``
        seconds in all.
        """
        place = Place.of(url)
        deadline = Deadline(timeout_s)
        with self._answer("POST", place, deadline, body, headers) as response:
            return Answer(response.status, _headers(response))

    @contextmanager
    def _answer(
        self,
        method: str,
        place: Place,
        deadline: Deadline,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[httpcore2.Response]:
        """One request on a connection of its own."""
        sent: list[tuple[bytes | str, bytes | str]] = [
            ("Host", place.netloc),
            ("User-Agent", _USER_AGENT),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            *(headers or {}).items(),
        ]

        def checked(host: str, port: int) -> Sequence[str]:
            assert (host, port) == (place.host, place.port), "one connection, one place"
            return self._addresses(place)

        with ExitStack() as stack:
            stack.enter_context(answering(str(place)))
            pool = httpcore2.ConnectionPool(
                ssl_context=self._tls, network_backend=Backend(checked, deadline)
            )
            stack.enter_context(pool)
            yield stack.enter_context(
                pool.stream(
                    method,
                    httpcore2.URL(
                        scheme=place.scheme.encode(),
                        host=place.host.encode(),
                        port=place.port,
                        target=place.target.encode(),
                    ),
                    headers=sent,
                    content=body,
                    extensions={"timeout": {"read": _IDLE_S, "write": _IDLE_S}},
                )
            )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or httpcore2.default_ssl_context()

    def _addresses(self, place: Place) -> Sequence[str]:
        """The addresses of ``place``, each checked. Raises AddressRefused, OSError."""
        self._check_host(place)
        if place.address is not None:
            return (str(place.address),)
        found = self._resolver(place.host, place.port)
        for text in found:
            self._check(place, parsed_address(text))
        return found

    def _check_host(self, place: Place) -> None:
        """What the host says by itself."""
        if place.address is not None:
            self._check(place, place.address)
        elif place.host.split(".")[-1] == "localhost" and not self._lets(place):
            raise _refused(place, f"{place.host} is this machine")

    def _check(self, place: Place, address: addresses.Address) -> None:
        if reason := addresses.refusal(address, private_allowed=self._lets(place)):
            if address == place.address:
                raise _refused(place, f"{place.host} is {reason}")
            raise _refused(place, f"{place.host} leads to {address}, {reason}")

    def _lets(self, place: Place) -> bool:
        return self._private_allowed or place.destination in self._allowed


def _entry(text: str) -> str:
    """One ``host:port`` of LONGTAKE_ALLOWED_HOSTS, as Place writes it."""
    if text.rpartition(":")[2].isdecimal():
        try:
            return Place.of(f"http://{text}").destination
        except AddressRefused:
            pass
    raise SetupIncomplete(
        f"LONGTAKE_ALLOWED_HOSTS holds {text!r}; each entry is host:port, as in "
        "media.example:443 or [fd00::7]:9000."
    )


def _refused(place: Place, reason: str) -> AddressRefused:
    if reason.endswith("never allowed"):
        return AddressRefused(f"{reason}.")
    return AddressRefused(
        f"{reason}; whoever runs this server can allow {place.destination} in "
        "LONGTAKE_ALLOWED_HOSTS, or all such with LONGTAKE_ALLOW_PRIVATE_ADDRESSES."
    )


def _headers(response: httpcore2.Response) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in response.headers
    }


class _Body:
    """The body of an answer, taken only if it is what was asked for."""

    def __init__(self, place: Place, response: httpcore2.Response) -> None:
        self._place = place
        self._response = response
        self._said = _headers(response)
        said = self._said.get("content-type", "").partition(";")[0].strip().lower()
        self.content_type = said or "application/octet-stream"

    def check(self, max_bytes: int, types: Sequence[str]) -> None:
        """Refuse what the headers already tell."""
        if self._response.status != _OK:
            status = self._response.status
            raise FetchFailed(f"{self._place} answered {status}.", status=status)
        if types and not self.content_type.startswith(tuple(types)):
            raise FetchFailed(
                f"{self._place} is {self.content_type}; taken are {', '.join(types)}."
            )
        if self._said.get("content-encoding", "identity").lower() != "identity":
            raise FetchFailed(
                f"{self._place} sends compressed bytes, though none were asked for."
            )
        length = self._said.get("content-length", "")
        if length.isdecimal() and int(length) > max_bytes:
            raise self._too_large(max_bytes)

    def write(self, to: Path, max_bytes: int) -> int:
        """Write it to the file ``to`` and answer its size; nothing is left of a failure."""
        try:
            with to.open("wb") as file:
                for piece in self._pieces(max_bytes):
                    file.write(piece)
                return file.tell()
        except BaseException as error:
            to.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise OutputRefused(
                    f"{self._place} cannot be kept: {error.strerror}."
                ) from error
            raise

    def _pieces(self, max_bytes: int) -> Iterator[bytes]:
        size_bytes = 0
        for piece in self._response.iter_stream():
            size_bytes += len(piece)
            if size_bytes > max_bytes:
                raise self._too_large(max_bytes)
            yield piece

    def _too_large(self, max_bytes: int) -> FetchFailed:
        return FetchFailed(
            f"{self._place} is larger than the {max_bytes:,} bytes that are taken."
        )
