"""What the server takes at once: a bounded queue, memory, a rate, a quota of disk."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from photochrom import Photo
from photochrom.client import Client, Problem
from photochrom.errors import OptionError
from photochrom.server.guards import Buckets
from photochrom.server.limits import Limits, megabytes_for
from photochrom.server.recent import Recent

Make = Any
Start = Callable[..., Any]


def test_a_full_queue_answers_503_and_when_to_try_again(start: Start, make: Make) -> None:
    site = start(Limits(jobs=1, queue=2))
    gate = make.gate(site)
    first = site.client.submit(make.photo())
    assert gate.reached.acquire(timeout=5)
    waiting = [site.client.submit(make.photo(seed=seed)) for seed in (1, 2)]
    hurried = Client(site.address, patience=0)
    hurried._wire = site.client._wire
    for ask in (hurried.submit, hurried.colorize):
        with pytest.raises(Problem, match="2 photos are waiting") as refused:
            ask(make.photo(seed=3))
        assert (refused.value.status, refused.value.type) == (503, "urn:photochrom:queue-full")
        assert refused.value.retry_after == 5
    gate.open.set()
    for job in (first, *waiting):
        assert site.client.wait(job.id).state == "done"
    assert site.client.colorize(make.photo(seed=3))


def test_photos_run_beside_each_other_as_far_as_memory_allows(start: Start, make: Make) -> None:
    site = start(Limits(jobs=4, memory=500))
    gate = make.gate(site)
    jobs = [site.client.submit(make.photo(seed=seed)) for seed in range(4)]
    for _ in range(2):
        assert gate.reached.acquire(timeout=5)
    assert not gate.reached.acquire(timeout=0.3), "a third of 200 MB does not fit into 500"
    assert site.service.shop.store.counts()["running"] == 2
    gate.open.set()
    assert {site.client.wait(job.id).state for job in jobs} == {"done"}


def test_a_photo_that_needs_more_than_there_is_runs_alone(start: Start, make: Make) -> None:
    site = start(Limits(jobs=2, memory=1))
    jobs = [site.client.submit(make.photo(seed=seed)) for seed in range(3)]
    assert {site.client.wait(job.id).state for job in jobs} == {"done"}


def test_photos_that_are_decoded_whole_need_more_memory(make: Make) -> None:
    def need(kind: str, **options: object) -> int:
        return megabytes_for(Photo.open(make.photo(2000, 1000, kind, **options)))

    assert need("JPEG") == need("TIFF") == need("PNG")
    assert need("JPEG", progressive=True) == need("WEBP") == need("JPEG") + 16


def test_too_many_requests_are_refused_until_the_bucket_fills_again(start: Start) -> None:
    site = start(Limits(rate=5))
    client = Client(site.address, patience=0)
    client._wire = site.client._wire
    with pytest.raises(Problem) as refused:
        [client.health() for _ in range(40)]
    assert (refused.value.status, refused.value.retry_after) == (429, 1)
    assert site.client.health()["status"] == "ok", "a patient client comes through"


def test_each_address_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(1)
    assert [buckets.wait("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    assert buckets.wait("b") == 0
    assert [Buckets(0).wait("a") for _ in range(1000)] == [0] * 1000
    for number in range(Buckets.MOST + 50):
        buckets.wait(str(number))
    assert len(buckets._buckets) <= Buckets.MOST


def test_the_oldest_photos_go_when_the_quota_is_reached(start: Start, make: Make) -> None:
    site = start(Limits(jobs=1, quota=1))
    jobs = []
    for seed in range(5):
        jobs.append(site.client.submit(make.photo(300, 250, "TIFF", seed)))
        site.client.wait(jobs[-1].id)
    left = {job.id for job in site.client.jobs()}
    assert jobs[-1].id in left
    assert jobs[0].id not in left
    assert site.service.shop.folder.used() <= 1_000_000
    with pytest.raises(Problem, match="quota of 1 MB") as refused:
        site.client.submit(make.photo(1500, 1000, "TIFF"))
    assert refused.value.status == 507


def test_nothing_is_deleted_without_a_quota(start: Start, make: Make) -> None:
    site = start()
    jobs = [site.client.submit(make.photo(100, 100, "TIFF", seed)) for seed in range(3)]
    for job in jobs:
        site.client.wait(job.id)
    assert len(site.client.jobs()) == 3


@pytest.mark.parametrize("name", ["jobs", "memory", "queue", "max_upload", "max_pixels", "rate", "quota"])
def test_limits_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(OptionError, match="--" + name.replace("_", "-")):
        Limits(**{name: -1})


def test_what_is_kept_is_made_once_however_many_ask() -> None:
    recent: Recent[int] = Recent(2)
    made = []

    def make_slowly() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(recent.get(("a", 1), make_slowly))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, recent.misses) == ([1] * 8, 1)
    recent.get(("b", 1), lambda: 5)
    recent.get(("c", 1), lambda: 6)
    assert recent.get(("a", 1), lambda: 7) == 7, "only two are kept"
    recent.forget("a")
    assert recent.get(("a", 1), lambda: 8) == 8


def test_what_cannot_be_made_is_tried_again() -> None:
    recent: Recent[int] = Recent(2)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        recent.get(("a",), fail)
    assert recent.get(("a",), lambda: 3) == 3
