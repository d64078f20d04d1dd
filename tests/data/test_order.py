"""Which photo stands where: every photo once an epoch, however many processes share it and wherever a run stopped."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.data import order as order_module
from photochrom.data.catalog import Entry
from photochrom.data.loading import LoadPlan
from photochrom.data.order import BLOCK, Order
from photochrom.data.shelf import RemoteShard, Shelf
from photochrom.data.stores import Stored
from photochrom.errors import DataError, OptionError

SHELF = Shelf(Path("shelf"), 10_000)


def local(count: int) -> list[Entry]:
    return [Entry(f"{number}.png", Path("photos"), -1, 5) for number in range(count)]


def remote(sizes: list[int]) -> list[Entry]:
    """Give the entries of shards of so many photos; each shard has 1,000 bytes."""
    entries = []
    for number, size in enumerate(sizes):
        shard = RemoteShard(Stored("s3://b/*.tar", f"b/{number}.tar", str(number), 1000, ""), SHELF)
        entries += [Entry(f"{number}/{photo}", shard.path, photo, 5, shard) for photo in range(size)]
    return entries


def seen(order: Order, plan: LoadPlan, steps: range) -> list[int]:
    """Give the photos that a process sees in some steps."""
    places = [divmod(position, order.count) for step in steps for position in plan.positions(step)]
    return [int(order.epoch(epoch).order[place]) for epoch, place in places]


def shared(order: Order, batch: int, world: int, steps: range) -> list[int]:
    """Give the photos that ``world`` processes see, in the order of the steps and within them of the processes."""
    plan = LoadPlan(16, batch, order.seed, 0, 10**6, world=world)
    return [
        photo for step in steps for rank in range(world)
        for photo in seen(order, replace(plan, rank=rank), range(step, step + 1))
    ]  # fmt: skip


@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=9),
    stored=st.booleans(),
    worlds=st.lists(st.sampled_from([1, 2, 3, 4, 6, 12]), min_size=1, max_size=4),
    stops=st.lists(st.integers(0, 12), max_size=3),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_a_run_stopped_anywhere_and_shared_anew_sees_the_order_of_an_unbroken_one(
    sizes: list[int], stored: bool, worlds: list[int], stops: list[int], seed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order_module, "WINDOW", 8)
        entries = remote(sizes) if stored else local(sum(sizes))
        whole = shared(Order(entries, seed), 12, 1, range(12))
        borders = [0, *sorted(stops), 12]
        parts = [
            shared(Order(entries, seed), 12, worlds[number % len(worlds)], range(start, end))
            for number, (start, end) in enumerate(pairwise(borders))
        ]
    assert [photo for part in parts for photo in part] == whole
    count = len(entries)
    for epoch in range(len(whole) // count):
        assert sorted(whole[epoch * count : (epoch + 1) * count]) == list(range(count)), "lost or doubled"


def test_the_order_of_photos_on_a_disk_has_not_changed() -> None:
    expected = np.random.default_rng((7, 0, 2)).permutation(50)
    assert np.array_equal(Order(local(50), 7).epoch(2).order, expected)


def test_photos_of_a_store_come_window_by_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_module, "WINDOW", 30)
    order = Order(entries := remote([10] * 20), 1)
    epochs = [order.epoch(number) for number in range(3)]
    for epoch in epochs:
        shards = [entries[photo].key.partition("/")[0] for photo in epoch.order]
        windows = [shards[start : start + 30] for start in range(0, 200, 30)]
        assert [len(set(window)) for window in windows] == [3] * 6 + [2]
        assert all(window != sorted(window) for window in windows), "photos of a window are shuffled"
        assert [epoch.window_at(place) for place in (0, 29, 30, 199)] == [0, 0, 1, 6]
    assert len({tuple(epoch.order) for epoch in epochs}) == 3
    assert len({tuple(epoch.windows[0].groups) for epoch in epochs}) == 3, "other shards meet in every epoch"


def test_photos_on_a_disk_beside_those_of_a_store_are_spread_like_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_module, "WINDOW", 2 * BLOCK)
    order = Order(local(3 * BLOCK) + remote([BLOCK] * 3), 1)
    assert [shard is None for shard in order.shards] == [True] * 3 + [False] * 3
    assert sorted(order.epoch(0).order) == list(range(6 * BLOCK))
    assert len(order.epoch(0).windows) == 3


def test_a_cache_too_small_for_what_is_read_at_once_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_module, "WINDOW", 30)
    order = Order(remote([10] * 20), 1)
    order.require_room(30)
    with pytest.raises(OptionError, match=r"--cache-gb is 1e-05; shards .* have 1\.2e-05 GB: give that"):
        order.require_room(31)
    Order(remote([10] * 10), 1).require_room(10**6)
    Order(local(5), 1).require_room(10**6)


def test_no_photos_are_an_error() -> None:
    with pytest.raises(DataError, match="No photos to train on"):
        Order([], 0)
