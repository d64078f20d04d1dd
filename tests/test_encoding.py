"""The training side of chromas: soft encoding against its definition, colors against what use decodes."""

import numpy as np
import pytest
import torch

from photochrom.batch import Batch
from photochrom.card import Decode
from photochrom.chroma import Bins, Chroma, Regression, Rgb
from photochrom.color.bins import AB_BINS, soft_encode
from photochrom.color.lab import rgb_to_lab
from photochrom.encoding import EncodedBins, encoding_of

RANDOM = np.random.default_rng(0)
BINS = Bins.published(RANDOM.normal(0, 0.7, 313).astype(np.float32))


@pytest.fixture(scope="module")
def encoded(one_table: None) -> EncodedBins:
    return EncodedBins(BINS)


def test_fast_encoding_equals_the_reference_on_whole_colors(encoded: EncodedBins) -> None:
    ab = RANDOM.integers(-100, 101, (400, 2)).astype(np.float32)
    index, weight = encoded.encode(torch.from_numpy(ab))
    expected_index, expected_weight = soft_encode(ab, AB_BINS)
    np.testing.assert_array_equal(index.numpy(), expected_index)
    np.testing.assert_allclose(weight.numpy(), expected_weight, atol=1e-5)


def test_encoded_weights_sum_to_one_with_the_nearest_bin_first(encoded: EncodedBins) -> None:
    ab = torch.from_numpy(RANDOM.uniform(-80, 80, (500, 2)).astype(np.float32)).round()
    index, weight = encoded.encode(ab)
    assert index.shape == weight.shape == (500, 5)
    torch.testing.assert_close(weight.sum(dim=1), torch.ones(500))
    assert (weight[:, :1] >= weight - 1e-6).all()


def test_colors_outside_the_table_are_encoded_too(encoded: EncodedBins) -> None:
    index, weight = encoded.encode(torch.tensor([[-200.0, 200.0], [300.0, -300.0]]))
    assert index.min() >= 0
    assert index.max() < 313
    assert torch.isfinite(weight).all()


def test_a_palette_of_rgb_is_encoded_by_its_nearest_color() -> None:
    rgb = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0.5, 0]], np.float32)
    encoding = EncodedBins(Bins(rgb_to_lab(rgb)[:, 1:], np.zeros(4, np.float32), rgb))
    photo = torch.tensor([[0.1, 0.0, 0.1], [0.9, 0.9, 1.0], [0.8, 0.1, 0.2], [0.1, 0.6, 0.1]]).T.reshape(1, 3, 2, 2)
    lab = rgb_to_lab(photo, axis=1)
    index, weight = encoding.classes(Batch(lab[:, :1], None, lab), 1)
    assert index.ravel().tolist() == [0, 1, 2, 3]
    assert weight.tolist() == [[1.0]] * 4


@pytest.mark.parametrize("chroma", [BINS, Regression(), Rgb()], ids=["bins", "regression", "rgb"])
def test_what_a_painter_is_trained_on_is_what_it_is_decoded_to(chroma: Chroma, one_table: None) -> None:
    raw = torch.from_numpy(RANDOM.normal(0, 1.5, (2, chroma.outputs, 4, 4)).astype(np.float32))
    color = encoding_of(chroma).color(raw)
    decoded = chroma.decode(raw, Decode(), axis=1)
    if isinstance(chroma, Rgb):
        color = rgb_to_lab((color + 1) / 2, axis=1)[:, 1:] / 110
    torch.testing.assert_close(color * 110, decoded, rtol=1e-4, atol=1e-3)
