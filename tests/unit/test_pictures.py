"""Pictures and flow: what is known of a drawn picture must be found."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from longtake.analysis import flow, pictures
from tests import moving


def test_small_averages_over_areas_and_never_enlarges() -> None:
    frame = np.zeros((4, 8, 3), np.uint8)
    frame[:, ::2] = 200
    assert (pictures.small(frame, 4) == 100).all()
    assert pictures.small(frame, 4).shape == (2, 4, 3)
    assert pictures.small(frame, 416) is frame


@pytest.mark.parametrize(
    ("shape", "small"), [((1000, 20), (1000, 20)), ((3, 900), (1, 416))]
)
def test_small_keeps_odd_shapes(shape: tuple[int, int], small: tuple[int, int]) -> None:
    assert pictures.small(np.zeros((*shape, 3), np.uint8)).shape == (*small, 3)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_of_known_colors(
    rgb: tuple[int, int, int], lab: tuple[float, float, float]
) -> None:
    frame = np.full((20, 30, 3), rgb, np.uint8)
    mean, deviation = pictures.lab_statistics(frame)
    np.testing.assert_allclose(mean, lab, atol=0.6)
    np.testing.assert_allclose(deviation, 0, atol=0.1)


def test_sharpness_is_the_energy_that_blur_takes_away() -> None:
    flat = np.full((64, 64), 90, np.uint8)
    checker = np.where(np.indices((64, 64)).sum(axis=0) % 2, 130, 70).astype(np.uint8)
    assert pictures.sharpness(flat) == pytest.approx(0, abs=1e-6)
    # One pixel up, one down: nothing of it is left below the band.
    assert pictures.sharpness(checker) == pytest.approx(30**2, rel=0.02)
    soft = np.asarray(cv2.GaussianBlur(checker, (0, 0), 1.0), np.uint8)
    assert pictures.sharpness(soft) < 0.05 * pictures.sharpness(checker)


def test_flow_finds_a_known_translation() -> None:
    lumas = pictures.grays(moving.pan(2, 3.0))
    found = flow.flow(lumas[0], lumas[1])
    middle = found[10:-10, 10:-10].reshape(-1, 2)
    np.testing.assert_allclose(np.median(middle, axis=0), (-3, 0), atol=0.1)
    assert flow.speed(found) == pytest.approx(3, abs=0.25)
    before = flow.difference(lumas[0], lumas[1])
    assert flow.residual(lumas[0], lumas[1], found) < 0.2 * before


def test_warp_of_a_known_flow_is_exact() -> None:
    luma = pictures.grays(moving.pan(1, 0))[0]
    right = np.zeros((*luma.shape, 2), np.float32)
    right[..., 0] = 5
    np.testing.assert_array_equal(flow.warp(luma, right)[:, :-5], luma[:, 5:])


def test_same_bits_twice_whatever_the_number_of_threads() -> None:
    lumas = pictures.grays(moving.film(2))
    threads = cv2.getNumThreads()

    def search(_: int) -> flow.Flow:
        return flow.flow(lumas[0], lumas[1], flow.Preset.MEDIUM)

    first = flow.each(search, range(4))
    cv2.setNumThreads(7)
    second = flow.each(search, range(4))
    assert cv2.getNumThreads() == 7
    cv2.setNumThreads(threads)
    for found in (*first, *second):
        np.testing.assert_array_equal(found, first[0])


@pytest.mark.parametrize("shape", [(1, 1), (16, 300), (40, 12)])
def test_flow_of_tiny_pictures(shape: tuple[int, int]) -> None:
    luma = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    assert flow.speed(flow.flow(luma, luma)) == pytest.approx(0, abs=1e-3)
