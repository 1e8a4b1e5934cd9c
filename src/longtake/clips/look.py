"""A look at a file that came from outside, by a limited child of ``longtake.media``.

The books and the HTTP process load no codec: they start the child as a process and speak
its few messages themselves (the layout is that of media.wire).
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtake.clips.facts import Facts
from longtake.errors import ClipUnreadable, LongtakeError, MediaFailed, from_code
from longtake.settings import Settings, child_environment

_MODULE = "longtake.media.probe"
_HEAD = struct.Struct(">IQ")  # bytes of the JSON body, bytes of the payload
_MAX_CPU_S = 600
_MAX_ANSWER_BYTES = 16 << 20  # what a child that was taken over may fill us with
_MEMORY_BYTES = 2 << 30  # of address space


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a clip found: its facts, and its first frame as a small JPEG."""

    facts: Facts
    poster: bytes


class Looker:
    """Looks at a few files at a time; who comes later waits without holding a thread."""

    def __init__(
        self, settings: Settings, *, at_once: int = 2, patience_s: float = 60
    ) -> None:
        self._settings = settings
        self._patience_s = patience_s
        self._places = asyncio.Semaphore(at_once)

    async def look(self, path: Path, name: str) -> Seen:
        """What the file at ``path`` is; sentences call it ``name``.

        Raises ClipUnreadable, ClipRefused and MediaFailed.
        """
        path = path.absolute()
        async with self._places:
            try:
                async with asyncio.timeout(self._patience_s), _started() as process:
                    return await self._ask(process, path)
            except TimeoutError as error:
                raise ClipUnreadable(
                    f"{name} could not be read within {self._patience_s:g} s; convert it to "
                    "a simpler format first."
                ) from error
            except LongtakeError as error:
                said = str(error).replace(str(path), name).replace(path.name, name)
                raise type(error)(said) from error

    async def _ask(self, process: asyncio.subprocess.Process, path: Path) -> Seen:
        assert process.stdin is not None, "a pipe was asked for"
        assert process.stdout is not None, "a pipe was asked for"
        with suppress(BrokenPipeError, ConnectionResetError):  # its death is seen below
            process.stdin.write(self._request(path))
            await process.stdin.drain()
        poster = b""
        try:
            while True:
                kind, body, payload = await _read(process.stdout)
                match kind:
                    case "poster":
                        poster = payload
                    case "result":
                        return Seen(Facts.of(body["clip"]), poster)
                    case "error":
                        raise from_code(body["code"], body["message"])
        except asyncio.IncompleteReadError as error:
            raise _death(await process.wait(), path.name) from error
        except (ValueError, KeyError) as error:
            raise MediaFailed(
                f"{path.name}: the limited process that looks at it answered nonsense."
            ) from error

    def _request(self, path: Path) -> bytes:
        limits = self._settings
        body = {
            "kind": "request",
            "parent": os.getpid(),
            "bounds": {
                "reads": [os.path.realpath(path)],
                "writes": [],
                "cpu_s": min(_MAX_CPU_S, 30 + limits.max_clip_s // 10),
                "memory_bytes": _MEMORY_BYTES,
            },
            "request": {
                "path": str(path),
                "poster": True,
                "max_clip_s": limits.max_clip_s,
                "max_clip_bytes": limits.max_clip_bytes,
            },
        }
        text = json.dumps(body).encode()
        return _HEAD.pack(len(text), 0) + text


@asynccontextmanager
async def _started() -> AsyncIterator[asyncio.subprocess.Process]:
    """The child, with nothing of our environment; dead at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", _MODULE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            **child_environment("SYSTEMROOT", "TEMP"),
            "PYTHONPATH": os.pathsep.join(place for place in sys.path if place),
            "OPENBLAS_NUM_THREADS": "1",
        },
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _read(stream: asyncio.StreamReader) -> tuple[str, dict[str, Any], bytes]:
    """One message. Raises IncompleteReadError where the child has gone, ValueError and
    KeyError for what is no message.
    """
    text_size, payload_size = _HEAD.unpack(await stream.readexactly(_HEAD.size))
    if text_size + payload_size > _MAX_ANSWER_BYTES:
        raise ValueError("a message is larger than any that is sent")
    body = json.loads(await stream.readexactly(text_size))
    return body.pop("kind"), body, await stream.readexactly(payload_size)


def _death(code: int, name: str) -> LongtakeError:
    if code >= 0:
        return MediaFailed(
            f"{name}: the limited process that looks at it ended without an answer "
            f"(exit code {code}); run `longtake check`."
        )
    return ClipUnreadable(
        f"{name} crashed the decoder, or needs more time or memory than is allowed; "
        "convert it with another program first."
    )
