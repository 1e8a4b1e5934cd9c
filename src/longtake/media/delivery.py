"""A file that appears whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from longtake.errors import OutputRefused


class Delivery:
    """A place for a finished file: written beside its final name, then renamed.

    A context manager. ``path`` is an empty file with a hidden name and the same suffix in
    the same folder, to be filled by whoever; :meth:`deliver` gives it its final name.
    Leaving without that removes it. Raises OutputRefused, before any work, when ``final``
    is one of ``sources`` (by whatever name), exists without ``force``, or cannot be
    written.
    """

    def __init__(self, final: Path, *, force: bool, sources: Sequence[Path]) -> None:
        self.final = final
        self._force = force
        self._sources = sources
        self.path = final.with_name(
            f".{final.stem[:80]}-{secrets.token_hex(4)}{final.suffix}"
        )

    def __enter__(self) -> Self:
        with writing(self.final):
            self._check()
            # Not tempfile: the result gets the permissions any new file would have.
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.path.unlink(missing_ok=True)

    def deliver(self) -> None:
        """Give the file its final name, once its bytes are on the disk."""
        with writing(self.final):
            descriptor = os.open(self.path, os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self.path.replace(self.final)

    def _check(self) -> None:
        name = f"'{self.final}'"
        folder = self.final.parent
        if not folder.is_dir():
            raise OutputRefused(
                f"The folder '{folder}' does not exist; create it first."
            )
        if self.final.is_dir():
            raise OutputRefused(f"{name} is a folder; name a file in it.")
        for source in self._sources:
            with suppress(OSError):
                if self.final.samefile(source):
                    raise OutputRefused(
                        f"{name} is the source itself, which is never written over; "
                        "choose another name."
                    )
        if os.path.lexists(self.final) and not self._force:
            raise OutputRefused(
                f"{name} exists; choose another name, or replace it with --force."
            )


@contextmanager
def writing(final: Path) -> Iterator[None]:
    """Turn what the system says about writing ``final`` into OutputRefused."""
    try:
        yield
    except OSError as error:
        raise OutputRefused(refusal(final, error)) from error


def refusal(final: Path, error: OSError) -> str:
    """One sentence on why ``final`` could not be written."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"The disk is full in '{final.parent}'; free some space, or write elsewhere."
        case errno.EACCES | errno.EPERM:
            return f"No permission to write in '{final.parent}'; choose another folder."
        case errno.EROFS:
            return f"'{final.parent}' is read-only; choose another folder."
        case errno.ENAMETOOLONG:
            return f"The name '{final.name}' is too long; choose a shorter one."
        case _:
            return f"'{final}' cannot be written: {error.strerror or error}."
