"""CIEDE2000 against scikit-image and the published pairs that trip implementations."""

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000

from photochrom.color.difference import ciede2000

# Sharma et al. 2005, table 1: hues on both sides of zero, opposite hues, grays, large and small differences.
PUBLISHED = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0010), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, -0.001, 2.49), (50, 0.0010, -2.49), 4.8045),
    ((50, -0.001, 2.49), (50, 0.0011, -2.49), 4.7461),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
]


def colors(count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    low, high = (0, -90, -90), (100, 90, 90)
    return rng.uniform(low, high, (count, 3)), rng.uniform(low, high, (count, 3))


@pytest.mark.parametrize(("first", "second", "expected"), PUBLISHED)
def test_published_pairs_have_their_published_difference(first: tuple, second: tuple, expected: float) -> None:
    one, two = np.array([first], float), np.array([second], float)
    assert ciede2000(one, two)[0] == pytest.approx(expected, abs=5e-5)
    assert ciede2000(two, one)[0] == pytest.approx(expected, abs=5e-5)


def test_it_agrees_with_scikit_image_far_and_near() -> None:
    first, far = colors()
    near = first + np.random.default_rng(1).normal(0, 2, first.shape)
    for second in (far, near, first * [1, 0, 0]):
        np.testing.assert_allclose(ciede2000(first, second), deltaE_ciede2000(first, second), atol=1e-6)


def test_float32_stays_float32_and_nearly_as_right() -> None:
    first, second = colors()
    single = ciede2000(first.astype(np.float32), second.astype(np.float32))
    assert single.dtype == np.float32
    assert np.abs(single - deltaE_ciede2000(first, second)).mean() < 1e-4


def test_equal_colors_and_grays_do_not_differ_in_hue() -> None:
    first, _ = colors()
    assert not ciede2000(first, first).any()
    gray = np.array([[50.0, 0, 0]], np.float32)
    assert np.isfinite(ciede2000(gray, np.array([[50, 1e-30, 0]], np.float32))).all()
