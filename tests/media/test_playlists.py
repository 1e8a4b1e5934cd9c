"""Files and names that point elsewhere: nothing is fetched, no other file is read."""

from __future__ import annotations

import http.server
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from longtake.errors import ClipUnreadable
from longtake.media.probe import probe
from tests.media.looking import look

Made = Callable[..., Path]


class _Listener(http.server.BaseHTTPRequestHandler):
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_error(404)


@pytest.fixture
def listener() -> Iterator[int]:
    """A web server that must see nothing; its port."""
    _Listener.seen.clear()
    with socketserver.TCPServer(("127.0.0.1", 0), _Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{url}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{url}'\n",
    "mpd": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT3S"><Period><AdaptationSet><Representation id="1" '
        'bandwidth="1"><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period>'
        "</MPD>"
    ),
    "sdp": "v=0\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n",
    "asx": '<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("named", ["clip.mp4", "clip.{kind}"])
def test_playlists_fetch_nothing(
    kind: str, named: str, made: Made, listener: int, tmp_path: Path
) -> None:
    local = made("ts", n_frames=24)
    for url in (f"http://127.0.0.1:{listener}/x.ts", str(local), f"file:{local}"):
        path = tmp_path / named.format(kind=kind)
        path.write_text(PLAYLISTS[kind].format(url=url, port=listener))
        with pytest.raises(ClipUnreadable):
            look(path)  # even without the child's walls nothing is fetched
    with pytest.raises(ClipUnreadable):
        probe(path)
    assert not _Listener.seen


def test_a_name_is_never_a_protocol(listener: int, tmp_path: Path) -> None:
    for name in (f"http:127.0.0.1:{listener}", "concat:a|b", "subfile,,:x", "%d.mp4"):
        with pytest.raises(ClipUnreadable, match="does not exist"):
            probe(tmp_path / name)
    assert not _Listener.seen
