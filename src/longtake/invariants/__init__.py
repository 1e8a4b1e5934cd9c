"""What must always hold, over all of the books and the files.

Each invariant is a function whose docstring says what it means that it is broken.
``longtake check`` runs them all, on a server that runs or one that rests.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from longtake import clock
from longtake.invariants.look import Invariant, Look, QueueView
from longtake.invariants.media import (
    clips_have_their_files,
    files_have_their_rows,
    uploads_have_their_files,
)
from longtake.invariants.money import (
    balances_are_not_negative,
    balances_are_sums,
    checkpoints_repeat_the_sum,
    failure_is_released,
    holds_have_an_end,
    records_hold_their_price,
    success_is_charged,
)
from longtake.invariants.owing import (
    attempts_match_their_delivery,
    owed_deliveries_are_in_the_queue,
    settled_records_owe_their_callback,
)
from longtake.invariants.work import (
    clips_belong_to_their_record,
    free_places_are_taken,
    open_records_are_in_the_queue,
    parents_exist,
    progress_is_of_running_records,
    references_lead_somewhere,
    repeats_name_records,
    states_and_flags_agree,
    success_has_videos,
)
from longtake.store import Store

__all__ = [
    "AGAIN_S",
    "INVARIANTS",
    "YOUNG_MS",
    "Broken",
    "Invariant",
    "Look",
    "QueueView",
    "check",
]

INVARIANTS: tuple[Invariant, ...] = (
    checkpoints_repeat_the_sum,
    balances_are_sums,
    balances_are_not_negative,
    records_hold_their_price,
    success_is_charged,
    failure_is_released,
    holds_have_an_end,
    references_lead_somewhere,
    states_and_flags_agree,
    success_has_videos,
    clips_belong_to_their_record,
    parents_exist,
    progress_is_of_running_records,
    repeats_name_records,
    open_records_are_in_the_queue,
    free_places_are_taken,
    settled_records_owe_their_callback,
    attempts_match_their_delivery,
    owed_deliveries_are_in_the_queue,
    clips_have_their_files,
    uploads_have_their_files,
    files_have_their_rows,
)
YOUNG_MS = 3_600_000
AGAIN_S = 3.0  # a worker's sweep has come by in between


@dataclass(frozen=True, slots=True)
class Broken:
    """One place in which an invariant does not hold; ``name`` is its function's."""

    name: str
    detail: str

    @property
    def means(self) -> str:
        """What should hold and what it means that it does not, as its docstring says."""
        (invariant,) = (one for one in INVARIANTS if one.__name__ == self.name)
        return " ".join((invariant.__doc__ or "").split())


def check(
    store: Store,
    *,
    queue_view: QueueView | None = None,
    deep: bool = False,
    young_ms: int = YOUNG_MS,
    again_s: float = AGAIN_S,
) -> list[Broken]:
    """Everything that is broken, in the order of INVARIANTS; nothing is changed.

    ``queue_view`` says which workflows the queue has in hand; without it nobody asks.
    ``deep`` reads every file. ``young_ms`` 0 is for a server that rests: no file is then
    still on its way to its row. What the queue and the files say is of another moment
    than what the books say, so what seems broken is looked at again ``again_s`` later,
    and is broken if it is so both times.
    """

    def broken(invariant: Invariant) -> list[str]:
        with store.database.reading() as connection:
            now_ms = clock.now_ms()
            look = Look(
                store=store,
                connection=connection,
                now_ms=now_ms,
                grown_ms=now_ms - young_ms,
                deep=deep,
                queue_view=queue_view,
            )
            return list(invariant(look))

    seen = {invariant: broken(invariant) for invariant in INVARIANTS}
    suspects = {invariant: places for invariant, places in seen.items() if places}
    if suspects:
        time.sleep(again_s)
    return [
        Broken(invariant.__name__, place)
        for invariant, places in suspects.items()
        for place in sorted(set(places) & set(broken(invariant)))
    ]
