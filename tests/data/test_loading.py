"""Batches that depend on the seed and the step alone."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from photochrom.data.augment import clean_gray
from photochrom.data.catalog import Entry, list_entries
from photochrom.data.loading import LoadPlan, Samples, batches, fixed_samples
from photochrom.errors import DataError, OptionError

PLAN = LoadPlan(size=16, batch=4, seed=3, first_step=0, steps=6)


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(10):
        color = (25 * number, 255 - 20 * number, 120)
        Image.new("RGB", (30, 24), color).save(folder / f"{number}.png")
    return list_entries([str(folder)])


def taken(entries: list[Entry], plan: LoadPlan) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(batches(entries, plan))


def assert_same(left: list[tuple[torch.Tensor, torch.Tensor]], right: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    assert len(left) == len(right)
    for (photo, aged), (other_photo, other_aged) in zip(left, right, strict=True):
        assert torch.equal(photo, other_photo)
        assert torch.equal(aged, other_aged)


def test_a_batch_holds_photos_and_their_aged_grays(entries: list[Entry]) -> None:
    photo, aged = taken(entries, PLAN)[0]
    assert photo.shape == (4, 3, 16, 16)
    assert aged.shape == (4, 1, 16, 16)
    assert photo.dtype == aged.dtype == torch.uint8


def test_every_photo_occurs_once_an_epoch(entries: list[Entry]) -> None:
    samples = Samples(entries, 16, seed=1)
    for epoch in range(3):
        reds = {int(samples[epoch * 10 + place][0][0, 8, 8]) for place in range(10)}
        assert reds == {25 * number for number in range(10)}


def test_epochs_have_different_orders(entries: list[Entry]) -> None:
    samples = Samples(entries, 16, seed=1)
    orders = [tuple(int(samples[epoch * 10 + place][0][0, 8, 8]) for place in range(10)) for epoch in range(4)]
    assert len(set(orders)) == 4


def test_the_same_seed_gives_the_same_batches_and_another_seed_others(entries: list[Entry]) -> None:
    assert_same(taken(entries, PLAN), taken(entries, PLAN))
    other = taken(entries, replace(PLAN, seed=4))
    assert not all(torch.equal(a[0], b[0]) for a, b in zip(taken(entries, PLAN), other, strict=True))


def test_the_number_of_workers_changes_nothing(entries: list[Entry]) -> None:
    assert_same(taken(entries, PLAN), taken(entries, replace(PLAN, workers=2)))


def test_resuming_at_a_step_gives_the_batches_of_an_unbroken_run(entries: list[Entry]) -> None:
    assert_same(taken(entries, PLAN)[4:], taken(entries, replace(PLAN, first_step=4, steps=2)))


def test_two_processes_share_each_batch(entries: list[Entry]) -> None:
    shares = [taken(entries, replace(PLAN, rank=rank, world=2)) for rank in range(2)]
    joined = [(torch.cat([a[0], b[0]]), torch.cat([a[1], b[1]])) for a, b in zip(shares[0], shares[1], strict=True)]
    assert_same(taken(entries, PLAN), joined)


def test_global_random_states_are_neither_used_nor_moved(entries: list[Entry]) -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first = taken(entries, PLAN)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    np.random.seed(99)
    assert_same(first, taken(entries, PLAN))


def test_a_broken_photo_is_replaced_by_the_next_and_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(4):
        Image.new("RGB", (20, 20), (60 * number, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "2.png").write_bytes(b"broken")
    samples = Samples(list_entries([str(tmp_path)]), 16, seed=0)
    with caplog.at_level(logging.WARNING):
        first = [samples[position] for position in range(8)]
        again = [samples[position] for position in range(8)]
    reds = [int(photo[0, 8, 8]) for photo, _ in first]
    assert set(reds) == {0, 60, 180}
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))
    assert [record.message.count("2.png") for record in caplog.records] == [1]


def test_only_broken_photos_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    entries = list_entries([str(tmp_path)])
    with pytest.raises(DataError, match="cannot be decoded"):
        taken(entries, PLAN)
    with pytest.raises(DataError, match=r"^32 photos in a row cannot be decoded; .*\.$"):
        taken(entries, replace(PLAN, workers=1))
    with pytest.raises(DataError, match="None of 1 photos"):
        fixed_samples(entries, 16, 4)


def test_no_photos_are_an_error() -> None:
    with pytest.raises(DataError, match="No photos"):
        batches([], PLAN)
    with pytest.raises(DataError, match="None of 0 photos"):
        fixed_samples([], 16, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch": 0}, "batch is 0; expected 1 or more"),
        ({"size": 0}, "size is 0"),
        ({"rank": 2, "world": 2}, "rank is 2"),
        ({"world": 3}, "batch 4 cannot be shared by 3 processes"),
        ({"workers": -1}, "workers is -1"),
    ],
)
def test_an_impossible_plan_is_an_error(change: dict[str, int], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        replace(PLAN, **change)


def test_fixed_samples_are_centered_unaged_and_always_the_same(entries: list[Entry]) -> None:
    photos, grays = fixed_samples(entries, 16, 4)
    assert photos.shape == (4, 3, 16, 16)
    assert grays.shape == (4, 1, 16, 16)
    expected = [clean_gray(photo.permute(1, 2, 0).numpy()) for photo in photos]
    assert np.array_equal(grays[:, 0].numpy(), np.stack(expected))
    assert torch.equal(photos, fixed_samples(entries, 16, 4)[0])


def test_fixed_samples_are_spread_over_all_photos_and_never_repeated(entries: list[Entry]) -> None:
    reds = fixed_samples(entries, 16, 4)[0][:, 0, 8, 8].tolist()
    assert reds == [0, 75, 150, 225]
    assert len(fixed_samples(entries, 16, 99)[0]) == 10
