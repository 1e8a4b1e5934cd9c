"""The proof holds for a true join, and says by name what is wrong with a false one.

The joins here are made by hand: two encoders of the same settings write the same parameter
sets, so that the packets of one may follow those of the other.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from longtake.errors import ClipUnreadable
from longtake.media.lineage import Lineage, Part
from longtake.media.proof import trial
from longtake.media.verify import Proof, prove
from tests import boxes
from tests.conftest import Made

N, NEW = 60, 36


def lineage(n_kept: int = N, n_new: int = NEW) -> Lineage:
    return Lineage(
        made_by="a test",
        width=320,
        height=180,
        rate=Fraction(24),
        parts=(
            Part(first=0, n_frames=n_kept, start=Fraction(0), synthetic=False),
            Part(
                first=n_kept,
                n_frames=n_new,
                start=Fraction(n_kept, 24),
                synthetic=True,
                engine="hand",
            ),
        ),
    )


@dataclass
class Coded:
    """A packet that outlives its file."""

    kind: str  # video or audio
    payload: bytes
    pts: int
    dts: int
    duration: int
    key: bool
    base: Fraction
    at: int  # bytes from the start of the file


def packets(path: Path) -> list[Coded]:
    """All packets of the file."""
    with av.open(str(path)) as container:
        return [
            Coded(
                packet.stream.type,
                bytes(packet),
                packet.pts or 0,
                packet.dts or 0,
                packet.duration or 0,
                packet.is_keyframe,
                packet.time_base,
                packet.pos or 0,
            )
            for packet in container.demux()
            if packet.size
        ]


def write(
    path: Path, template: Path, content: list[Coded], tag: Lineage | None = None
) -> Path:
    """Mux ``content`` into streams like those of ``template``."""
    options = {"movflags": "use_metadata_tags"}
    with (
        av.open(str(template)) as like,
        av.open(str(path), "w", container_options=options) as out,
    ):
        streams = {
            str(stream.type): out.add_stream_from_template(stream, opaque=True)
            for stream in like.streams
        }
        if tag is not None:
            out.metadata["longtake"] = tag.model_dump_json()
        for coded in content:
            packet = av.Packet(coded.payload)
            packet.pts, packet.dts = coded.pts, coded.dts
            packet.duration, packet.is_keyframe = coded.duration, coded.key
            packet.time_base, packet.stream = coded.base, streams[coded.kind]
            out.mux(packet)
    return path


Change = Callable[[list[Coded]], list[Coded]]


def follow(source: list[Coded], new: list[Coded]) -> list[Coded]:
    """The packets of ``source`` with those of ``new`` behind them, kind by kind."""
    joined = list(source)
    for kind in {packet.kind for packet in source}:
        more = of_kind(new, kind)
        before = of_kind(source, kind)
        by = max(p.pts for p in before) + max(p.duration for p in before)
        by -= min(p.pts for p in more)
        joined += [replace(p, pts=p.pts + by, dts=p.dts + by) for p in more]
    return joined


@pytest.fixture(scope="module")
def pair(made: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(source, result): H.264 and AAC, the result NEW frames longer."""
    source = made(n_frames=N, sound="aac")
    new = made(n_frames=NEW, sound="aac")
    result = tmp_path_factory.mktemp("pair") / "result.mp4"
    content = follow(packets(source), packets(new))
    return source, write(result, source, content, lineage())


def changed(pair: tuple[Path, Path], path: Path, change: Change) -> Path:
    """The result written again with its packets changed."""
    return write(path, pair[1], change(packets(pair[1])), lineage())


def of_kind(content: list[Coded], kind: str) -> list[Coded]:
    return [packet for packet in content if packet.kind == kind]


def flip(file: Path, packet: Coded, at: int) -> None:
    """Turn one bit of the packet's payload, in the file."""
    data = bytearray(file.read_bytes())
    data[packet.at + at] ^= 1
    file.write_bytes(data)


def judged(result: Path, source: Path, *, whole: bool = False) -> Proof:
    """What :func:`prove` finds, without the cost of a child: these files are ours."""
    facts = trial.run(result, source, whole=whole, tell=lambda: None)
    return Proof.model_validate(facts)


@pytest.mark.parametrize("whole", [False, True])
def test_a_true_join_is_proved(pair: tuple[Path, Path], *, whole: bool) -> None:
    source, result = pair
    proof = prove(result, source, whole=whole)
    assert proof.failures == ()
    assert proof.identical
    assert (proof.mode, proof.reason) == ("copy", None)
    assert (proof.n_source, proof.n_kept, proof.n_recoded, proof.n_new) == (
        N,
        N,
        0,
        NEW,
    )
    assert proof.n_packets == N
    assert proof.join == Fraction(N, 24)
    assert proof.new_step == Fraction(1, 24)
    assert proof.largest_shift == 0
    assert proof.source_sha256 == proof.result_sha256
    assert proof.parameters_source_sha256 == proof.parameters_result_sha256
    assert proof.n_compared == (N if whole else 24)
    assert proof.n_new_decoded == (NEW if whole else 24)
    assert (proof.n_different, proof.psnr_db, proof.decoder_messages) == (0, None, ())
    assert (proof.sound, proof.sound_gap) == ("copied", 0)
    assert proof.sound_source_sha256 == proof.sound_result_sha256
    if whole:
        assert proof.n_samples_compared is not None
        assert proof.n_samples_compared >= N * 2000
        assert proof.n_samples_different == 0


def test_the_hash_is_what_ffmpeg_gives(pair: tuple[Path, Path], ffmpeg: str) -> None:
    """A stranger can check the number with a program that is not ours."""
    said = subprocess.run(
        f"{ffmpeg} -v error -i {pair[0]} -map 0:v -c copy -f hash -hash sha256 -".split(),
        capture_output=True,
        text=True,
        check=True,
    )
    proof = prove(pair[1], pair[0])
    assert said.stdout.strip() == f"SHA256={proof.source_sha256}"


@pytest.mark.parametrize("number", [0, 1, 17, N - 1])
def test_one_bit_of_a_slice(
    pair: tuple[Path, Path], tmp_path: Path, number: int
) -> None:
    result = tmp_path / "result.mp4"
    result.write_bytes(pair[1].read_bytes())
    packet = of_kind(packets(result), "video")[number]
    flip(result, packet, len(packet.payload) // 2)
    proof = judged(result, pair[0])
    assert not proof.identical
    assert proof.source_sha256 != proof.result_sha256
    assert any(
        f"The picture is not the source's: packet {number} differs" in failure
        for failure in proof.failures
    )


@pytest.mark.parametrize("number", [0, 40])
def test_one_bit_of_the_sound(
    pair: tuple[Path, Path], tmp_path: Path, number: int
) -> None:
    result = tmp_path / "result.mp4"
    result.write_bytes(pair[1].read_bytes())
    packet = of_kind(packets(result), "audio")[number]
    flip(result, packet, len(packet.payload) - 2)
    proof = judged(result, pair[0])
    assert not proof.identical
    assert any(
        f"The sound is not the source's: packet {number} differs" in failure
        for failure in proof.failures
    )


def test_one_sample_of_raw_sound(made: Made, tmp_path: Path) -> None:
    source = made("mov", n_frames=24, sound="pcm")
    result = tmp_path / "result.mov"
    result.write_bytes(source.read_bytes())
    flip(result, of_kind(packets(result), "audio")[7], 10)
    proof = judged(result, source, whole=True)
    assert any("The sound is not the source's: packet 7" in f for f in proof.failures)
    assert proof.n_samples_different == 1
    assert not proof.identical


def late_sound(number: int, ticks: int) -> Change:
    def change(content: list[Coded]) -> list[Coded]:
        packet = of_kind(content, "audio")[number]
        packet.pts = packet.dts = packet.pts + ticks
        return content

    return change


def rank(number: int) -> Change:
    """Show a kept picture a tick late: the packet that shows frame ``number``."""

    def change(content: list[Coded]) -> list[Coded]:
        video = sorted(of_kind(content, "video"), key=lambda packet: packet.pts)
        video[number].pts += 1
        return content

    return change


def drop(kind: str, number: int) -> Change:
    def change(content: list[Coded]) -> list[Coded]:
        gone = of_kind(content, kind)[number]
        return [packet for packet in content if packet is not gone]

    return change


def exchange(kind: str, number: int) -> Change:
    """Two packets change their payloads, times stay."""

    def change(content: list[Coded]) -> list[Coded]:
        one, other = of_kind(content, kind)[number : number + 2]
        one.payload, other.payload = other.payload, one.payload
        return content

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (rank(31), "Frame 31 is shown 0.000081 s away"),
        (rank(N - 1), f"Frame {N - 1} is shown 0.000081 s away"),
        (rank(N + 8), f"Frame {N + 8} comes 0.041748 s after the one before"),
        (rank(N + NEW - 1), f"Frame {N + NEW - 1} comes 0.041748 s"),
        (drop("video", 23), "packet 23 is missing"),
        (drop("video", N + 5), "comes 0.083333 s after the one before"),
        (exchange("video", 10), "packets 10 and 11 have changed places"),
        (drop("audio", 30), "The sound is not the source's: packet 30 is missing"),
        (exchange("audio", 50), "packets 50 and 51 have changed places"),
        (late_sound(33, 5), "Packet 33 of the sound is heard 0.000104 s away"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_each_change_is_told(
    pair: tuple[Path, Path], tmp_path: Path, change: Change, words: str
) -> None:
    result = changed(pair, tmp_path / "result.mp4", change)
    proof = judged(result, pair[0])
    assert any(words in failure for failure in proof.failures), proof.failures


def test_other_parameter_sets(pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = tmp_path / "result.mp4"
    result.write_bytes(pair[1].read_bytes())
    path = "moov/trak/mdia/minf/stbl/stsd/avc1/avcC"
    sets = bytearray(boxes.payload(result, path))
    sets[3] += 1  # the level
    boxes.replace(result, path, bytes(sets))
    proof = judged(result, pair[0])
    assert proof.parameters_source_sha256 != proof.parameters_result_sha256
    assert any("parameter sets of the picture are not" in f for f in proof.failures)


def test_a_damaged_new_frame(pair: tuple[Path, Path], tmp_path: Path) -> None:
    def damage(content: list[Coded]) -> list[Coded]:
        new = of_kind(content, "video")[N + 6]
        half = len(new.payload) // 2
        new.payload = new.payload[:half] + bytes(len(new.payload) - half)
        return content

    result = changed(pair, tmp_path / "result.mp4", damage)
    proof = judged(result, pair[0])
    assert proof.n_kept == N
    assert proof.decoder_messages
    assert any("A decoder complains of the result" in f for f in proof.failures)


def test_a_new_part_that_cannot_be_entered(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    result = changed(pair, tmp_path / "result.mp4", drop("video", N))
    assert any("no key frame" in f for f in judged(result, pair[0]).failures)


def test_a_gap_in_the_sound(pair: tuple[Path, Path], tmp_path: Path) -> None:
    n_source = len(of_kind(packets(pair[0]), "audio"))

    def part(content: list[Coded]) -> list[Coded]:
        for packet in of_kind(content, "audio")[n_source:]:
            packet.pts += 300
            packet.dts += 300
        return content

    proof = judged(changed(pair, tmp_path / "result.mp4", part), pair[0])
    assert proof.sound_gap == 300
    assert any("a gap of 300 samples" in f for f in proof.failures)


def test_sound_out_of_step(pair: tuple[Path, Path], tmp_path: Path) -> None:
    def late(content: list[Coded]) -> list[Coded]:
        for packet in of_kind(content, "audio"):
            packet.pts += 4800
            packet.dts += 4800
        return content

    proof = judged(changed(pair, tmp_path / "result.mp4", late), pair[0])
    assert any("out of step with the picture" in f for f in proof.failures)


def test_a_tag_that_tells_other_counts(pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = write(tmp_path / "r.mp4", pair[1], packets(pair[1]), lineage(N, NEW + 1))
    failures = judged(result, pair[0]).failures
    assert f"Its tag speaks of {N + NEW + 1} frames" in failures[0]


def test_a_result_without_a_tag(pair: tuple[Path, Path], tmp_path: Path) -> None:
    result = write(tmp_path / "result.mp4", pair[1], packets(pair[1]))
    proof = judged(result, pair[0])
    assert proof.failures == ()
    assert proof.identical
    assert (proof.n_kept, proof.n_new) == (N, NEW)


def test_two_strangers(made: Made) -> None:
    one = made(n_frames=48)
    other = made(n_frames=60, rate=Fraction(30), options={"crf": "30"})
    proof = judged(other, one)
    assert not proof.identical
    assert proof.mode == "re-encode"
    assert any("no longer the source's frame" in f for f in proof.failures)


def test_frames_coded_again_are_never_called_identical(made: Made) -> None:
    source = made(n_frames=48)
    again = made(n_frames=72, options={"crf": "26"})
    proof = judged(again, source, whole=True)
    assert proof.failures == ()
    assert not proof.identical
    assert (proof.n_kept, proof.n_recoded, proof.n_new) == (0, 48, 24)
    assert proof.psnr_db is not None
    assert 35 < proof.psnr_db < 50
    assert proof.reason is not None


def test_what_is_no_video_is_said(pair: tuple[Path, Path], tmp_path: Path) -> None:
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear Longtake")
    with pytest.raises(ClipUnreadable, match=r"letter\.mp4"):
        prove(letter, pair[0])
    with pytest.raises(ClipUnreadable, match=r"nowhere\.mp4"):
        prove(pair[1], tmp_path / "nowhere.mp4")
