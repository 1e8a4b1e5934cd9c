"""Packets and frames in order: by hand, and for any stream of B-frames."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from longtake.media.timeline import (
    Cut,
    TimedPacket,
    Timeline,
    _vp8_invisible,
    _vp9_invisible,
)

TICK = Fraction(1, 1000)


def packet(
    pts: int, dts: int | None = None, *, key: bool = False, **marks: bool
) -> TimedPacket:
    fields = {"hidden": False, "invisible": False, "corrupt": False} | marks
    return TimedPacket(pts, dts, 10, 100, key, **fields)


def timeline(*packets: TimedPacket) -> Timeline:
    return Timeline(TICK, packets, exact=True)


# I P B B, and an open GOP: the second I is shown after two B that are decoded behind it.
OPEN_GOP = timeline(
    packet(0, -20, key=True),
    packet(30, -10),
    packet(10, 0),
    packet(20, 10),
    packet(60, 20, key=True),
    packet(40, 30),
    packet(50, 40),
    packet(90, 50),
    packet(70, 60),
    packet(80, 70),
)


def test_ranks_follow_the_times() -> None:
    assert OPEN_GOP.shown == (0, 10, 20, 30, 40, 50, 60, 70, 80, 90)
    assert OPEN_GOP.order == (0, 2, 3, 1, 5, 6, 4, 8, 9, 7)
    assert OPEN_GOP.ranks == (0, 3, 1, 2, 6, 4, 5, 9, 7, 8)


def test_cuts_keep_exactly_the_first_frames() -> None:
    assert list(OPEN_GOP.cuts()) == [Cut(1, 1), Cut(4, 4), Cut(7, 7), Cut(10, 10)]
    assert OPEN_GOP.cut(6) == Cut(4, 4)
    assert OPEN_GOP.cut(10) == Cut(10, 10)
    assert OPEN_GOP.cut(0) == Cut(0, 0)


def test_delay_and_reorder() -> None:
    assert OPEN_GOP.reorder == 1
    assert OPEN_GOP.reorder_delay == 20
    no_dts = timeline(*(one._replace(dts=None) for one in OPEN_GOP.packets))
    assert no_dts.reorder_delay == 10


def test_decoding_starts_where_nothing_needed_is_broken() -> None:
    assert list(OPEN_GOP.starts(9)) == [4, 0]
    assert list(OPEN_GOP.starts(6)) == [4, 0]
    assert list(OPEN_GOP.starts(5)) == [0]  # a leading picture of the open GOP
    assert list(OPEN_GOP.starts(0)) == [0]


def test_what_an_edit_list_hides() -> None:
    found = timeline(
        packet(-20, key=True, hidden=True),
        packet(-10, hidden=True),
        packet(0),
        packet(30, hidden=True),
        packet(10),
    )
    assert found.shown == (0, 10)
    assert (found.n_hidden_head, found.n_hidden_tail) == (2, 1)
    # With packet 3 among them, a hidden picture would lie before what follows.
    assert list(found.cuts()) == [Cut(3, 1)]


def test_what_a_codec_hides_does_no_harm() -> None:
    found = timeline(
        packet(0, key=True), packet(10, invisible=True), packet(10), packet(20)
    )
    assert found.shown == (0, 10, 20)
    assert found.order == (0, 2, 3)
    assert list(found.cuts()) == [Cut(1, 1), Cut(3, 2), Cut(4, 3)]
    assert found.n_hidden_tail == 0


@given(st.permutations(range(9)))
def test_any_order_has_one_rank_per_packet(times: list[int]) -> None:
    found = timeline(*(packet(10 * time) for time in times))
    assert sorted(found.order) == list(range(9))
    assert [found.ranks[n] for n in found.order] == list(range(9))
    for cut in found.cuts():
        assert sorted(times[: cut.n_packets]) == list(range(cut.n_frames))
    assert found.cut(9) == Cut(9, 9)
    shifted = sorted(times)
    for n, time in enumerate(times):  # what a muxer may set as decoding times
        assert shifted[max(0, n - found.reorder)] <= time or n < found.reorder


def test_invisible_packets_by_their_first_bytes() -> None:
    """RFC 6386, 9.1, and the VP9 specification, 6.2: bits written out by hand."""
    assert not _vp8_invisible(memoryview(bytes([0b00010000])))
    assert _vp8_invisible(memoryview(bytes([0b00000001])))
    assert not _vp9_invisible(memoryview(bytes([0b10000010, 0, 0])))  # show_frame
    assert _vp9_invisible(memoryview(bytes([0b10000000, 0, 0])))
    assert not _vp9_invisible(memoryview(bytes([0b10001000, 0, 0])))  # show_existing
    assert not _vp9_invisible(memoryview(bytes([0b10000000, 0b11000001])))  # superframe
    assert _vp9_invisible(
        memoryview(bytes([0b10110000, 0, 0]))
    )  # profile 3, one bit later
    assert not _vp9_invisible(memoryview(bytes([0b10110001, 0, 0])))
