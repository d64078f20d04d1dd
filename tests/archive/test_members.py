"""ZIP and TAR files as sources: every member once, names that stay inside, damage that is told."""

import csv
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photochrom import Photo
from photochrom.archive.entry import Entry, Trouble
from photochrom.archive.members import Members, list_members

Run = Callable[..., Any]


@pytest.fixture
def packed(archive: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Give ``packed(name)``: the archive as a ZIP or TAR file."""

    def pack(name: str) -> Path:
        path = tmp_path / name
        files = sorted(file for file in archive.rglob("*") if file.is_file())
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive_file:
                for file in files:
                    archive_file.write(file, file.relative_to(archive))
        else:
            with tarfile.open(path, {"r": "w", "z": "w:gz", "2": "w:bz2"}[name[-1]]) as tar:
                for file in files:
                    tar.add(file, f"./{file.relative_to(archive)}")
        return path

    return pack


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar", "photos.tgz", "photos.tar.bz2"])
def test_members_are_colorized_as_files_are(
    name: str, packed: Callable[[str], Path], run: Run, archive: Path, contents: Any, tmp_path: Path
) -> None:
    summary = run(packed(name), tmp_path / "t")
    assert (summary.done, summary.skipped, summary.failed) == (4, 1, 0)
    if name == "photos.zip":
        run(archive, tmp_path / "plain")
        assert contents(tmp_path / "t") == contents(tmp_path / "plain")
    summary = run(packed(name), tmp_path / "t")
    assert (summary.done + summary.unchanged, summary.failed) == (4, 0)


def test_shards_have_folders_of_their_own(run: Run, packed: Any, contents: Any, tmp_path: Path) -> None:
    for name in ("shard-000.tar", "shard-001.tar"):
        packed(name)
    assert run(f"{tmp_path}/shard-*.tar", tmp_path / "t").done == 8
    assert sorted(contents(tmp_path / "t"))[::4] == ["shard-000/1890/c.tif", "shard-001/1890/c.tif"]


def test_names_that_lead_out_and_names_given_twice(run: Run, archive: Path, contents: Any, tmp_path: Path) -> None:
    content = (archive / "b.png").read_bytes()
    with tarfile.open(tmp_path / "odd.tar", "w") as tar:
        for name in ("../out.png", "/abs.png", "x/../../out.png", "ok.png", "ok.png", "._ok.png", "C:evil.png"):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    summary = run(tmp_path / "odd.tar", tmp_path / "t")
    assert (summary.done, summary.failed) == (2, 4)
    assert sorted(contents(tmp_path / "t")) == ["ok.png", "ok.png#2"]
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar", "photos.tgz"])
def test_a_damaged_archive_is_told(name: str, run: Run, packed: Any, tmp_path: Path) -> None:
    path = packed(name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    summary = run(path, tmp_path / "t")
    assert summary.failed
    assert summary.exit_code
    with (tmp_path / "t" / ".photochrom" / "failures.csv").open() as file:
        assert {row["kind"] for row in csv.DictReader(file)} <= {"ArchiveUnreadable", "PhotoUnreadable"}


def test_a_member_with_a_password_is_a_failure(archive: Path, tmp_path: Path) -> None:
    path = tmp_path / "locked.zip"
    with zipfile.ZipFile(path, "w") as archive_file:
        archive_file.write(archive / "a.jpg", "a.jpg")
    content = bytearray(path.read_bytes())
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        content[content.index(start) + (6 if start[2] == 3 else 8)] |= 1
    path.write_bytes(content)
    with path.open("rb") as file:
        (entry,) = list_members("locked.zip", file, "")
    assert isinstance(entry, Entry)
    with pytest.raises(Exception, match="unpack it by hand"):
        Members(lambda name: (tmp_path / name).open("rb")).read(entry.where)


def test_listing_a_tar_keeps_no_members(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for number in range(300):
            tar.addfile(tarfile.TarInfo(f"{number}.png"))
    with (tmp_path / "x.tar").open("rb") as file:
        found = list(list_members("x.tar", file, "x/"))
    assert len(found) == 300
    assert not [one for one in found if isinstance(one, Trouble)]


def test_formats_of_members_are_kept(run: Run, packed: Any, tmp_path: Path) -> None:
    run(packed("photos.zip"), tmp_path / "t")
    assert Photo.open(tmp_path / "t" / "1890" / "c.tif").format == "tiff"
