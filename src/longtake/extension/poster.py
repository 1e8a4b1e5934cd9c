"""The poster of an extension: one picture that tells it from its siblings."""

from __future__ import annotations

from PIL.Image import Image, Resampling, fromarray

from longtake.analysis.pictures import Frame
from longtake.media.clip import VideoFacts

_LONGER_SIDE = 640  # pixels, at most, as of imported clips (media.poster)


def chosen(n_new: int) -> int:
    """Which of ``n_new`` frames it shows: the one in the middle.

    The clip's own frames, and those just after the join, look alike in every candidate
    and every extension of one clip.
    """
    return n_new // 2


def poster(frame: Frame, video: VideoFacts) -> Image:
    """``frame``, upright (height, width, 3) uint8 RGB, of a clip like ``video``, small.

    With square pixels, whatever those of the clip are.
    """
    height, width = frame.shape[:2]
    if video.rotation % 180:
        height = round(height * video.pixel_aspect)
    else:
        width = round(width * video.pixel_aspect)
    scale = min(1.0, _LONGER_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return fromarray(frame).resize(size, Resampling.LANCZOS)
