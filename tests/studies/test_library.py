"""A photo library: collections, labels, selections."""

import csv
import io
import tarfile
from pathlib import Path

import pytest

from photochrom.errors import DataError
from photochrom.studies.library import Library, Selection


@pytest.fixture
def library(tmp_path: Path, photo_folder: Path) -> Library:
    """Give train (a shard of 20 photos, half of them "sea") and test (a folder of 4)."""
    photos = sorted(photo_folder.iterdir())
    rows = []
    with tarfile.open(tmp_path / "train-000.tar", "w") as shard:
        for number, path in enumerate(photos[:20]):
            info = tarfile.TarInfo(path.name)
            content = path.read_bytes()
            info.size = len(content)
            shard.addfile(info, io.BytesIO(content))
            rows.append(["train", path.stem, "made" if number < 15 else "other", "sea" if number % 2 else ""])
    (tmp_path / "test").mkdir()
    for path in photos[20:]:
        (tmp_path / "test" / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["split", "key", "source", "label"], *rows])
    return Library(tmp_path)


def test_a_collection_is_a_set_of_shards_or_a_folder(library: Library) -> None:
    assert len(library.select(Selection())) == 20
    assert len(library.select(Selection("test"))) == 4


def test_photos_are_chosen_by_source_and_label_together(library: Library) -> None:
    assert len(library.select(Selection(sources=("made",)))) == 15
    assert len(library.select(Selection(labels=("sea",)))) == 10
    assert len(library.select(Selection(sources=("made",), labels=("sea",)))) == 7
    assert len(library.select(Selection(labels=("*",)))) == 10


def test_labels_come_in_the_order_of_the_photos(library: Library) -> None:
    entries = library.select(Selection())
    assert library.labels(entries) == ["", "sea"] * 10
    assert library.labels(entries[1:2]) == ["sea"]


def test_a_limit_takes_photos_at_even_distances(library: Library) -> None:
    every = library.select(Selection())
    few = library.select(Selection(limit=3))
    assert few == [every[0], every[10], every[19]] or few == [every[0], every[9], every[19]]
    assert library.select(Selection(limit=100)) == every


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Selection("val"), r"the photos val are missing; expected val-000.tar or a folder val"),
        (Selection(labels=("forest",)), r"train has no photos of forest; see manifest.csv"),
    ],
)
def test_what_is_missing_is_named(library: Library, wanted: Selection, message: str) -> None:
    with pytest.raises(DataError, match=message):
        library.select(wanted)


def test_labels_without_a_manifest_are_an_error_and_photos_alone_are_not(library: Library) -> None:
    (library.folder / "manifest.csv").unlink()
    assert len(library.select(Selection())) == 20
    with pytest.raises(DataError, match=r"manifest.csv is needed for sources and labels"):
        library.select(Selection(labels=("sea",)))


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no such folder; give the one with train-\*.tar"):
        Library(tmp_path / "nothing")
