"""Photos in, results out, over HTTP: the same as the command line makes, once, in order, found again."""

import gc
import io
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from photochrom.cli import main
from photochrom.client import Client, Options, Problem
from photochrom.client.wire import Form

Make = Any
Site = Any
Start = Callable[..., Any]


def typed(toy_model: Path, folder: Path, content: bytes, ending: str, *words: str) -> bytes:
    """Return what the command line makes of a photo."""
    source, target = folder / f"photo{ending}", folder / f"out{ending}"
    source.write_bytes(content)
    with pytest.raises(SystemExit) as end:
        main(["colorize", str(source), "--model", str(toy_model), "-o", str(target), "--overwrite", *words])
    assert end.value.code == 0
    return target.read_bytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_colorize_gives_what_the_command_line_gives(
    site: Site, make: Make, toy_model: Path, tmp_path: Path, kind: str
) -> None:
    content = make.photo(kind=kind)
    wanted = typed(toy_model, tmp_path, content, f".{kind.lower()}", "--saturation", "0.5", "--warmth", "0.2")
    assert site.client.colorize(content, Options(saturation=0.5, warmth=0.2)) == wanted


def test_sixteen_bits_stay_sixteen_bits(site: Site, make: Make) -> None:
    file = io.BytesIO()
    Image.fromarray(np.tile(np.arange(0, 65536, 512, np.uint16), (64, 1))).save(file, "PNG")
    from photochrom import Photo

    assert Photo.open(site.client.colorize(file.getvalue())).bits == 16


@pytest.mark.parametrize("leaves", [False, True])
def test_colorize_keeps_nothing(start: Start, make: Make, tmp_path: Path, leaves: bool) -> None:
    site, path = start(), tmp_path / "photo.png"
    path.write_bytes(make.photo(1500, 1000, "PNG"))
    gc.disable()  # nothing may wait for the garbage collector, which comes in the middle of anything
    try:
        with site.client._response("POST", "/colorize", {}, Form(path, {})) as response:
            leaves or response.read()
        wait_until_all_is_gone(site)
    finally:
        gc.enable()


def wait_until_all_is_gone(site: Site) -> None:
    for _ in range(100):
        if not list((site.folder / "photos").iterdir()):
            break
        threading.Event().wait(0.05)
    assert not list((site.folder / "photos").iterdir())
    assert not list((site.folder / "incoming").iterdir())
    assert site.client.jobs() == []
    assert site.service.shop.store.counts() == dict.fromkeys(site.service.shop.store.counts(), 0)


def test_a_job_goes_its_way_and_its_events_tell_it(site: Site, make: Make) -> None:
    job = site.client.submit(make.photo(400, 300), Options(look="vivid"))
    assert (job.state, job.name) == ("queued", "photo")
    seen = list(site.client.follow(job.id))
    assert seen[-1].state == "done"
    assert seen[-1].ready
    assert [one.progress for one in seen] == sorted(one.progress for one in seen)
    result = make.opened(site.client.result(job.id))
    assert result.shape == (300, 400, 3)
    assert (result[..., 0] != result[..., 2]).any()


def test_progress_is_told_while_a_large_photo_is_worked_on(site: Site, make: Make) -> None:
    job = site.client.submit(make.large(6000, 4000))
    shares = {one.progress for one in site.client.follow(job.id)}
    assert [share for share in shares if 0 < share < 1], "a slow listener hears the last of several only"


def test_the_same_key_makes_one_job_and_another_photo_with_it_is_refused(site: Site, make: Make) -> None:
    photo, other = make.photo(seed=1), make.photo(seed=2)
    with ThreadPoolExecutor(4) as pool:
        ids = {job.id for job in pool.map(lambda _: site.client.submit(photo, key="same"), range(8))}
    assert len(ids) == 1
    with pytest.raises(Problem, match="idempotency key") as refused:
        site.client.submit(other, key="same")
    assert (refused.value.status, refused.value.type) == (422, "urn:photochrom:key-reused")
    with pytest.raises(Problem, match="idempotency key"):
        site.client.submit(photo, Options(warmth=1), key="same")
    first, second = (site.client.colorize(photo, key="colorize") for _ in range(2))
    assert first == second
    assert len([job for job in site.client.jobs(limit=500) if job.said["photo"]["bytes"] == len(photo)]) >= 2


def test_history_survives_a_restart_and_is_searched_and_paged(start: Start, make: Make, tmp_path: Path) -> None:
    site = start()
    for number in range(5):
        path = tmp_path / f"Tante {number}.jpg"
        path.write_bytes(make.photo(seed=number))
        job = site.client.submit(path)
    site.client.wait(job.id)
    result, preview = site.client.result(job.id), site.client.preview(job.id, side=64)
    site = start()
    assert [one.name for one in site.client.jobs(limit=2)] == ["Tante 4.jpg", "Tante 3.jpg"]
    assert [one.name for one in site.client.jobs(search="tante 2")] == ["Tante 2.jpg"]
    assert [one.state for one in site.client.jobs(state="done")] == ["done"] * 5
    assert site.client.result(job.id) == result
    assert site.client.preview(job.id, side=64) == preview
    assert site.service.shop.painters.answers.misses == 0, "the network ran for a thumbnail"


def test_all_results_come_as_one_zip_file(start: Start, make: Make, tmp_path: Path) -> None:
    site = start()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.png").write_bytes(make.photo(kind="PNG"))
        job = site.client.submit(tmp_path / folder / "same.png")
    site.client.wait(job.id)
    with zipfile.ZipFile(site.client.archive(tmp_path / "all.zip")) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == ["same-color-2.png", "same-color.png"]
        assert archive.read("same-color.png") == site.client.result(job.id)
    with zipfile.ZipFile(site.client.archive(tmp_path / "one.zip", (job.id, "gone"))) as archive:
        assert archive.namelist() == ["same-color.png"]
    with pytest.raises(Problem, match="none of these"):
        site.client.archive(tmp_path / "none.zip", ("gone",))


def test_waiting_and_running_photos_are_canceled_and_run_again(start: Start, make: Make) -> None:
    site = start()
    gate = make.gate(site)
    running, waiting = (site.client.submit(make.photo(seed=seed)) for seed in (1, 2))
    assert gate.reached.acquire(timeout=5)
    assert site.client.job(waiting.id).said["place"] == 0
    assert site.client.cancel(waiting.id).state == "canceled"
    site.client.cancel(running.id)
    assert site.client.wait(running.id, 5).state == "canceled"
    with pytest.raises(Problem, match="canceled") as refused:
        site.client.result(running.id)
    assert refused.value.status == 409
    with pytest.raises(Problem, match="has ended already"):
        site.client.cancel(running.id)
    gate.open.set()
    site.client.run(running.id)
    assert site.client.wait(running.id).state == "done"
    assert make.opened(site.client.result(running.id)).shape == (64, 96, 3)


def test_a_large_photo_is_stopped_in_the_middle_of_its_pixels(start: Start, make: Make) -> None:
    site = start()
    site.service.shop.news.move = lambda id, share: share > 0.45 and site.service.worker.cancel(id)
    job = site.client.submit(make.large(4000, 3500))
    assert site.client.wait(job.id).state == "canceled"
    names = {path.name for path in (site.folder / "photos" / job.id).iterdir()}
    assert names == {"source"}, "half a file was left"


def test_a_photo_stopped_while_it_is_read_is_canceled_and_not_called_damaged(start: Start, make: Make) -> None:
    site = start()
    site.service.shop.news.move = lambda id, _share: site.service.worker.cancel(id)
    job = site.client.submit(make.large(4000, 3500))
    assert site.client.wait(job.id).state == "canceled"


def test_a_deleted_photo_leaves_nothing_even_while_it_is_worked_on(start: Start, make: Make) -> None:
    site = start()
    gate = make.gate(site)
    running, waiting = (site.client.submit(make.photo(seed=seed)) for seed in (1, 2))
    assert gate.reached.acquire(timeout=5)
    for job in (running, waiting):
        site.client.delete(job.id)
        with pytest.raises(Problem) as gone:
            site.client.job(job.id)
        assert (gone.value.status, gone.value.type) == (404, "urn:photochrom:job-not-found")
    gate.open.set()
    last = site.client.submit(make.photo(seed=3))
    site.client.wait(last.id)
    assert [path.name for path in (site.folder / "photos").iterdir()] == [last.id]


def test_a_damaged_photo_fails_alone_and_in_the_librarys_words(site: Site, make: Make) -> None:
    whole = make.photo(600, 600)
    job, good = site.client.submit(whole[: len(whole) // 2]), site.client.submit(make.photo())
    failed = site.client.wait(job.id)
    assert failed.state == "failed"
    assert failed.problem is not None
    assert failed.problem.startswith("photo: damaged, cut short")
    assert str(site.folder) not in failed.problem
    with pytest.raises(Problem, match="damaged, cut short") as refused:
        site.client.result(job.id)
    assert (refused.value.status, refused.value.type) == (422, "urn:photochrom:photo-unreadable")
    assert site.client.wait(good.id).state == "done"


def test_forty_photos_from_eight_clients_are_all_there(site: Site, make: Make) -> None:
    def send(client: Client, numbers: range) -> list[tuple[int, str]]:
        jobs = [(number, client.submit(make.photo(80 + number, 60, seed=number))) for number in numbers]
        return [(number, client.wait(job.id).id) for number, job in jobs]

    clients = [Client(site.address) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(send, clients, [range(start, 40, 8) for start in range(8)]))
    done = dict(pair for part in parts for pair in part)
    assert len(set(done.values())) == 40
    for number, id in done.items():
        assert make.opened(site.client.result(id)).shape == (60, 80 + number, 3)


def test_events_of_all_jobs_tell_of_changes_and_deletions(start: Start, make: Make) -> None:
    import http.client

    site = start()
    connection = http.client.HTTPConnection("127.0.0.1", int(site.address.rpartition(":")[2]), timeout=10)
    connection.request("GET", "/api/v1/events")
    stream = connection.getresponse()
    assert stream.headers["content-type"].startswith("text/event-stream")
    lines = iter(lambda: stream.readline().decode().strip(), None)
    assert "event: ready" in [next(lines) for _ in range(4)]
    job = site.client.submit(make.photo())
    site.client.wait(job.id)
    site.client.delete(job.id)
    seen: list[str] = []
    while "deleted" not in seen:
        line = next(lines)
        seen += [line.removeprefix("event: ")] if line.startswith("event") else []
    assert "job" in seen
    assert job.id in next(lines)
    connection.close()
