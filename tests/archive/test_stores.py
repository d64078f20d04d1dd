"""Sources and targets at URLs: memory:// here, S3 with all its faults from a real server on this computer."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from photochrom import Photo
from photochrom.errors import OutputUnwritable

fsspec = pytest.importorskip("fsspec")
Run = Callable[..., Any]

SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
INTERNAL = b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>We encountered one.</Message></Error>"
HANG = 2.5


class Faulty:
    """A server in front of another one: of the requests for objects every n-th fails, in turn each way there is."""

    def __init__(self, app: Any) -> None:
        self.app, self.every, self.broken, self.faults = app, 0, False, 0
        self._count, self._ways, self._lock = 0, itertools.cycle(("500", "503", "hang")), threading.Lock()

    def __call__(self, environ: Any, start: Any) -> Any:
        with self._lock:
            self._count += 1
            fails = bool(self.every and self._count % self.every == 0)
            self.faults += fails
            path = environ["PATH_INFO"]
            down = self.broken and "/out/" in path and ".photochrom" not in path
            way = "503" if down else next(self._ways) if fails else ""
        if not way:
            return self.app(environ, start)
        if way == "hang":
            time.sleep(HANG)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, body = ("500 Internal Server Error", INTERNAL) if way == "500" else ("503 Slow Down", SLOW_DOWN)
        start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


@pytest.fixture(scope="module")
def store() -> Iterator[tuple[Faulty, dict[str, Any]]]:
    """Give an S3 server, and what fsspec needs to reach it."""
    pytest.importorskip("s3fs")
    pytest.importorskip("moto.server")
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    app = Faulty(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    quick = {"connect_timeout": 2, "read_timeout": 1, "retries": {"max_attempts": 0}}
    options = {
        "key": "testing", "secret": "testing", "endpoint_url": f"http://127.0.0.1:{server.server_port}",
        "config_kwargs": quick,
    }  # fmt: skip
    yield app, options
    server.shutdown()
    thread.join()


def uploaded(folder: Path, options: dict[str, Any], bucket: str) -> Any:
    """Put a folder into a new bucket and return the file system."""
    system = fsspec.filesystem("s3", use_listings_cache=False, **options)
    system.mkdir(bucket)
    for path in (path for path in folder.rglob("*") if path.is_file()):
        system.pipe_file(f"{bucket}/in/{path.relative_to(folder)}", path.read_bytes())
    return system


def objects(system: Any, root: str) -> dict[str, bytes]:
    keys = [key for key in system.find(root) if ".photochrom" not in key]
    return {key.removeprefix(root).lstrip("/"): system.cat_file(key) for key in keys}


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    from photochrom import urls

    monkeypatch.setattr(urls, "FIRST_PAUSE", 0.02)


@pytest.mark.slow
def test_an_s3_archive_survives_time_outs_errors_and_throttling(
    run: Run, archive: Path, store: Any, contents: Any, tmp_path: Path
) -> None:
    app, options = store
    system = uploaded(archive, options, "photos")
    words: dict[str, Any] = {
        "options": {"source": options, "target": options}, "ledger": tmp_path / "l.sqlite", "retries": 6, "lanes": 2,
    }  # fmt: skip
    app.every = 5
    try:
        summary = run("s3://photos/in", "s3://photos/out", **words)
    finally:
        app.every = 0
    assert app.faults >= 3, "no fault of each kind came"
    assert (summary.done, summary.skipped, summary.failed) == (4, 1, 0)
    run(archive, tmp_path / "plain")
    assert objects(system, "photos/out") == contents(tmp_path / "plain")
    summary = run("s3://photos/in", "s3://photos/out", **words)
    assert (summary.done, summary.unchanged) == (0, 4)
    report = json.loads(system.cat_file("photos/out/.photochrom/report.json"))
    assert report["unchanged"] == 4


@pytest.mark.slow
def test_a_store_that_is_down_is_told_and_nothing_is_lost(
    run: Run, archive: Path, store: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import s3fs

    app, options = store
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    system = uploaded(archive, options, "down")
    words: dict[str, Any] = {"options": {"target": options}, "ledger": tmp_path / "l.sqlite", "retries": 1}
    app.broken = True
    summary = run(archive, "s3://down/out", **words)
    app.broken = False
    assert (summary.failed, summary.done, summary.exit_code) == (4, 0, 2)
    assert objects(system, "down/out") == {}
    report = json.loads(system.cat_file("down/out/.photochrom/report.json"))
    assert all("request rate" in failure["reason"] for failure in report["failures"])
    summary = run(archive, "s3://down/out", **words)
    assert (summary.failed, len(objects(system, "down/out"))) == (0, 4)


def test_a_ledger_comes_back_from_the_store(run: Run, archive: Path, tmp_path: Path) -> None:
    url = f"memory://{tmp_path.name}/out"
    assert run(archive, url, ledger=tmp_path / "here.sqlite").done == 4
    summary = run(archive, url, ledger=tmp_path / "another-computer.sqlite")
    assert (summary.done, summary.unchanged) == (0, 4)


def test_a_strangers_object_is_not_replaced(run: Run, archive: Path, tmp_path: Path) -> None:
    system, root = fsspec.filesystem("memory"), f"/{tmp_path.name}/out"
    system.pipe_file(f"{root}/a.jpg", b"somebody's")
    words = {"ledger": tmp_path / "l.sqlite"}
    assert run(archive, f"memory:/{root}", **words).failed == 1
    assert system.cat_file(f"{root}/a.jpg") == b"somebody's"
    assert run(archive, f"memory:/{root}", overwrite=True, **words).done == 1


def test_globs_photos_and_archives_at_urls(run: Run, archive: Path, contents: Any, tmp_path: Path) -> None:
    import shutil

    system, root = fsspec.filesystem("memory"), f"/{tmp_path.name}"
    for name in ("a.jpg", "1890/c.tif", "1890/deep/d.webp"):
        system.pipe_file(f"{root}/in/{name}", (archive / name).read_bytes())
    assert run(f"memory:/{root}/in/*/*.tif", tmp_path / "glob").done == 1
    assert sorted(contents(tmp_path / "glob")) == ["1890/c.tif"]
    assert run(f"memory:/{root}/in/1890/c.tif", tmp_path / "one").done == 1
    assert contents(tmp_path / "one") == {"c.tif": contents(tmp_path / "glob")["1890/c.tif"]}
    system.pipe_file(f"{root}/folder.jpg/a.jpg", (archive / "a.jpg").read_bytes())
    assert run(f"memory:/{root}/folder.jpg/", tmp_path / "folder").done == 1
    system.pipe_file(f"{root}/x.zip", Path(shutil.make_archive(str(tmp_path / "x"), "zip", archive)).read_bytes())
    assert run(f"memory:/{root}/x.zip", tmp_path / "zip").done == 4
    assert Photo.open(tmp_path / "zip" / "1890" / "c.tif").is_colored
    system.copy(f"{root}/x.zip", f"{root}/y.zip")
    assert run(f"memory:/{root}/*.zip", tmp_path / "zips").done == 8
    assert {name.partition("/")[0] for name in contents(tmp_path / "zips")} == {"x", "y"}


def test_a_target_below_its_source_is_no_source(run: Run, archive: Path, tmp_path: Path) -> None:
    system, root = fsspec.filesystem("memory"), f"/{tmp_path.name}"
    system.pipe_file(f"{root}/in/a.jpg", (archive / "a.jpg").read_bytes())
    words = {"ledger": tmp_path / "l.sqlite"}
    assert run(f"memory:/{root}/in", f"memory:/{root}/in/out", **words).done == 1
    summary = run(f"memory:/{root}/in", f"memory:/{root}/in/out", **words)
    assert (summary.seen, summary.unchanged) == (1, 1)


def test_where_objects_are_not_whole_by_themselves_they_are_renamed(run: Run, archive: Path, tmp_path: Path) -> None:
    from photochrom.archive.remote import RemoteTarget
    from photochrom.archive.store import Store
    from photochrom.photo.target import part_start

    target = RemoteTarget(Store(f"file://{tmp_path}/out"))
    assert target.upload(b"12345", "deep/x.jpg", False).size == 5
    with pytest.raises(Exception, match="exists already"):
        target.upload(b"1", "deep/x.jpg", False)
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["deep", "x.jpg"]
    y, z = (f"{part_start(name)}0123456789ab.part" for name in ("y.jpg", "z.jpg"))
    for name in (f"deep/{y}", f"deep/{z}", y):
        (tmp_path / "out" / name).touch()
    target.tidy(["deep/y.jpg", "deep/x.jpg", "gone/y.jpg"])
    left = sorted(path.name for path in (tmp_path / "out").rglob("*.part"))
    assert left == [y, z], "what a kill left of other results"


def test_a_bucket_that_is_not_there_is_one_line(run: Run, archive: Path, store: Any, tmp_path: Path) -> None:
    words: dict[str, Any] = {"options": {"target": store[1]}, "ledger": tmp_path / "l.sqlite"}
    with pytest.raises(OutputUnwritable, match=r"check that s3://nobody/out is there, and the rights$"):
        run(archive, "s3://nobody/out", **words)


def test_passwords_are_not_shown() -> None:
    from photochrom.archive.store import Store

    assert Store("sftp://ann:secret@host/photos/").identity == "sftp://ann@host/photos"


@pytest.mark.parametrize("url", ["nothing://x/y", "s3:///", "http//x"])
def test_a_url_that_cannot_be_is_one_line(run: Run, url: str, archive: Path, tmp_path: Path) -> None:
    from photochrom.errors import PhotochromError

    if url == "http//x":
        with pytest.raises(PhotochromError, match="no such file"):
            run(url, tmp_path / "t")
    else:
        with pytest.raises(PhotochromError):
            run(archive, url, ledger=tmp_path / "l.sqlite")
