"""Parameter sets of H.264 and the record that carries them in MP4 and Matroska."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from longtake.media.h264.bits import BitReader, BitsInvalid, unescape

# profile_idc values whose SPS tells chroma format, bit depth and scaling (7.3.2.1.1).
_HIGH_PROFILES = {44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244}
_RECORD_EXTENDED = {100, 110, 122, 144}  # ISO/IEC 14496-15, 5.3.3.1.2
_EXTENDED_ASPECT = 255
_SPS_TYPE, _PPS_TYPE = 7, 8


@dataclass(frozen=True, slots=True)
class Sps:
    """A sequence parameter set (7.3.2.1.1), as far as anything here depends on it."""

    id: int
    profile: int  # profile_idc
    constraints: int  # constraint_set0_flag is the highest of 8 bits
    level: int  # level_idc, ten times the level
    chroma_format: int  # 1 is 4:2:0
    bit_depth_luma: int
    bit_depth_chroma: int
    lossless_at_zero: bool  # qpprime_y_zero_transform_bypass_flag
    scaling_matrix: bool
    frame_num_bits: int
    poc_type: int
    poc_bits: int  # of pic_order_cnt_lsb; 0 unless poc_type is 0
    max_num_ref_frames: int
    width_mbs: int
    height_mbs: int  # of a frame
    frame_mbs_only: bool
    mbaff: bool
    crop: tuple[int, int, int, int]  # left, right, top, bottom, luma samples
    vui: Vui

    @property
    def width(self) -> int:
        """Columns of the cropped picture."""
        return 16 * self.width_mbs - self.crop[0] - self.crop[1]

    @property
    def height(self) -> int:
        """Rows of the cropped picture."""
        return 16 * self.height_mbs - self.crop[2] - self.crop[3]

    @property
    def intra_only(self) -> bool:
        """Whether no picture may refer to another one (A.2.8, A.2.9)."""
        constraint_set3 = bool(self.constraints & 0x10)
        return self.max_num_ref_frames == 0 or (
            constraint_set3 and self.profile in {110, 122}
        )


@dataclass(frozen=True, slots=True)
class Vui:
    """Usability information of an SPS (E.1.1) that binds how pictures are coded."""

    vectors_beyond_edges: bool = True  # motion_vectors_over_pic_boundaries_flag
    vector_bits: int = 15  # log2_max_mv_length_vertical, quarter samples


@dataclass(frozen=True, slots=True)
class Pps:
    """A picture parameter set (7.3.2.2), as far as anything here depends on it."""

    id: int
    sps_id: int
    cabac: bool
    poc_of_bottom: bool  # bottom_field_pic_order_in_frame_present_flag
    slice_groups: bool
    num_ref_active: int  # num_ref_idx_l0_default_active_minus1 + 1
    weighted_pred: bool
    init_qp: int  # 26 + pic_init_qp_minus26
    chroma_qp_offsets: tuple[int, int]
    deblocking_control: bool
    constrained_intra: bool
    redundant_count: bool  # redundant_pic_cnt_present_flag
    transform_8x8: bool
    scaling_matrix: bool


@dataclass(frozen=True, slots=True)
class Configuration:
    """An AVCDecoderConfigurationRecord, "avcC" (ISO/IEC 14496-15, 5.3.3.1)."""

    length_size: int  # bytes before each NAL unit of a packet: 1, 2 or 4
    sps_units: tuple[bytes, ...]  # whole NAL units
    pps_units: tuple[bytes, ...]
    sps_extensions: tuple[bytes, ...]


def parse_configuration(record: bytes) -> Configuration:
    """Read an avcC. Raises BitsInvalid where it is not one."""
    if len(record) < 7 or record[0] != 1:
        raise BitsInvalid("there is no avcC record")
    reader = _UnitList(record, 6)
    sps_units = reader.take(record[5] & 0x1F)
    pps_units = reader.take(reader.count())
    extensions: tuple[bytes, ...] = ()
    # Writers leave the extension out, or write it for profiles it is not meant for.
    if record[1] in _RECORD_EXTENDED and len(record) >= reader.at + 4:
        reader.at += 3  # chroma format and bit depths, told by the SPS too
        extensions = reader.take(reader.count())
    return Configuration((record[4] & 3) + 1, sps_units, pps_units, extensions)


class _UnitList:
    """Reads counted NAL units with 16-bit lengths from a record."""

    def __init__(self, record: bytes, at: int) -> None:
        self._record = record
        self.at = at

    def count(self) -> int:
        if self.at >= len(self._record):
            raise BitsInvalid("the avcC record ends too early")
        self.at += 1
        return self._record[self.at - 1]

    def take(self, n_units: int) -> tuple[bytes, ...]:
        units = []
        for _ in range(n_units):
            size = int.from_bytes(self._record[self.at : self.at + 2], "big")
            unit = self._record[self.at + 2 : self.at + 2 + size]
            if not size or len(unit) < size:
                raise BitsInvalid("the avcC record ends too early")
            units.append(unit.rstrip(b"\0"))
            self.at += 2 + size
        return tuple(units)


def parse_sps(unit: bytes) -> Sps:
    """Read the NAL unit of a sequence parameter set (7.3.2.1.1)."""
    reader = _reader_of(unit, _SPS_TYPE)
    profile, constraints, level = reader.u(8), reader.u(8), reader.u(8)
    sps_id = reader.ue()
    chroma_format, depth_luma, depth_chroma = 1, 8, 8
    lossless = scaling = False
    if profile in _HIGH_PROFILES:
        chroma_format = reader.ue()
        if chroma_format == 3:
            reader.flag()  # separate_colour_plane_flag
        depth_luma, depth_chroma = 8 + reader.ue(), 8 + reader.ue()
        lossless, scaling = reader.flag(), reader.flag()
        if scaling:
            _skip_scaling_lists(reader, 6, _n_8x8(chroma_format))
    frame_num_bits = 4 + reader.ue()
    poc_type = reader.ue()
    poc_bits = 4 + reader.ue() if poc_type == 0 else 0
    if poc_type == 1:
        _skip_poc_cycle(reader)
    max_num_ref_frames = reader.ue()
    reader.flag()  # gaps_in_frame_num_value_allowed_flag: we leave none
    width_mbs, height_units = 1 + reader.ue(), 1 + reader.ue()
    frame_mbs_only = reader.flag()
    mbaff = not frame_mbs_only and reader.flag()
    reader.flag()  # direct_8x8_inference_flag: binds B slices only
    field_factor = 1 if frame_mbs_only else 2
    if frame_num_bits > 16 or poc_bits > 16:
        raise BitsInvalid("a sequence parameter set has impossible widths")
    return Sps(
        id=sps_id,
        profile=profile,
        constraints=constraints,
        level=level,
        chroma_format=chroma_format,
        bit_depth_luma=depth_luma,
        bit_depth_chroma=depth_chroma,
        lossless_at_zero=lossless,
        scaling_matrix=scaling,
        frame_num_bits=frame_num_bits,
        poc_type=poc_type,
        poc_bits=poc_bits,
        max_num_ref_frames=max_num_ref_frames,
        width_mbs=width_mbs,
        height_mbs=field_factor * height_units,
        frame_mbs_only=frame_mbs_only,
        mbaff=mbaff,
        crop=_crop(reader, chroma_format, field_factor),
        vui=_vui(reader) if reader.flag() else Vui(),
    )


def parse_pps(unit: bytes, sps_of: Callable[[int], Sps]) -> Pps:
    """Read the NAL unit of a picture parameter set (7.3.2.2).

    ``sps_of`` gives the sequence parameter set of an id: the scaling lists depend on it.
    """
    reader = _reader_of(unit, _PPS_TYPE)
    pps_id, sps_id = reader.ue(), reader.ue()
    cabac, poc_of_bottom = reader.flag(), reader.flag()
    n_groups = 1 + reader.ue()
    if n_groups > 1:
        _skip_slice_groups(reader, n_groups)
    num_ref_active = 1 + reader.ue()
    reader.ue()  # num_ref_idx_l1_default_active_minus1
    weighted_pred = reader.flag()
    reader.u(2)  # weighted_bipred_idc
    init_qp = 26 + reader.se()
    reader.se()  # pic_init_qs_minus26
    offset = second_offset = reader.se()
    deblocking_control, constrained_intra = reader.flag(), reader.flag()
    redundant_count = reader.flag()
    transform_8x8 = scaling = False
    if reader.more_rbsp_data():
        transform_8x8, scaling = reader.flag(), reader.flag()
        if scaling:
            n_8x8 = _n_8x8(sps_of(sps_id).chroma_format) if transform_8x8 else 0
            _skip_scaling_lists(reader, 6, n_8x8)
        second_offset = reader.se()
    return Pps(
        id=pps_id,
        sps_id=sps_id,
        cabac=cabac,
        poc_of_bottom=poc_of_bottom,
        slice_groups=n_groups > 1,
        num_ref_active=num_ref_active,
        weighted_pred=weighted_pred,
        init_qp=init_qp,
        chroma_qp_offsets=(offset, second_offset),
        deblocking_control=deblocking_control,
        constrained_intra=constrained_intra,
        redundant_count=redundant_count,
        transform_8x8=transform_8x8,
        scaling_matrix=scaling,
    )


def _reader_of(unit: bytes, nal_type: int) -> BitReader:
    if len(unit) < 2 or unit[0] & 0x1F != nal_type:
        raise BitsInvalid("a parameter set is not of the kind it is listed as")
    return BitReader(unescape(unit[1:]))


def _n_8x8(chroma_format: int) -> int:
    """How many 8x8 scaling lists there are room for."""
    return 6 if chroma_format == 3 else 2


def _skip_scaling_lists(reader: BitReader, n_4x4: int, n_8x8: int) -> None:
    """scaling_list() (7.3.2.1.1.1), for each list that is present."""
    for size in (16,) * n_4x4 + (64,) * n_8x8:
        if not reader.flag():
            continue
        last = following = 8
        for _ in range(size):
            if following:
                following = (last + reader.se()) % 256
            last = following or last


def _skip_poc_cycle(reader: BitReader) -> None:
    reader.flag()  # delta_pic_order_always_zero_flag
    reader.se()  # offset_for_non_ref_pic
    reader.se()  # offset_for_top_to_bottom_field
    for _ in range(reader.ue()):
        reader.se()  # offset_for_ref_frame


def _skip_slice_groups(reader: BitReader, n_groups: int) -> None:
    kind = reader.ue()
    if kind == 0:
        for _ in range(n_groups):
            reader.ue()  # run_length_minus1
    elif kind == 2:
        for _ in range(2 * (n_groups - 1)):
            reader.ue()  # top_left, bottom_right
    elif kind in {3, 4, 5}:
        reader.flag()  # slice_group_change_direction_flag
        reader.ue()  # slice_group_change_rate_minus1
    elif kind == 6:
        for _ in range(1 + reader.ue()):
            reader.u((n_groups - 1).bit_length())  # slice_group_id


def _crop(
    reader: BitReader, chroma_format: int, field_factor: int
) -> tuple[int, int, int, int]:
    """frame_crop_*_offset in luma samples (7-19 to 7-22): left, right, top, bottom."""
    if not reader.flag():
        return 0, 0, 0, 0
    unit_x = 2 if chroma_format in {1, 2} else 1
    unit_y = (2 if chroma_format == 1 else 1) * field_factor
    left, right = unit_x * reader.ue(), unit_x * reader.ue()
    return left, right, unit_y * reader.ue(), unit_y * reader.ue()


def _vui(reader: BitReader) -> Vui:
    """vui_parameters() (E.1.1)."""
    _skip_display(reader)
    if reader.flag():
        reader.u(65)  # num_units_in_tick, time_scale, fixed_frame_rate_flag
    nal_hrd = reader.flag()
    if nal_hrd:
        _skip_hrd(reader)
    vcl_hrd = reader.flag()
    if vcl_hrd:
        _skip_hrd(reader)
    if nal_hrd or vcl_hrd:
        reader.flag()  # low_delay_hrd_flag
    reader.flag()  # pic_struct_present_flag
    if not reader.flag():
        return Vui()
    vectors_beyond_edges = reader.flag()
    reader.ue()  # max_bytes_per_pic_denom
    reader.ue()  # max_bits_per_mb_denom
    reader.ue()  # log2_max_mv_length_horizontal
    return Vui(vectors_beyond_edges, vector_bits=reader.ue())


def _skip_display(reader: BitReader) -> None:
    """How the picture is shown: aspect, overscan, video signal, chroma location."""
    if reader.flag() and reader.u(8) == _EXTENDED_ASPECT:
        reader.u(32)  # sar_width, sar_height
    if reader.flag():
        reader.flag()  # overscan_appropriate_flag
    if reader.flag():
        reader.u(4)  # video_format, video_full_range_flag
        if reader.flag():
            reader.u(24)  # primaries, transfer, matrix
    if reader.flag():
        reader.ue()  # chroma_sample_loc_type_top_field
        reader.ue()  # chroma_sample_loc_type_bottom_field


def _skip_hrd(reader: BitReader) -> None:
    """hrd_parameters() (E.1.2)."""
    n_buffers = 1 + reader.ue()
    reader.u(8)  # bit_rate_scale, cpb_size_scale
    for _ in range(n_buffers):
        reader.ue()  # bit_rate_value_minus1
        reader.ue()  # cpb_size_value_minus1
        reader.flag()  # cbr_flag
    reader.u(20)  # delay lengths, time_offset_length
