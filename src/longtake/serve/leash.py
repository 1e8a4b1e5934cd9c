"""How a child of the supervisor runs: ``python -P -m longtake.serve.leash MODULE ...``.

The supervisor holds the other end of its stdin and never writes: when that end closes,
the supervisor is gone, however it went, and the child goes too.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def _hold() -> None:
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_hold, name="leash", daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
