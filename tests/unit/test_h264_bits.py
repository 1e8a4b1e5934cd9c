"""Bits, Exp-Golomb codes, emulation prevention, NAL units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.media.h264.bits import (
    BitReader,
    BitsInvalid,
    BitWriter,
    annex_b_units,
    escape,
    sized_units,
    unescape,
)

# Few values, many zeros: what emulation prevention is about.
RBSP = st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255])).map(bytes)
FIELDS = st.lists(
    st.one_of(
        st.tuples(st.just("ue"), st.integers(0, 2**32 - 2)),
        st.tuples(st.just("se"), st.integers(-(2**31) + 1, 2**31 - 1)),
        st.tuples(st.just("flag"), st.booleans()),
    )
)


@pytest.mark.parametrize(
    ("bits", "unsigned", "signed"),
    [  # Tables 9-2 and 9-3 of the standard
        ("1", 0, 0),
        ("010", 1, 1),
        ("011", 2, -1),
        ("00100", 3, 2),
        ("00101", 4, -2),
        ("0001010", 9, 5),
    ],
)
def test_exp_golomb_codes_are_those_of_the_standard(
    bits: str, unsigned: int, signed: int
) -> None:
    data = int(bits.ljust(8, "1"), 2).to_bytes(1, "big")
    assert BitReader(data).ue() == unsigned
    assert BitReader(data).se() == signed
    writer = BitWriter()
    writer.ue(unsigned)
    writer.se(signed)
    assert f"{writer.value:0{writer.size}b}" == bits + bits


@given(FIELDS)
def test_what_is_written_is_read(fields: list[tuple[str, int]]) -> None:
    writer = BitWriter()
    for kind, value in fields:
        getattr(writer, kind)(value)
    writer.flag(True)
    reader = BitReader(writer.aligned(0))
    for kind, value in fields:
        assert reader.more_rbsp_data()
        assert getattr(reader, kind)() == value
    assert not reader.more_rbsp_data()


def test_reading_beyond_the_end_is_an_error() -> None:
    reader = BitReader(b"\xff")
    assert reader.u(8) == 255
    with pytest.raises(BitsInvalid):
        reader.u(1)
    for data in (b"", b"\0", b"\0\0\0\0\0\0\0\0", b"\1"):
        with pytest.raises(BitsInvalid):
            BitReader(data).ue()
    assert not BitReader(b"").more_rbsp_data()


def test_values_that_do_not_fit_are_an_error() -> None:
    for value, n_bits in ((4, 2), (-1, 8), (1, 0)):
        with pytest.raises(BitsInvalid):
            BitWriter().u(value, n_bits)
    with pytest.raises(BitsInvalid):
        BitWriter().ue(-1)


def test_filling_is_of_ones_or_of_zeros() -> None:
    writer = BitWriter()
    writer.u(0b101, 3)
    assert writer.aligned(1) == b"\xbf"
    assert writer.aligned(0) == b"\xa0"


@pytest.mark.parametrize(
    ("rbsp", "payload"),
    [
        (b"\0\0\0", b"\0\0\3\0\3"),
        (b"\0\0\1", b"\0\0\3\1"),
        (b"\0\0\3", b"\0\0\3\3"),
        (b"\0\0\4", b"\0\0\4"),
        (b"\0\0\0\0\0\1", b"\0\0\3\0\0\3\0\1"),
        (b"\5\0", b"\5\0\3"),
    ],
)
def test_emulation_prevention_known_answers(rbsp: bytes, payload: bytes) -> None:
    assert escape(rbsp) == payload


@given(RBSP)
def test_emulation_prevention(rbsp: bytes) -> None:
    payload = escape(rbsp)
    assert not any(code in payload for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))
    assert not payload.endswith(b"\0")
    without = payload[:-1] if rbsp.endswith(b"\0") else payload
    assert unescape(without) == rbsp


@given(st.lists(RBSP, min_size=1), st.sampled_from([b"\0\0\1", b"\0\0\0\1"]))
def test_units_of_a_byte_stream(payloads: list[bytes], code: bytes) -> None:
    units = [b"\x65" + escape(rbsp) for rbsp in payloads]
    assert list(annex_b_units(code + code.join(units))) == units


@given(st.lists(st.binary(min_size=1)), st.sampled_from([2, 4]))
def test_units_with_lengths(units: list[bytes], length_size: int) -> None:
    data = b"".join(len(unit).to_bytes(length_size, "big") + unit for unit in units)
    assert list(sized_units(data, length_size)) == units
    if units:
        with pytest.raises(BitsInvalid):
            list(sized_units(data[:-1], length_size))


def test_what_is_no_byte_stream_is_an_error() -> None:
    for data in (b"", b"\0\0", b"\5\0\0\1\x65"):
        with pytest.raises(BitsInvalid):
            list(annex_b_units(data))
