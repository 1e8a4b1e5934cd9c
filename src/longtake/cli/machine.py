"""``longtake engines``, ``sample`` and ``check``: what this machine can do."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longtake.cli.books import Data, broken_books
from longtake.cli.console import AsJson, document, facts, say

if TYPE_CHECKING:
    from longtake.errors import LongtakeError


def engines(*, json: AsJson = False) -> None:
    """List the installed engines and what they can do."""
    from longtake.engines import registry

    found = {name: _engine(name) for name in registry.names()}
    if json:
        document({"engines": found})
        return
    for name, known in found.items():
        if "error" in known:
            say(f"{name}: {known['error']}")
            continue
        limits = known["limits"]
        say(f"{name} {known['version']}")
        facts(
            [
                ("length", f"up to {_seconds(limits['max_seconds'])} at a time"),
                ("context", f"up to {_seconds(limits['context_s'])} of the clip"),
                ("size", f"up to {limits['max_pixels']:,} pixels a picture"),
                ("prompt", "followed" if limits["takes_prompt"] else "not followed"),
            ]
        )


def _seconds(text: str) -> str:
    return f"{float(Fraction(text)):g} s"


def _engine(name: str) -> dict[str, Any]:
    """What the engine says of itself, in its own process; or why it cannot."""
    from longtake.engines.host import LIMITS
    from longtake.engines.process import EngineProcess
    from longtake.errors import LongtakeError

    try:
        with EngineProcess(name) as engine:
            limits = LIMITS.dump_python(engine.limits, mode="json")
            return {"version": engine.version, "limits": limits}
    except LongtakeError as error:
        return {"error": str(error)}


def sample(
    output: Annotated[Path, typer.Argument(help="Where to write it, .mp4.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that exists.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Draw a clip by code, to try Longtake on: a camera move, water, a moving subject."""
    from longtake.media.delivery import Delivery, writing
    from longtake.media.sample import draw

    with Delivery(output, force=force, sources=()) as place:
        with writing(output):
            draw(place.path)
        place.deliver()
    if json:
        document({"path": str(output)})
    else:
        say(str(output))


_LAYERS = {
    "memory": "memory is limited",
    "cpu": "processor time is limited",
    "file_size": "files it may not write stay empty",
    "descriptors": "open files are limited",
    "core_dump": "it leaves no core dump",
    "privileges": "it cannot gain privileges",
    "files": "it reads no file but the clip",
    "network": "it reaches no network",
    "system_calls": "it starts no program",
}


def check(
    *,
    data: Data = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every file and compare checksums.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Say what works on this machine, and whether a server's books are in order.

    The books are those of the data folder that is named, or of the usual one where there
    is one; a server may go on running meanwhile.
    """
    import av

    from longtake import __version__
    from longtake.engines import registry
    from longtake.media import confine

    found: dict[str, Any] = {
        "version": __version__,
        "ffmpeg": f"FFmpeg {av.ffmpeg_version_info} in PyAV {av.__version__}",
        "encoders": {
            name: name in av.codecs_available for name in ("libx264", "libvpx-vp9")
        },
        "confinement": confine.capabilities(),
        "engines": {name: _engine(name) for name in registry.names()},
        "books": broken_books(data, deep=deep),
    }
    error = _error(found)
    if json:
        wrong = {"error": {"code": error.code, "message": str(error)}} if error else {}
        document(found | wrong)
        raise typer.Exit(error.exit_code if error else 0)
    _say(found)
    if error:
        raise error


def _say(found: dict[str, Any]) -> None:
    say(f"longtake {found['version']}, {found['ffmpeg']}")
    facts(
        (name, "present" if there else "missing")
        for name, there in found["encoders"].items()
    )
    say("A process that decodes a clip, on this machine:")
    facts(
        ("yes" if found["confinement"].get(name) else "NO", text)
        for name, text in _LAYERS.items()
    )
    say("Engines:")
    facts(
        (name, about.get("error", "ready")) for name, about in found["engines"].items()
    )
    if (books := found["books"]) is not None:
        say(f"Books in {books['data']}:")
        if not books["broken"]:
            say(f"  all {books['n_invariants']} invariants hold")
        for name, places in groupby(books["broken"], key=itemgetter("name")):
            first, *others = places
            say(f"  NO  {name}: {first['means']}")
            for place in (first, *others):
                say(f"        {place['detail']}")


def _error(found: dict[str, Any]) -> LongtakeError | None:
    """What of ``found`` makes the command fail."""
    from longtake.errors import BooksBroken, SetupIncomplete

    if not found["encoders"]["libx264"]:
        return SetupIncomplete(
            "The FFmpeg inside PyAV has no libx264: install the av wheel from PyPI."
        )
    if found["books"] and (broken := found["books"]["broken"]):
        names = dict.fromkeys(one["name"] for one in broken)
        return BooksBroken(
            f"The books are not in order ({', '.join(names)}, in {len(broken)} places in "
            "all); copy the data folder before you change anything."
        )
    return None
