"""Training from object stores: windows fetched ahead, faults that are no broken photos, and a real S3 server."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from photochrom import urls
from photochrom.data import order as order_module
from photochrom.data import shelf as shelf_module
from photochrom.data import stores
from photochrom.data.catalog import Entry, list_entries, read_bytes
from photochrom.data.loading import LoadPlan, Samples, batches, fixed_samples
from photochrom.data.manifest import Manifest, clean
from photochrom.data.shelf import Shelf
from photochrom.errors import DataError, OptionError, RunError

fsspec = pytest.importorskip("fsspec")
PLAN = LoadPlan(size=16, batch=4, seed=3, first_step=0, steps=14)
PHOTOS = 24


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let windows be of two shards; wait little."""
    monkeypatch.setattr(order_module, "WINDOW", 8)
    monkeypatch.setattr(urls, "FIRST_PAUSE", 0.001)


@pytest.fixture
def entries(url: str, kept: Shelf) -> list[Entry]:
    return list_entries([url], kept)


def settled() -> None:
    """Wait for what is fetched ahead."""
    for thread in threading.enumerate():
        if thread.name.startswith("Thread-") and "_fetch" in thread.name:
            thread.join(20)


def on_shelf(kept: Shelf) -> set[str]:
    return {path.stem[-3:] for path in kept.folder.glob("*.tar")}


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_from_a_store_hold_the_photos_of_their_order(
    entries: list[Entry], kept: Shelf, tmp_path: Path, contents: list[bytes], workers: int
) -> None:
    (tmp_path / "disk").mkdir()
    for number, content in enumerate(contents):
        (tmp_path / "disk" / f"train-{number:03}.tar").write_bytes(content)
    order = Samples(entries, 16, PLAN.seed).order
    local = Samples(list_entries([str(tmp_path / "disk")]), 16, PLAN.seed)
    local.order = order  # the keys are the same: only where the bytes come from differs
    expected = [torch.tensor(local[position][0]) for position in range(PLAN.batch * PLAN.steps)]
    made = [photo for photos, _ in batches(entries, replace(PLAN, workers=workers)) for photo in photos]
    assert all(map(torch.equal, made, expected))
    assert len(made) == len(expected) > 2 * PHOTOS


def test_the_next_window_is_fetched_while_one_is_read_and_no_other(entries: list[Entry], kept: Shelf) -> None:
    samples = Samples(entries, 16, 1)
    windows = [[f"{group:03}" for group in window.groups] for window in samples.order.epoch(0).windows]
    assert [len(window) for window in windows] == [2, 2, 2]
    samples[0]
    settled()
    assert on_shelf(kept) == {*windows[0], *windows[1]}
    samples[8]
    settled()
    assert on_shelf(kept) == {*windows[0], *windows[1], *windows[2]}


def test_a_full_shelf_gives_up_the_windows_that_are_done(entries: list[Entry], contents: list[bytes]) -> None:
    limit = 4 * max(map(len, contents))
    shelf = replace(next(entry.shard.shelf for entry in entries if entry.shard), limit=limit)
    entries = [replace(entry, shard=replace(entry.shard, shelf=shelf)) for entry in entries if entry.shard]
    samples = Samples(entries, 16, 1)
    for position in range(3 * PHOTOS):
        samples[position]
        settled()
        assert sum(path.stat().st_size for path in shelf.folder.glob("*.*")) <= limit


def test_a_cache_that_is_too_small_is_an_error_before_anything_is_fetched(
    url: str, kept: Shelf, contents: list[bytes]
) -> None:
    entries = list_entries([url], replace(kept, limit=3 * len(contents[0])))
    with pytest.raises(OptionError, match=r"--cache-gb is .*; shards that are read at once have"):
        batches(entries, PLAN)
    assert not on_shelf(kept)
    with pytest.raises(OptionError, match="room for shards is 0 GB; expected more than 0"):
        replace(kept, limit=0)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_store_that_is_gone_ends_the_run_and_no_photo_is_taken_for_broken(
    entries: list[Entry], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, workers: int
) -> None:
    def broken(*_: Any, **__: Any) -> bytes:
        raise ConnectionResetError("Connection reset by peer")

    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "cat_file", broken)
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(
            RunError, match=r"^memory://.*\.tar: cannot be read \(Connection reset by peer\); tried 6 .*tion$"
        ),
    ):
        list(batches(entries, replace(PLAN, workers=workers)))
    with pytest.raises(RunError, match="Connection reset by peer"):
        fixed_samples(entries, 16, 3)
    assert not caplog.records


def test_photos_of_a_store_are_cleaned_and_named_by_their_url(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    manifest = clean([url], tmp_path / "m.csv", workers=0)
    assert len(manifest.rows) == PHOTOS
    assert {row.source for row in Manifest.load(tmp_path / "m.csv").rows} == {
        f"{url}/train-{number:03}.tar" for number in range(6)
    }
    assert len(on_shelf(Shelf(shelf_module.usual_folder()))) == 6


class Faulty:
    """A server in front of another one: whatever part of a shard is asked for, the first answer is a fault."""

    def __init__(self, app: Any) -> None:
        self.app, self.on, self.ways, self._asked = app, False, list[str](), set[tuple[str, str]]()
        self._lock = threading.Lock()

    def __call__(self, environ: Any, start: Any) -> Any:
        path, part = environ["PATH_INFO"], environ.get("HTTP_RANGE", "")
        if not self.on or environ["REQUEST_METHOD"] != "GET" or not path.endswith(".tar"):
            return self.app(environ, start)
        with self._lock:
            if (path, part) in self._asked:
                return self.app(environ, start)
            self._asked.add((path, part))
            way = "hang" if len(self.ways) == 4 else ("500", "cut")[len(self.ways) % 2]
            self.ways.append(way)
        if way == "cut":  # the connection is lost in the middle of a photo
            return [b"".join(self.app(environ, start))[:-100]]
        if way == "hang":
            time.sleep(1.5)
        start("500 Internal Server Error", [("Content-Length", "0")])
        return [b""]


@pytest.fixture
def bucket(contents: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Faulty]:
    """Give an S3 server that the environment names, with the shards in s3://training."""
    s3fs = pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    from werkzeug.serving import make_server

    app = Faulty(moto.DomainDispatcherApplication(moto.create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)  # so that ours are seen to be enough
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem()
    with suppress(FileExistsError):  # the server forgets nothing
        system.mkdir("training")
    for number, content in enumerate(contents):
        system.pipe_file(f"training/train-{number:03}.tar", content)
    yield app
    server.shutdown()
    thread.join()
    s3fs.S3FileSystem.clear_instance_cache()


def test_shards_of_s3_are_read_through_errors_time_outs_and_broken_connections(
    bucket: Faulty, kept: Shelf, monkeypatch: pytest.MonkeyPatch, photo: Callable[[int], bytes]
) -> None:
    monkeypatch.setattr(
        stores, "_OPTIONS", {"s3": {"config_kwargs": {"read_timeout": 1, "retries": {"max_attempts": 0}}}}
    )
    monkeypatch.setattr(shelf_module, "PIECE", 20_000)
    bucket.on = True
    entries = list_entries(["s3://training/train-{000..005}.tar"], kept)
    assert [read_bytes(entry) for entry in entries] == [photo(number) for number in range(PHOTOS)]
    assert {"500", "cut", "hang"} <= set(bucket.ways)
    for source in ("s3://training", "s3://training/train-*.tar"):
        assert [entry.path for entry in list_entries([source], kept)] == [entry.path for entry in entries]
    made = list(batches(entries, replace(PLAN, workers=2, steps=6)))
    assert len({tuple(photo.flatten().tolist()) for photos, _ in made for photo in photos}) == PHOTOS


def test_what_s3_refuses_is_one_line(bucket: Faulty, kept: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match=r"s3://nowhere/a\.tar: cannot be read .*check the bucket and the names"):
        list_entries(["s3://nowhere/a.tar"], kept)
    with pytest.raises((DataError, RunError), match=r"s3://nowhere/a\*\.tar: "):
        list_entries(["s3://nowhere/a*.tar"], kept)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    __import__("s3fs").S3FileSystem.clear_instance_cache()
    with pytest.raises(
        RunError, match=r"s3://training/train-000\.tar: cannot be read \(.*redentials.*\); check the cred"
    ):
        list_entries(["s3://training/train-000.tar"], kept)
