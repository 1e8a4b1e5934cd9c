"""Which engines are installed. Ours are found the way everybody's are: entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from longtake.engines.protocol import Engine
from longtake.errors import EngineFailed, EngineUnknown

GROUP = "longtake.engines"


def names() -> tuple[str, ...]:
    """The names of all installed engines, in alphabetical order. Imports none of them."""
    return tuple(sorted(_installed()))


def require(name: str) -> None:
    """Raise EngineUnknown, naming what is installed, unless ``name`` is."""
    if name not in _installed():
        known = ", ".join(names()) or "none"
        raise EngineUnknown(f"There is no engine named {name!r}; installed: {known}.")


def load(name: str) -> Engine:
    """The engine ``name``, not yet set up. Belongs into an engine's own process.

    Raises EngineUnknown, or EngineFailed where its module cannot be imported or holds
    something else.
    """
    require(name)
    point = _installed()[name]
    try:
        engine = point.load()()
    except Exception as error:  # third-party code runs here: whatever it raises, say so
        raise EngineFailed(
            f"The engine {name!r} ({point.value}) cannot be loaded: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(engine, Engine):
        raise EngineFailed(f"{point.value}, installed as {name!r}, is not an engine.")
    return engine


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
