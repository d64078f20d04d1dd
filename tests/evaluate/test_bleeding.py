"""Bleeding on made pictures: color that keeps to the edges of things against color that runs over them."""

import numpy as np
import pytest

from photochrom.color.resample import upsample_chroma
from photochrom.evaluate.bleeding import lightness_edges, loose_gradients


def house(border: int = 64) -> np.ndarray:
    """A dark half and a light half in Lab, 128 x 128; red ends and blue begins at column ``border``."""
    lab = np.zeros((128, 128, 3), np.float32)
    lab[:, :64, 0], lab[:, 64:, 0] = 30, 70
    lab[:, :border, 1:], lab[:, border:, 1:] = (40, 20), (0, -40)
    return lab + np.random.default_rng(0).normal(0, 0.2, lab.shape).astype(np.float32)


def loose_share(lab: np.ndarray) -> float:
    loose, every = loose_gradients(lab, lightness_edges(house()))
    return loose / every


def test_color_that_runs_over_an_edge_bleeds_and_color_that_keeps_to_it_does_not() -> None:
    assert loose_share(house()) < 0.01
    assert loose_share(house(border=80)) > 0.9


def test_soft_color_bleeds_the_more_the_softer_it_is() -> None:
    def softened(step: int) -> np.ndarray:
        size = 128 // step
        small = house()[..., 1:].reshape(size, step, size, step, 2).mean(axis=(1, 3))
        return np.concatenate([house()[..., :1], upsample_chroma(small, 128, 128)], axis=-1)

    shares = [loose_share(softened(step)) for step in (2, 8, 16, 32)]
    assert shares == sorted(shares)
    assert shares[0] < 0.01
    assert shares[-1] > 0.3


def test_timid_color_bleeds_as_much_as_vivid_color() -> None:
    timid = house(border=70) * np.float32([1, 0.3, 0.3])
    assert loose_share(timid) == pytest.approx(loose_share(house(border=70)), rel=1e-4)


def test_chroma_of_a_quarter_of_the_size_at_the_right_place_does_not_bleed() -> None:
    small = house()[..., 1:].reshape(32, 4, 32, 4, 2).mean(axis=(1, 3))
    lab = np.concatenate([house()[..., :1], upsample_chroma(small, 128, 128)], axis=-1)
    assert loose_share(lab) < 0.02


def test_odd_sizes_are_measured_and_gray_has_no_gradient() -> None:
    odd = house()[:127, :125]
    edges = lightness_edges(odd)
    assert edges.shape == (63, 62)
    assert loose_gradients(odd * np.float32([1, 0, 0]), edges) == (0, 0)
