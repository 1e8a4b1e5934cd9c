"""The guarded door: where it does not go, whatever the notation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from longtake.door import Door, addresses
from longtake.door.place import Place
from longtake.errors import AddressRefused, FetchFailed, SetupIncomplete
from longtake.settings import Settings
from tests.receivers import receiving

CLOSED = Door(Settings())
OPEN = Door(Settings(allow_private_addresses=True))

LOCAL = (
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.255.255.254/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://LOCALHOST:8420/x",
    "http://localhost./",
    "http://anything.localhost/",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://169.254.1.1/",
    "http://172.31.255.255/",
    "http://192.0.0.8/",
    "http://192.88.99.1/",
    "http://192.168.1.1/",
    "http://198.19.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://127\N{IDEOGRAPHIC FULL STOP}0\N{IDEOGRAPHIC FULL STOP}0.1/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:0:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::7f00:1]/",
    "http://[2001::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:db8::1]/",
    "http://[fc00::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[4000::1]/",
)
ODD = (
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0x7f.1/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0x.0x.0x.0x/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://1.2.3.4.5/",
    "http://256.0.0.1/",
    "http://127.0.0.%31/",
    "http://127.0.0.1%00.example.com/",
    "http://\N{FULLWIDTH DIGIT ONE}27.0.0.1/",
    "http://\N{CIRCLED DIGIT ONE}27.0.0.1/",
    "http://\N{CIRCLED LATIN SMALL LETTER L}ocalhost/",
    "http://local\N{SOFT HYPHEN}host/",
    "http://[fe80::1%eth0]/",
    "http://[fe80::1%25eth0]/",
    "http://[::1/",
    "http://[127.0.0.1]/",
    "http://example.com\\@127.0.0.1/",
    "http://user:secret@example.com/",
    "http://@127.0.0.1@example.com/",
    "http://example.com:99999/",
    "http://example.com:0/",
    "http://exa mple.com/",
    "http://127.0.0.1\t/",
    "http://example.com/\r\nHost: 127.0.0.1",
    "http://.example.com/",
    "http://" + "a" * 64 + ".com/",
    "http:///etc/passwd",
    "http:example.com",
    "//example.com/",
    "example.com",
    "",
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://example.com/",
    "javascript:alert(1)",
)
METADATA = (
    "http://169.254.169.254/latest/",
    "http://169.254.170.2/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://[fd00:ec2::254]/",
    "http://[fd20:ce::254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::169.254.169.254]/",
    "http://[::ffff:0:169.254.169.254]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::169.254.169.254]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2001:0:a9fe:a9fe::]/",
    "http://[2001:0:1:1:0:0:5601:5601]/",
    "http://[fe80::5efe:169.254.169.254]/",
)
PUBLIC = (
    "https://example.com/",
    "http://8.8.8.8:8080/x?y",
    "http://[2606:4700::1111]/",
    "HTTPS://EXAMPLE.COM./",
    "http://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example/",
    "http://10.example.com/",
    "http://my_host.example.com/",
)


@pytest.mark.parametrize("url", LOCAL)
def test_the_addresses_of_this_network_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(AddressRefused, match="LONGTAKE_ALLOWED_HOSTS"):
        CLOSED.check_literal(url)
    with pytest.raises(AddressRefused, match="LONGTAKE_ALLOWED_HOSTS"):
        CLOSED.fetch(url, tmp_path / "it", max_bytes=1, timeout_s=5)
    with pytest.raises(AddressRefused, match="LONGTAKE_ALLOWED_HOSTS"):
        CLOSED.post(url, b"", {}, timeout_s=5)


@pytest.mark.parametrize("url", ODD)
def test_what_is_no_plain_url_is_refused_even_in_a_closed_network(url: str) -> None:
    for door in (CLOSED, OPEN):
        with pytest.raises(AddressRefused):
            door.check_literal(url)


@pytest.mark.parametrize("url", METADATA)
def test_metadata_addresses_are_never_reached(url: str) -> None:
    allowed = Settings(
        allow_private_addresses=True, allowed_hosts=(CLOSED.destination(url),)
    )
    for door in (CLOSED, OPEN, Door(allowed)):
        with pytest.raises(AddressRefused):
            door.check_literal(url)
    with pytest.raises(AddressRefused, match="metadata"):
        OPEN.post(url, b"", {}, timeout_s=5)


@pytest.mark.parametrize("url", PUBLIC)
def test_public_places_are_let_through(url: str) -> None:
    CLOSED.check_literal(url)


def test_a_url_is_read_once_and_shown_without_its_secrets() -> None:
    place = Place.of("HTTP://EXAMPLE.com:80/a b?token=secret#part")
    assert place.url == "http://example.com/a%20b?token=secret"
    assert (place.destination, place.netloc) == ("example.com:80", "example.com")
    assert "secret" not in str(place)
    long = Place.of("https://example.com/" + "x" * 5000)
    assert len(str(long)) < 300
    assert Place.of("https://[::1]:9000/").netloc == "[::1]:9000"


_SIGNS = st.sampled_from(
    "/\\@:[]%?#. \t\0\ud800\N{IDEOGRAPHIC FULL STOP}\N{KELVIN SIGN}"
)
_WORDS = st.sampled_from(
    ("//", "%25", "127", "0x7f", "::1", "xn--a", "65536", "a.example")
)
_TEXTS = st.lists(st.one_of(_SIGNS, _WORDS, st.text(max_size=3)), max_size=8).map(
    "".join
)


@given(_TEXTS)
@example("[::1")
@example("\ud800")
def test_any_text_is_a_place_or_refused(text: str) -> None:
    """Read again, a URL is the same: nobody who is told of it sees another one."""
    start = Place.of("http://example.com/a?b")
    for read, read_text in ((Place.of, f"http://{text}"), (start.led_to, text)):
        try:
            place = read(read_text)
        except (AddressRefused, FetchFailed) as error:
            assert str(error).isprintable()  # noqa: PT017
        else:
            assert Place.of(place.url) == place


def _any_address() -> st.SearchStrategy[IPv4Address | IPv6Address]:
    four = st.ip_addresses(v=4)
    low = st.integers(0, 2**32 - 1)
    within = st.sampled_from(
        [
            IPv6Network(text)
            for text in ("::/64", "64:ff9b::/96", "2000::/3", "fc00::/7")
        ]
    ).flatmap(lambda net: st.ip_addresses(network=net))
    wrapped = low.map(lambda tail: IPv6Address((0xFFFF << 32) | tail))
    return st.one_of(four, st.ip_addresses(v=6), within, wrapped)


@given(_any_address())
@example(ip_address("192.88.99.1"))
@example(ip_address("100.64.0.1"))
@example(ip_address("2002:808:808::"))
def test_what_python_calls_special_is_refused(
    address: IPv4Address | IPv6Address,
) -> None:
    """An independent list: whatever ``ipaddress`` knows to be special, we refuse."""
    special = (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or address.is_link_local
        or address.is_loopback
        or address.is_unspecified
    )
    refused = addresses.refusal(address, private_allowed=False)
    if special:
        assert refused
    if refused and not special:  # what ipaddress does not know
        assert any(address in network for network in _OURS) or (
            str(address).startswith(("192.88.99.", "168.63.129.16", "192.0.0."))
        )


_OURS = [
    IPv6Network(text)
    for text in ("64:ff9b::/96", "2002::/16", "2001::/23", "3fff::/20", "::/3")
]


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_an_ipv4_address_is_found_in_every_wrapping(tail: int, noise: int) -> None:
    """A metadata address is refused in a closed network too, however it is written."""
    four = int(IPv4Address("169.254.169.254"))
    for number in (
        four,
        0xFFFF << 32 | four,
        0xFFFF << 48 | four,
        0x0064FF9B << 96 | four,
        0x2002 << 112 | four << 80 | noise,
        0x20010000 << 96 | four << 64 | noise,
        0x20010000 << 96 | noise << 32 | four ^ 0xFFFFFFFF,
        0xFE80 << 112 | 0x5EFE << 32 | four,
    ):
        assert addresses.refusal(IPv6Address(number), private_allowed=True)
    plain = IPv4Address(tail)
    assert bool(addresses.refusal(plain, private_allowed=True)) == (
        str(plain) in _METADATA_FOUR
    )


_METADATA_FOUR = {
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.0.23",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
}


class Names:
    """A resolver of our own: each look-up takes the next answer; counts them."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1%eth0"],
        ["::ffff:10.0.0.1"],
        ["93.184.216.34", "10.0.0.1"],
        ["2606:4700::1111", "fd00::1"],
    ],
)
def test_a_name_is_refused_if_one_of_its_addresses_is(found: list[str]) -> None:
    door = Door(Settings(), resolver=Names(found))
    door.check_literal("http://hooks.example/")  # a name says nothing by itself
    with pytest.raises(AddressRefused, match=r"hooks\.example leads to"):
        door.post("http://hooks.example/", b"", {}, timeout_s=5)


def test_a_name_that_is_bound_anew_after_the_check_gains_nothing() -> None:
    """DNS rebinding: the second answer would lead inward, but nobody asks twice."""
    with receiving() as inner:
        # A public address that does not answer: the connection went there, not inward.
        names = Names(["240.0.0.1"], ["127.0.0.1"])
        door = Door(
            Settings(allowed_hosts=(f"hooks.example:{inner.port}",)), resolver=names
        )
        with pytest.raises(FetchFailed):
            door.post(f"http://hooks.example:{inner.port}/", b"", {}, timeout_s=1)
        assert names.asked == [("hooks.example", inner.port)]
        assert not inner.received


def test_the_checked_address_is_called_by_the_name() -> None:
    with receiving() as receiver:
        names = Names(["127.0.0.1"])
        allowed = (f"Hooks.Example.:{receiver.port}",)
        door = Door(Settings(allowed_hosts=allowed), resolver=names)
        url = f"http://HOOKS.example.:{receiver.port}/a%20b?c=1#d"
        assert door.post(url, b"{}", {"X-Own": "1"}, timeout_s=5).status == 200
    (received,) = receiver.received
    assert received.headers["host"] == f"hooks.example:{receiver.port}"
    assert (received.path, received.headers["x-own"]) == ("/a%20b?c=1", "1")


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with receiving() as receiver:
        names = Names(["127.0.0.2", "127.0.0.1"])  # nobody listens on the first
        door = Door(
            Settings(allowed_hosts=(f"two.example:{receiver.port}",)), resolver=names
        )
        url = f"http://two.example:{receiver.port}/"
        assert door.post(url, b"", {}, timeout_s=5).status == 200


def test_an_entry_allows_its_port_and_its_name_only() -> None:
    door = Door(Settings(allowed_hosts=("127.0.0.1:9000", "[fd00::7]:9000")))
    door.check_literal("http://127.0.0.1:9000/")
    door.check_literal("http://[FD00:0::7]:9000/")
    for url in (
        "http://127.0.0.1:9001/",
        "http://localhost:9000/",
        "http://[fd00::7]/",
    ):
        with pytest.raises(AddressRefused):
            door.check_literal(url)


@pytest.mark.parametrize(
    "entry", ["example.com", "example.com:", "a b:1", ":80", "x:0"]
)
def test_an_entry_that_makes_no_sense_is_said_at_once(entry: str) -> None:
    with pytest.raises(SetupIncomplete, match="LONGTAKE_ALLOWED_HOSTS"):
        Door(Settings(allowed_hosts=(entry,)))


def test_no_proxy_of_the_environment_is_used() -> None:
    code = (
        "import sys; from longtake.door import Door; from longtake.settings import load;"
        "print(Door(load()).post(sys.argv[1], b'', {}, timeout_s=5).status)"
    )
    with receiving() as proxy, receiving() as receiver:
        ran = subprocess.run(
            [sys.executable, "-c", code, receiver.url()],
            env={
                "LONGTAKE_ALLOWED_HOSTS": f'["{receiver.host}"]',
                "http_proxy": f"http://{proxy.host}",
                "HTTP_PROXY": f"http://{proxy.host}",
                "ALL_PROXY": f"http://{proxy.host}",
            },
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    assert ran.stdout == "200\n"
    assert len(receiver.received) == 1
    assert not proxy.received
