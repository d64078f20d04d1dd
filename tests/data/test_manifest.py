"""The list of accepted and rejected photos."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from photochrom.data.catalog import Entry, list_entries
from photochrom.data.manifest import (
    Manifest,
    Row,
    build_manifest,
    clean,
    perceptual_hash,
    split_of,
)
from photochrom.errors import DataError, OptionError, OutputUnwritable


def scene(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(1))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for seed in range(8):
        scene(seed).save(folder / f"good-{seed}.jpg")
    scene(3, (240, 180)).save(folder / "larger.webp")
    scene(2).convert("L").save(folder / "gray.png")
    scene(5, (50, 40)).save(folder / "tiny.png")
    (folder / "broken.jpg").write_bytes(b"no photo")
    return folder


@pytest.fixture(scope="module")
def entries(folder: Path) -> list[Entry]:
    return list_entries([str(folder)])


@pytest.fixture(scope="module")
def manifest(entries: list[Entry]) -> Manifest:
    return build_manifest(entries, workers=0)


def reason(manifest: Manifest, key: str) -> str:
    return next(row.reason for row in manifest.rows if row.key == key)


def test_every_photo_has_a_row_and_every_rejection_a_reason(manifest: Manifest, entries: list[Entry]) -> None:
    assert [row.key for row in manifest.rows] == [entry.key for entry in entries]
    assert manifest.counts() == {"accepted": 8, "broken": 1, "duplicate": 1, "gray": 1, "tiny": 1}
    assert reason(manifest, "broken.jpg") == "broken"
    assert reason(manifest, "gray.png") == "gray"


def test_of_duplicates_the_largest_is_kept(manifest: Manifest) -> None:
    assert reason(manifest, "good-3.jpg") == "duplicate"
    assert reason(manifest, "larger.webp") == ""


def test_a_rejected_photo_makes_no_duplicates(manifest: Manifest) -> None:
    assert reason(manifest, "good-2.jpg") == reason(manifest, "good-5.jpg") == ""


def test_the_same_photos_give_the_same_bytes_with_any_number_of_workers(
    manifest: Manifest, entries: list[Entry], tmp_path: Path
) -> None:
    first = manifest.save(tmp_path / "a.csv").read_bytes()
    again = build_manifest(list(reversed(entries)), workers=2).save(tmp_path / "b.csv").read_bytes()
    assert first == again


def test_a_saved_manifest_is_loaded_as_it_was(manifest: Manifest, tmp_path: Path) -> None:
    path = manifest.save(tmp_path / "manifest.csv")
    assert Manifest.load(path) == manifest
    assert sorted(tmp_path.iterdir()) == [path]


def test_odd_names_survive_saving_and_loading(tmp_path: Path) -> None:
    names = ("a,b.jpg", 'quo"te.jpg', "new\nline.jpg", "Zürich ☀.jpg", "raw\udcff.jpg")
    manifest = Manifest(tuple(Row(name, f"/x/{name}", 1, 2, 3.5, 2**63 + 1, "val", "") for name in names))
    assert Manifest.load(manifest.save(tmp_path / "m.csv")) == manifest


def test_saving_replaces_an_older_manifest(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("old")
    assert Manifest.load(manifest.save(tmp_path / "m.csv")) == manifest


def test_accepted_entries_are_those_without_a_reason(manifest: Manifest, entries: list[Entry]) -> None:
    accepted = [entry.key for entry in manifest.accepted(entries)]
    assert accepted == [row.key for row in manifest.rows if not row.reason]
    train, val = (manifest.accepted(entries, split) for split in ("train", "val"))
    assert sorted(entry.key for entry in [*train, *val]) == accepted


def test_an_entry_that_is_not_in_the_manifest_is_an_error(manifest: Manifest, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"new\.jpg: not in the manifest"):
        manifest.accepted([Entry("new.jpg", tmp_path, -1, 0)])


def test_the_split_depends_on_the_key_alone_and_has_the_asked_share() -> None:
    keys = [f"photo-{number}" for number in range(20000)]
    share = np.mean([split_of(key, 0.1) == "val" for key in keys])
    assert 0.09 < share < 0.11
    assert split_of("photo-7", 0.1) == split_of("photo-7", 0.1)
    assert {split_of(key, 0.0) for key in keys} == {"train"}
    assert {split_of(key, 1.0) for key in keys} == {"val"}
    assert all(split_of(key, 0.2) == "val" for key in keys if split_of(key, 0.1) == "val")


def test_the_hash_survives_resizing_compression_and_toning() -> None:
    for seed in range(20):
        image = scene(seed, (320, 240))
        small = image.resize((160, 120), Image.Resampling.LANCZOS)
        brown = image.convert("L").convert("RGB")
        first = perceptual_hash(np.asarray(image))
        for other in (small, brown):
            assert (first ^ perceptual_hash(np.asarray(other))).bit_count() <= 3


def test_hashes_of_different_photos_lie_far_apart() -> None:
    hashes = [perceptual_hash(np.asarray(scene(seed))) for seed in range(60)]
    distances = [(a ^ b).bit_count() for place, a in enumerate(hashes) for b in hashes[:place]]
    assert min(distances) > 8


def test_duplicates_within_three_bits_are_found_and_farther_ones_kept() -> None:
    base = 0x0123456789ABCDEF
    flips = {"b": 0b111, "c": 1 | 1 << 20 | 1 << 40, "d": 0b1111, "e": 1 << 63 | 1 << 47 | 1 << 31 | 1 << 15}
    rows = [Row("a", "", 9, 9, 1.0, base, "", "")]
    rows += [Row(key, "", 5, 5, 1.0, base ^ bits, "", "") for key, bits in flips.items()]
    from photochrom.data.manifest import _mark_duplicates

    marked = {row.key: row.reason for row in _mark_duplicates(rows)}
    assert marked == {"a": "", "b": "duplicate", "c": "duplicate", "d": "", "e": ""}


def test_progress_counts_every_photo(entries: list[Entry]) -> None:
    calls: list[tuple[int, int]] = []
    build_manifest(entries, workers=0, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, len(entries)) for done in range(1, len(entries) + 1)]


def test_cleaning_writes_the_manifest_of_all_sources(folder: Path, manifest: Manifest, tmp_path: Path) -> None:
    result = clean([str(folder)], tmp_path / "out.csv", workers=0)
    assert result == manifest == Manifest.load(tmp_path / "out.csv")


def test_an_unwritable_target_is_an_error_before_the_work_starts(folder: Path, tmp_path: Path) -> None:
    def fail(_done: int, _total: int) -> None:
        raise AssertionError("work was started")

    with pytest.raises(OutputUnwritable, match="no such folder"):
        clean([str(folder)], tmp_path / "none" / "out.csv", workers=0, progress=fail)
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        Manifest(()).save(tmp_path)


@pytest.mark.parametrize("text", ["", "a,b,c\n", "key,source,width,height,colorfulness,phash,split,reason\n1,2\n"])
def test_another_file_is_not_taken_for_a_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(DataError, match="manifest"):
        Manifest.load(tmp_path / "m.csv")


def test_a_missing_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        Manifest.load(tmp_path / "none.csv")


def test_impossible_options_are_errors(entries: list[Entry]) -> None:
    with pytest.raises(OptionError):
        build_manifest(entries, workers=0, validation=1.5)
    with pytest.raises(OptionError):
        build_manifest(entries, workers=-1)
