"""A form with a file in it, written to disk as it comes and never held in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from longtake.api import envelope, guard
from longtake.errors import FieldInvalid

FILE = "file"  # the part that holds the file
_WRITE_BYTES = 1 << 20  # at a time: a hop to the thread pool for each
_MAX_PARTS = 32
_MAX_FIELD_BYTES = 64 << 10
_MAX_BOUNDARY_BYTES = 70  # RFC 2046
_FORM_BYTES = 1 << 20  # what the rest of a form may add to the file


@dataclass(slots=True)
class Form:
    """What a form said. ``file_name`` is as the client gave it, None without a file."""

    fields: dict[str, str] = field(default_factory=dict)
    file_name: str | None = None


def is_form(request: Request) -> bool:
    """Whether the body claims to be a form."""
    return request.headers.get("content-type", "").lower().startswith("multipart/")


async def receive(request: Request, to: Path, *, max_bytes: int) -> Form:
    """Read the form of ``request``, the part ``file`` into the file ``to``.

    The whole form may have ``max_bytes`` and a little more; other files are passed over.
    Raises FieldInvalid for two files, and an HTTPException of 400 for what is no form,
    too large, too slow or broken off.
    """
    guard.allow(request, max_bytes + _FORM_BYTES)
    parts = _Parts(_boundary(request))
    with to.open("wb") as file:
        try:
            async for chunk in request.stream():
                parts.take(chunk)
                if len(parts.waiting) >= _WRITE_BYTES:
                    await run_in_threadpool(parts.write, file)
        except ClientDisconnect as error:
            raise _bad("The upload was broken off; send it again.") from error
        parts.end()
        await run_in_threadpool(parts.write, file)
    return parts.form


class _Parts:
    """What the parser calls: fields are kept, the bytes of the file wait to be written."""

    def __init__(self, boundary: bytes) -> None:
        self.form = Form()
        self.waiting = bytearray()
        self._n_parts = 0
        self._header, self._disposition = b"", b""
        self._value = b""
        self._name = ""
        self._text = bytearray()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    def take(self, chunk: bytes) -> None:
        """Understand a piece of the body."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _bad(f"The form is broken: {error}.") from error

    def write(self, file: IO[bytes]) -> None:
        """Write what waits."""
        file.write(self.waiting)
        self.waiting.clear()

    def end(self) -> None:
        """The body has ended; so must the form."""
        if not self._ended:
            raise _bad("The form ends in the middle; send it again.")

    def _begin(self) -> None:
        self._n_parts += 1
        if self._n_parts > _MAX_PARTS:
            raise FieldInvalid(f"The form has more than {_MAX_PARTS} parts.")
        self._disposition, self._text = b"", bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name != FILE:
            # A file that nobody asked for is passed over like a field that nobody knows.
            self._name = "" if b"filename" in options else self._name
            return
        if self.form.file_name is not None:
            raise FieldInvalid(
                "The form has two parts named file; send one.", field=FILE
            )
        self.form.file_name = options.get(b"filename", b"").decode("utf-8", "replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._name == FILE:
            self.waiting += data[start:end]
        elif self._name:
            if len(self._text) + end - start > _MAX_FIELD_BYTES:
                raise FieldInvalid(f"{self._name} is too long.", field=self._name)
            self._text += data[start:end]

    def _end(self) -> None:
        if self._name and self._name != FILE:
            self.form.fields[self._name] = self._text.decode("utf-8", "replace")

    def _finish(self) -> None:
        self._ended = True


def _boundary(request: Request) -> bytes:
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= _MAX_BOUNDARY_BYTES:
        raise _bad("The Content-Type names no boundary; let the HTTP library set it.")
    return boundary


def _bad(detail: str) -> HTTPException:
    return HTTPException(envelope.BAD_REQUEST, detail)
