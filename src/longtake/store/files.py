"""The files: clips, pictures and uploads under keys, in the data folder.

A key is a relative path of plain names, made by us and never by a client. A file is
written beside the others first and then takes its name: whoever reads a key reads all of
it or finds nothing. The same bytes under the same key may be put twice.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from longtake.errors import NotFound, OutputRefused
from longtake.settings import Settings

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LISTED = 1000
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Stored:
    """What was put: its size and its SHA-256 in hex."""

    size_bytes: int
    sha256: str


class Files:
    """The files of one data folder. Any number of processes may use it at once."""

    def __init__(self, settings: Settings) -> None:
        self._root = (settings.data / "files").absolute()
        self._arrivals = self._root.with_name("arrivals")
        self._arrivals.mkdir(parents=True, exist_ok=True)
        self._store = LocalStore(self._root, mkdir=True, automatic_cleanup=True)

    def put(self, path: Path, key: str) -> Stored:
        """Keep a copy of ``path`` under ``key``. Raises OutputRefused where it cannot."""
        with self.arrival() as copy, _writing():
            shutil.copyfile(path, copy)
            return self.keep(copy, key)

    def put_bytes(self, data: bytes, key: str) -> Stored:
        """Keep ``data`` under ``key``. Raises OutputRefused where it cannot."""
        with self.arrival() as copy, _writing():
            copy.write_bytes(data)
            return self.keep(copy, key)

    @contextmanager
    def arrival(self) -> Iterator[Path]:
        """An empty file to fill, on the same disk; removed at the end unless kept.

        Raises OutputRefused where it cannot be made, or the disk is full meanwhile.
        """
        with _writing():
            path, descriptor = self._begun()
        try:
            yield path
        except OSError as error:
            if error.errno in _FULL:
                raise _full() from error
            raise
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    def keep(self, arrived: Path, key: str) -> Stored:
        """Give a filled :meth:`arrival` its key, once its bytes are on the disk."""
        final = self.local_path(key)
        with _writing():
            with arrived.open("rb+") as file:
                stored = Stored(
                    size_bytes=os.fstat(file.fileno()).st_size,
                    sha256=hashlib.file_digest(file, "sha256").hexdigest(),
                )
                os.fsync(file.fileno())
            os.utime(arrived)  # however long ago it came: it is new here
            self._move(arrived, final)
        return stored

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """A path to read the file of ``key`` from. Raises NotFound."""
        path = self.local_path(key)
        if not path.is_file():
            raise _missing(key)
        yield path

    def local_path(self, key: str) -> Path:
        """Where the file of ``key`` is or would be. Raises ValueError for no key."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key of a file")
        return self._root / key

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """The bytes ``[start, end)`` of ``key``, all of them by default. Raises NotFound."""
        size = self.size(key)
        end = size if end is None else min(end, size)
        if start >= end:
            return b""
        with _reading(key):
            found = obstore.get_range(self._store, key, start=start, end=end)
        return bytes(found)

    def size(self, key: str) -> int:
        """How many bytes ``key`` has. Raises NotFound."""
        self.local_path(key)
        with _reading(key):
            return obstore.head(self._store, key)["size"]

    def delete(self, keys: Iterable[str]) -> None:
        """Delete every one of ``keys`` that is there, and folders left empty.

        Raises OutputRefused where it cannot.
        """
        for key in keys:
            self.local_path(key)
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                pass
            except BaseError as error:
                raise OutputRefused(f"The file {key} cannot be deleted.") from error

    def keys(
        self, prefix: str = "", *, before_ms: int | None = None
    ) -> Iterator[tuple[str, int]]:
        """Every key under ``prefix`` (whole names) with its size in bytes.

        ``before_ms`` leaves out what was put later.
        """
        until = datetime.max.replace(tzinfo=UTC)
        if before_ms is not None:
            until = datetime.fromtimestamp(before_ms / 1000, UTC)
        for found in obstore.list(self._store, prefix or None, chunk_size=_LISTED):
            yield from (
                (one["path"], one["size"])
                for one in found
                if one["last_modified"] < until
            )

    def delete_arrivals(self) -> int:
        """Delete what dead processes left half written: nobody locks it. How many."""
        count = 0
        for path in self._arrivals.iterdir():
            with suppress(FileNotFoundError, BlockingIOError), path.open("rb+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
                count += 1
        return count

    def _begun(self) -> tuple[Path, int]:
        """A new arrival, locked for as long as the descriptor is open."""
        while True:
            path = self._arrivals / secrets.token_hex(16)
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.exists():
                    return path, descriptor
            os.close(descriptor)  # a sweep has taken it in the moment between

    def _move(self, arrived: Path, final: Path) -> None:
        for left in reversed(range(_TRIES)):
            try:
                final.parent.mkdir(parents=True, exist_ok=True)
                arrived.replace(final)
                break
            except (FileNotFoundError, FileExistsError):
                if not left:  # else a delete swept the empty folder away meanwhile
                    raise
        if sys.platform != "win32":  # where a folder cannot be opened
            for folder in (final.parent, *final.parent.parents):
                _sync(folder)
                if folder == self._root:
                    break


def _sync(folder: Path) -> None:
    """Put a folder's names on the disk."""
    with suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _full() -> OutputRefused:
    return OutputRefused("The disk that holds the files is full; free some space.")


def _missing(key: str) -> NotFound:
    return NotFound(f"The file {key} does not exist.")


@contextmanager
def _reading(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise _missing(key) from error


@contextmanager
def _writing() -> Iterator[None]:
    """Turn what the system says about writing into OutputRefused."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full() from error
        raise OutputRefused(
            f"The data folder cannot be written: {error.strerror or error}."
        ) from error
