"""The study rgb_baseline: errors, blur, and sentences that follow the numbers."""

from pathlib import Path

import numpy as np
import pytest

from photochrom.colorizer import Colorizer
from photochrom.data.catalog import list_entries
from photochrom.studies import rgb_baseline
from photochrom.studies.views import Judged, Views, answers, gradient_energy, gradients_kept, gray_error, judge, view


def judged(error: float, color: float = 10.0, kept: float = 0.5) -> Judged:
    errors = np.full(5, error)
    return Judged([], [], errors, errors / 2, 2.0, kept, color)


@pytest.fixture(scope="module")
def views(photo_folder: Path) -> Views:
    return view(list_entries([str(photo_folder)]), 32, 4)


def test_even_pictures_have_no_gradient_energy() -> None:
    assert gradient_energy([np.full((4, 4, 3), 0.3)]) == 0


def test_gradient_energy_of_a_ramp_is_the_square_of_its_step() -> None:
    ramp = np.broadcast_to(np.arange(5)[None, :, None] * 0.1, (5, 5, 3))
    assert gradient_energy([ramp]) == pytest.approx(0.1**2 / 2)  # across 0.1, down 0, equally many of both


def test_blur_lowers_gradient_energy() -> None:
    noise = np.random.default_rng(0).random((16, 16, 3))
    blurred = (noise[:-1] + noise[1:]) / 2
    assert gradient_energy([blurred]) < 0.8 * gradient_energy([noise])


def test_patterns_that_are_not_in_the_photo_do_not_count_as_its_gradients() -> None:
    random = np.random.default_rng(0)
    photo = [random.random((64, 64, 3))]
    checkered = [photo[0] / 2 + np.indices((64, 64)).sum(axis=0)[..., None] % 2]
    assert gradients_kept(photo, photo) == pytest.approx(1)
    assert gradients_kept(checkered, photo) == pytest.approx(0.5, abs=0.1)
    assert gradient_energy(checkered) > gradient_energy(photo)


def test_views_are_squares_with_the_lightness_of_their_gray(views: Views) -> None:
    assert views.rgb.shape == (4, 32, 32, 3)
    assert len(views) == 4
    assert np.abs(views.lightness - views.lab[..., 0]).max() < 0.6  # the gray is rounded to eight bits


def test_leaving_photos_gray_costs_their_chroma(views: Views) -> None:
    gray = Views(np.stack(views.grays), views.lightness, views.lab)
    assert gray_error(views) > 0.001
    assert gray_error(gray) == 0


def test_a_network_of_bins_shows_the_photos_own_lightness(views: Views, toy_model: Path) -> None:
    colorizer = Colorizer(toy_model)
    found = judge(colorizer, views)
    assert [raw.shape for raw in answers(colorizer, views)] == [(4, 8, 8)] * 4
    assert found.own_error.tolist() == found.finished_error.tolist()
    assert found.own[0].shape == (32, 32, 3)
    assert found.color > 0


def test_the_sentence_on_errors_follows_the_numbers() -> None:
    assert "The U-Net has the lower error" in rgb_baseline._lower(judged(0.02), judged(0.01))
    assert "The autoencoder has the lower error" in rgb_baseline._lower(judged(0.01), judged(0.02))


def test_equal_errors_may_be_chance() -> None:
    assert "may be chance" in rgb_baseline._lower(judged(0.01), judged(0.01))


def test_the_sentence_on_blur_follows_the_numbers() -> None:
    dull, clear, hard = (judged(0.01, kept=kept) for kept in (0.3, 0.9, 1.2))
    assert "the autoencoder is the more blurred" in rgb_baseline._blurred(dull, clear)
    assert "the U-Net is the more blurred" in rgb_baseline._blurred(hard, clear)
    assert "neither is blurred" in rgb_baseline._blurred(hard, hard)


def test_a_change_helps_only_if_it_lowers_the_error() -> None:
    better = rgb_baseline._help("Lab", judged(0.02, 10), judged(0.01, 20), truth=30)
    assert "lowers" in better
    assert "nearer to the truth" in better
    assert better.endswith("it helps.")
    worse = rgb_baseline._help("Lab", judged(0.01, 20), judged(0.02, 10), truth=30)
    assert "raises" in worse
    assert "no nearer to the truth" in worse
    assert worse.endswith("it does not help.")


def test_learning_rates_alone_tell_trials_apart() -> None:
    for trials in (rgb_baseline.AUTOENCODERS, rgb_baseline.UNETS):
        assert [trial.recipe.rate for trial in trials.values()] == [1e-2, 1e-3, 1e-4]
    names = [trial.name for trial in rgb_baseline.STUDY.trials]
    assert len(set(names)) == len(names) == 8
