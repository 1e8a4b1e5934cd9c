"""The transplant onto parameter sets written by hand, judged bit for bit.

x264 writes sources in few ways; other encoders use the rest of the syntax. Here its slices
are moved onto sets of any kind, and must decode to exactly the pictures that they give with
x264's own sets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longtake.media.h264 import CopyRefused
from longtake.media.h264.bits import sized_units
from longtake.media.h264.parameters import Pps, Sps, Vui
from longtake.media.h264.recipe import Recipe
from longtake.media.h264.stream import SourceStream
from longtake.media.h264.transplant import Transplant
from tests.media.splice import Picture, decode, decode_outside, drawn, encode
from tests.sets import (
    PLAIN_PPS,
    PLAIN_SPS,
    idr_packet,
    pps_unit,
    record,
    sps_unit,
)

RATE = Fraction(10)  # a second key frame at 20
N_FRAMES = 40


@dataclass(frozen=True)
class Coding:
    """What the encoder must share with the source."""

    cabac: bool = True
    transform_8x8: bool = True
    constrained_intra: bool = False
    chroma_offset: int = 0
    deep: bool = False
    frame_mbs_only: bool = True
    slices: int = 1


def source_of(sps: Sps, pps: Pps, *, length_size: int = 4) -> SourceStream:
    """A source with these sets, of which one IDR picture was scanned."""
    sets = record(sps_unit(sps), pps_unit(pps), length_size=length_size)
    source = SourceStream(sets)
    source.scan(idr_packet(sps, pps, idr_pic_id=65535, length_size=length_size))
    return source


def recipe_of(source: SourceStream) -> Recipe:
    sps, _ = source.sets
    return source.recipe(width=sps.width, height=sps.height, rate=RATE)


def sets_of(coding: Coding) -> tuple[Sps, Pps]:
    depth = 10 if coding.deep else 8
    sps = replace(
        PLAIN_SPS,
        profile=110 if coding.deep else 100,
        bit_depth_luma=depth,
        bit_depth_chroma=depth,
        frame_mbs_only=coding.frame_mbs_only,
    )
    offset = coding.chroma_offset
    pps = replace(
        PLAIN_PPS,
        cabac=coding.cabac,
        transform_8x8=coding.transform_8x8,
        constrained_intra=coding.constrained_intra,
        chroma_qp_offsets=(offset, offset),
    )
    return sps, pps


@cache
def encoded(coding: Coding) -> tuple[bytes, list[bytes], list[Picture]]:
    """Extradata, packets, and the pictures they decode to."""
    recipe = recipe_of(source_of(*sets_of(coding)))
    frames = drawn(recipe, N_FRAMES)
    extradata, packets = encode(recipe, frames, slices=str(coding.slices))
    return extradata, packets, decode(extradata, packets)


CODINGS = st.builds(
    Coding,
    cabac=st.booleans(),
    transform_8x8=st.booleans(),
    constrained_intra=st.booleans(),
    chroma_offset=st.sampled_from([-12, 0, 3]),
    deep=st.booleans(),
    frame_mbs_only=st.booleans(),
    slices=st.sampled_from([1, 3]),
)


@st.composite
def source_sets(draw: st.DrawFn) -> tuple[Coding, Sps, Pps]:
    """A coding, and sets that agree with it and are otherwise free."""
    coding = draw(CODINGS)
    sps, pps = sets_of(coding)
    poc_type = draw(st.sampled_from([0, 2]))
    sps_id = draw(st.integers(0, 31))
    max_num_ref_frames = draw(st.integers(1, 4))
    sps = replace(
        sps,
        id=sps_id,
        frame_num_bits=draw(st.integers(4, 16)),
        poc_type=poc_type,
        poc_bits=draw(st.integers(4, 16)) if poc_type == 0 else 0,
        max_num_ref_frames=max_num_ref_frames,
        vui=draw(st.sampled_from([Vui(), Vui(vector_bits=9)])),
    )
    pps = replace(
        pps,
        id=draw(st.integers(0, 255)),
        sps_id=sps_id,
        poc_of_bottom=draw(st.booleans()),
        num_ref_active=draw(st.integers(1, max_num_ref_frames)),
        weighted_pred=draw(st.booleans()),
        init_qp=draw(st.integers(0, 51)),
        deblocking_control=draw(st.booleans()),
        redundant_count=draw(st.booleans()),
    )
    return coding, sps, pps


def moved(coding: Coding, sps: Sps, pps: Pps, *, length_size: int = 4) -> list[bytes]:
    """The packets of ``coding`` as the source's."""
    transplant = Transplant(
        source_of(sps, pps, length_size=length_size), encoded(coding)[0]
    )
    return [transplant.rewrite(packet)[0] for packet in encoded(coding)[1]]


@settings(max_examples=80, deadline=None)
@given(source_sets())
def test_pictures_are_the_same_under_any_sets(
    drawn_sets: tuple[Coding, Sps, Pps],
) -> None:
    coding, sps, pps = drawn_sets
    packets = moved(coding, sps, pps)
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        with av.logging.Capture(local=False) as complaints:
            pictures = decode(record(sps_unit(sps), pps_unit(pps)), packets)
    finally:
        av.logging.set_level(level)
    assert complaints == []
    wanted = encoded(coding)[2]
    assert len(pictures) == N_FRAMES
    assert all(np.array_equal(a, b) for a, b in zip(pictures, wanted, strict=True))


@pytest.mark.parametrize("poc_type", [0, 2])
def test_another_decoder_agrees(poc_type: int, tmp_path: Path, ffmpeg: str) -> None:
    """Sets as far from x264's as they get, in a byte stream, for an ffmpeg of its own."""
    coding = Coding(cabac=False, frame_mbs_only=False, slices=3)
    sps, pps = sets_of(coding)
    sps = replace(
        sps,
        id=3,
        frame_num_bits=11,
        poc_type=poc_type,
        poc_bits=0 if poc_type else 7,
        max_num_ref_frames=4,
    )
    pps = replace(
        pps,
        id=200,
        sps_id=3,
        poc_of_bottom=True,
        num_ref_active=3,
        weighted_pred=True,
        init_qp=41,
        deblocking_control=False,
        redundant_count=True,
    )
    units = [sps_unit(sps), pps_unit(pps)]
    for packet in moved(coding, sps, pps):
        units += sized_units(packet, 4)
    path = tmp_path / "moved.h264"
    path.write_bytes(b"".join(b"\0\0\0\1" + unit for unit in units))
    wanted = encoded(coding)[2]
    complaints: list[str] = []
    pictures = list(decode_outside(ffmpeg, path, "yuv420p", wanted[0], complaints))
    assert complaints == []
    assert len(pictures) == N_FRAMES
    assert all(np.array_equal(a, b) for a, b in zip(pictures, wanted, strict=True))


def test_short_lengths_get_short_slices() -> None:
    source = source_of(*sets_of(Coding()), length_size=2)
    assert "slice-max-size=60000" in recipe_of(source).options["x264-params"]
    packets = moved(Coding(), *sets_of(Coding()), length_size=2)
    units = [unit for packet in packets for unit in sized_units(packet, 2)]
    assert len(units) == N_FRAMES


def test_noise_is_coded_without_raw_macroblocks() -> None:
    """CAVLC data with I_PCM cannot be shifted by bits; the recipe must not lead to any."""
    coding = Coding(cabac=False)
    sps, pps = sets_of(coding)
    sps, pps = replace(sps, frame_num_bits=9), replace(pps, init_qp=51)
    source = source_of(sps, pps)
    recipe = source.recipe(width=sps.width, height=sps.height, rate=RATE, crf=1)
    noise = np.random.default_rng(3)
    frames = [
        av.VideoFrame.from_ndarray(
            noise.integers(0, 256, (96, 96), np.uint8), format="yuv420p"
        )
        for _ in range(6)
    ]
    for index, frame in enumerate(frames):
        frame.pts = index
    extradata, packets = encode(
        recipe, frames, **{"vbv-maxrate": "0", "vbv-bufsize": "0"}
    )
    assert min(map(len, packets)) > 0.9 * 96 * 96, "noise is as large as raw"
    transplant = Transplant(source, extradata)
    pictures = decode(
        record(sps_unit(sps), pps_unit(pps)),
        [transplant.rewrite(packet)[0] for packet in packets],
    )
    wanted = decode(extradata, packets)
    assert all(np.array_equal(a, b) for a, b in zip(pictures, wanted, strict=True))


OTHER: dict[str, Callable[[Sps, Pps], tuple[Sps, Pps]]] = {
    "chroma quantizer offsets": lambda s, p: (s, replace(p, chroma_qp_offsets=(1, 1))),
    "entropy coding": lambda s, p: (s, replace(p, cabac=False)),
    "8x8 transform": lambda s, p: (s, replace(p, transform_8x8=False)),
    "constrained intra": lambda s, p: (s, replace(p, constrained_intra=True)),
    "macroblocks": lambda s, p: (replace(s, width_mbs=7), p),
    "cropping": lambda s, p: (replace(s, crop=(0, 2, 0, 0)), p),
    "bit depth": lambda s, p: (
        replace(s, profile=110, bit_depth_luma=10, bit_depth_chroma=10),
        p,
    ),
}


@pytest.mark.parametrize("difference", OTHER)
def test_an_encoder_that_disagrees_is_refused(difference: str) -> None:
    source = source_of(*OTHER[difference](*sets_of(Coding())))
    with pytest.raises(CopyRefused, match=difference):
        Transplant(source, encoded(Coding())[0])


UNUSUAL: dict[str, Callable[[Sps, Pps], tuple[Sps, Pps]]] = {
    "ordered by type 1": lambda s, p: (replace(s, poc_type=1, poc_bits=0), p),
    "macroblock-adaptive": lambda s, p: (
        replace(s, frame_mbs_only=False, mbaff=True),
        p,
    ),
    "profile is 88": lambda s, p: (replace(s, profile=88), p),
    "neither 8 nor 10": lambda s, p: (replace(s, bit_depth_luma=9), p),
    "without loss": lambda s, p: (replace(s, lossless_at_zero=True), p),
    "two chroma planes": lambda s, p: (s, replace(p, chroma_qp_offsets=(0, 1))),
    "scaling matrices": lambda s, p: (s, replace(p, scaling_matrix=True)),
    "beyond the picture": lambda s, p: (replace(s, vui=Vui(False, 15)), p),
    "on the left or the top": lambda s, p: (replace(s, crop=(0, 0, 2, 0)), p),
}


@pytest.mark.parametrize("reason", UNUSUAL)
def test_unusual_sets_are_refused(reason: str) -> None:
    with pytest.raises(CopyRefused, match=reason):
        source_of(*UNUSUAL[reason](*sets_of(Coding())))


def test_slice_groups_and_short_lengths_are_refused() -> None:
    sps, pps = sets_of(Coding())
    source = SourceStream(record(sps_unit(sps), pps_unit(pps, groups=0)))
    with pytest.raises(CopyRefused, match="slice groups"):
        source.scan(idr_packet(sps, pps, idr_pic_id=0))
    with pytest.raises(CopyRefused, match="1-byte"):
        SourceStream(record(sps_unit(sps), pps_unit(pps), length_size=1))


def test_units_that_say_more_are_refused() -> None:
    sps, pps = sets_of(Coding())
    source = source_of(sps, pps)
    same = sps_unit(sps)
    source.scan(_sized(bytes([same[0] & ~0x60 | 0x20]) + same[1:]))  # other nal_ref_idc
    for unit, reason in (
        (sps_unit(replace(sps, level=31)), "change on the way"),
        (pps_unit(replace(pps, id=1)), "change on the way"),
        (b"\x42\x88", "partitioned"),
        (b"\x74\x88", "layers or views"),
        (b"\x73\x88", "alpha"),
    ):
        with pytest.raises(CopyRefused, match=reason):
            source.scan(_sized(unit))


def _sized(unit: bytes) -> bytes:
    return len(unit).to_bytes(4, "big") + unit


BEYOND: dict[str, tuple[dict[str, str], str]] = {
    "b-frames": ({"bframes": "2", "b-adapt": "0"}, "into another order"),
    "deblocking": ({"deblock": "1,1"}, "how to deblock"),
    "references": ({"ref": "3"}, "too few reference pictures"),
    "weights": ({"weightp": "2"}, "its recipe"),
    "matrices": ({"cqm": "jvt"}, "its recipe"),
    "lossless": ({"qp": "0"}, "lossless mode"),
}


@pytest.mark.parametrize("case", BEYOND)
def test_what_the_sets_cannot_say_is_never_guessed(case: str) -> None:
    wish, reason = BEYOND[case]
    sps, pps = sets_of(Coding())
    mute = source_of(sps, replace(pps, deblocking_control=False))
    recipe = recipe_of(mute)
    extradata, packets = encode(recipe, drawn(recipe, 6), **wish)
    with pytest.raises(CopyRefused, match=reason):
        _rewrite_all(Transplant(mute, extradata), packets)


@pytest.mark.parametrize("packet", [b"", b"\0\0\1\x09\x10", b"\0\0\1\x65\x88", "P"])
def test_a_packet_without_its_picture_is_refused(packet: bytes | str) -> None:
    data = encoded(Coding())[1][1] if isinstance(packet, str) else packet
    transplant = Transplant(source_of(*sets_of(Coding())), encoded(Coding())[0])
    with pytest.raises(CopyRefused, match="cannot be written"):
        transplant.rewrite(data)


def _rewrite_all(transplant: Transplant, packets: list[bytes]) -> None:
    for packet in packets:
        transplant.rewrite(packet)


def test_neighboring_idr_pictures_differ_in_their_id() -> None:
    sps, pps = sets_of(Coding())
    again = source_of(sps, pps)
    found = []
    for packet in moved(Coding(), sps, pps):
        if packet[4] & 0x1F == 5:
            again.scan(packet)
            found.append(again.last_idr_pic_id)
    assert found == [0, 1], "after the 65535 of the source"


@pytest.mark.slow
def test_scanning_and_rewriting_cost_next_to_nothing() -> None:
    """600 s at 24 frames a second are scanned in well below a second of computing."""
    sps, pps = sets_of(Coding())
    sps = replace(sps, width_mbs=52, height_mbs=29)
    source = source_of(sps, pps)
    recipe = source.recipe(width=832, height=464, rate=Fraction(24))
    extradata, packets = encode(recipe, drawn(recipe, 96))
    transplant = Transplant(source, extradata)
    began = time.process_time()
    rewritten = [transplant.rewrite(packet)[0] for packet in packets]
    rewriting = time.process_time() - began
    began = time.process_time()
    for _ in range(150):
        for packet in rewritten:
            source.scan(packet)
    scanning = time.process_time() - began
    assert rewriting < 0.1
    assert scanning < 0.5
