"""A real browser and a small file server with ranges: how a person would play a result."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
_TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/webm",
}

# Reads the counter of tests.scene from the picture on show; blocks are [x, y] centers.
_PAGE = """<!doctype html><video id=v muted preload=auto></video><script>
const v = document.getElementById("v"), canvas = document.createElement("canvas");
const pen = canvas.getContext("2d", {willReadFrequently: true});
function number(blocks) {
  canvas.width = v.videoWidth; canvas.height = v.videoHeight;
  pen.drawImage(v, 0, 0);
  let code = 0;
  for (const [x, y] of blocks) {
    const p = pen.getImageData(x - 1, y - 1, 3, 3).data;
    let sum = 0;
    for (let i = 0; i < p.length; i += 4) sum += p[i] + p[i + 1] + p[i + 2];
    code = code * 2 + (sum > 128 * 27 ? 1 : 0);
  }
  return code;
}
function load(url) {
  return new Promise((done, fail) => {
    v.onloadeddata = () => done([v.duration, v.videoWidth, v.videoHeight]);
    v.onerror = () => fail(v.error.message || "media error " + v.error.code);
    v.src = url;
  });
}
function seek(time) {
  return new Promise((done, fail) => {
    v.onerror = () => fail(v.error.message);
    v.requestVideoFrameCallback((_, meta) => done(meta.mediaTime));
    v.currentTime = time;
  });
}
function play(from, to, rate, blocks) {
  return new Promise(async (done, fail) => {
    v.onerror = () => fail(v.error.message);
    const seen = [];
    const look = (_, meta) => {
      seen.push([number(blocks), meta.mediaTime, meta.presentedFrames]);
      if (meta.mediaTime < to && !v.ended) v.requestVideoFrameCallback(look);
      else { v.pause(); done(seen); }
    };
    v.onended = () => done(seen);
    await seek(from);
    seen.push([number(blocks), v.currentTime, -1]);
    v.requestVideoFrameCallback(look);
    v.playbackRate = rate;
    v.play();
  });
}
</script>"""


class _Handler(BaseHTTPRequestHandler):
    """GET of one file, whole or one range of it (RFC 9110, section 14)."""

    folder: Path

    def do_GET(self) -> None:
        if self.path == "/":
            self._send(200, _PAGE.encode(), "text/html")
            return
        file = self.folder / Path(self.path).name
        if not file.is_file():
            self._send(404, b"", "text/plain")
            return
        data = file.read_bytes()
        kind = _TYPES.get(file.suffix, "application/octet-stream")
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self._send(200, data, kind)
            return
        first = int(asked[1])
        last = min(int(asked[2] or len(data) - 1), len(data) - 1)
        part = data[first : last + 1]
        self._send(206, part, kind, f"bytes {first}-{last}/{len(data)}")

    def _send(self, status: int, body: bytes, kind: str, span: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-store")
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()
        # A browser that seeks drops the request that it no longer needs.
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the test says what it needs."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a server of the files of ``folder`` and of the page that plays them."""
    handler = type("Handler", (_Handler,), {"folder": folder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def browsing(chromium: str, profile: Path, address: str) -> Iterator[Page]:
    """The player's page in a fresh Chromium."""
    with sync_playwright() as player:
        context = player.chromium.launch_persistent_context(
            profile, executable_path=chromium, headless=False, args=_ARGUMENTS
        )
        try:
            page = context.new_page()
            page.goto(address)
            yield page
        finally:
            context.close()
