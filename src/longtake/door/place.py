"""A URL, as the door reads it: one strict reading for the check and for the connection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx2

from longtake.door.addresses import Address
from longtake.errors import AddressRefused, FetchFailed

_PORTS = {"http": 80, "https": 443}
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads. ``host`` is lower-case ASCII without a dot at its end."""

    scheme: str
    host: str
    port: int
    target: str  # path and query, percent-encoded
    address: Address | None  # of a host that is a literal address

    @classmethod
    def of(cls, url: str) -> Place:
        """Read an absolute http(s) URL. Raises AddressRefused for every other text.

        Of the many ways to write an address only the canonical one is taken.
        """
        try:
            parsed = httpx2.URL(url)
            port = _PORTS.get(parsed.scheme, 0) if parsed.port is None else parsed.port
            host = parsed.raw_host.decode("ascii").removesuffix(".")
        except (httpx2.InvalidURL, ValueError) as error:
            raise AddressRefused(f"{_shown(url)} is not a URL: {error}") from error
        if parsed.scheme not in _PORTS or not host:
            raise AddressRefused(
                f"{_shown(url)} is not an absolute http:// or https:// URL."
            )
        if parsed.userinfo:
            raise AddressRefused(
                f"The URL of {host} carries a user name or a password; leave it out."
            )
        if not 0 < port <= 65_535:  # noqa: PLR2004 - the ports that exist
            raise AddressRefused(f"The URL of {host} names port {port}; there is none.")
        target = parsed.raw_path.decode("ascii")
        address = _literal(host)
        host = host if address is None else str(address)
        return cls(parsed.scheme, host, port, target, address)

    def led_to(self, location: str) -> Place:
        """Where a redirect to ``location`` leads. Raises AddressRefused, FetchFailed."""
        if not location:
            raise FetchFailed(f"{self} redirects to nowhere.")
        try:
            joined = str(httpx2.URL(self.url).join(location))
        except (httpx2.InvalidURL, ValueError) as error:
            raise AddressRefused(
                f"{self} redirects to what is no URL: {error}"
            ) from error
        return Place.of(joined)

    @property
    def destination(self) -> str:
        """``host:port``, as an operator writes it to allow it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def netloc(self) -> str:
        """The Host header: the port only where it is not the scheme's."""
        if self.port == _PORTS[self.scheme]:
            return self.destination.rpartition(":")[0]
        return self.destination

    @property
    def url(self) -> str:
        """The whole URL, normalized."""
        return f"{self.scheme}://{self.netloc}{self.target}"

    def __str__(self) -> str:
        """For messages: without the query, which may hold a secret."""
        return _shown(self.url.partition("?")[0])


def _literal(host: str) -> Address | None:
    """The address that ``host`` is, None for a name. Raises AddressRefused for neither."""
    if ":" in host:
        found = IPv6Address(host)  # the URL's parser has checked it
        if found.scope_id is not None:
            raise AddressRefused(f"[{host}] names a zone of this machine.")
        return found
    if _NUMBER.fullmatch(host.rpartition(".")[2]):  # a resolver would read a number
        try:
            return IPv4Address(host)
        except ValueError:
            raise AddressRefused(
                f"{_shown(host)} is an odd way to write an address; write four numbers "
                "with dots."
            ) from None
    if not _NAME.fullmatch(host):
        raise AddressRefused(f"{_shown(host)} is not a host name.")
    return None


def parsed_address(text: str) -> Address:
    """An address as a resolver answers it; a zone is cut off."""
    return ip_address(text.partition("%")[0])


def _shown(text: str) -> str:
    """``text``, fit for a message: printable and not too long."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
