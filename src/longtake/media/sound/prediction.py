"""Sound predicted from what it was: linear prediction (autoregression), by channel.

The coefficients are found by Burg's method, whose filters are stable; going on with them
is the extrapolation of Kauppinen and Roth, "Audio signal extrapolation: theory and
applications" (DAFx 2002). What is predicted follows the last samples smoothly, to as many
derivatives as the sound itself has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_STEADY = 0.9999  # each reflection is held so far from ringing for ever
_LOOKED_AT = 4096  # samples
_LATELY = 1024  # of them


@dataclass(frozen=True, slots=True)
class Predictor:
    """A model of sound: the next sample is ``weights`` of those before, and a surprise.

    ``weights``: (channels, order), the most recent sample last. ``surprise``: (channels,
    time), what of the sound it was made from could not be predicted.
    """

    weights: Array
    surprise: Array

    @classmethod
    def of(cls, sound: NDArray[np.floating], *, order: int) -> Predictor:
        """The model of the last moments of ``sound``, (channels, time).

        A low order knows the color only and soon forgets the wave, a high one rings on
        with the sound's tones.
        """
        recent = sound[:, -_LOOKED_AT:].astype(np.float64)
        order = min(order, recent.shape[1] // 3)
        forward, backward = recent.copy(), recent.copy()
        filter_ = np.zeros((len(recent), order + 1))
        filter_[:, 0] = 1
        for step in range(1, order + 1):
            ahead, behind = forward[:, 1:], backward[:, :-1]
            energy = np.square(ahead).sum(axis=1) + np.square(behind).sum(axis=1)
            share = -2 * (ahead * behind).sum(axis=1) / (energy + 1e-20)
            reflection = np.clip(share, -_STEADY, _STEADY)[:, None]
            turned = filter_[:, : step + 1][:, ::-1]
            filter_[:, : step + 1] = filter_[:, : step + 1] + reflection * turned
            forward = ahead + reflection * behind
            backward = behind + reflection * ahead
        return cls(-filter_[:, :0:-1], forward)

    def follow(self, history: Array, surprise: Array) -> Array:
        """What follows ``history`` with ``surprise``, (channels, time), added at each step."""
        order, count = self.weights.shape[1], surprise.shape[1]
        known = history[:, max(0, history.shape[1] - order) :]
        known = np.pad(known, ((0, 0), (order - known.shape[1], 0)))
        tape = np.concatenate([known, surprise], axis=1)
        for at in range(order, order + count):
            tape[:, at] += np.einsum("co,co->c", self.weights, tape[:, at - order : at])
        return tape[:, order:]

    def predict(self, history: Array, count: int) -> Array:
        """The most likely ``count`` samples after ``history``: (channels, count)."""
        return self.follow(history, np.zeros((len(history), count)))

    def surprises(self, count: int, random: np.random.Generator) -> Array:
        """Noise that surprises as the sound did at last, channels as alike as they were."""
        spread = np.atleast_2d(np.cov(self.surprise[:, -_LATELY:], bias=True))
        values, vectors = np.linalg.eigh(spread)
        mix = vectors * np.sqrt(np.maximum(values, 0))
        return np.asarray(mix @ random.standard_normal((len(mix), count)))
