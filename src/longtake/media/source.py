"""The one way to open bytes that came from outside.

FFmpeg is told which formats and protocols exist: without that a playlist named .mp4 makes
HTTP requests or reads other local files. Only inside a limited child (media.child).
"""

from __future__ import annotations

import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from longtake.errors import ClipUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer

MAX_PIXELS = 8_294_400  # 3840 x 2160
_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts",
    "protocol_whitelist": "file",
    "max_pixels": str(MAX_PIXELS),
    "max_streams": "16",
    "enable_drefs": "0",  # parts in other files
}
_TAKEN = "mp4, mov, mkv, webm, avi or ts"


def open_source(path: Path) -> InputContainer:
    """Open a media file of the formats we take, by name and never as a file object.

    Raises ClipUnreadable with a sentence for whatever cannot be opened as one.
    """
    _look(path)
    with translated(path):
        return av.open(f"file:{path}", "r", options=_OPTIONS, metadata_errors="replace")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Around calls into FFmpeg that read ``path``: its errors become ClipUnreadable."""
    try:
        yield
    except MemoryError:  # among FFmpeg's errors too; the child has a sentence for it
        raise
    except av.error.PermissionError as error:
        raise ClipUnreadable(
            f"{path.name} may not be read; change its permissions or copy it."
        ) from error
    except av.error.FFmpegError as error:
        raise ClipUnreadable(
            f"{path.name} is not a video that can be read ({error.strerror}); it is "
            f"damaged, cut off or of another kind than {_TAKEN}."
        ) from error
    except UnicodeError as error:
        raise ClipUnreadable(
            f"{path.name} holds text that is not UTF-8 where names belong; write the "
            "file again with another program."
        ) from error


def _look(path: Path) -> None:
    """Refuse what is no regular file with bytes in it, before anything opens it."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ClipUnreadable(f"{path} does not exist; check the name.") from error
    except OSError as error:
        raise ClipUnreadable(
            f"{path} cannot be looked at: {error.strerror}."
        ) from error
    if stat.S_ISDIR(found.st_mode):
        raise ClipUnreadable(f"{path} is a folder; name one video file.")
    if not stat.S_ISREG(found.st_mode):
        raise ClipUnreadable(
            f"{path} is a pipe or a device; save the video to a file and name that."
        )
    if not found.st_size:
        raise ClipUnreadable(
            f"{path.name} is empty; take the file again from its origin."
        )
