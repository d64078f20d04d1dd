"""Shards in object stores: what is listed, fetched and kept, in memory:// and with its faults."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photochrom import urls
from photochrom.data import shelf, stores
from photochrom.data.catalog import list_entries, list_mark, read_bytes
from photochrom.data.loading import fixed_samples
from photochrom.data.shelf import Shelf
from photochrom.errors import DataError, PhotochromError, RunError

fsspec = pytest.importorskip("fsspec")
IN_SHARD, SHARDS = 4, 6


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give a list that grows by the bytes of every request for content."""
    memory = fsspec.get_filesystem_class("memory")
    sizes: list[int] = []
    real = memory.cat_file

    def counted(self: Any, path: str, start: Any = None, end: Any = None, **more: Any) -> bytes:
        data: bytes = real(self, path, start=start, end=end, **more)
        sizes.append(len(data))
        return data

    monkeypatch.setattr(memory, "cat_file", counted)
    return sizes


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Give ``failing(error, times)``: the next requests for content raise; returns the list of further requests."""
    memory = fsspec.get_filesystem_class("memory")
    monkeypatch.setattr(urls, "FIRST_PAUSE", 0.001)
    real = memory.cat_file

    def begin(error: BaseException, times: int) -> list[int]:
        tries: list[int] = []

        def cat_file(self: Any, path: str, **more: Any) -> bytes:
            tries.append(1)
            if len(tries) <= times:
                raise error
            data: bytes = real(self, path, **more)
            return data

        monkeypatch.setattr(memory, "cat_file", cat_file)
        return tries

    return begin


def on_shelf(kept: Shelf) -> list[Path]:
    return sorted(path for path in kept.folder.glob("*") if path.suffix in (".tar", ".part"))


def test_shards_at_urls_have_the_keys_and_bytes_of_shards_on_a_disk(
    url: str, kept: Shelf, tmp_path: Path, contents: list[bytes]
) -> None:
    (tmp_path / "disk").mkdir()
    for number, content in enumerate(contents):
        (tmp_path / "disk" / f"train-{number:03}.tar").write_bytes(content)
    local = list_entries([str(tmp_path / "disk")])
    for source in (url, f"{url}/train-*.tar", f"{url}/train-{{000..005}}.tar"):
        remote = list_entries([source], kept)
        assert [entry.key for entry in remote] == [entry.key for entry in local]
        assert [read_bytes(entry) for entry in remote] == [read_bytes(entry) for entry in local]
    assert len(list_entries([f"{url}/train-003.tar", str(tmp_path / "disk" / "train-003.tar")], kept)) == 2 * IN_SHARD
    assert len(list_entries([url, f"{url}/train-*.tar"], kept)) == len(local), "a photo reached twice is listed once"


def test_listing_reads_headers_only_and_only_once(
    url: str, kept: Shelf, asked: list[int], contents: list[bytes]
) -> None:
    entries = list_entries([url], kept)
    assert len(entries) == SHARDS * IN_SHARD
    assert sum(asked) < sum(map(len, contents)) * 0.6
    assert max(asked) <= shelf.HOP
    assert on_shelf(kept) == []
    asked.clear()
    assert list_entries([url], kept) == entries
    assert asked == []


def test_a_long_listing_is_told_once_and_a_damaged_index_is_made_anew(
    url: str, kept: Shelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shelf, "MANY", SHARDS)
    entries = list_entries([url], kept)
    (kept.folder / "index" / f"{entries[0].path.stem}.json").write_text("[[")
    assert list_entries([url], kept) == entries
    told = [record.message for record in caplog.records]
    assert told == [f"listing 6 shards for the first time; their index is kept in {kept.folder}"]


def test_a_photo_alone_is_one_request_and_its_shard_stays_away(url: str, kept: Shelf, asked: list[int]) -> None:
    entries = list_entries([url], kept)
    asked.clear()
    fixed_samples(entries, 16, 5)
    assert len(asked) == 5
    assert set(asked) <= {entry.size for entry in entries}
    assert on_shelf(kept) == []


def test_a_shard_is_fetched_once_in_pieces_whoever_reads_it(
    url: str,
    kept: Shelf,
    asked: list[int],
    contents: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    photo: Callable[[int], bytes],
) -> None:
    monkeypatch.setattr(shelf, "PIECE", 5000)
    entries = list_entries([url], kept)
    asked.clear()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read_bytes, entries)) == [photo(number) for number in range(len(entries))]
    assert len(asked) == sum(-(-len(content) // 5000) for content in contents)
    assert [path.read_bytes() for path in on_shelf(kept)] == [contents[int(path.stem[-3:])] for path in on_shelf(kept)]


def test_the_shelf_holds_no_more_than_its_limit(
    url: str, kept: Shelf, contents: list[bytes], photo: Callable[[int], bytes]
) -> None:
    limit = int(2.5 * max(map(len, contents)))
    entries = list_entries([url], replace(kept, limit=limit))
    largest = 0
    for number in np.random.default_rng(0).integers(0, len(entries), 60).tolist():
        assert read_bytes(entries[number]) == photo(number)
        largest = max(largest, sum(path.stat().st_size for path in on_shelf(kept)))
    assert max(map(len, contents)) < largest <= limit
    with pytest.raises(RunError, match=r"are too little for .*; give more with --cache-gb"):
        read_bytes(list_entries([f"{url}/train-001.tar"], Shelf(kept.folder / "small", 1000))[0])


def test_the_shard_not_read_for_longest_makes_room(url: str, kept: Shelf, contents: list[bytes]) -> None:
    entries = list_entries([url], replace(kept, limit=int(2.5 * max(map(len, contents)))))
    for number in (0, 1, 0, 2):  # numbers of shards
        read_bytes(entries[number * IN_SHARD])
        time.sleep(0.03)  # clocks of file systems are coarse
    assert sorted(path.stem[-3:] for path in on_shelf(kept)) == ["000", "002"]


def test_what_a_killed_process_left_is_removed(
    url: str, kept: Shelf, contents: list[bytes], photo: Callable[[int], bytes]
) -> None:
    entries = list_entries([url], replace(kept, limit=int(1.5 * max(map(len, contents)))))
    left = entries[0].path.with_suffix(".part")
    left.write_bytes(bytes(len(contents[0])))
    assert read_bytes(entries[IN_SHARD]) == photo(IN_SHARD)
    assert not left.exists()
    left.write_bytes(b"half")
    assert read_bytes(entries[0]) == photo(0)
    assert not left.exists()


@pytest.mark.parametrize("times", [1, 5])
def test_faults_that_pass_are_waited_out(
    url: str, kept: Shelf, failing: Callable[..., list[int]], times: int, photo: Callable[[int], bytes]
) -> None:
    entries = list_entries([url], kept)
    tries = failing(ConnectionResetError("Connection reset by peer"), times)
    assert read_bytes(entries[7]) == photo(7)
    assert len(tries) == times + 1


@pytest.mark.parametrize(
    ("error", "tries", "text"),
    [
        (TimeoutError("timed out"), 6, r"memory://.*train-000\.tar: cannot be read \(timed out\); tried 6 times;"),
        (PermissionError("Access Denied"), 1, r"\(Access Denied\); check the credentials and rights"),
        (type("NoCredentialsError", (Exception,), {})("Unable to locate credentials"), 1, "check the credentials"),
        (FileNotFoundError("The specified bucket does not exist"), 1, "check the bucket and the names"),
        (OSError("Forbidden: https://host/o/a.tar"), 1, r"\(Forbidden: .*\); check the credentials and rights"),
    ],
)
def test_a_store_that_cannot_be_read_is_one_line(
    url: str, kept: Shelf, failing: Callable[..., list[int]], error: Exception, tries: int, text: str
) -> None:
    entries = list_entries([url], kept)
    made = failing(error, 100)
    with pytest.raises(RunError, match=text):
        read_bytes(entries[0])
    assert len(made) == tries
    assert on_shelf(kept) == []


def test_a_store_that_does_not_answer_at_first_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(self: Any, path: str, **more: Any) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "find", silent)
    monkeypatch.setattr(stores, "GREETING", -1.0)
    with pytest.raises(RunError, match=r"memory://x: cannot be read \(timed out\); tried 1 times; check the address"):
        stores.find_shards(["memory://x"])


def test_a_shard_that_changed_since_it_was_listed_is_told_and_listed_anew(
    url: str, kept: Shelf, contents: list[bytes], photo: Callable[[int], bytes], shard: Callable[[int], bytes]
) -> None:
    before = list_entries([url], kept)
    read_bytes(before[0])
    system = fsspec.filesystem("memory")
    for number, content in ((0, shard(9)), (1, shard(0))):
        system.pipe_file(f"/{url.partition('://')[2]}/train-{number:03}.tar", content)
    with pytest.raises(RunError, match=r"train-001\.tar: changed since it was listed; type the command again"):
        read_bytes(before[IN_SHARD])
    assert read_bytes(before[0]) == photo(0), "what is on the shelf stays as it was"
    after = list_entries([url], kept)
    assert [entry.key for entry in after[:4]] == [f"train-000/{photo:03}.png" for photo in range(36, 40)]
    assert read_bytes(after[0]) == photo(36)
    assert list_mark(after) != list_mark(before)


@pytest.mark.parametrize(
    ("source", "error", "text"),
    [
        (
            "memory://nowhere/train-000.tar",
            RunError,
            r"nowhere.*cannot be read \(there is none\); check the bucket and the n",
        ),
        ("memory://nowhere/train-*.tar", DataError, r"memory://nowhere/train-\*\.tar: no tar shards found"),
        ("memory://nowhere", PhotochromError, "nowhere"),
        ("nothing://x/y.tar", RunError, r"nothing.*expected a URL such as s3://bucket/train-\*\.tar"),
        ("memory://x/{000..004.tar", DataError, "the braces do not match"),
    ],
)
def test_a_url_without_shards_is_one_line(kept: Shelf, source: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        list_entries([source], kept)


def test_a_package_that_is_missing_is_named(kept: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, "s3", raising=False)  # where another test has used it
    with pytest.raises(RunError, match=r"s3://: needs .*s3fs.*; pip install 'photochrom\[batch\]' brings it"):
        list_entries(["s3://bucket/train-000.tar"], kept)


def test_a_password_is_not_shown() -> None:
    stored = stores.Stored("sftp://ann:secret@host/photos/*.tar", "/photos/a.tar", "a", 1, "")
    assert stored.url == "sftp://ann@host/photos/a.tar"
    assert replace(stored, source="s3://bucket/*.tar", path="bucket/a.tar").url == "s3://bucket/a.tar"
