"""Which addresses the door does not go to, and in what words it says so.

The lists are explicit, after the IANA special-purpose registries (RFC 6890 and its
successors): what Python's ``is_global`` says differs from version to version.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address

_PRIVATE = tuple(
    (ip_network(network), words)
    for network, words in (
        ("0.0.0.0/8", "an address of this network"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "an address shared behind a provider's NAT"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "an address of a protocol"),
        ("192.0.2.0/24", "an address for documents"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documents"),
        ("203.0.113.0/24", "an address for documents"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "the unspecified address"),
        ("::1/128", "a loopback address"),
        ("::/96", "an IPv4 address in an IPv6 one"),
        ("::ffff:0:0/96", "an IPv4 address in an IPv6 one"),
        ("::ffff:0:0:0/96", "an IPv4 address in an IPv6 one"),
        ("64:ff9b::/96", "an IPv4 address behind a NAT64"),
        ("64:ff9b:1::/48", "an IPv4 address behind a NAT64"),
        ("2001::/32", "a Teredo tunnel"),
        ("2001::/23", "an address of a protocol"),
        ("2001:db8::/32", "an address for documents"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3fff::/20", "an address for documents"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
    )
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")  # the rest is not given to anybody

# What a cloud tells a machine of itself, keys included. Sources: the clouds' documents.
_METADATA = frozenset(
    ip_address(address)
    for address in (
        "169.254.169.254",  # most clouds
        "169.254.170.2",  # AWS, tasks
        "169.254.170.23",  # AWS, pods
        "169.254.0.23",  # Tencent
        "168.63.129.16",  # Azure
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle, before
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS, pods
        "fd20:ce::254",  # Google
        "fd00:c1::a9fe:a9fe",  # Oracle
    )
)

_IPV4_TAILS = tuple(  # networks whose addresses end in an IPv4 one
    IPv6Network(network)
    for network in (
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
    )
)
_ISATAP = frozenset((0x00005EFE, 0x02005EFE))


def refusal(address: Address, *, private_allowed: bool) -> str | None:
    """Why ``address`` is not gone to, as in "it is ..."; None where it may be.

    Metadata addresses are refused always, however they are wrapped.
    """
    if any(one in _METADATA for one in (address, *_carried(address))):
        return "a metadata address, which is never allowed"
    if private_allowed:
        return None
    for network, words in _PRIVATE:
        if _within(address, network):
            return words
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return "an address outside the public IPv6 network"
    return None


def _within(address: Address, network: IPv4Network | IPv6Network) -> bool:
    return address.version == network.version and address in network


def _carried(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses to which a packet for ``address`` could be carried."""
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    tail = number & 0xFFFFFFFF
    if any(address in network for network in _IPV4_TAILS):
        yield IPv4Address(tail)
    if number >> 32 & 0xFFFFFFFF in _ISATAP:
        yield IPv4Address(tail)
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
