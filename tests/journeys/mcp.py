"""A program that was written for the vendor, unchanged: an MCP server from npm.

Its packages are named and hashed by clients/package-lock.json, which says nothing about
where they come from: npm's own configuration does.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from tests.command import ENVIRONMENT
from tests.conftest import REPOSITORY, missing

_NODE = 20
_INSTALL_S = 600
_ANSWER_S = 120
_CLIENTS = Path(__file__).parent / "clients"
_ENTRY = "node_modules/@felores/kie-ai-mcp-server/dist/index.js"


def node() -> str:
    """The path of a Node new enough for the client."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        missing("node and npm are not installed: apt-get install nodejs npm")
    assert found is not None
    said = subprocess.run(
        [found, "--version"], capture_output=True, text=True, check=True
    )
    version = re.match(r"v(\d+)", said.stdout)
    if version is None or int(version[1]) < _NODE:
        missing(f"the client needs Node {_NODE}; this is {said.stdout.strip()}")
    return found


def installed() -> Path:
    """The client's program, installed once for every lock and kept in ``build/``.

    One of its packages is compiled where it is installed: that needs a C++ compiler,
    Python and Node's headers, and for a test no optimization.
    """
    lock = (_CLIENTS / "package-lock.json").read_bytes()
    kept = REPOSITORY / "build" / f"clients-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (kept / _ENTRY).exists():
        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as name:
            fresh = Path(name) / "clients"
            shutil.copytree(_CLIENTS, fresh)
            ran = subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund"],
                cwd=fresh,
                env=ENVIRONMENT
                | {"CFLAGS": "-O0", "CXXFLAGS": "-O0", "MAKEFLAGS": "-j2"},
                capture_output=True,
                text=True,
                timeout=_INSTALL_S,
                check=False,
            )
            if ran.returncode:
                missing(f"npm cannot install the client: {ran.stderr[-2000:]}")
            if not kept.exists():
                fresh.rename(kept)
    return kept / _ENTRY


class Client:
    """The other end of its standard input and output: JSON-RPC, one message per line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answers: Queue[dict[str, Any]] = Queue()
        self._number = 0
        threading.Thread(target=self._listen, daemon=True).start()
        hello = self.ask(
            "initialize",
            protocolVersion="2025-06-18",
            capabilities={},
            clientInfo={"name": "tests", "version": "1"},
        )
        assert hello["serverInfo"]["name"] == "kie-ai-mcp-server"
        self._send({"method": "notifications/initialized"})

    def use(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; what it says, which is JSON."""
        result = self.ask("tools/call", name=tool, arguments=arguments)
        said: dict[str, Any] = json.loads(result["content"][0]["text"])
        return said

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One request and its result."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            try:
                message = self._answers.get(timeout=_ANSWER_S)
            except Empty:
                raise AssertionError(f"no answer to {method}") from None
            if message.get("id") == self._number:  # and not a notification
                assert "result" in message, message
                result: dict[str, Any] = message["result"]
                return result

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None, "a pipe was asked for"
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None, "a pipe was asked for"
        for line in self._process.stdout:
            self._answers.put(json.loads(line))


@contextmanager
def talking(
    folder: Path, base_url: str, key: str, callback_url: str
) -> Iterator[Client]:
    """The client as a process, with its settings and its own notes in ``folder``."""
    environment = {
        "KIE_AI_BASE_URL": base_url,
        "KIE_AI_API_KEY": key,
        "KIE_AI_CALLBACK_URL": callback_url,
        "KIE_AI_DB_PATH": str(folder / "tasks.db"),
        "KIE_AI_ALLOW_DIRECT_GENERATION": "true",
        "PATH": os.environ["PATH"],  # noqa: TID251  (a user's own environment)
    }
    with subprocess.Popen(
        [node(), str(installed())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env=environment,
    ) as process:
        try:
            yield Client(process)
        finally:
            process.kill()
