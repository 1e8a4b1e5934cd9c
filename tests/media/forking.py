"""Hostile files by the hundred: every one in a confined process of its own, by fork.

A real child costs a start of Python; this one has imported everything and forks for each
file. The fork is confined to that one file and answers exactly as a child does: it probes
the file, and decodes its last frames where it is taken in. Reads one path a line, answers
one JSON line each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from longtake.errors import MediaFailed
from longtake.media import child, confine, wire
from tests.media.looking import decoded, look

_DEADLINE_S = 30
_LAST_FRAMES = 8


def work(request: dict[str, Any], channel: child.Channel) -> dict[str, Any]:
    """Probe one file, say so, and decode its end."""
    clip = look(Path(request["path"]), max_clip_s=60)
    channel.send("taken in")
    n_frames = clip.video.n_frames
    first = max(0, n_frames - _LAST_FRAMES)
    return {"n_frames": len(decoded(clip, first, n_frames - first))}


def judged(path: Path) -> dict[str, Any]:
    """The answer of a confined fork: its stage (probe, decode, done), code and message.

    A fork that dies, or has an error that is none of ours, is "broken".
    """
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        signal.alarm(_DEADLINE_S)
        confine.confine(confine.Bounds(reads=(path,), cpu_s=_DEADLINE_S))
        with os.fdopen(writing, "wb") as outgoing, os.fdopen(0, "rb") as incoming:
            channel = child.Channel(incoming, outgoing)
            child._answer(work, {"path": str(path)}, channel)
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        messages = []
        while (message := wire.read(pipe)) is not None:
            messages.append(message)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        return {"stage": "broken", "message": signal.Signals(os.WTERMSIG(status)).name}
    last = messages[-1]
    if last.kind == "result":
        return {"stage": "done"} | last.body
    stage = "decode" if len(messages) > 1 else "probe"
    return {
        "stage": "broken" if last.body["code"] == MediaFailed.code else stage
    } | last.body


def main() -> None:
    """Answer every path on standard input."""
    for line in sys.stdin.readlines():
        sys.stdout.write(json.dumps(judged(Path(line.rstrip("\n")))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
