"""The guarded door: redirects, sizes, times, types and certificates."""

from __future__ import annotations

import gzip
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from longtake.door import Door
from longtake.errors import AddressRefused, FetchFailed
from longtake.settings import Settings
from tests import receivers
from tests.conftest import missing
from tests.receivers import Reply, receiving

BIG = 1_000_000


def _to(receiver: receivers.Receiver) -> Door:
    return Door(Settings(allowed_hosts=(receiver.host,)))


INWARD = (
    "http://127.0.0.1:1/",
    "http://169.254.169.254/latest/",
    "http://2130706433/",
    "//[::1]/",
    "file:///etc/passwd",
    "http://user@example.com/",
    "http://[::1",
)


@pytest.mark.parametrize("location", INWARD)
def test_a_redirect_passes_the_same_door(location: str, tmp_path: Path) -> None:
    with receiving(receivers.redirecting(location)) as outer:
        door = _to(outer)
        with pytest.raises(AddressRefused):
            door.fetch(outer.url(), tmp_path / "it", max_bytes=BIG, timeout_s=5)
        assert (
            door.post(outer.url(), b"", {}, timeout_s=5).status == 302
        )  # not followed
    assert len(outer.received) == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_fetch_follows_five_redirects_and_not_a_sixth(
    status: int, tmp_path: Path
) -> None:
    def hop(request: receivers.Received) -> Reply:
        left = int(request.path.removeprefix("/"))
        if not left:
            return Reply(body=b"there")
        return Reply(status, {"Location": str(left - 1)})  # a relative one

    with receiving(hop) as receiver:
        door = _to(receiver)
        found = door.fetch(
            receiver.url("/5"), tmp_path / "it", max_bytes=BIG, timeout_s=5
        )
        assert found.url == receiver.url("/0")
        assert (tmp_path / "it").read_bytes() == b"there"
        with pytest.raises(FetchFailed, match="more than 5"):
            door.fetch(receiver.url("/6"), tmp_path / "no", max_bytes=BIG, timeout_s=5)
    assert not (tmp_path / "no").exists()


def test_a_fetch_keeps_what_was_asked_for(tmp_path: Path) -> None:
    film = bytes(range(256)) * 400
    with receiving(receivers.serving({"/a.mp4": ("Video/MP4; x=1", film)})) as receiver:
        found = _to(receiver).fetch(
            receiver.url("/a.mp4?token=1"),
            tmp_path / "it",
            max_bytes=len(film),
            timeout_s=5,
            types=("video/", "application/octet-stream"),
        )
    assert (found.content_type, found.size_bytes) == ("video/mp4", len(film))
    assert (tmp_path / "it").read_bytes() == film
    assert receiver.received[0].headers["accept-encoding"] == "identity"


REFUSED = {
    "status": (Reply(404), "answered 404"),
    "partial": (Reply(206, body=b"x"), "answered 206"),
    "nowhere": (Reply(302), "redirects to nowhere"),
    "type": (Reply(headers={"Content-Type": "text/html"}), "is text/html"),
    "no type": (Reply(body=b"x"), "is application/octet-stream"),
    "said length": (
        Reply(headers={"Content-Type": "video/mp4"}, body=b"x" * (BIG + 1)),
        "larger than",
    ),
    "endless": (
        Reply(headers={"Content-Type": "video/mp4"}, body=b"x" * 65_536, endless=True),
        "larger than",
    ),
    "gzip bomb": (
        Reply(
            headers={"Content-Type": "video/mp4", "Content-Encoding": "gzip"},
            body=gzip.compress(bytes(50_000_000)),
        ),
        "compressed",
    ),
    "hang": (Reply(hang=True), "did not answer in time"),
    "reset": (Reply(reset=True), "cannot be reached"),
    "drip": (
        Reply(headers={"Content-Type": "video/mp4"}, body=b"x" * 1000, drip_s=0.05),
        "did not answer in time",
    ),
    "headers": (Reply(headers={"X-Long": "x" * 200_000}), "does not speak HTTP"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_fetch_ends_in_time_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    reply, words = REFUSED[name]
    with receiving(lambda _: reply) as receiver:
        began = time.monotonic()
        with pytest.raises(FetchFailed, match=words):
            _to(receiver).fetch(
                receiver.url("/it"),
                tmp_path / "it",
                max_bytes=BIG,
                timeout_s=1,
                types=("video/",),
            )
        assert time.monotonic() - began < 2
    assert not list(tmp_path.iterdir())


@contextmanager
def _listening() -> Iterator[int]:
    """A port that takes connections and never says or reads a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_post_ends_in_time_where_nobody_reads(scheme: str) -> None:
    with _listening() as port:
        door = Door(Settings(allowed_hosts=(f"127.0.0.1:{port}",)))
        url = f"{scheme}://127.0.0.1:{port}/"
        began = time.monotonic()
        with pytest.raises(FetchFailed, match="in time"):
            door.post(url, bytes(30_000_000), {}, timeout_s=1)
        assert time.monotonic() - began < 2


def test_a_look_up_that_hangs_ends_in_time() -> None:
    let_go = threading.Event()

    def slow(_: str, __: int) -> Sequence[str]:
        let_go.wait(10)
        return ["93.184.216.34"]

    began = time.monotonic()
    with pytest.raises(FetchFailed, match="in time"):
        Door(Settings(), resolver=slow).post(
            "http://a.example/", b"", {}, timeout_s=0.3
        )
    assert time.monotonic() - began < 2
    let_go.set()


@pytest.mark.parametrize(
    "answer", [b"\0\0\0", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n"]
)
def test_what_is_no_http_is_told(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=talk)
        thread.start()
        port = server.getsockname()[1]
        door = Door(Settings(allowed_hosts=(f"127.0.0.1:{port}",)))
        with pytest.raises(FetchFailed, match="does not speak HTTP"):
            door.post(f"http://127.0.0.1:{port}/", b"", {}, timeout_s=5)
        thread.join()


def test_a_port_nobody_listens_on_is_told() -> None:
    with _listening() as port:
        pass
    door = Door(Settings(allowed_hosts=(f"127.0.0.1:{port}",)))
    with pytest.raises(FetchFailed, match="cannot be reached"):
        door.post(f"http://127.0.0.1:{port}/", b"", {}, timeout_s=5)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The certificate and the key of hooks.example."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        " -days 2 -subj /CN=hooks.example -addext subjectAltName=DNS:hooks.example"
    )
    try:
        subprocess.run(
            [*command.split(), "-keyout", key, "-out", cert],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        missing("openssl is not installed: apt-get install openssl")
    return cert, key


def _here(_: str, __: int) -> Sequence[str]:
    """A resolver to which every name is this machine."""
    return ["127.0.0.1"]


@contextmanager
def _secure(cert: Path, key: Path) -> Iterator[tuple[int, list[Any]]]:
    """A TLS server that answers one request 200; its port, and the names it was called."""
    names: list[Any] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    tls.sni_callback = lambda _, name, __: names.append(name)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            try:
                with tls.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65_536)
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                connection.close()  # the other side did not like us

        thread = threading.Thread(target=talk)
        thread.start()
        yield server.getsockname()[1], names
        thread.join()


@pytest.mark.parametrize("host", ["hooks.example", "other.example"])
def test_a_certificate_must_be_of_the_name_not_of_the_address(
    certificate: tuple[Path, Path], host: str
) -> None:
    cert, key = certificate
    with _secure(cert, key) as (port, names):
        door = Door(
            Settings(allowed_hosts=(f"{host}:{port}",)),
            resolver=_here,
            tls=ssl.create_default_context(cafile=str(cert)),
        )
        if host == "hooks.example":
            assert door.post(f"https://{host}:{port}/", b"", {}, timeout_s=5).status
        else:
            with pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
                door.post(f"https://{host}:{port}/", b"", {}, timeout_s=5)
    assert names == [host]


def test_an_unknown_certificate_is_refused(certificate: tuple[Path, Path]) -> None:
    with _secure(*certificate) as (port, _):
        door = Door(
            Settings(allowed_hosts=(f"hooks.example:{port}",)),
            resolver=_here,
        )
        with pytest.raises(FetchFailed, match="CERTIFICATE_VERIFY_FAILED"):
            door.post(f"https://hooks.example:{port}/", b"", {}, timeout_s=5)
