"""Runs as a picture: what they show of a source, and how one passes into the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from threading import Lock

import numpy as np

from longtake.analysis.camera import Map, in_pixels
from longtake.analysis.letterbox import Box
from longtake.engines.motion import morph, switch
from longtake.engines.motion.plan import Run, running
from longtake.engines.motion.source import Layer, Picture, Source, shifted
from longtake.engines.motion.switch import Share

_MOMENTS = 12  # at most, at which a place passes

Layers = tuple[Layer, ...]


class Played:
    """``runs`` over ``source``. ``weight``: (rows, columns), where they are seen, if not all."""

    def __init__(
        self, source: Source, runs: Sequence[Run], weight: Share | None = None
    ) -> None:
        """Where the picture passes is looked for once, when it is first asked for."""
        self._source, self._runs, self._weight = source, runs, weight
        self._found = lru_cache(maxsize=4)(self._find_moments)
        self._looking = Lock()

    def paint(
        self,
        time: float,
        view: Map | None,
        box: Box | None = None,
        deep: Callable[[Layers], Layers] = lambda layers: layers,
    ) -> Picture:
        """What is shown at ``time`` as seen from ``view``: (height, width, 3) float32.

        ``box``: draw this part only. ``deep`` adds what displaces a single picture.
        """
        source = self._source
        run, under = running(self._runs, time)
        after = source.layers(run.place(time))
        if under is None:
            return source.paint(deep(after), view, box)
        before = source.layers(under.place(time))
        if run.switched:
            picture, later = (source.paint(one, view, box) for one in (before, after))
            passed = self._passed(under, run, time, view, box)
            return np.asarray(picture + passed * (later - picture), np.float32)
        low, high = morph.shares(time, run.at, run.fade)
        to_before, to_after = morph.alignment(
            source.sketch(before), source.sketch(after), low
        )
        return morph.mix(
            source.paint(shifted(before, to_before), view, box),
            source.paint(shifted(after, to_after), view, box),
            low,
            high,
        )

    def _passed(
        self, under: Run, run: Run, time: float, view: Map | None, box: Box | None
    ) -> Share:
        """How much of ``run`` is seen in each pixel: (height, width, 1)."""
        whole = self._source.whole
        pixels = np.eye(3) if view is None else in_pixels(view, *whole.size)
        found = switch.share(self._moments(under, run), time - run.at)
        return switch.spread(found, pixels, whole.size, box or whole)

    def _moments(self, under: Run, run: Run) -> Share:
        with self._looking:  # frames are drawn side by side, and it is found once
            return self._found(under, run)

    def _find_moments(self, under: Run, run: Run) -> Share:
        """The frame of the transition from which each cell shows ``run``: (rows, columns)."""
        n = min(run.fade, _MOMENTS)
        when = [run.at + round(k * run.fade / n) for k in range(n)]
        when = [run.at - 1, *when, run.at + run.fade]
        before, after = (
            [self._source.sketch(self._source.layers(one.place(time))) for time in when]
            for one in (under, run)
        )
        found = switch.surface(before, after, self._weight)
        return np.asarray(found * (run.fade / n), np.float32)
