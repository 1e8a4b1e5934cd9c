"""Logs: one JSON object a line on stderr, with the task where there is one.

Everything that logs comes out here and looks the same: ours through structlog, the
libraries' through the standard logging.
"""

from __future__ import annotations

import logging
import sys
from contextlib import AbstractContextManager

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# What these say at INFO is about themselves: which threads they start, which steps ran.
_QUIET = ("alembic", "dbos", "httpx2", "httpcore2", "python_multipart", "uvicorn")


def set_up(process: str) -> None:
    """Log from now on, each line under ``process``. Call once, first in a process."""

    def named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {**event, "process": process}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        named,
    ]
    line = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
    )
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(line)
    logging.root.handlers = [out]
    logging.root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A library that finds a handler here adds none of its own, nor cuts us off.
    logging.getLogger("dbos").addHandler(logging.NullHandler())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module; give it ``__name__``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def about(**facts: str) -> AbstractContextManager[None]:
    """A block, every line of which carries ``facts``: ``with logs.about(task_id=...)``."""
    return structlog.contextvars.bound_contextvars(**facts)
