"""What opening the studio costs: bytes and requests, without media, and when it is painted."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.studio import chromium, sample
from tests.journeys.studio.conftest import NARROW, WIDE
from tests.journeys.studio.desk import Desk, operator
from tests.running import running

QUESTION = (
    "What does opening a room of the studio cost, with nothing in the browser's cache, on "
    "loopback? (`kB` is HTML, CSS and modules without media, as files and as they are sent, "
    "compressed. `first paint` is the first time that anything is on the screen, `content` "
    "the first text or picture, `largest` the largest one, all from the begin of the "
    "navigation: the median and the worst of {rounds} windows, each of a new profile, half "
    "of them wide and half narrow.)"
)
COLUMNS = (
    "room",
    "requests",
    "kB",
    "sent_kB",
    "first_paint_ms",
    "worst_first_paint_ms",
    "content_ms",
    "largest_ms",
    "worst_largest_ms",
)
_LARGEST = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
    .observe({type: "largest-contentful-paint", buffered: true});
})"""
_MEASURED = """() => {
  const paint = Object.fromEntries(performance.getEntriesByType("paint").map((one) => [one.name, one.startTime]));
  const parts = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter(({name}) => new URL(name).pathname === "/" || new URL(name).pathname.startsWith("/studio/"));
  return {
    requests: parts.length,
    kB: parts.reduce((sum, one) => sum + one.decodedBodySize, 0) / 1000,
    sent_kB: parts.reduce((sum, one) => sum + one.encodedBodySize, 0) / 1000,
    first_paint_ms: paint["first-paint"], content_ms: paint["first-contentful-paint"],
  };
}"""


def main() -> None:
    """Measure each room, in new windows."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studio")
    parser.add_argument("--rounds", type=int, default=10, help="windows for each room")
    parser.add_argument("--dry", action="store_true", help="print, and write nothing")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        running(Path(folder) / "served") as server,
    ):
        caller = operator(server)
        source = caller.import_clip(sample(Path(folder) / "sample.mp4"))
        longer = caller.extend(source)
        caller.settled(longer)
        desk = Desk(server, caller, browser)
        rows = [
            row("sign in", [_visit(desk, n, "", "door") for n in range(asked.rounds)])
        ]
        for name, place, ready in (
            ("library", "#/", "grid"),
            ("a longer clip", f"#/clip/{longer}/0", "report"),
            ("run it", "#/run/queue", "figures"),
        ):
            visits = [_visit(desk, n, place, ready) for n in range(asked.rounds)]
            rows.append(row(name, visits))
    if asked.dry:
        print(results.table(COLUMNS, rows))
    else:
        results.write("studio", QUESTION.format(rounds=asked.rounds), COLUMNS, rows)


def row(room: str, visits: Sequence[dict[str, float]]) -> dict[str, Any]:
    """One line of the table: medians and worsts of several visits to a room."""
    told: dict[str, Any] = {"room": room}
    for name in ("requests", "kB", "sent_kB"):
        (told[name],) = {visit[name] for visit in visits}  # it is the same for all
    for name in ("first_paint_ms", "content_ms", "largest_ms"):
        times = [visit[name] for visit in visits]
        told |= {name: statistics.median(times), f"worst_{name}": max(times)}
    return told


def _visit(desk: Desk, n: int, place: str, ready: str) -> dict[str, float]:
    """A room opened in a new window; without a ``place`` by somebody without a key."""
    size = WIDE if n % 2 else NARROW
    with desk.page(size=size, key="" if place else None, room=place) as page:
        page.locator(f".{ready}").first.wait_for()
        largest = page.evaluate(_LARGEST)
        measured: dict[str, float] = page.evaluate(_MEASURED)
    return measured | {"largest_ms": largest}


if __name__ == "__main__":
    main()
