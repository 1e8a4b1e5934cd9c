"""Messages over a pipe: a JSON body and an optional payload of raw bytes.

Layout of one message, big-endian: body length (u32), payload length (u64), body (UTF-8
JSON object with a ``kind``), payload. Both our children (media and engines) speak it.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_HEAD = struct.Struct(">IQ")
_BODY_LIMIT = 64 << 20
_PAYLOAD_LIMIT = 1 << 30
_AXES = _CHANNELS = 3

Frame = NDArray[np.uint8]  # (height, width, 3) uint8, RGB


@dataclass(frozen=True, slots=True)
class Message:
    """One message as received; ``payload`` is empty where none was sent."""

    kind: str
    body: dict[str, Any]
    payload: bytes | bytearray


class WireBroken(Exception):
    """The other side closed the pipe inside a message, or sent what is not one."""


def write(
    stream: IO[bytes],
    kind: str,
    body: dict[str, Any] | None = None,
    payload: bytes | bytearray | memoryview = b"",
) -> None:
    """Send one message and flush it. Raises BrokenPipeError when nobody listens."""
    text = json.dumps({**(body or {}), "kind": kind}).encode()
    size = payload.nbytes if isinstance(payload, memoryview) else len(payload)
    stream.write(_HEAD.pack(len(text), size))
    stream.write(text)
    if size:
        stream.write(payload)
    stream.flush()


def read(stream: IO[bytes]) -> Message | None:
    """The next message, or None at a clean end. Raises :class:`WireBroken`."""
    head = _exactly(stream, _HEAD.size)
    if not head:
        return None
    text_size, size = _HEAD.unpack(head)
    if text_size > _BODY_LIMIT or size > _PAYLOAD_LIMIT:
        raise WireBroken("a message is larger than the protocol allows")
    text = _exactly(stream, text_size)
    payload = _exactly(stream, size)
    if len(text) < text_size or len(payload) < size:
        raise WireBroken("the pipe closed inside a message")
    try:
        body = json.loads(text.decode())
        kind = body.pop("kind")
    except (ValueError, KeyError, AttributeError) as error:
        raise WireBroken("a message has no readable body") from error
    return Message(kind=kind, body=body, payload=payload)


def _exactly(stream: IO[bytes], size: int) -> bytearray:
    """``size`` bytes, or fewer only where the stream ends."""
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        count = stream.readinto(view[got:])  # type: ignore[attr-defined]
        if not count:
            return data[:got]
        got += count
    return data


def write_frame(stream: IO[bytes], kind: str, frame: Frame, **body: Any) -> None:
    """Send one picture: (height, width, 3) uint8, RGB."""
    pixels = np.ascontiguousarray(frame)
    body["shape"] = list(pixels.shape)
    write(stream, kind, body, pixels.data.cast("B"))


def frame_of(message: Message) -> Frame:
    """The picture of a message sent by :func:`write_frame`: (height, width, 3) uint8."""
    shape = tuple(int(n) for n in message.body["shape"])
    if (
        len(shape) != _AXES
        or shape[2] != _CHANNELS
        or np.prod(shape) != len(message.payload)
    ):
        raise WireBroken(f"a picture of shape {shape} came with other bytes")
    return np.frombuffer(message.payload, np.uint8).reshape(shape)
