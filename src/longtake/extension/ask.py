"""What is asked for, made exact: seconds, steps, the frames kept, the names of files."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from longtake.errors import AskInvalid, OutputRefused
from longtake.media import timing
from longtake.media.clip import Clip
from longtake.media.join import container_for
from longtake.media.probe import frames_before
from longtake.report import Asked

Exact = int | str | Fraction | Decimal | float  # seconds; text: "4", "3.5", "7/2"


def exact(value: Exact, name: str) -> Fraction:
    """Seconds as an exact number: ``4``, ``"3.5"``, ``"7/2"``. Raises AskInvalid."""
    try:
        number = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        number = Fraction(-1)
    if number <= 0:
        raise AskInvalid(
            f"{name} is {str(value)!r}; give a positive number of seconds like 4, 3.5 or 7/2."
        )
    return number


def counts(clip: Clip, asked: Asked) -> list[int]:
    """New frames of every step."""
    n_step = timing.new_frames(asked.seconds, clip.video.rate)
    if asked.times < 1:
        raise AskInvalid(f"times is {asked.times}; ask for at least one step.")
    if not n_step:
        raise AskInvalid("seconds is less than half a frame; ask for more.")
    steps = asked.times
    counts = [n_step] * steps
    if asked.until is not None:
        if asked.times != 1:
            raise AskInvalid("Give either times or until, not both.")
        kept = clip.video.duration if asked.start is None else asked.start
        n_all = timing.new_frames(asked.until - kept, clip.video.rate)
        if n_all < 1:
            raise AskInvalid(
                f"The clip already lasts {float(kept):.3f} s; ask for a later end with until."
            )
        full, rest = divmod(n_all, n_step)
        counts = [n_step] * full + [rest] * bool(rest)
    if asked.only_new and len(counts) > 1:
        raise AskInvalid("The new part alone can be delivered for one step only.")
    return counts


def kept(clip: Clip, start: Fraction | None) -> int:
    """How many shown frames lie in [0, ``start``): all of them for None."""
    video = clip.video
    if start is None:
        return video.n_frames
    if start > video.duration:
        raise AskInvalid(
            f"from is {float(start):g} s, but the clip ends after "
            f"{float(video.duration):.3f} s; give an earlier time."
        )
    return frames_before(clip, start)


def final(
    clip: Clip, given: str | Path, output: str | Path | None, *, only_new: bool
) -> Path:
    """The name of the result: as asked for, or beside the clip by its ``given`` name."""
    suffix = container_for(clip, only_new)
    if output is None:
        return Path(given).with_name(f"{clip.path.stem}-longer{suffix}")
    path = Path(output)
    if path.suffix.lower() != suffix:
        raise OutputRefused(
            f"The result of this clip is a {suffix} file; name it "
            f"'{path.with_suffix(suffix).name}'."
        )
    return path


def require_distinct(*names: Path) -> None:
    """Raise AskInvalid where two files to be written have one name."""
    if len({name.absolute() for name in names}) < len(names):
        raise AskInvalid(
            "The result, its report and its filmstrip need names of their own."
        )
