"""The *camera* plan: in a scene that rests, the camera's own move goes on."""

from __future__ import annotations

from dataclasses import replace

from longtake.engines.motion import living
from longtake.engines.motion.plan import Plan
from longtake.engines.motion.study import Study

KIND = "camera"


def fits(study: Study) -> bool:
    """Whether the clip's camera moves on beyond the clip's end."""
    return study.camera is not None and any(study.camera.velocity)


def propose(study: Study, n_frames: int, seed: int, before: Plan | None = None) -> Plan:
    """The scene comes to rest under the clip's own camera; there is nothing to vary."""
    if before is not None:
        return replace(before, n_frames=n_frames)
    return study.plan(KIND, n_frames, [living.at_rest(study)])
