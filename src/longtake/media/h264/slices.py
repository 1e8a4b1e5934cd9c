"""Slice headers of H.264 (7.3.3): read in the encoder's terms, written in the source's."""

from __future__ import annotations

from dataclasses import dataclass

from longtake.media.h264.bits import BitReader, BitsInvalid, BitWriter, unescape
from longtake.media.h264.parameters import Pps, Sps

IDR = 5  # nal_unit_type of a slice of an IDR picture
NON_IDR = 1
_P, _I = 0, 2  # slice_type, modulo 5 (Table 7-6)
# No header of ours is longer; those of a source are read up to idr_pic_id only.
_HEADER_BYTES = 128
_START_BYTES = 32


@dataclass(frozen=True, slots=True)
class SliceStart:
    """The first fields of any slice's header, as far as a scan needs them."""

    first_mb: int
    intra: bool
    pps_id: int
    field: bool  # field_pic_flag
    idr_pic_id: int | None


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """The header of an I or P slice of a frame, free of the widths of its sets."""

    nal_ref_idc: int
    idr: bool
    first_mb: int
    slice_type: int  # 0..9
    frame_num: int
    poc: int | None  # pic_order_cnt_lsb, where it is coded
    num_ref_active: int  # of list 0; 0 in I slices
    cabac_init_idc: int
    qp: int  # SliceQPY
    deblocking: tuple[int, int, int]  # disable idc, alpha and beta offset, halved


def read_start(unit: bytes, sets: dict[int, tuple[Sps, Pps]]) -> SliceStart:
    """The start of the header of slice NAL unit ``unit``.

    ``sets`` gives the parameter sets by pps id. Raises KeyError with an id it lacks, and
    BitsInvalid where the header is broken.
    """
    reader = BitReader(unescape(unit[1:_START_BYTES]))
    first_mb, slice_type, pps_id = reader.ue(), reader.ue(), reader.ue()
    sps = sets[pps_id][0]
    reader.u(sps.frame_num_bits)
    field = not sps.frame_mbs_only and reader.flag()
    if field:
        reader.flag()  # bottom_field_flag
    idr_pic_id = reader.ue() if unit[0] & 0x1F == IDR else None
    return SliceStart(first_mb, slice_type % 5 == _I, pps_id, field, idr_pic_id)


def read_slice(unit: bytes, sps: Sps, pps: Pps) -> tuple[SliceHeader, bytes, int]:
    """The header of a slice of our encoder, its RBSP, and where slice_data() begins (bits).

    Raises BitsInvalid for whatever :func:`write_header` could not say again.
    """
    rbsp = unescape(unit[1:])
    reader = BitReader(rbsp[:_HEADER_BYTES])
    nal_ref_idc, idr = unit[0] >> 5 & 3, unit[0] & 0x1F == IDR
    first_mb, slice_type, pps_id = reader.ue(), reader.ue(), reader.ue()
    if pps_id != pps.id or slice_type % 5 not in {_P, _I}:
        raise BitsInvalid("its encoder wrote other slices than I and P")
    frame_num = reader.u(sps.frame_num_bits)
    if not sps.frame_mbs_only and reader.flag():
        raise BitsInvalid("its encoder wrote fields")
    if idr:
        reader.ue()  # idr_pic_id: the source's need is another
    poc = _read_poc(reader, sps, pps)
    if pps.redundant_count and reader.ue():
        raise BitsInvalid("its encoder wrote redundant pictures")
    num_ref_active = _read_references(reader, pps) if slice_type % 5 == _P else 0
    if nal_ref_idc:
        _read_marking(reader, idr=idr)
    has_model = pps.cabac and slice_type % 5 != _I
    cabac_init_idc = reader.ue() if has_model else 0
    qp = pps.init_qp + reader.se()
    header = SliceHeader(
        nal_ref_idc=nal_ref_idc,
        idr=idr,
        first_mb=first_mb,
        slice_type=slice_type,
        frame_num=frame_num,
        poc=poc,
        num_ref_active=num_ref_active,
        cabac_init_idc=cabac_init_idc,
        qp=qp,
        deblocking=_read_deblocking(reader) if pps.deblocking_control else (0, 0, 0),
    )
    return header, rbsp, reader.position


def _read_poc(reader: BitReader, sps: Sps, pps: Pps) -> int | None:
    if sps.poc_type != 0:
        return None
    poc = reader.u(sps.poc_bits)
    if pps.poc_of_bottom and reader.se():
        raise BitsInvalid("its encoder gave the bottom field a time of its own")
    return poc


def _read_references(reader: BitReader, pps: Pps) -> int:
    count = 1 + reader.ue() if reader.flag() else pps.num_ref_active
    if reader.flag():  # ref_pic_list_modification_flag_l0
        raise BitsInvalid("its encoder put its reference pictures into another order")
    return count


def _read_marking(reader: BitReader, *, idr: bool) -> None:
    """dec_ref_pic_marking() (7.3.3.3): only what every picture of ours says."""
    if (reader.u(2) if idr else reader.u(1)) != 0:
        raise BitsInvalid("its encoder steers the reference pictures by hand")


def _read_deblocking(reader: BitReader) -> tuple[int, int, int]:
    disabled = reader.ue()
    return (disabled, 0, 0) if disabled == 1 else (disabled, reader.se(), reader.se())


def write_header(
    header: SliceHeader,
    sps: Sps,
    pps: Pps,
    *,
    frame_num: int,
    poc: int,
    idr_pic_id: int,
) -> BitWriter:
    """The same header for the parameter sets of the source, up to slice_data().

    ``frame_num`` and ``poc`` count from the last IDR picture without wrapping. Raises
    BitsInvalid where the sets leave no way to say it.
    """
    writer = BitWriter()
    writer.ue(header.first_mb)
    writer.ue(header.slice_type)
    writer.ue(pps.id)
    writer.u(frame_num % (1 << sps.frame_num_bits), sps.frame_num_bits)
    if not sps.frame_mbs_only:
        writer.flag(False)  # field_pic_flag
    if header.idr:
        writer.ue(idr_pic_id)
    if sps.poc_type == 0:
        writer.u(poc % (1 << sps.poc_bits), sps.poc_bits)
        if pps.poc_of_bottom:
            writer.se(0)  # delta_pic_order_cnt_bottom
    if pps.redundant_count:
        writer.ue(0)
    if header.slice_type % 5 == _P:
        if header.num_ref_active > sps.max_num_ref_frames:
            raise BitsInvalid("the source keeps too few reference pictures")
        _write_references(writer, header, pps)
    if header.nal_ref_idc:
        # no_output_of_prior_pics_flag and long_term_reference_flag, or a sliding window
        writer.u(0, 2 if header.idr else 1)
    if pps.cabac and header.slice_type % 5 != _I:
        writer.ue(header.cabac_init_idc)
    writer.se(header.qp - pps.init_qp)
    _write_deblocking(writer, header, pps)
    return writer


def _write_references(writer: BitWriter, header: SliceHeader, pps: Pps) -> None:
    differs = header.num_ref_active != pps.num_ref_active
    writer.flag(differs)
    if differs:
        writer.ue(header.num_ref_active - 1)
    writer.flag(False)  # ref_pic_list_modification_flag_l0
    if pps.weighted_pred:
        writer.ue(0)  # luma_log2_weight_denom
        writer.ue(0)  # chroma_log2_weight_denom
        writer.u(0, 2 * header.num_ref_active)  # no weight for luma, none for chroma


def _write_deblocking(writer: BitWriter, header: SliceHeader, pps: Pps) -> None:
    disabled, alpha, beta = header.deblocking
    if not pps.deblocking_control:
        if header.deblocking != (0, 0, 0):
            raise BitsInvalid("the source's slices cannot say how to deblock")
        return
    writer.ue(disabled)
    if disabled != 1:
        writer.se(alpha)
        writer.se(beta)
