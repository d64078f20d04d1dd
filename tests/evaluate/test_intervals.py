"""Bootstrap intervals against the normal theory."""

import numpy as np
import pytest

from photochrom.errors import DataError, OptionError
from photochrom.evaluate.intervals import bootstrap_interval, bootstrap_of_means


def test_the_interval_is_that_of_the_normal_theory() -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    low, high = bootstrap_interval(values)
    error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.03)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.03)


def test_the_interval_is_the_same_for_the_same_seed() -> None:
    values = [1.0, 2.5, 5.2, 9.9, 4.7, 3.1, 8.3]
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


def test_equal_values_have_an_interval_of_one_point() -> None:
    assert bootstrap_interval([3.0] * 10) == (3.0, 3.0)


def test_values_without_an_interval_are_refused() -> None:
    with pytest.raises(DataError, match="one finite number a photo"):
        bootstrap_interval([])
    with pytest.raises(DataError, match="one finite number a photo"):
        bootstrap_interval([1.0, float("inf")])
    with pytest.raises(OptionError, match=r"between 0 and 1"):
        bootstrap_interval([1.0], level=95)


def test_the_interval_of_a_ratio_is_that_of_the_delta_method() -> None:
    rng = np.random.default_rng(0)
    top, bottom = rng.normal(4, 1, 500), rng.normal(2, 0.2, 500)
    low, high = bootstrap_of_means([top, bottom], lambda means: means[0] / means[1])
    ratio = top.mean() / bottom.mean()
    error = np.std(top - ratio * bottom) / bottom.mean() / np.sqrt(500)
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)
    assert (low + high) / 2 == pytest.approx(ratio, abs=error / 4)
