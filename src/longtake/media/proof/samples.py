"""Decoded sound of a source and a result, sample by sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.error
import av.logging
import numpy as np
from av.stream import Discard
from numpy.typing import NDArray

from longtake.media.source import open_source

Samples = NDArray[np.generic]  # (channels, time), the codec's own sample type


@dataclass(slots=True)
class Heard:
    """The result's first ``n_compared`` samples per channel beside the source's."""

    n_compared: int = 0
    n_different: int = 0
    first_different: int | None = None
    n_missing: int = 0  # samples of the source that the result does not have


def compare(source: Iterator[Samples], result: Iterator[Samples], limit: int) -> Heard:
    """Compare up to ``limit`` samples per channel, block by block, however cut up."""
    heard = Heard()
    ours, theirs = _Tape(source), _Tape(result)
    while heard.n_compared < limit:
        count = min(ours.ready(), theirs.ready(), limit - heard.n_compared)
        if count == 0:
            break
        mine, other = ours.take(count), theirs.take(count)
        if mine.shape == other.shape:
            wrong = np.flatnonzero(np.any(mine != other, axis=0))
        else:
            wrong = np.arange(count)
        if wrong.size and heard.first_different is None:
            heard.first_different = heard.n_compared + int(wrong[0])
        heard.n_different += int(wrong.size)
        heard.n_compared += count
    while heard.n_compared + heard.n_missing < limit and (count := ours.ready()):
        count = min(count, limit - heard.n_compared - heard.n_missing)
        ours.take(count)
        heard.n_missing += count
    return heard


class _Tape:
    """Blocks of samples, taken in pieces of any length."""

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._block: Samples | None = None
        self._at = 0

    def ready(self) -> int:
        """Samples that can be taken at once; 0 at the end."""
        while self._block is None or self._at == self._block.shape[1]:
            self._block, self._at = next(self._blocks, None), 0
            if self._block is None:
                return 0
        return int(self._block.shape[1]) - self._at

    def take(self, count: int) -> Samples:
        """The next ``count`` samples, no more than are ready."""
        assert self._block is not None, "samples are taken that are ready"
        self._at += count
        return self._block[:, self._at - count : self._at]


def decoded(path: Path, index: int) -> Iterator[Samples]:
    """The samples of one sound stream as its decoder gives them."""
    with open_source(path) as container:
        stream = container.streams[index]
        assert isinstance(stream, av.AudioStream)
        for other in container.streams:
            if other.index != index:
                other.discard = Discard.all
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:
                av.logging.log(av.logging.ERROR, "decoder", str(error))
                continue
            for frame in frames:
                samples = frame.to_ndarray()
                if not frame.format.is_planar:
                    samples = samples.reshape(-1, frame.layout.nb_channels).T
                yield samples
