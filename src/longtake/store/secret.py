"""The secret of a data folder: what keys are hashed and links are signed under."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from longtake.errors import SetupIncomplete

_SIZE_BYTES = 32
_NAME = "secret"


def read(folder: Path) -> bytes:
    """The 32 bytes in ``folder``. Raises SetupIncomplete where they are not."""
    path = folder / _NAME
    try:
        found = path.read_bytes()
    except FileNotFoundError as error:
        raise SetupIncomplete(
            f"'{folder}' is not a data folder of longtake: it has no secret. "
            "`longtake serve` makes one; with Postgres, copy the file 'secret' from the "
            "data folder of the first server."
        ) from error
    except OSError as error:
        raise SetupIncomplete(
            f"The secret '{path}' cannot be read: {error.strerror}."
        ) from error
    if len(found) != _SIZE_BYTES:
        raise SetupIncomplete(
            f"The secret '{path}' is damaged: it has {len(found)} bytes instead of "
            f"{_SIZE_BYTES}. Restore it from a backup; without it no key is accepted."
        )
    return found


def ensure(folder: Path) -> None:
    """Make the secret where there is none; of several processes at once one wins.

    It appears whole and readable by its owner only, or not at all.
    """
    path = folder / _NAME
    if path.exists():
        return
    draft = folder / f".{_NAME}-{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SIZE_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
