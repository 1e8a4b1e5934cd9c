"""Parameter sets: read back as written, and a record whose facts are known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from longtake.media.h264.bits import BitsInvalid
from longtake.media.h264.parameters import (
    Pps,
    Sps,
    Vui,
    parse_configuration,
    parse_pps,
    parse_sps,
)
from tests.sets import PLAIN_PPS, PLAIN_SPS, pps_unit, record, sps_unit

# x264 through PyAV: 320x180 (12 rows of macroblocks less 12 lines), High, level 1.2, no B.
X264_SPS = bytes.fromhex("6764000cacb40a0cfcf0800000030080000018078a1550")
X264_PPS = bytes.fromhex("68ee32c8b0")


@st.composite
def some_sps(draw: st.DrawFn) -> Sps:
    """Any SPS there is room for in :class:`Sps`."""
    profile = draw(st.sampled_from([66, 77, 88, 100, 110, 122, 244]))
    high = profile >= 100
    chroma_format = draw(st.integers(0, 3)) if high else 1
    frame_mbs_only = draw(st.booleans())
    poc_type = draw(st.integers(0, 2))
    edge = st.integers(0, 5).map(lambda n: 4 * n)
    return Sps(
        id=draw(st.integers(0, 31)),
        profile=profile,
        constraints=draw(st.integers(0, 63)) << 2,
        level=draw(st.integers(9, 62)),
        chroma_format=chroma_format,
        bit_depth_luma=draw(st.integers(8, 14)) if high else 8,
        bit_depth_chroma=draw(st.integers(8, 14)) if high else 8,
        lossless_at_zero=high and draw(st.booleans()),
        scaling_matrix=high and draw(st.booleans()),
        frame_num_bits=draw(st.integers(4, 16)),
        poc_type=poc_type,
        poc_bits=draw(st.integers(4, 16)) if poc_type == 0 else 0,
        max_num_ref_frames=draw(st.integers(0, 16)),
        width_mbs=draw(st.integers(2, 300)),
        height_mbs=2 * draw(st.integers(1, 150)),
        frame_mbs_only=frame_mbs_only,
        mbaff=not frame_mbs_only and draw(st.booleans()),
        crop=draw(st.tuples(edge, edge, edge, edge)),
        vui=Vui(draw(st.booleans()), draw(st.integers(0, 16))),
    )


@st.composite
def some_pps(draw: st.DrawFn) -> Pps:
    """Any PPS there is room for in :class:`Pps`, without slice groups."""
    offset = st.integers(-12, 12)
    flag = st.booleans()
    return Pps(
        id=draw(st.integers(0, 255)),
        sps_id=draw(st.integers(0, 31)),
        cabac=draw(flag),
        poc_of_bottom=draw(flag),
        slice_groups=False,
        num_ref_active=draw(st.integers(1, 32)),
        weighted_pred=draw(flag),
        init_qp=draw(st.integers(-10, 51)),
        chroma_qp_offsets=draw(st.tuples(offset, offset)),
        deblocking_control=draw(flag),
        constrained_intra=draw(flag),
        redundant_count=draw(flag),
        transform_8x8=draw(flag),
        scaling_matrix=draw(flag),
    )


@given(some_sps(), st.booleans())
def test_an_sps_is_read_as_written(sps: Sps, full_vui: bool) -> None:
    assert parse_sps(sps_unit(sps, full_vui=full_vui)) == sps


@given(some_pps(), st.integers(0, 3))
def test_a_pps_is_read_as_written(pps: Pps, chroma_format: int) -> None:
    sps = replace(PLAIN_SPS, chroma_format=chroma_format)
    unit = pps_unit(pps, n_8x8=6 if chroma_format == 3 else 2)
    assert parse_pps(unit, lambda _: sps) == pps


@pytest.mark.parametrize("groups", range(7))
def test_slice_groups_are_read_over(groups: int) -> None:
    wanted = replace(PLAIN_PPS, slice_groups=True)
    assert parse_pps(pps_unit(wanted, groups=groups), lambda _: PLAIN_SPS) == wanted


def test_sets_of_x264() -> None:
    sps = parse_sps(X264_SPS)
    assert (sps.width, sps.height, sps.crop) == (320, 180, (0, 0, 0, 12))
    assert (sps.profile, sps.level, sps.poc_type, sps.frame_num_bits) == (100, 12, 2, 4)
    assert (sps.max_num_ref_frames, sps.vui) == (1, Vui(True, 9))
    pps = parse_pps(X264_PPS, lambda _: sps)
    assert (pps.cabac, pps.transform_8x8, pps.init_qp) == (True, True, 26)
    assert pps.chroma_qp_offsets == (-2, -2)


def test_intra_only_streams_are_known() -> None:
    assert replace(PLAIN_SPS, max_num_ref_frames=0).intra_only
    assert replace(PLAIN_SPS, profile=110, constraints=0x10).intra_only
    assert not replace(PLAIN_SPS, profile=66, constraints=0x10).intra_only
    assert not PLAIN_SPS.intra_only


@pytest.mark.parametrize("length_size", [1, 2, 4])
@pytest.mark.parametrize(
    "more", [b"", b"\xfd\xf8\xf8\0", b"\xfd\xf8\xf8\1\0\2\x6d\x80"]
)
def test_a_record_is_read(length_size: int, more: bytes) -> None:
    data = record(X264_SPS, X264_PPS, length_size=length_size, more=more)
    configuration = parse_configuration(data)
    assert configuration.length_size == length_size
    assert configuration.sps_units == (X264_SPS,)
    assert configuration.pps_units == (X264_PPS,)
    assert len(configuration.sps_extensions) == (len(more) > 4)


def test_broken_records_and_sets_are_an_error() -> None:
    data = record(X264_SPS, X264_PPS)
    for end in range(len(data)):
        with pytest.raises(BitsInvalid):
            parse_configuration(data[:end])
    with pytest.raises(BitsInvalid):
        parse_configuration(b"\0\0\0\1" + X264_SPS)
    with pytest.raises(BitsInvalid):
        parse_sps(X264_PPS)
    for end in range(len(X264_SPS) - 1):
        with pytest.raises(BitsInvalid):
            parse_sps(X264_SPS[:end])
