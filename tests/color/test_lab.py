"""Color science against scikit-image, and the promises that have no tolerance."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import color as oracle

from photochrom.color import lab as color

# scikit-image rounds its matrix and white point to fewer digits; measured: 0.0049 Lab units, 4e-5 of RGB.
LAB_ATOL = 6e-3
RGB_ATOL = 6e-5

DTYPES = [np.float32, np.float64]
levels = st.floats(0, 1, width=32)
photos = hnp.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 4), st.just(3)), elements=levels)


@pytest.fixture(scope="module")
def rgb() -> np.ndarray:
    grid = np.linspace(0, 1, 18)
    return np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), axis=-1).reshape(-1, 18, 3)


def test_lab_agrees_with_scikit_image(rgb: np.ndarray) -> None:
    np.testing.assert_allclose(color.rgb_to_lab(rgb), oracle.rgb2lab(rgb), atol=LAB_ATOL)


def test_rgb_agrees_with_scikit_image(rgb: np.ndarray) -> None:
    lab = oracle.rgb2lab(rgb)
    np.testing.assert_allclose(color.lab_to_rgb(lab), oracle.lab2rgb(lab), atol=RGB_ATOL)


def test_lightness_is_the_first_channel_of_lab(rgb: np.ndarray) -> None:
    np.testing.assert_allclose(color.lightness(rgb), color.rgb_to_lab(rgb)[..., :1], atol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gray_in_gives_exactly_no_chroma(dtype: type) -> None:
    gray = np.repeat(np.linspace(0, 1, 4096, dtype=dtype)[:, None], 3, axis=1)
    lab = color.rgb_to_lab(gray)
    assert lab.dtype == dtype
    assert (lab[:, 1:] == 0).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_chroma_in_gives_exactly_gray(dtype: type) -> None:
    lab = np.zeros((4096, 3), dtype=dtype)
    lab[:, 0] = np.linspace(0, 100, 4096)
    rgb = color.lab_to_rgb(lab)
    assert rgb.dtype == dtype
    assert (rgb[:, 0] == rgb[:, 1]).all()
    assert (rgb[:, 1] == rgb[:, 2]).all()
    np.testing.assert_array_equal(color.gray(lab[:, 0]), rgb[:, 0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_grays_stay_exact_in_torch(dtype: torch.dtype) -> None:
    gray = torch.linspace(0, 1, 1000, dtype=dtype).expand(3, -1)
    assert (color.rgb_to_lab(gray, axis=0)[1:] == 0).all()
    lab = torch.zeros(3, 1000, dtype=dtype)
    lab[0] = torch.linspace(0, 100, 1000, dtype=dtype)
    rgb = color.lab_to_rgb(lab, axis=0)
    assert (rgb == rgb[:1]).all()


def test_black_and_white_are_0_and_100() -> None:
    ends = color.rgb_to_lab(np.array([[0.0, 0, 0], [1, 1, 1]]))
    np.testing.assert_allclose(ends, [[0, 0, 0], [100, 0, 0]], atol=1e-9)


@given(photos)
@settings(max_examples=50, deadline=None)
def test_rgb_survives_the_round_trip(rgb: np.ndarray) -> None:
    np.testing.assert_allclose(color.lab_to_rgb(color.rgb_to_lab(rgb)), rgb, atol=2e-5)


@given(st.floats(0, 100), st.floats(-120, 120), st.floats(-120, 120))
@settings(max_examples=100, deadline=None)
def test_lab_survives_the_round_trip_even_outside_srgb(lightness: float, a: float, b: float) -> None:
    lab = np.array([lightness, a, b])
    np.testing.assert_allclose(color.rgb_to_lab(color.lab_to_rgb(lab)), lab, atol=1e-4)


@given(hnp.arrays(np.float64, 16, elements=st.floats(0, 1)))
@settings(max_examples=50, deadline=None)
def test_the_transfer_curve_is_inverted(rgb: np.ndarray) -> None:
    np.testing.assert_allclose(color.encode_srgb(color.decode_srgb(rgb)), rgb, atol=1e-7)


@given(photos)
@settings(max_examples=25, deadline=None)
def test_numpy_and_torch_agree(rgb: np.ndarray) -> None:
    lab = color.rgb_to_lab(rgb)
    lab_torch = color.rgb_to_lab(torch.from_numpy(rgb))
    np.testing.assert_allclose(lab_torch.numpy(), lab, atol=1e-4)
    np.testing.assert_allclose(color.lab_to_rgb(lab_torch).numpy(), color.lab_to_rgb(lab), atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_the_channels_may_lie_on_any_axis(rgb: np.ndarray, axis: int) -> None:
    moved = np.moveaxis(rgb, -1, axis)
    np.testing.assert_array_equal(np.moveaxis(color.rgb_to_lab(moved, axis), axis, -1), color.rgb_to_lab(rgb))
    assert color.lightness(moved, axis).shape[axis] == 1


def test_gradients_are_finite_everywhere_in_the_cube() -> None:
    rgb = torch.tensor([[0.0, 0, 0], [1, 1, 1], [0, 0, 1], [0.04, 0.5, 0.0]], requires_grad=True)
    color.rgb_to_lab(rgb).sum().backward()
    assert torch.isfinite(rgb.grad).all()
    lab = torch.tensor([[0.0, 0, 0], [100, 0, 0], [50, 120, -120]], requires_grad=True)
    color.lab_to_rgb(lab).sum().backward()
    assert torch.isfinite(lab.grad).all()


def test_a_wrong_number_of_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 3 channels on axis -1"):
        color.rgb_to_lab(np.zeros((4, 4)))
