"""The clips we hold: the videos of a record, and files sent ahead of a request.

The only writer of ``lt_clips`` and ``lt_uploads``. The rows say which files there are;
whoever calls puts and deletes the files themselves (store.files), a put before its row
and a delete before the row's end is committed, so that a crash never leaves a row
without its file.
"""

from longtake.clips.facts import SUFFIXES, Facts
from longtake.clips.media import Media, media, own
from longtake.clips.uploads import Upload, add_upload, expire_uploads, upload
from longtake.clips.videos import (
    Clip,
    add,
    by_id,
    by_media_name,
    expire,
    of,
    of_each,
    remove,
    unnamed,
)

__all__ = [
    "SUFFIXES",
    "Clip",
    "Facts",
    "Media",
    "Upload",
    "add",
    "add_upload",
    "by_id",
    "by_media_name",
    "expire",
    "expire_uploads",
    "media",
    "of",
    "of_each",
    "own",
    "remove",
    "unnamed",
    "upload",
]
