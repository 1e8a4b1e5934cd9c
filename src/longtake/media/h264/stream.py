"""The source of a copy: its parameter sets, and what its packets are, one at a time."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

from longtake.media.h264 import CopyRefused
from longtake.media.h264.bits import BitsInvalid, sized_units
from longtake.media.h264.parameters import (
    Pps,
    Sps,
    parse_configuration,
    parse_pps,
    parse_sps,
)
from longtake.media.h264.recipe import CRF, PRESET, Recipe, recipe_for, refuse_unusual
from longtake.media.h264.slices import IDR, NON_IDR, read_start

_SPS, _PPS = 7, 8
_REFUSED_UNITS = {
    2: "its slices are partitioned",
    3: "its slices are partitioned",
    4: "its slices are partitioned",
    19: "it carries an alpha plane",
    20: "it carries further layers or views",
    21: "it carries further views with depth",
}


class PictureKind(Enum):
    """What a decoder may do with the picture of a packet."""

    IDR = "idr"  # decoding can start here: the only true key frame
    INTRA = "intra"  # needs no other picture, but later ones may reach behind it
    INTER = "inter"
    NONE = "none"  # no picture in this packet


class SourceStream:
    """An H.264 stream whose packets are to be kept.

    ``extradata`` is its avcC. Give :meth:`scan` every packet that will be kept, in
    decoding order and no other: the join follows the last of them. Holds nothing that
    grows with the number of packets. Raises CopyRefused.
    """

    def __init__(self, extradata: bytes) -> None:
        try:
            configuration = parse_configuration(extradata)
            sps = {s.id: s for s in map(parse_sps, configuration.sps_units)}
            self._sets: dict[int, tuple[Sps, Pps]] = {}
            for unit in configuration.pps_units:
                pps = parse_pps(unit, sps.__getitem__)
                self._sets[pps.id] = (sps[pps.sps_id], pps)
        except (BitsInvalid, KeyError) as error:
            raise CopyRefused(
                "its parameter sets are missing or cannot be read"
            ) from error
        if not self._sets:
            raise CopyRefused("its parameter sets are not in the file's header")
        if configuration.length_size not in {2, 4}:
            raise CopyRefused(
                f"its NAL units have {configuration.length_size}-byte lengths"
            )
        self.length_size = configuration.length_size
        self.last_idr_pic_id = 0
        self._contents = {
            _content(unit)
            for unit in (*configuration.sps_units, *configuration.pps_units)
        }
        self._usable: set[int] = set()
        self._pps_id: int | None = None  # of the last slice

    @property
    def sets(self) -> tuple[Sps, Pps]:
        """The parameter sets of the last slice that was scanned."""
        if self._pps_id is None:
            raise CopyRefused("it has no pictures to follow")
        return self._sets[self._pps_id]

    def scan(self, packet: bytes) -> PictureKind:
        """What the next packet holds. Raises CopyRefused where it cannot be kept."""
        kind = PictureKind.NONE
        try:
            for unit in sized_units(packet, self.length_size):
                nal_type = unit[0] & 0x1F
                if nal_type in {NON_IDR, IDR}:
                    intra = self._follow(unit)
                    if nal_type == IDR:
                        kind = PictureKind.IDR
                    elif not intra or kind is PictureKind.INTER:
                        kind = PictureKind.INTER
                    else:
                        kind = PictureKind.INTRA
                elif nal_type in {_SPS, _PPS}:
                    if _content(unit) not in self._contents:
                        raise CopyRefused("its parameter sets change on the way")
                elif nal_type in _REFUSED_UNITS:
                    raise CopyRefused(_REFUSED_UNITS[nal_type])
        except (BitsInvalid, KeyError) as error:
            raise CopyRefused("one of its packets cannot be read") from error
        return kind

    def recipe(
        self,
        *,
        width: int,
        height: int,
        rate: Fraction,
        crf: float = CRF,
        preset: str = PRESET,
    ) -> Recipe:
        """How to encode what follows the packets scanned. Raises CopyRefused."""
        sps, pps = self.sets
        return recipe_for(
            sps,
            pps,
            length_size=self.length_size,
            width=width,
            height=height,
            rate=rate,
            crf=crf,
            preset=preset,
        )

    def _follow(self, unit: bytes) -> bool:
        """Take note of a slice; whether it is coded without other pictures."""
        start = read_start(unit, self._sets)
        if start.pps_id not in self._usable:
            refuse_unusual(*self._sets[start.pps_id])
            self._usable.add(start.pps_id)
        if start.field:
            raise CopyRefused("it is interlaced (coded in fields)")
        if start.idr_pic_id is not None:
            self.last_idr_pic_id = start.idr_pic_id
        elif self._pps_id is None:
            raise CopyRefused("it does not begin with an IDR picture")
        self._pps_id = start.pps_id
        return start.intra


def _content(unit: bytes) -> tuple[int, bytes]:
    """A NAL unit without its nal_ref_idc, which may be any but zero in a set (7.4.1)."""
    return unit[0] & 0x1F, unit[1:].rstrip(b"\0")
