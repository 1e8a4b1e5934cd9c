"""The plan: a few runs along the source, from which every new frame can be drawn again.

Time is counted in new frames: 0 is the first one, -1 the clip's last original frame.
Places in the source are counted from that last frame: 0 is it, -5 lies five frames
before it, and what is above 0 lies beyond the end, where the bridge extrapolates. So a
plan does not depend on how many frames before the end were handed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import chain, pairwise
from math import floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtake.engines.motion import orders as ordered
from longtake.engines.motion.orders import Order
from longtake.engines.motion.trail import Trail, packed, unpacked
from longtake.engines.motion.view import Camera
from longtake.errors import EngineFailed

VERSION, _FIRST = 2, 1

Grid = NDArray[np.bool_]  # (rows, columns) of cells, each a part of the picture


@dataclass(frozen=True, slots=True)
class Run:
    """From new frame ``at`` on, the source is played from place ``source``.

    ``speed`` is in source frames per new frame and turns smoothly into ``then`` within
    ``ramp`` frames. During the first ``fade`` frames the run before goes on underneath
    and dissolves into this one, or is ``switched`` off, each place at its own moment.
    """

    at: int
    source: float
    speed: float = 1.0
    then: float = 1.0
    ramp: int = 0
    fade: int = 0
    switched: bool = False

    def place(self, time: float) -> float:
        """The place in the source that this run shows at new frame ``time``."""
        passed = float(time - self.at)
        if not self.ramp:
            return self.source + self.then * passed
        share = min(max(passed / self.ramp, 0.0), 1.0)
        turned = self.ramp * (share**3 - share**4 / 2) + max(passed - self.ramp, 0.0)
        return self.source + self.speed * passed + (self.then - self.speed) * turned


@dataclass(frozen=True, slots=True)
class Push:
    """A slow camera move over the picture, a function of the time since the join.

    ``zoom`` is its largest gain (0.08 = 8 %), ``half_period`` the frames from none to
    all of it, ``ease`` those in which it gathers speed. ``depth``: by how much more than
    the mean the nearest moves (parallax), 0 for a flat picture. ``side``: 1 to begin to
    the right, -1 to the left.
    """

    zoom: float
    half_period: float
    ease: float
    depth: float = 0.0
    side: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of the picture that has times of its own: ``cells`` where it is, and ``runs``."""

    cells: Grid
    runs: tuple[Run, ...]

    @property
    def weight(self) -> NDArray[np.float32]:
        """1 in its cells, 0 elsewhere."""
        return self.cells.astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A subject that goes on along its ``trail``; its poses are played by ``runs``."""

    trail: Trail
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All new frames since the end of the original clip.

    ``runs`` are of the whole picture, and each of ``regions`` is laid over it. Where there
    are ``sprites``, both show the scene without them; the last is the nearest. ``camera``
    is that of the clip, if it moves. The clip's last ``shot`` original frames, at least, show one scene: no motion is read
    across a cut. ``box`` is (top, bottom, left, right), in pixels: the picture inside letterbox bars,
    which stay as they are. None where there are none. ``orders`` are what directions have
    asked for.
    """

    kind: str
    n_frames: int
    runs: tuple[Run, ...]
    shot: int
    regions: tuple[Region, ...] = ()
    camera: Camera | None = None
    push: Push | None = None
    box: tuple[int, int, int, int] | None = None
    sprites: tuple[Sprite, ...] = ()
    orders: tuple[Order, ...] = ()

    def __post_init__(self) -> None:
        """Check what :mod:`render` relies on. Raises EngineFailed."""
        for runs in (self.runs, *self._parts()):
            if not runs or runs[0].at > 0 or self.n_frames < 0:
                raise EngineFailed("this plan does not begin at the end of its clip")
            if any(two.at < one.at + one.fade for one, two in pairwise(runs)):
                raise EngineFailed(
                    "two runs of this plan overlap more than one transition"
                )

    def _parts(self) -> Iterator[tuple[Run, ...]]:
        """The runs of all that has some of its own."""
        yield from (one.runs for one in self.regions)
        yield from (one.runs for one in self.sprites)

    @property
    def ground(self) -> NDArray[np.float32] | None:
        """Where ``runs`` are seen: 1 in cells that are of no region. None: everywhere."""
        if not self.regions:
            return None
        covered = np.any([one.cells for one in self.regions], axis=0)
        return np.asarray(~covered, np.float32)

    @property
    def earliest(self) -> int:
        """The first place in the source that is shown, whole frames (0: the last one)."""
        everywhere = (self.runs, *(region.runs for region in self.regions))
        shown = (
            places(runs, self.now(time))
            for runs in everywhere
            for time in range(self.n_frames)
        )
        trails = (1 - len(sprite.trail.poses) for sprite in self.sprites)
        return min(chain(map(floor, chain(*shown)), trails), default=0)

    def places(self, time: int) -> tuple[float, ...]:
        """The places shown at ``time`` in most of the picture, the one seen most first."""
        return places(self.runs, self.now(time))

    def now(self, time: int, axis: int | None = None) -> float:
        """When new frame ``time`` is played: see :func:`orders.now`."""
        return ordered.now(self.orders, time, axis)

    def kept(self, n_frames: int) -> Plan:
        """This plan as far as its first ``n_frames`` new frames need it."""
        last = max(map(self.now, range(n_frames)), default=0)

        def begun(runs: tuple[Run, ...]) -> tuple[Run, ...]:
            return tuple(run for run in runs if run.at <= max(last, 0))

        regions = tuple(
            replace(region, runs=begun(region.runs)) for region in self.regions
        )
        sprites = tuple(replace(one, runs=begun(one.runs)) for one in self.sprites)
        orders = ordered.kept(self.orders, n_frames)
        return replace(
            self,
            runs=begun(self.runs),
            regions=regions,
            sprites=sprites,
            n_frames=n_frames,
            orders=orders,
        )

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON: compact, since it travels in a tag of the file."""
        return {
            "version": VERSION,
            "kind": self.kind,
            "n_frames": self.n_frames,
            "shot": self.shot,
            "box": None if self.box is None else list(self.box),
            "push": self.push and list(astuple(self.push)),
            "camera": self.camera and self.camera.to_json(),
            "runs": _rows(self.runs),
            "regions": [
                [list(region.cells.shape), packed(region.cells), _rows(region.runs)]
                for region in self.regions
            ],
            "sprites": [
                [*one.trail.to_json(), _rows(one.runs)] for one in self.sprites
            ],
            **({"orders": [o.to_json() for o in self.orders]} if self.orders else {}),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """Read :meth:`to_json`. Raises EngineFailed for what it did not write."""
        if data.get("version") == _FIRST:  # one line of time, and no camera
            renamed = {"push": "drift"}.get(str(data.get("kind")), data.get("kind"))
            data = {**data, "kind": renamed, "regions": (), "camera": None}
        elif data.get("version") != VERSION:
            raise EngineFailed(
                f"this plan is of version {data.get('version')}, not {VERSION}: "
                "start again from the original clip"
            )
        try:
            return cls(
                kind=str(data["kind"]),
                n_frames=int(data["n_frames"]),
                runs=tuple(map(_run, data["runs"])),
                shot=int(data["shot"]),
                regions=tuple(map(_region, data["regions"])),
                camera=Camera.from_json(data["camera"]) if data["camera"] else None,
                push=Push(*map(float, data["push"])) if data["push"] else None,
                box=_box(data["box"]),
                sprites=tuple(map(_sprite, data.get("sprites", ()))),
                orders=tuple(map(Order.from_json, data.get("orders", ()))),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise EngineFailed(f"this plan cannot be read: {error}") from error


def running(runs: Sequence[Run], time: float) -> tuple[Run, Run | None]:
    """The run shown at ``time``, and the one dissolving under it, if any."""
    index = max((i for i, run in enumerate(runs) if run.at <= time), default=0)
    run = runs[index]
    under = runs[index - 1] if index and time < run.at + run.fade else None
    return run, under


def places(runs: Sequence[Run], time: float) -> tuple[float, ...]:
    """The places that ``runs`` show at ``time``, the one seen most first."""
    run, under = running(runs, time)
    if under is None:
        return (run.place(time),)
    both = (run.place(time), under.place(time))
    return both if 2 * (time - run.at + 1) > run.fade else both[::-1]


def _rows(runs: Sequence[Run]) -> list[list[float]]:
    rows = ([r.at, r.source, r.speed, r.then, r.ramp, r.fade] for r in runs)
    return [[*row, 1] if r.switched else row for r, row in zip(runs, rows, strict=True)]


def _region(row: list[Any]) -> Region:
    shape, lengths, runs = row
    height, width = map(int, shape)
    cells = unpacked(np.asarray(lengths, np.int64)).reshape(height, width)
    return Region(cells, tuple(map(_run, runs)))


def _sprite(row: list[Any]) -> Sprite:
    *trail, runs = row
    return Sprite(Trail.from_json(trail), tuple(map(_run, runs)))


def _run(row: list[Any]) -> Run:
    at, source, speed, then, ramp, fade, *switched = row
    return Run(
        int(at),
        float(source),
        float(speed),
        float(then),
        int(ramp),
        int(fade),
        switched=bool(switched and switched[0]),
    )


def _box(row: list[Any] | None) -> tuple[int, int, int, int] | None:
    if row is None:
        return None
    top, bottom, left, right = map(int, row)
    return top, bottom, left, right
