"""Longtake makes short video clips longer.

``from longtake import extend`` is the library; names resolve lazily (PEP 562), so that
importing any part of the package loads no codec.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from longtake.extension import extend

__all__ = ["__version__", "extend"]

__version__ = "0.1.0"

_HOMES = {"extend": "longtake.extension"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'longtake' has no attribute {name!r}")
