"""The proof: what a result holds of its source, found in the two files themselves.

Nothing is taken from whoever made the result but its own tag (media.lineage), and that is
checked. A stranger can run it: ``longtake verify RESULT SOURCE``.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from longtake.media import child
from longtake.media.clip import Facts
from longtake.media.proof import trial

_MEMORY_BYTES = 2 << 30
_SECONDS_PER_MEGABYTE = 2  # of processor time, several times what decoding takes


class TrackProof(Facts):
    """A further track of the source, in the result."""

    kind: str
    codec: str
    kept: bool  # whether the result has its packets, byte for byte


class Proof(Facts):
    """What was found. Counts are frames and samples per channel; times are seconds.

    ``identical``: every kept frame and every kept packet of sound is the source's own,
    byte for byte, but for the ``n_recoded`` frames coded again at a cut. Where nothing
    could be kept so (``mode`` is "re-encode"), ``reason`` says why, and the decoded
    frames are compared.
    """

    mode: Literal["copy", "append", "re-encode", "new-only"]
    reason: str | None
    identical: bool
    failures: tuple[str, ...]  # sentences; what was promised and does not hold
    whole: bool  # whether all kept frames and samples were decoded and compared
    n_source: int  # frames that the source shows
    n_kept: int  # of them in the result, packet for packet
    n_recoded: int  # of them in the result, coded again
    n_new: int
    join: Fraction  # from the result's first frame to its first new one
    new_step: Fraction | None  # from one new frame to the next
    largest_shift: Fraction  # of a kept frame's time
    n_packets: int  # of the picture, looked for in the result
    source_sha256: str  # of those packets' payloads, one after another
    result_sha256: str
    parameters_source_sha256: str  # of the parameter sets in the container
    parameters_result_sha256: str
    n_compared: int  # of the n_kept, decoded from both files
    n_different: int  # of those, with any sample that is not equal
    n_recoded_compared: int  # of the n_recoded
    psnr_db: float | None  # of the luma of those, mean
    worst_psnr_db: float | None
    n_new_decoded: int  # new frames decoded
    decoder_messages: tuple[str, ...]
    sound: Literal["none", "copied", "re-encoded"]
    n_sound_packets: int = 0  # of the source, looked for in the result
    sound_source_sha256: str | None = None
    sound_result_sha256: str | None = None
    sound_gap: int | None = None  # samples between the source's last and what follows
    n_samples_compared: int | None = None  # decoded from both files
    n_samples_different: int | None = None
    tracks: tuple[TrackProof, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was promised holds."""
        return not self.failures


def prove(result: Path, source: Path, *, whole: bool = False) -> Proof:
    """Hold ``result`` against the ``source`` it was made from, in a limited child.

    Compares every packet, the times, and the decoded second on either side of the join;
    with ``whole`` every kept frame and sample is decoded and compared. ``source`` may be
    any ancestor of the result. Raises ClipUnreadable where one of the files is no video.
    """
    pair = (Path(result).absolute(), Path(source).absolute())
    size = sum(path.stat().st_size for path in pair if path.is_file())
    with child.Child(
        "longtake.media.verify",
        {"result": str(pair[0]), "source": str(pair[1]), "whole": whole},
        reads=pair,
        cpu_s=60 + _SECONDS_PER_MEGABYTE * size // 1_000_000,
        memory_bytes=_MEMORY_BYTES,
    ) as verifier:
        return Proof.model_validate(verifier.result())


def work(request: dict[str, Any], channel: child.Channel) -> dict[str, Any]:
    """In the child: find the facts of the proof."""
    facts = trial.run(
        Path(request["result"]),
        Path(request["source"]),
        whole=request["whole"],
        tell=lambda: channel.send("progress"),
    )
    return Proof.model_validate(facts).model_dump(mode="json")


if __name__ == "__main__":
    child.main(work)
