"""Finding and reading photos in folders, files and tar shards."""

import io
import multiprocessing
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom.data import catalog
from photochrom.data.catalog import Entry, decode, list_entries, read_bytes
from photochrom.errors import DataError


def encoded(color: tuple[int, int, int] = (200, 80, 30), form: str = "PNG", size: tuple[int, int] = (24, 16)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, form)
    return buffer.getvalue()


def write_shard(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as shard:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            shard.addfile(info, io.BytesIO(data))
    return path


def keys(*sources: object) -> list[str]:
    return [entry.key for entry in list_entries([str(source) for source in sources])]


def test_a_folder_is_searched_recursively_and_sorted(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("z.PNG", "b/a.jpg", "b/c.webp", "a.tiff", "notes.txt"):
        (tmp_path / name).write_bytes(encoded())
    assert keys(tmp_path) == ["a.tiff", "b/a.jpg", "b/c.webp", "z.PNG"]


def test_a_shard_lists_its_photos_and_passes_over_other_members(tmp_path: Path) -> None:
    shard = write_shard(
        tmp_path / "train-000.tar",
        {"./b.png": encoded(), "a.webp": encoded(form="WEBP"), "a.json": b"{}", "a.cls": b"7"},
    )
    assert keys(shard) == ["train-000/a.webp", "train-000/b.png"]


def test_a_folder_of_shards_is_read_like_its_shards(tmp_path: Path) -> None:
    write_shard(tmp_path / "s-1.tar", {"a.png": encoded()})
    write_shard(tmp_path / "s-0.tar", {"a.png": encoded()})
    assert keys(tmp_path) == ["s-0/a.png", "s-1/a.png"] == keys(tmp_path / "s-1.tar", tmp_path / "s-0.tar")


def test_globs_and_braces_find_the_same_shards(tmp_path: Path) -> None:
    for number in range(3):
        write_shard(tmp_path / f"train-{number:03}.tar", {f"{number}.png": encoded()})
    expected = ["train-000/0.png", "train-001/1.png", "train-002/2.png"]
    assert keys(tmp_path / "train-*.tar") == keys(tmp_path / "train-{000..002}.tar") == expected


def test_a_name_with_braces_or_brackets_that_exists_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a[1]{2}.png").write_bytes(encoded())
    assert keys(tmp_path / "a[1]{2}.png") == ["a[1]{2}.png"]


def test_the_order_of_the_sources_does_not_matter(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.png").write_bytes(encoded())
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    assert list_entries([one, two]) == list_entries([two, one])


def test_a_photo_reached_twice_is_listed_once(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "s.tar", {"a.png": encoded()})
    assert len(list_entries([str(tmp_path), str(shard), str(tmp_path / "*.tar")])) == 1


def test_equal_names_from_two_folders_get_different_keys(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(encoded())
    assert keys(tmp_path / "one", tmp_path / "two") == ["a.png", "a.png#2"]


def test_every_photo_of_a_shard_is_read_byte_for_byte(tmp_path: Path) -> None:
    members = {f"{number:02}.png": encoded((number, 2 * number, 99)) for number in range(20)}
    entries = list_entries([str(write_shard(tmp_path / "s.tar", members))])
    assert [read_bytes(entry) for entry in entries] == list(members.values())


def test_a_shard_that_the_cache_lets_go_of_stays_open_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shard(tmp_path / "s.tar", {"a.png": encoded()})
    (entry,) = list_entries([str(tmp_path / "s.tar")])
    monkeypatch.setattr(catalog, "_shard_file", lambda path: path.open("rb", buffering=0))
    assert read_bytes(entry) == encoded()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_photos_can_be_read_in_another_process(tmp_path: Path, method: str) -> None:
    members = {f"{number:02}.png": encoded((number, 0, 0)) for number in range(8)}
    entries = list_entries([str(write_shard(tmp_path / "s.tar", members))])
    read_bytes(entries[0])
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(read_bytes, entries) == list(members.values())


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_every_format_decodes_to_rgb(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"photo.{form.lower()}"
    path.write_bytes(encoded((200, 80, 30), form))
    rgb = decode(list_entries([str(path)])[0])
    assert rgb.shape == (16, 24, 3)
    assert rgb.dtype == np.uint8
    assert np.abs(rgb.astype(int) - (200, 80, 30)).max() <= 4


def test_a_turned_photo_is_decoded_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 4), "black")
    image.putpixel((0, 0), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.png", exif=exif)
    rgb = decode(list_entries([str(tmp_path / "a.png")])[0])
    assert rgb.shape == (8, 4, 3)
    assert rgb[0, 3].tolist() == [255, 255, 255]


def test_sixteen_bit_gray_keeps_its_tones(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(1, 256).repeat(4, 0)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    rgb = decode(list_entries([str(tmp_path / "a.png")])[0])
    assert np.abs(rgb[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_a_large_jpeg_may_be_decoded_smaller_but_never_below_what_is_needed(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(form="JPEG", size=(1600, 1200)))
    entry = list_entries([str(tmp_path)])[0]
    assert decode(entry).shape == (1200, 1600, 3)
    assert decode(entry, 256).shape == (300, 400, 3)


@pytest.mark.parametrize("data", [b"", b"not a photo", encoded()[:-30], encoded(form="JPEG", size=(640, 480))[:2000]])
def test_a_broken_photo_is_an_error_that_names_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(data)
    with pytest.raises(DataError, match=r"^bad\.png: cannot be decoded"):
        decode(list_entries([str(tmp_path)])[0])


def test_a_missing_source_is_an_error_that_names_it(tmp_path: Path) -> None:
    for name in ("nothing", "nothing-*.tar", "nothing-{0..3}.tar"):
        with pytest.raises(DataError, match=r"nothing.*no such file or folder"):
            list_entries([str(tmp_path / name)])


def test_a_source_without_photos_is_an_error(tmp_path: Path) -> None:
    write_shard(tmp_path / "empty.tar", {"a.txt": b"text"})
    for source in (tmp_path, tmp_path / "empty.tar"):
        with pytest.raises(DataError, match="no photos found"):
            list_entries([str(source)])
    with pytest.raises(DataError, match="No source"):
        list_entries([])


def test_unbalanced_braces_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="braces do not match"):
        list_entries([str(tmp_path / "train-{000..004.tar")])


def test_a_file_that_is_no_tar_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"x" * 2048)
    with pytest.raises(DataError, match=r"a\.tar: not a complete, uncompressed tar file"):
        list_entries([str(tmp_path / "a.tar")])


def test_a_truncated_shard_is_an_error(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "s.tar", {"a.png": encoded(), "b.png": encoded(size=(900, 900), form="TIFF")})
    shard.write_bytes(shard.read_bytes()[:9000])
    with pytest.raises(DataError, match=r"s\.tar: not a complete"):
        list_entries([str(shard)])


def test_a_shard_that_shrank_after_listing_is_an_error(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "s.tar", {"a.png": encoded()})
    entry = list_entries([str(shard)])[0]
    os.truncate(shard, 530)
    with pytest.raises(DataError, match="ends inside photo"):
        read_bytes(entry)


def test_a_photo_that_vanished_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_bytes(Entry("a", tmp_path / "a.png", -1, 3))
