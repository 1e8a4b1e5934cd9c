"""The scores of all windows as tables: in the median, as a gate, per measure, per clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import calibration
from benchmarks.quality.scores import ENGINES, LATER, MAKERS, REAL, Score
from benchmarks.quality.windows import HELD_OUT
from longtake.analysis.gate import BANDS, SLACK
from longtake.analysis.measures import Measures

Row = dict[str, Any]
Typical = Callable[[NDArray[np.float64]], np.floating]

MEDIANS = (
    *("score", "accepted", REAL, *ENGINES),
    *("motion_-_persistence", "motion_-_real"),
)
CONFUSION = ("maker", "passed", "share", "interval", "left_out", "held_out_clips")
PER_CLIP = (
    *("clip", "windows", "real_pass", "motion_pass", "plans"),
    *(f"psnr_{k}" for k in LATER),
    *(f"ssim_{k}" for k in LATER),
    *("cpu_s_per_s", "grew_by_mb"),
)
CHOOSING = ("plan", "passed", "chosen")
AREAS = ("measure", *(maker for maker in MAKERS if maker != REAL))
REFUSALS = (
    "measure",
    *(f"{maker}_{k}" for maker in ("real", "motion") for k in ("refused", "alone")),
)
SLACKS = (0.0, 0.25, SLACK, 0.75, 1.0)
SLACKED = ("maker", *(f"{slack:g}" for slack in SLACKS))

_MOTION, _PERSISTENCE = ENGINES
_SAMPLES = 2000


def medians(found: Sequence[Score]) -> list[Row]:
    """One score a row, one maker a column, and the paired differences."""
    names = [f"{kind}_{k}" for kind in ("psnr", "ssim") for k in LATER]
    return [
        {
            "score": _title(name),
            "accepted": str(BANDS.get(name, "")),
            **{maker: _spread(found, name, maker) for maker in (REAL, *ENGINES)},
            "motion_-_persistence": _paired(found, name, _MOTION, _PERSISTENCE),
            "motion_-_real": _paired(found, name, _MOTION, REAL),
        }
        for name in (*names, *Measures.model_fields)
    ]


def confusion(found: Sequence[Score]) -> list[Row]:
    """How much of each maker's the gate lets through."""
    through = [calibration.passes(one) for one in found]
    strangers = calibration.left_out(found)
    everywhere = calibration.rates(found, through, MAKERS)
    left_out = calibration.rates(found, strangers, MAKERS)
    apart = [k for k, one in enumerate(found) if one["clip"] in HELD_OUT]
    unseen = calibration.rates(
        [found[k] for k in apart], [through[k] for k in apart], MAKERS
    )
    rows = []
    for maker in MAKERS:
        groups = _by_clip(
            (one["clip"], float(passed))
            for one, passed in zip(found, through, strict=True)
            if one["maker"] == maker
        )
        n, total = everywhere[maker]
        low, high = interval(groups, np.mean)
        rows.append(
            {
                "maker": maker.replace("_", " "),
                "passed": f"{n} of {total}",
                "share": f"{n / total:.0%}",
                "interval": f"{low:.0%} to {high:.0%}",
                "left_out": _share(left_out[maker]),
                "held_out_clips": _share(unseen[maker]),
            }
        )
    return rows


def choosing(found: Sequence[Score]) -> list[Row]:
    """How often the engine's plans pass, as it draws them small to choose by."""
    notes = [one["notes"] for one in found if one.get("notes")]
    tried = [note["tried"] for note in notes if "tried" in note]
    best = [plans[0] for plans in tried]
    by_chance = np.mean(
        [np.mean([not p["failures"] for p in plans]) for plans in tried]
    )
    rows: list[Row] = [
        {"plan": "the best by measure", "passed": _told(best), "chosen": len(best)},
        {"plan": "any, by chance", "passed": f"{by_chance:.0%}", "chosen": ""},
    ]
    for kind in sorted({plan["plan"] for plans in tried for plan in plans}):
        always = [plan for plans in tried for plan in plans if plan["plan"] == kind]
        chosen = sum(plan["plan"] == kind for plan in best)
        rows.append(
            {"plan": f"{kind}, always", "passed": _told(always), "chosen": chosen}
        )
    return rows


def areas(found: Sequence[Score]) -> list[Row]:
    """The area under the curve of every measure against every maker."""
    makers = [maker for maker in MAKERS if maker != REAL]
    return [
        {"measure": name.replace("_", " "), **{m: f"{a:.2f}" for m, a in row.items()}}
        for name, row in calibration.areas(found, makers).items()
    ]


def per_clip(found: Sequence[Score]) -> list[Row]:
    """One clip a row; medians over its windows, motion's beside persistence's."""
    rows = []
    for clip in sorted({one["clip"] for one in found}):
        here = [one for one in found if one["clip"] == clip]
        real, ours, held = (
            [one for one in here if one["maker"] == maker] for maker in (REAL, *ENGINES)
        )
        plans = [one["notes"]["plan"] for one in ours]
        told = [f"{plans.count(kind)} {kind}" for kind in sorted(set(plans))]
        row: Row = {
            "clip": f"{clip} (held out)" if clip in HELD_OUT else clip,
            "windows": len(real),
            "real_pass": sum(map(calibration.passes, real)),
            "motion_pass": sum(map(calibration.passes, ours)),
            "plans": ", ".join(told),
            "cpu_s_per_s": float(
                np.median([one["cpu_s"] / one["s_new"] for one in ours])
            ),
            "grew_by_mb": max(0.0, float(np.median([one["peak_mb"] for one in ours]))),
        }
        for kind, digits in (("psnr", 1), ("ssim", 2)):
            for k in LATER:
                both = (_median(made, f"{kind}_{k}") for made in (ours, held))
                row[f"{kind}_{k}"] = " / ".join(f"{v:.{digits}f}" for v in both)
        rows.append(row)
    return rows


def refusals(found: Sequence[Score]) -> list[Row]:
    """Which measures refuse what really happened, and what is ours."""
    real, ours = (calibration.refusals(found, maker) for maker in (REAL, _MOTION))
    return [
        {
            "measure": name.replace("_", " "),
            "real_refused": real[name][0],
            "real_alone": real[name][1],
            "motion_refused": ours[name][0],
            "motion_alone": ours[name][1],
        }
        for name in BANDS
    ]


def slacks(found: Sequence[Score]) -> list[Row]:
    """How much of each maker's would pass if the bands might be missed by so much in all."""
    rows = []
    for maker in MAKERS:
        missed = [calibration.missed(one) for one in found if one["maker"] == maker]
        shares = {f"{s:g}": f"{np.mean(np.array(missed) <= s):.0%}" for s in SLACKS}
        rows.append({"maker": maker.replace("_", " "), **shares})
    return rows


def slack_told(found: Sequence[Score]) -> str:
    """The slack that the clips ask for: those it is tuned on, and all but one."""
    tuned = [one for one in found if one["clip"] not in HELD_OUT]
    others = calibration.slacks(found).values()
    return (
        f"The gate's slack is {SLACK:g}. The clips it may be tuned on ask for "
        f"{calibration.calibrated(tuned):.2f}, all but one for {min(others):.2f} to "
        f"{max(others):.2f}."
    )


def loops_that_pass(found: Sequence[Score]) -> list[str]:
    """Windows whose hard loop is let through: of a clip that is periodic it may be right."""
    return [
        f"{one['clip']} at frame {one['join']}"
        for one in found
        if one["maker"] == "hard_loop" and calibration.passes(one)
    ]


def interval(
    groups: Sequence[Sequence[float]], typical: Typical
) -> tuple[float, float]:
    """95 % interval of what is ``typical``, whole groups drawn again with return."""
    draw = np.random.default_rng(0)
    found = [
        typical(np.concatenate([groups[i] for i in chosen]))
        for chosen in draw.integers(0, len(groups), (_SAMPLES, len(groups)))
    ]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _paired(found: Sequence[Score], name: str, one: str, other: str) -> str:
    """Median of the paired differences of two makers, with an interval over clips."""
    by_window: dict[tuple[str, int], dict[str, float]] = {}
    for score in found:
        if name in score:
            key = (score["clip"], score["join"])
            by_window.setdefault(key, {})[score["maker"]] = score[name]
    groups = _by_clip(
        (clip, values[one] - values[other])
        for (clip, _), values in by_window.items()
        if one in values and other in values
    )
    if not groups:
        return ""
    low, high = interval(groups, np.median)
    middle = np.median(np.concatenate(groups))
    return f"{middle:+.2f} ({low:+.2f} to {high:+.2f})"


def _by_clip(pairs: Any) -> list[list[float]]:
    groups: dict[str, list[float]] = {}
    for clip, value in pairs:
        groups.setdefault(clip, []).append(value)
    return list(groups.values())


def _spread(found: Sequence[Score], name: str, maker: str) -> str:
    values = [one[name] for one in found if one["maker"] == maker and name in one]
    if not values:
        return ""
    low, middle, high = np.percentile(values, [5, 50, 95])
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _median(found: Sequence[Score], name: str) -> float:
    return float(np.median([one[name] for one in found if name in one]))


def _share(counted: tuple[int, int]) -> str:
    n, total = counted
    return f"{n} of {total} ({n / total:.0%})" if total else ""


def _told(plans: Sequence[dict[str, Any]]) -> str:
    return _share((sum(not plan["failures"] for plan in plans), len(plans)))


def _title(name: str) -> str:
    kind, _, later = name.partition("_")
    if later.isdigit():
        return f"{kind.upper()} +{later}" + (" (dB)" if kind == "psnr" else "")
    return name.replace("_", " ")
