"""Every error raised on purpose.

A subclass carries a stable ``code`` for machines and the ``exit_code`` of the command.
Its message is one sentence that says what is wrong and what to do about it. Errors
cross process boundaries by ``code`` (:func:`from_code`).
"""

from __future__ import annotations


class LongtakeError(Exception):
    """Something that was asked for cannot be done; the message says what to do."""

    code = "error"
    exit_code = 1


class AskInvalid(LongtakeError):
    """The request itself makes no sense: a negative length, a time beyond the end."""

    code = "ask_invalid"
    exit_code = 2


class ClipUnreadable(LongtakeError):
    """The file is not a video that can be decoded: missing, empty, cut off, damaged."""

    code = "clip_unreadable"
    exit_code = 3


class ClipRefused(LongtakeError):
    """The file is a video, but beyond a limit or of a kind that is not taken."""

    code = "clip_refused"
    exit_code = 3


class EngineUnknown(LongtakeError):
    """No installed engine has this name."""

    code = "engine_unknown"
    exit_code = 4


class EngineIncapable(LongtakeError):
    """The engine declares that it cannot do what is asked; said before any work."""

    code = "engine_incapable"
    exit_code = 4


class EngineFailed(LongtakeError):
    """The engine crashed, hung, or broke its promise while it was working."""

    code = "engine_failed"
    exit_code = 4


class OutputRefused(LongtakeError):
    """The result cannot be written there: it exists, no permission, no folder, disk full."""

    code = "output_refused"
    exit_code = 5


class ProofFailed(LongtakeError):
    """The finished file is not what was promised; it is not delivered."""

    code = "proof_failed"
    exit_code = 6


class MediaFailed(LongtakeError):
    """A limited child died or broke its protocol while it handled the file."""

    code = "media_failed"
    exit_code = 7


class SetupIncomplete(LongtakeError):
    """Something this machine needs is not installed; the message says how to install it."""

    code = "setup_incomplete"
    exit_code = 8


class DatabaseUnreachable(LongtakeError):
    """The database is down, locked or full; the same request may go through later."""

    code = "database_unreachable"
    exit_code = 9


class FieldInvalid(LongtakeError):
    """A field of a request breaks its rule; ``field`` names it."""

    code = "field_invalid"
    exit_code = 2

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotFound(LongtakeError):
    """There is no such thing, or it is another account's."""

    code = "not_found"
    exit_code = 10


class RecordNotReady(LongtakeError):
    """The record cannot be used as asked: unfinished, expired, no such video."""

    code = "record_not_ready"
    exit_code = 10


class SourceFailed(LongtakeError):
    """The record to go on from failed itself."""

    code = "source_failed"
    exit_code = 10


class CreditsMissing(LongtakeError):
    """The balance does not cover the price; nothing was held."""

    code = "credits_missing"
    exit_code = 11


class KeyRefused(LongtakeError):
    """The key is missing, unknown, revoked, or not allowed to do this."""

    code = "key_refused"
    exit_code = 12


class TooMany(LongtakeError):
    """Too many requests; the same may go through after ``retry_after_s`` seconds."""

    code = "too_many"
    exit_code = 13

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SwitchedOff(LongtakeError):
    """The operator has switched this feature off."""

    code = "switched_off"
    exit_code = 14


class UnderMaintenance(LongtakeError):
    """The operator has stopped new work for a while."""

    code = "under_maintenance"
    exit_code = 14


class AddressRefused(LongtakeError):
    """The guarded door does not go there: a private address, no http(s), too many hops."""

    code = "address_refused"
    exit_code = 15


class FetchFailed(LongtakeError):
    """What lies behind a URL could not be fetched: no answer, an error, too large.

    ``status`` is the HTTP status, where one was answered that is no success.
    """

    code = "fetch_failed"
    exit_code = 15

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class BooksBroken(LongtakeError):
    """What must always hold of the books and the files does not."""

    code = "books_broken"
    exit_code = 16


class Canceled(LongtakeError):
    """The work was stopped by whoever asked for it."""

    code = "canceled"
    exit_code = 130


def from_code(code: str, message: str) -> LongtakeError:
    """The error that a child process reported as ``code`` and ``message``."""
    kinds = {kind.code: kind for kind in LongtakeError.__subclasses__()}
    return kinds.get(code, LongtakeError)(message)
