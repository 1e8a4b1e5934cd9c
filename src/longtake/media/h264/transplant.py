"""The transplant: slices of our encoder, written again for the source's parameter sets."""

from __future__ import annotations

from longtake.media.h264 import CopyRefused
from longtake.media.h264.bits import (
    BitsInvalid,
    BitWriter,
    annex_b_units,
    escape,
)
from longtake.media.h264.parameters import Pps, Sps, parse_pps, parse_sps
from longtake.media.h264.slices import (
    IDR,
    NON_IDR,
    SliceHeader,
    read_slice,
    write_header,
)
from longtake.media.h264.stream import SourceStream

_SPS, _PPS = 7, 8
_DROPPED_UNITS = {6, 9, 12}  # SEI, access unit delimiter, filler
_MAX_IDR_PIC_ID = 65535


class Transplant:
    """Turns packets of an encoder opened by the source's recipe into the source's own.

    ``extradata`` is the encoder's, a byte stream with its two parameter sets (PyAV's
    ``codec_context.extradata`` after ``open`` with the global header flag). Make it when
    the source has been scanned. Raises CopyRefused where the encoder's sets disagree with
    the source's in anything its slice data depends on.
    """

    def __init__(self, source: SourceStream, extradata: bytes) -> None:
        self._source = source.sets
        self._length_size = source.length_size
        self._idr_pic_id = source.last_idr_pic_id
        try:
            self._units = tuple(annex_b_units(extradata))
            self._encoder = _encoder_sets(self._units)
        except BitsInvalid as error:
            raise CopyRefused("the encoder's parameter sets cannot be read") from error
        _require_agreement(self._source, self._encoder)
        self._n_since_idr = -1  # pictures

    def rewrite(self, packet: bytes) -> tuple[bytes, bool]:
        """One packet of the encoder (one picture), as a packet of the source.

        Returns its bytes, each NAL unit behind its length as in the source, and whether
        it is an IDR picture. Raises CopyRefused where something cannot be expressed.
        """
        try:
            units = self._picture(packet)
            data = b"".join(self._sized(unit) for unit in units)
        except BitsInvalid as error:
            raise CopyRefused(f"the continuation cannot be written: {error}") from error
        return data, units[0][0] & 0x1F == IDR

    def _picture(self, packet: bytes) -> list[bytes]:
        """The slices of a picture of the encoder as NAL units of the source."""
        slices: list[bytes] = []
        for unit in annex_b_units(packet):
            nal_type = unit[0] & 0x1F
            if nal_type in {NON_IDR, IDR}:
                if not slices:
                    self._next_picture(idr=nal_type == IDR)
                slices.append(self._slice(unit))
            elif nal_type in {_SPS, _PPS}:
                if unit not in self._units:
                    raise BitsInvalid("its encoder changed its parameter sets")
            elif nal_type not in _DROPPED_UNITS:
                raise BitsInvalid(f"its encoder wrote a NAL unit of type {nal_type}")
        if not slices:
            raise BitsInvalid("its encoder wrote a packet without a picture")
        return slices

    def _next_picture(self, *, idr: bool) -> None:
        if not idr and self._n_since_idr < 0:
            raise BitsInvalid("its encoder did not begin with an IDR picture")
        self._n_since_idr = 0 if idr else self._n_since_idr + 1
        if idr:  # two in a row must differ (7.4.3)
            self._idr_pic_id = (self._idr_pic_id + 1) % (_MAX_IDR_PIC_ID + 1)

    def _slice(self, unit: bytes) -> bytes:
        """A slice NAL unit of the encoder as one of the source."""
        header, rbsp, data_at = read_slice(unit, *self._encoder)
        self._require_order(header, idr=unit[0] & 0x1F == IDR)
        sps, pps = self._source
        writer = write_header(
            header,
            sps,
            pps,
            frame_num=self._n_since_idr,
            poc=2 * self._n_since_idr,
            idr_pic_id=self._idr_pic_id,
        )
        if pps.cabac:
            # cabac_alignment_one_bit (7.3.4): the data begins at a byte either way
            body = writer.aligned(1) + rbsp[(data_at + 7) // 8 :]
        else:
            body = _behind(writer, rbsp, data_at)
        return unit[:1] + escape(body)

    def _require_order(self, header: SliceHeader, *, idr: bool) -> None:
        """Each picture must be a reference and follow the one before it in every count."""
        sps = self._encoder[0]
        n = self._n_since_idr
        if not header.nal_ref_idc or idr != (n == 0):
            raise BitsInvalid("its encoder wrote pictures nothing refers to")
        if header.frame_num != n % (1 << sps.frame_num_bits):
            raise BitsInvalid("its encoder left out a picture")
        if header.poc is not None and header.poc != 2 * n % (1 << sps.poc_bits):
            raise BitsInvalid("its encoder put pictures into another order")

    def _sized(self, unit: bytes) -> bytes:
        if len(unit) >> 8 * self._length_size:
            raise BitsInvalid("a slice is longer than the source's lengths can say")
        return len(unit).to_bytes(self._length_size, "big") + unit


def _behind(writer: BitWriter, rbsp: bytes, data_at: int) -> bytes:
    """The header in ``writer``, then the bits of ``rbsp`` from ``data_at`` (CAVLC).

    The data's own stop bit (7.3.2.11) stays its last bit that is one.
    """
    data = int.from_bytes(rbsp, "big")
    n_trailing = (data & -data).bit_length() - 1  # zeros after the stop bit
    n_bits = 8 * len(rbsp) - n_trailing - data_at
    if n_bits < 1:
        raise BitsInvalid("a slice of its encoder holds no data")
    writer.u(data >> n_trailing & ((1 << n_bits) - 1), n_bits)
    return writer.aligned(0)


def _encoder_sets(units: tuple[bytes, ...]) -> tuple[Sps, Pps]:
    """The one SPS and the one PPS among the encoder's NAL units."""
    sps = [parse_sps(unit) for unit in units if unit[0] & 0x1F == _SPS]
    pps = [
        parse_pps(unit, lambda _: sps[0]) for unit in units if unit[0] & 0x1F == _PPS
    ]
    if len(sps) != 1 or len(pps) != 1 or pps[0].sps_id != sps[0].id:
        raise BitsInvalid("the encoder has not one parameter set of each kind")
    return sps[0], pps[0]


def _require_agreement(source: tuple[Sps, Pps], encoder: tuple[Sps, Pps]) -> None:
    """Refuse where slice data would mean something else under the source's sets."""
    names_and_sides = zip(_bindings(*source), _bindings(*encoder), strict=True)
    for (name, wanted), (_, got) in names_and_sides:
        if wanted != got:
            raise CopyRefused(
                f"the encoder cannot make its {name}: {got}, not {wanted}"
            )
    sps, pps = encoder
    if sps.scaling_matrix or pps.scaling_matrix or pps.weighted_pred or sps.mbaff:
        raise CopyRefused("the encoder did not follow its recipe")


def _bindings(sps: Sps, pps: Pps) -> list[tuple[str, object]]:
    """What slice_data() and its decoding depend on, in words."""
    return [
        ("chroma format", sps.chroma_format),
        ("bit depth", (sps.bit_depth_luma, sps.bit_depth_chroma)),
        ("lossless mode", sps.lossless_at_zero),
        ("size in macroblocks", (sps.width_mbs, sps.height_mbs)),
        ("cropping", sps.crop),
        ("entropy coding", pps.cabac),
        ("8x8 transform", pps.transform_8x8),
        ("chroma quantizer offsets", pps.chroma_qp_offsets),
        ("constrained intra prediction", pps.constrained_intra),
        ("slice groups", pps.slice_groups),
    ]
