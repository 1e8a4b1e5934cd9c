"""What an import costs: the package and its command load no codec and no arrays."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_HEAVY = ("av", "cv2", "numpy", "PIL", "torch")


@pytest.mark.parametrize(
    "module",
    [
        "longtake",
        "longtake.cli",
        "longtake.clock",
        "longtake.direction",
        "longtake.errors",
        "longtake.settings",
    ],
)
def test_importing_it_loads_no_codec(module: str) -> None:
    code = f"import {module}, sys, json; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout
    loaded = {name.split(".")[0] for name in json.loads(answer)}
    assert not loaded & set(_HEAVY)
