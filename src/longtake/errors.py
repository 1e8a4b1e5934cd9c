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


class Canceled(LongtakeError):
    """The work was stopped by whoever asked for it."""

    code = "canceled"
    exit_code = 130


def from_code(code: str, message: str) -> LongtakeError:
    """The error that a child process reported as ``code`` and ``message``."""
    kinds = {kind.code: kind for kind in LongtakeError.__subclasses__()}
    return kinds.get(code, LongtakeError)(message)
