"""From a plan and the original frames to the new frames: a pure function."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property

import numpy as np

from longtake.analysis.camera import Map
from longtake.analysis.flow import same_bits
from longtake.analysis.pictures import Pictures
from longtake.engines.motion import drift, figure, morph, orders, parallax, sway
from longtake.engines.motion.orders import Order
from longtake.engines.motion.plan import Plan, running
from longtake.engines.motion.played import Layers, Played
from longtake.engines.motion.region import Painted
from longtake.engines.motion.source import Picture, Source, shifted
from longtake.engines.motion.stage import Stage
from longtake.engines.motion.view import Camera, Pose, placed, settled
from longtake.engines.protocol import Frame, Frames
from longtake.errors import EngineIncapable

_AHEAD = 2  # frames drawn side by side: OpenCV lets go of the interpreter
_LARGE = 2_500_000  # pixels: some 100 bytes each while they are drawn; then one by one


def render(context: Frames, plan: Plan, start: int = 0) -> Iterator[Frame]:
    """Draw the new frames ``start`` to ``plan.n_frames`` - 1, each (height, width, 3) uint8.

    ``context``: (time, height, width, 3) uint8, RGB, ending with the last original frame.
    Same context, same plan: same bits, wherever it starts. Closing the iterator stops the
    work. Raises EngineIncapable where the plan is not one of these frames.
    """
    painter = Painter(context, plan)
    workers = _AHEAD if context[0, :, :, 0].size <= _LARGE else 1
    with same_bits(), ThreadPoolExecutor(workers) as pool:
        coming: deque[Future[Frame]] = deque()
        try:
            for time in range(start, plan.n_frames):
                coming.append(pool.submit(painter.frame, time))
                if len(coming) > _AHEAD:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for one in coming:
                one.cancel()


class Painter:
    """Draws single new frames of one plan."""

    def __init__(self, context: Frames, plan: Plan) -> None:
        """See :func:`render`."""
        height, width = context.shape[1:3]
        top, bottom, left, right = plan.box or (0, height, 0, width)
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            raise EngineIncapable("this plan was made for a picture of another size")
        if plan.earliest < 1 - len(context):
            raise EngineIncapable(
                f"this plan goes back {-plan.earliest} frames before the join, and "
                f"{len(context) - 1} are there: give it the original clip whole"
            )
        self._plan = plan
        self._inside = np.s_[top:bottom, left:right]
        self._last = context[-1]
        inside = context[:, top:bottom, left:right]
        self._stage: Stage | None = None
        shown: Pictures = inside
        self._original = Source(inside, plan.shot, plan.camera)
        if plan.sprites:
            trails = [one.trail for one in plan.sprites]
            self._stage = Stage(inside, plan.camera, trails)
            shown = self._stage.scene
        self.source = Source(shown, plan.shot, plan.camera)
        self._ground = Played(self.source, plan.runs, plan.ground)
        self._regions = [Painted(one, self.source) for one in plan.regions]
        moved = any(one.kind in orders.MOVES for one in plan.orders)
        self._moves = plan.push is not None or plan.camera is not None or moved
        self._detail = (
            drift.detail(self._last[self._inside].astype(np.float32))
            if self._moves
            else 0.0
        )

    def frame(self, time: int) -> Frame:
        """New frame ``time``: (height, width, 3) uint8."""
        view, now = self._view(time), self._plan.now(time)

        def deep(layers: Layers) -> Layers:
            return self._deep(layers, view)

        picture = self._ground.paint(now, view, deep=deep)
        for region in self._regions:
            box, alpha = region.seen(view)
            if box is not None:
                part = region.played.paint(now, view, box)
                under = picture[box.slices]
                under += alpha * (part - under)
        if self._stage is not None:
            figure.lay(picture, self._stage, self._plan.sprites, view, now)
        if self._moves:
            picture = drift.crisp(picture, self._detail)
        picture = self._lit(picture, time, view)
        inside: Frame = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        if self._plan.box is None:
            return inside
        whole: Frame = self._last.copy()
        whole[self._inside] = inside
        return whole

    def _view(self, time: int) -> Map | None:
        """What new frame ``time`` shows, in coordinates of the last original frame."""
        plan = self._plan
        camera, pushed, now = plan.camera, plan.push, plan.now(time)
        if not self._moves:
            return None
        view = np.eye(3)
        if camera is not None:
            run, under = running(plan.runs, now)
            lives = plan.shot >= sway.FEWEST
            shake = camera.shaken(run.place(now), goes_on=lives)
            if under is not None:
                low, _ = morph.shares(now, run.at, run.fade)
                shake = low * shake + (1 - low) * camera.shaken(
                    under.place(now), goes_on=lives
                )
            view = placed(
                self._path(camera, time) + orders.firm(plan.orders, time) * shake
            )
        if pushed is not None:
            view = view @ drift.camera(
                pushed, max(plan.now(time, orders.PUSH_ALONE), -1)
            )
        loop = self._loop(time)
        if loop is None:
            return view @ orders.moved(plan.orders, time)
        before = [one for one in plan.orders if one.at < loop.end]
        after = [one for one in plan.orders if one.at >= loop.end]
        home = np.eye(3)
        if camera is not None:
            home = np.asarray(np.linalg.inv(camera.view(loop.amount)))
        closed = settled(view @ orders.moved(before, time), home, loop.share(time))
        return closed @ orders.moved(after, time)

    def _path(self, camera: Camera, time: int) -> Pose:
        """The pose of the clip's camera, each number of it by its own clock."""
        clocks = {self._plan.now(time, axis) for axis in range(4)}
        if len(clocks) == 1:
            return camera.pose(*clocks)
        return camera.pose(*(self._plan.now(time, axis) for axis in range(4)))

    def _loop(self, time: int) -> Order | None:
        """The last order to end on the clip's first frame that has begun."""
        found = [one for one in self._plan.orders if one.kind == orders.LOOP]
        return next((one for one in reversed(found) if one.at <= time), None)

    def _lit(self, picture: Picture, time: int, view: Map | None) -> Picture:
        """``picture`` under its light; where that is ordered it becomes the first frame.

        That is as it was, in its own light, and after it the clip is played again.
        """
        loop = self._loop(time)
        if loop is None:
            return orders.lit(picture, self._plan.orders, time)
        before = [one for one in self._plan.orders if one.at < loop.end]
        after = [one for one in self._plan.orders if one.at >= loop.end]
        picture = orders.lit(picture, before, time)
        n_fade = loop.end - 1 - loop.at
        place = loop.amount + max(0, time + 1 - loop.end)
        source = self._original
        first = source.paint(source.layers(place), view)
        low, high = morph.shares(min(time, loop.end - 1), loop.at, n_fade)
        closed = first if low >= 1 else morph.drawn(picture, first, low, high)
        return orders.lit(closed, after, time)

    def _deep(self, layers: Layers, view: Map | None) -> Layers:
        """``layers`` with the parallax of the push, if it has any."""
        push = self._plan.push
        if push is None or not push.depth or view is None:
            return layers
        return shifted(layers, parallax.field(self._nearness, push.depth, view))

    @cached_property
    def _nearness(self) -> parallax.Nearness:
        return parallax.nearness(self.source.sketch(self.source.layers(0)))
