"""A source of arbitrary bytes is followed or refused, and nothing else happens."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from longtake.media.h264 import CopyRefused
from longtake.media.h264.stream import PictureKind, SourceStream
from tests.sets import PLAIN_PPS, PLAIN_SPS, idr_packet, pps_unit, record, sps_unit

RECORD = record(sps_unit(PLAIN_SPS, full_vui=True), pps_unit(PLAIN_PPS))
PACKET = idr_packet(PLAIN_SPS, PLAIN_PPS, idr_pic_id=7)
CHANGES = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4)


def changed(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    """``data`` with single bytes replaced."""
    out = bytearray(data)
    for place, value in changes:
        out[place % len(out)] = value
    return bytes(out)


def test_what_is_sound_is_followed() -> None:
    stream = SourceStream(RECORD)
    assert stream.scan(PACKET) is PictureKind.IDR
    assert stream.last_idr_pic_id == 7
    assert stream.sets == (PLAIN_SPS, PLAIN_PPS)
    assert stream.scan(b"") is PictureKind.NONE


@given(CHANGES, CHANGES)
def test_damage_is_followed_or_refused(
    record_changes: list[tuple[int, int]], packet_changes: list[tuple[int, int]]
) -> None:
    with suppress(CopyRefused):
        stream = SourceStream(changed(RECORD, record_changes))
        stream.scan(changed(PACKET, packet_changes))
        stream.recipe(width=96, height=64, rate=Fraction(24))


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_noise_is_refused(extradata: bytes, packet: bytes) -> None:
    with suppress(CopyRefused):
        SourceStream(extradata)
    with suppress(CopyRefused):
        SourceStream(RECORD).scan(packet)
