"""Targets are whole or untouched, and what exists is safe."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from photochrom.errors import OutputExists, OutputUnwritable
from photochrom.photo import Photo, SaveOptions
from photochrom.photo.target import write_atomically

OVERWRITE = SaveOptions(overwrite=True)


@pytest.fixture
def photo(make: Any) -> Photo:
    return Photo.from_array(make.gray()).with_chroma([make.gentle()])


def test_saving_returns_the_path_and_leaves_nothing_else(photo: Photo, tmp_path: Path) -> None:
    assert photo.save(tmp_path / "out.png") == tmp_path / "out.png"
    assert photo.save(str(tmp_path / "two.png")) == tmp_path / "two.png"
    assert sorted(os.listdir(tmp_path)) == ["out.png", "two.png"]


def test_an_existing_file_is_safe(photo: Photo, tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"precious")
    with pytest.raises(OutputExists, match=r"^[^\n]+$"):
        photo.save(tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes() == b"precious"
    photo.save(tmp_path / "out.png", options=OVERWRITE)
    assert Photo.open(tmp_path / "out.png").width == 128


def test_a_file_that_appears_meanwhile_is_safe_too(tmp_path: Path) -> None:
    def write(temporary: Path) -> None:
        temporary.write_bytes(b"new")
        (tmp_path / "out").write_bytes(b"precious")

    with pytest.raises(OutputExists):
        write_atomically(tmp_path / "out", False, write)
    assert os.listdir(tmp_path) == ["out"]
    assert (tmp_path / "out").read_bytes() == b"precious"


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_a_photo_can_replace_itself(suffix: str, make: Any) -> None:
    path = make.vips(f"self.{suffix}", make.color(8, 600, 800), "srgb")
    Photo.open(path).with_chroma([make.gentle()]).save(path, options=OVERWRITE)
    assert Photo.open(path).to_array().shape == (600, 800, 3)


def test_a_link_is_followed(photo: Photo, tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    with pytest.raises(OutputExists):
        photo.save(tmp_path / "link.png")
    photo.save(tmp_path / "link.png", options=OVERWRITE)
    assert (tmp_path / "link.png").is_symlink()
    assert Photo.open(tmp_path / "real.png").width == 128


def test_a_dangling_link_is_not_followed_without_asking(photo: Photo, tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(OutputExists):
        photo.save(tmp_path / "link.png")


def test_new_files_have_the_usual_mode_and_old_ones_keep_theirs(photo: Photo, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        photo.save(tmp_path / "new.png")
    finally:
        os.umask(before)
    assert (tmp_path / "new.png").stat().st_mode & 0o777 == 0o640
    (tmp_path / "old.png").touch(0o600)
    (tmp_path / "old.png").chmod(0o604)
    photo.save(tmp_path / "old.png", options=OVERWRITE)
    assert (tmp_path / "old.png").stat().st_mode & 0o777 == 0o604


@pytest.mark.parametrize("name", ["missing/out.png", "file/out.png", ".", "x" * 300 + ".png"])
def test_places_that_cannot_be_written_are_named(name: str, photo: Photo, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable, match=r"^[^\n]+$"):
        photo.save(tmp_path / name)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(photo: Photo, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputUnwritable, match=r"[Pp]ermission"):
        photo.save(tmp_path / "out.png")


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from photochrom.errors import OutputUnwritable
from photochrom.photo import Photo, SaveOptions
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = np.random.default_rng(0).integers(0, 255, (400, 400), dtype=np.uint8)
photo = Photo.from_array(noise).with_chroma([np.zeros((2, 2, 2), np.float32)])
try:
    photo.save(Path(sys.argv[1]), options=SaveOptions(format=sys.argv[2], overwrite=True))
except OutputUnwritable as error:
    sys.exit(0 if "\\n" not in str(error) else "more than one line")
sys.exit("no error")
"""


@pytest.mark.parametrize("name", ["jpeg", "png", "tiff", "webp"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.write_bytes(b"precious")
    command = [sys.executable, "-c", FULL_DISK, str(target), name]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert os.listdir(tmp_path) == ["out"]
    assert target.read_bytes() == b"precious"
