"""Every invariant is broken once, behind the books' back, and is found by its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection

import pytest

from longtake import callbacks, clips, invariants, ledger, records
from longtake.store import Store
from tests.worlds import World, owe, world_of


@pytest.fixture
def world(store: Store) -> World:
    return world_of(store)


# -- one corruption for each ----------------------------------------------------------


def an_entry_before_the_checkpoint_changed(world: World) -> None:
    world.change(
        "UPDATE lt_ledger SET credits = 61 WHERE id = (SELECT min(id) FROM lt_ledger)"
    )


def an_entry_was_removed_with_its_checkpoint_kept(world: World) -> None:
    world.change("UPDATE lt_ledger SET credits = 1 WHERE kind = 'checkpoint'")


def more_was_taken_than_there_is(world: World) -> None:
    world.change(
        "UPDATE lt_ledger SET credits = -1 WHERE account_id = :id", id=world.other_id
    )


def a_hold_was_lost(world: World) -> None:
    world.change(
        "DELETE FROM lt_ledger WHERE record_id = :id AND kind = 'hold'",
        id=world.waiting.id,
    )


def a_result_was_not_charged(world: World) -> None:
    world.change(
        "DELETE FROM lt_ledger WHERE record_id = :id AND kind = 'capture'",
        id=world.made.id,
    )


def a_failure_was_not_released(world: World) -> None:
    world.change(
        "DELETE FROM lt_ledger WHERE record_id = :id AND kind = 'release'",
        id=world.failed.id,
    )


def a_success_was_released(world: World) -> None:
    world.change(
        "INSERT INTO lt_ledger (account_id, kind, credits, record_id, note, at_ms) "
        "VALUES (:account, 'release', 60, :record, '', 0)",
        account=world.account_id,
        record=world.made.id,
    )


def a_record_vanished_while_its_credits_were_held(world: World) -> None:
    world.change("DELETE FROM lt_idempotency WHERE task_id = :id", id=world.waiting.id)
    world.change("DELETE FROM lt_records WHERE id = :id", id=world.waiting.id)


def an_account_vanished(world: World) -> None:
    world.change("DELETE FROM lt_accounts WHERE id = :id", id=world.account_id)


def a_failure_says_it_goes_on(world: World) -> None:
    world.change(
        "UPDATE lt_records SET success_flag = 0 WHERE id = :id", id=world.failed.id
    )


def a_success_has_no_end(world: World) -> None:
    world.change(
        "UPDATE lt_records SET completed_ms = NULL WHERE id = :id", id=world.made.id
    )


def a_video_has_the_wrong_number(world: World) -> None:
    world.change('UPDATE lt_clips SET "index" = 2 WHERE "index" = 1')


def a_success_lost_its_videos(world: World) -> None:
    with world.store.database.transaction() as connection:
        world.store.files.delete(clips.remove(connection, [world.made.id]))


def a_clip_changed_hands(world: World) -> None:
    world.change(
        'UPDATE lt_clips SET account_id = :id WHERE "index" = 0', id=world.other_id
    )


def a_child_changed_hands(world: World) -> None:
    world.change(
        "UPDATE lt_records SET account_id = :other WHERE id = :id",
        other=world.other_id,
        id=world.running.id,
    )


def a_parent_vanished(world: World) -> None:
    world.change(
        "UPDATE lt_records SET parent_id = :nobody WHERE id = :id",
        nobody="f" * 32,
        id=world.running.id,
    )


def a_settled_record_still_moves(world: World) -> None:
    world.change("UPDATE lt_progress SET record_id = :id", id=world.made.id)


def a_repeat_leads_nowhere(world: World) -> None:
    world.change("UPDATE lt_idempotency SET task_id = 'nothing'")


def a_task_was_lost(world: World) -> None:
    world.lost.add(world.running.id)


def the_next_task_was_not_enqueued(world: World) -> None:
    world.change(
        "UPDATE lt_records SET enqueued_ms = NULL WHERE id = :id", id=world.waiting.id
    )


def a_callback_was_forgotten(world: World) -> None:
    with world.store.database.transaction() as connection:
        callbacks.forget(connection, [world.made.id])


def a_delivery_was_never_answered(world: World) -> None:
    world.change("UPDATE lt_attempts SET status = 500 WHERE status = 204")


def a_delivery_was_given_up_early(world: World) -> None:
    world.change("UPDATE lt_attempts SET status = 503 WHERE status = 410")


def an_attempt_was_not_written(world: World) -> None:
    world.change(
        "UPDATE lt_deliveries SET n_attempts = 2 WHERE id = :id", id=world.owed
    )


def a_redelivery_was_lost(world: World) -> None:
    world.lost.add(f"{world.owed}-0-2")


def a_file_was_deleted(world: World) -> None:
    world.store.files.delete([f"clips/{world.account_id}/{world.made.id}/1.mp4"])


def a_file_was_cut_short(world: World) -> None:
    key = f"clips/{world.account_id}/{world.made.id}/0.mp4"
    os.truncate(world.store.files.local_path(key), 3)


def a_poster_was_deleted(world: World) -> None:
    world.store.files.delete([f"clips/{world.account_id}/{world.made.id}/0.jpg"])


def an_upload_was_deleted(world: World) -> None:
    world.store.files.delete([f"uploads/{world.account_id}/{'1' * 32}"])


def a_file_was_left_behind(world: World) -> None:
    key = f"clips/{world.account_id}/{world.failed.id}/0.mp4"
    world.store.files.put_bytes(b"of a task that failed", key)


Corruption = Callable[[World], None]

CORRUPTIONS: tuple[tuple[Corruption, str], ...] = (
    (an_entry_before_the_checkpoint_changed, "checkpoints_repeat_the_sum"),
    (an_entry_was_removed_with_its_checkpoint_kept, "balances_are_sums"),
    (more_was_taken_than_there_is, "balances_are_not_negative"),
    (a_hold_was_lost, "records_hold_their_price"),
    (a_result_was_not_charged, "success_is_charged"),
    (a_failure_was_not_released, "failure_is_released"),
    (a_success_was_released, "failure_is_released"),
    (a_record_vanished_while_its_credits_were_held, "holds_have_an_end"),
    (an_account_vanished, "references_lead_somewhere"),
    (a_failure_says_it_goes_on, "states_and_flags_agree"),
    (a_success_has_no_end, "states_and_flags_agree"),
    (a_video_has_the_wrong_number, "success_has_videos"),
    (a_success_lost_its_videos, "success_has_videos"),
    (a_clip_changed_hands, "clips_belong_to_their_record"),
    (a_child_changed_hands, "clips_belong_to_their_record"),
    (a_parent_vanished, "parents_exist"),
    (a_settled_record_still_moves, "progress_is_of_running_records"),
    (a_repeat_leads_nowhere, "repeats_name_records"),
    (a_task_was_lost, "open_records_are_in_the_queue"),
    (the_next_task_was_not_enqueued, "free_places_are_taken"),
    (a_callback_was_forgotten, "settled_records_owe_their_callback"),
    (a_delivery_was_never_answered, "attempts_match_their_delivery"),
    (a_delivery_was_given_up_early, "attempts_match_their_delivery"),
    (an_attempt_was_not_written, "attempts_match_their_delivery"),
    (a_redelivery_was_lost, "owed_deliveries_are_in_the_queue"),
    (a_file_was_deleted, "clips_have_their_files"),
    (a_file_was_cut_short, "clips_have_their_files"),
    (a_poster_was_deleted, "clips_have_their_files"),
    (an_upload_was_deleted, "uploads_have_their_files"),
    (a_file_was_left_behind, "files_have_their_rows"),
)
# What one corruption breaks besides, since it is the same wrong.
BESIDES: dict[Corruption, set[str]] = {
    an_entry_before_the_checkpoint_changed: {"balances_are_sums"},
    an_entry_was_removed_with_its_checkpoint_kept: {"checkpoints_repeat_the_sum"},
    a_child_changed_hands: {"records_hold_their_price"},
}


def test_books_in_order_break_nothing(world: World) -> None:
    assert world.broken(deep=True) == set()


@pytest.mark.parametrize(
    ("corrupt", "name"), CORRUPTIONS, ids=[each.__name__ for each, _ in CORRUPTIONS]
)
def test_it_is_found_by_name(world: World, corrupt: Corruption, name: str) -> None:
    corrupt(world)
    assert world.broken() == {name} | BESIDES.get(corrupt, set())


def test_every_invariant_is_broken_once() -> None:
    broken = {name for _, name in CORRUPTIONS}
    assert broken == {invariant.__name__ for invariant in invariants.INVARIANTS}


def test_every_invariant_says_what_it_means() -> None:
    for invariant in invariants.INVARIANTS:
        assert "Broken, " in invariants.Broken(invariant.__name__, "").means


def test_changed_bytes_are_found_by_a_deep_look_only(world: World) -> None:
    key = f"clips/{world.account_id}/{world.made.id}/0.mp4"
    world.store.files.put_bytes(b"A video", key)  # as many bytes as before
    assert world.broken() == set()
    assert world.broken(deep=True) == {"clips_have_their_files"}


def test_what_is_due_to_go_may_be_gone(world: World) -> None:
    with world.store.database.transaction() as connection:
        records.delete(connection, world.account_id, world.made.task_id)
    a_file_was_deleted(world)
    assert world.broken() == set()


def test_a_young_file_may_wait_for_its_row(world: World) -> None:
    a_file_was_left_behind(world)
    assert invariants.check(world.store, again_s=0) == []


def test_what_is_put_right_meanwhile_is_not_broken(world: World) -> None:
    """A worker settles a record between the look at the books and that at the queue."""

    def queue(workflows: Collection[str]) -> Collection[str]:
        with world.store.database.transaction() as connection:
            records.fail(
                connection, world.waiting.id, code="X", message="It broke.", flag=2
            )
            ledger.release(connection, world.account_id, world.waiting.id)
            owe(connection, world.waiting)
        return set(workflows) - {world.waiting.id}

    assert invariants.check(world.store, queue_view=queue, again_s=0) == []
