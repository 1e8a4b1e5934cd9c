"""Where measured numbers go: one JSON file for programs, one table for readers."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def machine() -> dict[str, Any]:
    """What the numbers were measured on, as far as it matters to them."""
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "av": version("av"),
        "opencv": version("opencv-python-headless"),
        "longtake": version("longtake"),
    }


def write(
    name: str,
    question: str,
    columns: Sequence[str],
    rows: Sequence[dict[str, Any]],
    *,
    details: Sequence[Any] = (),
    more: str = "",
) -> None:
    """Write ``results/<name>.json`` and ``.md``, and print the table.

    ``rows`` may hold more than ``columns`` names; the table shows the columns. What the
    rows were made from is ``details``, for programs only. ``more`` follows the table.
    """
    FOLDER.mkdir(exist_ok=True)
    told = {"question": question, "machine": machine(), "rows": list(rows)}
    data = json.dumps(told, indent=1)
    if details:
        lines = ",\n  ".join(json.dumps(one) for one in details)
        data = f'{data[:-2]},\n "details": [\n  {lines}\n ]\n}}'
    (FOLDER / f"{name}.json").write_text(data + "\n")
    facts = ", ".join(f"{key} {value}" for key, value in machine().items())
    parts = [
        f"# {name}",
        question,
        table(columns, rows),
        more,
        f"Measured on: {facts}.",
    ]
    text = "\n\n".join(part for part in parts if part) + "\n"
    (FOLDER / f"{name}.md").write_text(text)
    print(text)


def table(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> str:
    """A Markdown table of ``rows``, a line each."""
    lines = [[name.replace("_", " ") for name in columns]]
    lines.append(["---"] * len(columns))
    lines += [[_shown(row[name]) for name in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _shown(value: Any) -> str:
    """Three significant digits are what a measurement on a shared machine is worth."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
