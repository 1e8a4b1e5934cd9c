"""Records: what a task looks like from outside; one shape for API, callback and command."""

from longtake.records.life import (
    Progress,
    Standing,
    ahead,
    begin,
    counts,
    discard,
    fail,
    forget,
    lane,
    outdated,
    progress,
    standing,
    succeed,
    tell,
)
from longtake.records.record import (
    OPEN,
    Cursor,
    Origin,
    Record,
    State,
    add,
    by_id,
    find,
    lineage,
    listed,
    unsettled,
)
from longtake.records.view import STATES, Video, callback_body, view
from longtake.records.work import Work

delete = discard

__all__ = [
    "OPEN",
    "STATES",
    "Cursor",
    "Origin",
    "Progress",
    "Record",
    "Standing",
    "State",
    "Video",
    "Work",
    "add",
    "ahead",
    "begin",
    "by_id",
    "callback_body",
    "counts",
    "delete",
    "fail",
    "find",
    "forget",
    "lane",
    "lineage",
    "listed",
    "outdated",
    "progress",
    "standing",
    "succeed",
    "tell",
    "unsettled",
    "view",
]
