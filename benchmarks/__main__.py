"""``python -m benchmarks``: all of them, one after the other."""

from __future__ import annotations

import subprocess
import sys

for name in ("join", "memory", "speed", "chain", "quality", "service", "studio"):
    print(f"── {name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
