"""The filmstrip: the frames around a join with the measures under them, to be looked at."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
from PIL import Image

from longtake.analysis.along import Along, Series
from longtake.analysis.gate import BANDS, Verdict
from longtake.analysis.measures import Measures
from longtake.analysis.pictures import Frame, Frames, gray, small
from longtake.analysis.sheet import Color, Sheet, font, wrapped

_WIDTH = 1720  # pixels
_MARGIN = 44
_GAP = 8  # between pictures; the join has more
_JOIN = 40
_TALLEST = 230  # pixels of one picture
_BEFORE = (-24, -6, -3, -2, -1)  # frames from the join, 0 being the first new one
_AFTER = (0, 1, 2, 6, 24)
_AMPLIFIED = 4  # times the difference is shown
_PLOT = 104  # pixels high
_GAUGES = 8  # in a row
_LABELS = 14  # most of them along the time axis
_STEPS = tuple(map(Fraction, ("1/4", "1/2", "1", "2", "5", "10", "60")))  # seconds
_TOP = 3.0  # largest ratio a curve shows

_PAPER: Color = (19, 21, 26)
_PANEL: Color = (29, 32, 39)
_TRACK: Color = (52, 57, 68)
_INK: Color = (232, 234, 240)
_FAINT: Color = (144, 151, 166)
_OWN: Color = (116, 160, 214)  # the clip
_NEW: Color = (240, 168, 88)  # the new part
_GOOD: Color = (104, 190, 130)
_BAND: Color = (43, 66, 56)
_ACCEPTED: Color = (66, 112, 88)  # the band on a track
_BAD: Color = (232, 100, 96)

_TITLES = {
    "seam": "seam",
    "seam_residual": "seam without motion",
    "velocity_jump": "velocity jump",
    "worst_residual": "worst later step",
    "life": "life in the motion",
    "flicker": "flicker",
    "motion": "motion",
    "freeze": "frozen share",
    "sharpness": "sharpness",
    "sharpness_tail": "sharpness at the end",
    "grain": "grain",
    "color_jump": "color jump",
    "color_drift": "color drift",
    "repeat": "frames shown again",
    "rewind": "played backwards",
    "rhythm": "beat of a loop",
}


def filmstrip(
    before: Frames,
    after: Frames,
    measures: Measures,
    verdict: Verdict,
    course: Along,
    *,
    rate: Fraction = Fraction(24),
    title: str = "The join",
) -> Image.Image:
    """Draw the frames around a join, what changes in them, and how they measure.

    ``before``, ``after``: (time, height, width, 3) uint8, RGB, of one size, at ``rate``
    frames per second, each at least one frame; ``course`` of the two. Returns an RGB
    picture 1720 pixels wide.
    """
    before = _small(before[-course.n_before :])
    after = _small(after)
    words = _words(verdict)
    offsets = _offsets(len(before), len(after))
    cell, tall = _cell(before.shape[1:3], len(offsets))
    heads = 92 + 26 * len(words)
    plots = heads + 2 * tall + 130
    gauges = plots + 3 * (_PLOT + 44) + 36
    rows = -(-len(_TITLES) // _GAUGES)
    sheet = Sheet(_WIDTH, gauges + rows * 96 + _MARGIN + 10, _PAPER)
    _head(sheet, title, words, verdict, len(after) / rate)
    run = np.concatenate([before, after])
    shown = {offset: len(before) + offset for offset in offsets}
    _pictures(sheet, run, shown, top=heads, size=(cell, tall), rate=rate)
    _plots(sheet, course, plots, rate)
    _gauges(sheet, measures, gauges)
    return sheet.finished()


def _small(frames: Frames) -> Frames:
    return np.stack([small(frame) for frame in frames])


def _words(verdict: Verdict) -> list[tuple[Color, str]]:
    """The verdict in lines that fit, each with its color."""
    if verdict.passed:
        lines = [(_GOOD, "Every measure that could be taken lies in its band.")]
        if not verdict.unmeasured:
            lines = [(_GOOD, "Every measure lies in its band.")]
        if verdict.beside:
            lines = [(_GOOD, "It passes; a little outside its band lies this.")]
            lines += [(_FAINT, one) for one in verdict.beside]
    else:
        lines = [(_BAD, failure) for failure in verdict.failures]
    if verdict.unmeasured:
        names = ", ".join(_TITLES[name] for name in verdict.unmeasured)
        lines.append((_FAINT, f"Not measurable here: {names}."))
    width = _WIDTH - 2 * _MARGIN - 30
    return [
        (color, line if i == 0 else f"   {line}")
        for color, text in lines
        for i, line in enumerate(wrapped(text, 18, width))
    ]


def _offsets(n_before: int, n_after: int) -> tuple[int, ...]:
    """The frames that are shown, from the join; the ends where there are not as many."""
    before = {max(offset, -n_before) for offset in _BEFORE}
    after = {min(offset, n_after - 1) for offset in _AFTER}
    return tuple(sorted(before | after))


def _cell(size: tuple[int, ...], count: int) -> tuple[float, int]:
    """Width and height of one of ``count`` pictures on the sheet."""
    height, width = size
    most = len(_BEFORE) + len(_AFTER)
    room = _WIDTH - 2 * _MARGIN - _JOIN - (max(count, most) - 2) * _GAP
    cell = room / max(count, most)
    tall = cell * height / width
    if tall > _TALLEST:
        cell, tall = cell * _TALLEST / tall, _TALLEST
    return max(12.0, cell), max(12, round(tall))


def _head(
    sheet: Sheet,
    title: str,
    words: list[tuple[Color, str]],
    verdict: Verdict,
    seconds: Fraction,
) -> None:
    color = _GOOD if verdict.passed else _BAD
    pill = "passes the gate" if verdict.passed else "fails the gate"
    wide = font(18).getlength(pill) + 36
    right = _WIDTH - _MARGIN
    shown = title
    while font(28).getlength(shown) > right - wide - _MARGIN - 300:
        shown = shown[:-2].rstrip("…") + "…"
    sheet.text((_MARGIN, 54), shown, 28, _INK, "ls")
    after = _MARGIN + font(28).getlength(shown) + 18
    sheet.text((after, 54), f"{float(seconds):.2f} s new", 18, _FAINT, "ls")
    sheet.box((right - wide, 28, right, 62), color, radius=17)
    sheet.text((right - wide / 2, 45), pill, 18, _PAPER, "mm")
    for k, (ink, line) in enumerate(words):
        if not line.startswith(" "):
            sheet.dot((_MARGIN + 6, 92 + 26 * k), 4.5, ink)
        plain = _FAINT if ink == _FAINT else _INK
        sheet.text((_MARGIN + 22, 92 + 26 * k), line, 18, plain, "lm")


def _pictures(
    sheet: Sheet,
    run: Frames,
    shown: dict[int, int],
    *,
    top: int,
    size: tuple[float, int],
    rate: Fraction,
) -> None:
    """Two rows: the frames, and what changed in each since the frame before it."""
    cell, tall = size
    x = (_WIDTH - len(shown) * cell - (len(shown) - 2) * _GAP - _JOIN) / 2
    first, second = top + 32, top + 32 + tall + 36
    sheet.text((x, top + 8), "the clip", 16, _OWN, "lm")
    for offset, k in shown.items():
        if offset == 0:
            x += _JOIN - _GAP
            middle = x - _JOIN / 2
            sheet.line([(middle, top + 20), (middle, second + tall)], _NEW, 2)
            sheet.text((middle, top + 8), "join", 16, _NEW, "mm")
        sheet.picture(run[k], (x, first, x + cell, first + tall))
        stamp = f"{float(offset / rate):+.2f} s".replace("-", "\u2212")
        color = _NEW if offset >= 0 else _OWN
        sheet.text((x + cell / 2, first + tall + 15), stamp, 14, color, "mm")
        sheet.box((x, second, x + cell, second + tall), _PANEL, radius=3)
        if k:
            changed = _change(run[k - 1], run[k])
            sheet.picture(changed, (x, second, x + cell, second + tall))
        x += cell + _GAP
    sheet.text((x - _GAP, top + 8), "the new part", 16, _NEW, "rm")
    note = f"below: what changed since the frame before, {_AMPLIFIED} times as bright"
    sheet.text((_MARGIN, second + tall + 16), note, 14, _FAINT, "lm")


def _change(before: Frame, after: Frame) -> Frame:
    apart = cv2.absdiff(gray(before), gray(after))
    bright = cv2.convertScaleAbs(apart, None, _AMPLIFIED)
    return np.repeat(np.asarray(bright, np.uint8)[..., None], 3, axis=-1)


def _at(course: Along, frame: float) -> float:
    """Where on the sheet a frame's moment lies."""
    left, right = _MARGIN + 200, _WIDTH - _MARGIN
    return left + (right - left) * (frame + 0.5) / len(course.change)


def _plots(sheet: Sheet, course: Along, top: int, rate: Fraction) -> None:
    rows = (
        ("change", "from frame to frame", course.change, "seam"),
        ("motion", "length of the flow", course.motion, "motion"),
        ("sharpness", "fine detail", course.sharpness, "sharpness"),
    )
    for k, (name, what, values, measure) in enumerate(rows):
        y = top + k * (_PLOT + 44)
        _plot(sheet, course, values, y, measure)
        sheet.text((_MARGIN, y + 30), name, 20, _INK, "lm")
        sheet.text((_MARGIN, y + 54), what, 14, _FAINT, "lm")
        sheet.text((_MARGIN, y + 76), "1 = like the clip", 14, _FAINT, "lm")
    foot = top + 3 * (_PLOT + 44) - 30
    _times(sheet, course, foot, rate)


def _plot(sheet: Sheet, course: Along, values: Series, top: int, measure: str) -> None:
    """One curve: the clip's part and the new one, and the band for the new one.

    The seam is a matter of one step, so its band stands at the join only.
    """
    n, band, join = course.n_before, BANDS[measure], measure == "seam"
    # The join shows at the first new frame that is no repeat.
    shows = next((k for k in range(n, len(values)) if values[k] is not None), n)

    def at(frame: float) -> float:
        return _at(course, frame)

    left, right = at(-0.5), at(len(values) - 0.5)

    def up(ratio: float) -> float:
        return top + _PLOT - _PLOT * min(_TOP, ratio) / _TOP

    sheet.box((left, top, right, top + _PLOT), _PANEL, radius=4)
    end = at(shows + 0.5) if join else right
    high, low = band.high or _TOP, band.low or 0
    sheet.box((at(n - 0.5), up(high), end, up(low)), _BAND)
    sheet.line([(left, up(1)), (right, up(1))], _TRACK, 1)
    sheet.line([(at(n - 0.5), top), (at(n - 0.5), top + _PLOT)], _NEW, 1.2)
    for ratio in range(int(_TOP) + 1):
        sheet.text((left - 10, up(ratio)), str(ratio), 12, _FAINT, "rm")
    for first, last, color in ((0, n, _OWN), (n - 1, len(values), _NEW)):
        spots = [
            (at(k), up(value))
            for k, value in enumerate(values[first:last], first)
            if value is not None
        ]
        if len(spots) > 1:
            sheet.line(spots, color, 2)
        elif spots:
            sheet.dot(spots[0], 3, color)
    seam = values[shows]
    if join and seam is not None:
        sheet.dot((at(shows), up(seam)), 5.5, _GOOD if seam in band else _BAD)


def _times(sheet: Sheet, course: Along, y: float, rate: Fraction) -> None:
    """Seconds from the join under the curves."""
    n = course.n_before
    before, after = n / rate, (len(course.change) - n) / rate
    step = next((s for s in _STEPS if (before + after) / s <= _LABELS), _STEPS[-1])
    for k in range(-int(before / step), int(after / step) + 1):
        x = _at(course, n - 0.5 + k * float(step * rate))
        label = f"{float(k * step):+g} s".replace("-", "\u2212") if k else "join"
        sheet.text((x, y), label, 14, _FAINT if k else _NEW, "mm")


def _gauges(sheet: Sheet, measures: Measures, top: int) -> None:
    """Every measure on a track with its band."""
    wide = (_WIDTH - 2 * _MARGIN - (_GAUGES - 1) * 12) / _GAUGES
    for k, (name, title) in enumerate(_TITLES.items()):
        x = _MARGIN + (k % _GAUGES) * (wide + 12)
        y = top + (k // _GAUGES) * 96
        _gauge(sheet, (x, y, x + wide, y + 84), title, getattr(measures, name), name)
    note = "Ratios to the clip (1 = like it), shares, or, for color, Lab units."
    below = top + -(-len(_TITLES) // _GAUGES) * 96
    sheet.text((_MARGIN, below + 6), note, 14, _FAINT, "lm")


def _gauge(
    sheet: Sheet,
    at: tuple[float, float, float, float],
    title: str,
    value: float | None,
    name: str,
) -> None:
    left, top, right, _ = at
    band = BANDS.get(name)
    sheet.box(at, _PANEL, radius=6)
    sheet.text((left + 14, top + 18), title, 14, _FAINT, "lm")
    color = _INK
    if value is not None and band is not None:
        color = _GOOD if value in band else _BAD
    shown = "\u2013" if value is None else f"{value:.2f}"
    sheet.text((left + 14, top + 44), shown, 22, color, "lm")
    told = str(band) if band else "only told"
    sheet.text((right - 14, top + 46), told, 13, _FAINT, "rm")
    start, end, y = left + 14, right - 14, top + 68
    sheet.box((start, y - 3, end, y + 3), _TRACK, radius=3)
    full = 1.35 * band.high if band and band.high is not None else 1.0

    def along(amount: float) -> float:
        return start + (end - start) * min(1.0, max(0.0, amount / full))

    if band:
        low = along(band.low or 0)
        sheet.box((low, y - 3, along(band.high or full), y + 3), _ACCEPTED, radius=3)
    if value is not None:
        sheet.dot((along(value), y), 6, color)
