"""The *camera* plan: a scene comes to rest, and the clip's own camera goes on or stands."""

from __future__ import annotations

from dataclasses import replace

from longtake.engines.motion import living, sway
from longtake.engines.motion.plan import Plan
from longtake.engines.motion.study import Study

KIND = "camera"


def fits(study: Study) -> bool:
    """Whether anything moves beyond the clip's end: its camera, or what sways."""
    if study.camera is not None and any(study.camera.velocity):
        return True
    return not study.still and study.shot >= sway.FEWEST


def propose(study: Study, n_frames: int, seed: int, before: Plan | None = None) -> Plan:
    """The scene comes to rest under the clip's own camera; there is nothing to vary."""
    if before is not None:
        return replace(before, n_frames=n_frames)
    return study.plan(KIND, n_frames, [living.at_rest(study)])
