"""Parameter sets written by hand: whatever the syntax allows, also what x264 never says."""

from __future__ import annotations

from longtake.media.h264.bits import BitWriter, escape
from longtake.media.h264.parameters import Pps, Sps, Vui
from longtake.media.h264.slices import SliceHeader, write_header

PLAIN_SPS = Sps(
    id=0,
    profile=100,
    constraints=0,
    level=30,
    chroma_format=1,
    bit_depth_luma=8,
    bit_depth_chroma=8,
    lossless_at_zero=False,
    scaling_matrix=False,
    frame_num_bits=4,
    poc_type=0,
    poc_bits=4,
    max_num_ref_frames=1,
    width_mbs=6,
    height_mbs=4,
    frame_mbs_only=True,
    mbaff=False,
    crop=(0, 0, 0, 0),
    vui=Vui(),
)
PLAIN_PPS = Pps(
    id=0,
    sps_id=0,
    cabac=True,
    poc_of_bottom=False,
    slice_groups=False,
    num_ref_active=1,
    weighted_pred=False,
    init_qp=26,
    chroma_qp_offsets=(0, 0),
    deblocking_control=True,
    constrained_intra=False,
    redundant_count=False,
    transform_8x8=True,
    scaling_matrix=False,
)
PLAIN_HEADER = SliceHeader(
    nal_ref_idc=3,
    idr=True,
    first_mb=0,
    slice_type=7,
    frame_num=0,
    poc=0,
    num_ref_active=0,
    cabac_init_idc=0,
    qp=26,
    deblocking=(0, 0, 0),
)
_HIGH = {100, 110, 122, 244}


def sps_unit(sps: Sps, *, full_vui: bool = False) -> bytes:
    """The NAL unit of ``sps``; with ``full_vui`` its VUI holds everything it may."""
    out = BitWriter()
    for byte in (sps.profile, sps.constraints, sps.level):
        out.u(byte, 8)
    out.ue(sps.id)
    if sps.profile in _HIGH:
        out.ue(sps.chroma_format)
        if sps.chroma_format == 3:
            out.flag(False)
        out.ue(sps.bit_depth_luma - 8)
        out.ue(sps.bit_depth_chroma - 8)
        out.flag(sps.lossless_at_zero)
        _write_scaling(out, sps.scaling_matrix, 12 if sps.chroma_format == 3 else 8)
    out.ue(sps.frame_num_bits - 4)
    out.ue(sps.poc_type)
    if sps.poc_type == 0:
        out.ue(sps.poc_bits - 4)
    elif sps.poc_type == 1:
        out.flag(False)
        for offset in (-1, 2):
            out.se(offset)
        out.ue(3)
        for offset in (2, -4, 70):
            out.se(offset)
    out.ue(sps.max_num_ref_frames)
    out.flag(True)  # gaps in frame_num are allowed
    out.ue(sps.width_mbs - 1)
    out.ue(sps.height_mbs // (1 if sps.frame_mbs_only else 2) - 1)
    out.flag(sps.frame_mbs_only)
    if not sps.frame_mbs_only:
        out.flag(sps.mbaff)
    out.flag(True)  # direct_8x8_inference_flag
    _write_crop(out, sps)
    _write_vui(out, sps.vui, full=full_vui)
    return _unit(0x67, out)


def _write_scaling(out: BitWriter, present: bool, n_lists: int) -> None:
    out.flag(present)
    for place in range(n_lists if present else 0):
        written = place in {0, 3, 7}
        out.flag(written)
        if written:
            # A list that ends early, and one that says everything.
            deltas = [-8] if place == 3 else [1] * (16 if place < 6 else 64)
            for delta in deltas:
                out.se(delta)


def _write_crop(out: BitWriter, sps: Sps) -> None:
    unit_x = 2 if sps.chroma_format in {1, 2} else 1
    unit_y = (2 if sps.chroma_format == 1 else 1) * (1 if sps.frame_mbs_only else 2)
    out.flag(any(sps.crop))
    if any(sps.crop):
        for edge, unit in zip(sps.crop, (unit_x, unit_x, unit_y, unit_y), strict=True):
            out.ue(edge // unit)


def _write_vui(out: BitWriter, vui: Vui, *, full: bool) -> None:
    out.flag(full or vui != Vui())
    if not full and vui == Vui():
        return
    if full:
        out.flag(True)
        out.u(255, 8)  # an aspect ratio of its own
        out.u(0x0004_0003, 32)
        out.u(0b11, 2)  # overscan
        out.u(0b1_101_1_1, 6)  # video signal, with a color description
        out.u(0x01_01_01, 24)
        out.flag(True)  # chroma location
        out.ue(2)
        out.ue(5)
        out.flag(True)  # timing
        out.u(1 << 33 | 100 << 1 | 1, 65)
        for _ in range(2):
            out.flag(True)
            _write_hrd(out)
        out.flag(True)  # low_delay_hrd_flag
        out.flag(True)  # pic_struct_present_flag
    else:
        out.u(0, 4)  # no aspect, overscan, signal, chroma location
        out.u(0, 4)  # no timing, HRDs, pic_struct
    out.flag(True)  # bitstream restriction
    out.flag(vui.vectors_beyond_edges)
    for value in (2, 1, 15, vui.vector_bits, 0, 4):
        out.ue(value)


def _write_hrd(out: BitWriter) -> None:
    out.ue(1)  # two buffers
    out.u(0x35, 8)
    for value in (12345, 999):
        out.ue(value)
        out.ue(value // 2)
        out.flag(True)
    out.u(0x7BDEF, 20)


def pps_unit(pps: Pps, *, n_8x8: int = 2, groups: int | None = None) -> bytes:
    """The NAL unit of ``pps``; ``groups`` is a slice_group_map_type."""
    out = BitWriter()
    out.ue(pps.id)
    out.ue(pps.sps_id)
    out.flag(pps.cabac)
    out.flag(pps.poc_of_bottom)
    if groups is None:
        out.ue(0)
    else:
        _write_groups(out, groups)
    out.ue(pps.num_ref_active - 1)
    out.ue(0)
    out.flag(pps.weighted_pred)
    out.u(2, 2)
    out.se(pps.init_qp - 26)
    out.se(-3)
    out.se(pps.chroma_qp_offsets[0])
    out.flag(pps.deblocking_control)
    out.flag(pps.constrained_intra)
    out.flag(pps.redundant_count)
    same = pps.chroma_qp_offsets[0] == pps.chroma_qp_offsets[1]
    if pps.transform_8x8 or pps.scaling_matrix or not same:
        out.flag(pps.transform_8x8)
        n_lists = 6 + (n_8x8 if pps.transform_8x8 else 0)
        _write_scaling(out, pps.scaling_matrix, n_lists)
        out.se(pps.chroma_qp_offsets[1])
    return _unit(0x68, out)


def _write_groups(out: BitWriter, kind: int) -> None:
    out.ue(2)  # three groups
    out.ue(kind)
    numbers = {0: (3, 1, 4), 1: (), 2: (0, 5, 7, 9)}
    for number in numbers.get(kind, ()):
        out.ue(number)
    if kind in {3, 4, 5}:
        out.flag(True)
        out.ue(6)
    if kind == 6:
        out.ue(3)
        for group in (0, 1, 2, 1):
            out.u(group, 2)


def _unit(first: int, out: BitWriter) -> bytes:
    out.flag(True)  # rbsp_stop_one_bit
    return bytes([first]) + escape(out.aligned(0))


def record(sps: bytes, pps: bytes, *, length_size: int = 4, more: bytes = b"") -> bytes:
    """An avcC of one set of each kind; ``more`` follows them."""
    head = bytes([1, *sps[1:4], 0xFC | (length_size - 1), 0xE1])
    sized = [len(unit).to_bytes(2, "big") + unit for unit in (sps, pps)]
    return head + sized[0] + b"\1" + sized[1] + more


def idr_packet(sps: Sps, pps: Pps, *, idr_pic_id: int, length_size: int = 4) -> bytes:
    """A packet with the header of an IDR picture and no macroblock: for a scan only."""
    out = write_header(
        PLAIN_HEADER, sps, pps, frame_num=0, poc=0, idr_pic_id=idr_pic_id
    )
    unit = _unit(0x65, out)
    return len(unit).to_bytes(length_size, "big") + unit
