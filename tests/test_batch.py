"""What a training step sees."""

import numpy as np
import pytest
import torch

from photochrom import batch as batch_module
from photochrom.batch import LARGEST_HINT, MEAN_HINTS, Batch, make_batch, simulate_hints
from photochrom.color.lab import lightness, rgb_to_lab


def photos(count: int = 4, size: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    photo = torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=random)
    return photo, torch.randint(0, 256, (count, 1, size, size), dtype=torch.uint8, generator=random)


@pytest.fixture
def always_hinted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "HINTED", 1.0)


def hinted(seed: int, count: int = 4) -> Batch:
    return make_batch(*photos(count), torch.Generator().manual_seed(seed))


def test_lightness_comes_from_the_aged_gray_and_the_target_from_the_photo() -> None:
    photo, aged = photos()
    made = make_batch(photo, aged, None)
    lab = rgb_to_lab(photo.numpy().astype(np.float32) / 255, axis=1)
    seen = lightness(np.repeat(aged.numpy().astype(np.float32) / 255, 3, axis=1), axis=1)
    assert made.lightness_B1HW.shape == (4, 1, 32, 32)
    np.testing.assert_allclose(made.lab_B3HW.numpy(), lab, atol=1e-3)
    np.testing.assert_allclose(made.lightness_B1HW.numpy(), seen, atol=1e-3)


def test_black_and_white_are_lightness_0_and_100() -> None:
    aged = torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1).expand(2, 1, 16, 16)
    made = make_batch(aged.expand(-1, 3, -1, -1), aged, None)
    assert made.lightness_B1HW.amin(dim=(1, 2, 3)).tolist() == pytest.approx([0, 100], abs=1e-4)
    assert (made.lab_B3HW[:, 1:] == 0).all()


def test_without_a_generator_there_are_no_hints() -> None:
    assert not make_batch(*photos(), None).hints_B3HW.any()


def test_the_same_generator_gives_the_same_hints_and_another_seed_others() -> None:
    same = [hinted(seed, 16).hints_B3HW for seed in (3, 3, 4)]
    assert torch.equal(same[0], same[1])
    assert not torch.equal(same[0], same[2])


def test_about_a_third_of_the_photos_get_hints() -> None:
    ab = torch.ones(400, 2, 16, 16)
    hints = simulate_hints(ab, torch.Generator().manual_seed(0))
    assert 0.22 < hints[:, 0].amax(dim=(1, 2)).mean() < 0.38


@pytest.mark.usefixtures("always_hinted")
def test_hints_are_zero_where_the_mask_is_zero_and_the_mask_is_binary() -> None:
    hints = hinted(0).hints_B3HW
    mask = hints[:, :1]
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    assert not (hints[:, 1:] * (1 - mask)).any()


@pytest.mark.usefixtures("always_hinted")
def test_a_hint_says_the_mean_color_under_it() -> None:
    ab = torch.tensor([20.0, -35.0])[None, :, None, None].expand(2, 2, 32, 32)
    hints = simulate_hints(ab, torch.Generator().manual_seed(0))
    inside = hints[:, :1].bool()
    for channel, value in ((1, 20.0), (2, -35.0)):
        said = hints[:, channel : channel + 1][inside]
        torch.testing.assert_close(said, torch.full_like(said, value))


@pytest.mark.usefixtures("always_hinted")
def test_some_photos_get_a_single_hint_and_patches_stay_small() -> None:
    hints = simulate_hints(torch.ones(300, 2, 128, 128), torch.Generator().manual_seed(0))
    areas = hints[:, 0].sum(dim=(1, 2))
    widths = hints[:, 0].amax(dim=1).sum(dim=1)
    assert areas.min() >= 1
    single = (widths <= LARGEST_HINT).float().mean()
    assert 0.1 < single < 0.35, "one hint is what a user gives first; about a fifth of the photos should have one"
    patch = sum(side * side for side in range(1, LARGEST_HINT + 1)) / LARGEST_HINT
    assert areas.mean() == pytest.approx(MEAN_HINTS * patch, rel=0.15)


@pytest.mark.usefixtures("always_hinted")
def test_hints_fit_into_the_smallest_crop() -> None:
    hints = simulate_hints(torch.ones(50, 2, 16, 16), torch.Generator().manual_seed(0))
    assert hints.shape == (50, 3, 16, 16)
    assert hints[:, 0].amax(dim=(1, 2)).all()


def test_photos_get_the_same_hints_however_a_step_is_shared() -> None:
    ab = torch.rand(12, 2, 32, 32, generator=torch.Generator().manual_seed(2))
    whole = simulate_hints(ab, torch.Generator().manual_seed(5))
    for world in (2, 3, 12):
        share = 12 // world
        parts = [
            simulate_hints(ab[start : start + share], torch.Generator().manual_seed(5), before=start)
            for start in range(0, 12, share)
        ]
        assert torch.equal(torch.cat(parts), whole)
    assert whole.any()
    photo, aged = photos(12)
    made = [make_batch(*photos(12), torch.Generator().manual_seed(5)).hints_B3HW]
    made.append(make_batch(photo[8:], aged[8:], torch.Generator().manual_seed(5), before=8).hints_B3HW)
    assert made[0] is not None
    assert made[1] is not None
    assert torch.equal(made[0][8:], made[1])
