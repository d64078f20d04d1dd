"""Whatever is wrong with a file is said in one line, and nothing else is printed."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

from photochrom.errors import PhotoNotFound, PhotoTooLarge, PhotoUnreadable
from photochrom.photo import Photo, SaveOptions
from photochrom.photo.engine import VipsError, reason

ONE_LINE = r"^[^\n]+$"


def read_all(photo: Photo) -> None:
    photo.pages[0].lightness(32, 24)
    photo.to_array()


def test_a_missing_file_is_not_found(make: Any) -> None:
    with pytest.raises(PhotoNotFound, match="no such file"):
        Photo.open(make.folder / "missing.jpg")


def test_a_folder_is_not_a_photo(make: Any) -> None:
    with pytest.raises(PhotoNotFound, match=ONE_LINE):
        Photo.open(make.folder)


def test_a_name_with_a_zero_in_it_is_not_found() -> None:
    with pytest.raises(PhotoNotFound, match=ONE_LINE):
        Photo.open("a\0b.jpg")


def test_an_empty_file_is_unreadable(make: Any) -> None:
    (make.folder / "empty.jpg").touch()
    for source in (make.folder / "empty.jpg", b""):
        with pytest.raises(PhotoUnreadable, match="empty"):
            Photo.open(source)


JUNK = {
    "text": b"Dear diary,\n" * 20,
    "html": b"<!DOCTYPE html><html>not found</html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>',
    "pdf": b"%PDF-1.4\n" + b"x" * 200,
    "vips": b"\xb6\xa6\xf2\x08" + b"\0" * 100,
    "bmp": b"BM" + b"\0" * 100,
    "ppm": b"P6\n1 1\n255\nabc",
    "csv": b"1,2,3\n4,5,6\n",
    "matlab": b"MATLAB 5.0 MAT-file" + b" " * 200,
    "hdr": b"#?RADIANCE\n" + b"\0" * 100,
    "jxl": b"\xff\x0a" + b"\0" * 100,
    "one byte": b"\xff",
}


@pytest.mark.parametrize("kind", JUNK)
def test_other_files_are_refused_whatever_their_name(kind: str, make: Any) -> None:
    path = make.folder / "photo.jpg"
    path.write_bytes(JUNK[kind])
    with pytest.raises(PhotoUnreadable, match=ONE_LINE):
        Photo.open(path)


def test_content_counts_and_not_the_name(make: Any) -> None:
    make.pillow("real.png", make.gray()).rename(make.folder / "wrong.jpg")
    assert Photo.open(make.folder / "wrong.jpg").format == "png"


def test_heic_is_named_in_the_error() -> None:
    with pytest.raises(PhotoUnreadable, match="HEIC"):
        Photo.open(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40)


def whole(kind: str, make: Any) -> bytes:
    noise = np.random.default_rng(3).integers(0, 255, (300, 400), dtype=np.uint8)
    name = {"jpeg": "a.jpg", "png": "a.png", "tiff": "a.tif", "webp": "a.webp"}[kind]
    return Path(make.vips(name, noise, "b-w")).read_bytes()


@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "webp"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_cut_files_are_unreadable_and_leave_no_output(kind: str, share: float, make: Any) -> None:
    data = whole(kind, make)
    cut = data[: int(len(data) * share)]
    target = make.folder / "result"

    def use() -> None:
        photo = Photo.open(cut)
        photo.with_chroma([make.gentle()]).save(target, options=SaveOptions(format="png"))

    with pytest.raises(PhotoUnreadable, match=ONE_LINE):
        use()
    with pytest.raises(PhotoUnreadable, match=ONE_LINE):
        read_all(Photo.open(cut))
    with pytest.raises(PhotoUnreadable, match=ONE_LINE):
        Photo.open(cut).encode(SaveOptions(format="png"))
    assert not list(make.folder.glob("*result*"))


@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "webp"])
def test_damaged_files_never_do_worse_than_say_so(kind: str, make: Any) -> None:
    data = bytearray(whole(kind, make))
    random = np.random.default_rng(5)
    for _ in range(25):
        damaged = bytearray(data)
        for place in random.integers(12, len(data), 12):
            damaged[place] = random.integers(0, 256)
        with suppress(PhotoUnreadable, PhotoTooLarge):
            read_all(Photo.open(bytes(damaged), max_pixels=10_000_000))


def test_too_many_pixels_are_refused_before_decoding(make: Any) -> None:
    path = make.pillow("in.png", make.gray())
    with pytest.raises(PhotoTooLarge, match="12,288"):
        Photo.open(path, max_pixels=96 * 128 - 1)
    assert Photo.open(path, max_pixels=96 * 128).width == 128


def test_a_bomb_is_refused_by_its_header(make: Any) -> None:
    data = bytearray(Path(make.pillow("in.png", make.gray(), "1")).read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(PhotoTooLarge, match=ONE_LINE):
        Photo.open(bytes(data))


@pytest.mark.parametrize("array", [np.zeros(5), np.zeros((2, 2, 5)), np.zeros((0, 4)), np.zeros((4, 4), np.int64)])
def test_odd_arrays_are_refused(array: Any) -> None:
    with pytest.raises(PhotoUnreadable, match="expected"):
        Photo.from_array(array)


def test_whole_numbers_of_32_bits_are_refused(make: Any) -> None:
    with pytest.raises(PhotoUnreadable, match="uint"):
        Photo.open(make.tiff(make.gray().astype(np.uint32)))


def test_nothing_is_printed_when_libvips_warns(make: Any) -> None:
    path = make.folder / "warns.jpg"
    data = make.jpeg(make.gray(), exif=b"Exif\0\0" + b"\xff" * 50).read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe2\0\x20ICC_PROFILE\0\1\1" + b"junkjunkjunkjunk" + data[2:-200])
    code = (
        "import sys; from photochrom.photo import Photo; from photochrom.errors import PhotochromError\n"
        "try: Photo.open(sys.argv[1]).to_array()\n"
        "except PhotochromError: pass"
    )
    result = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


def test_importing_photochrom_does_not_load_libvips() -> None:
    code = "import sys, photochrom; sys.exit('pyvips' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_pipeline_of_libvips_is_not_needed_to_know_a_file(make: Any) -> None:
    path = make.pillow("in.png", make.gray(8, 2000, 3000))
    before = pyvips.cache_get_size()
    assert Photo.open(path).width == 3000
    assert pyvips.cache_get_size() == before


def test_what_libvips_says_keeps_its_last_lines_whole() -> None:
    old = [f"/photos/of/somebody/else/{number}.avif: no known format" for number in range(9)]
    said = reason(VipsError("unable to call VipsForeignLoad", "\n".join([*old, "tiffload: cut short"])))
    assert said.endswith("; tiffload: cut short")
    assert len(said) <= 300
    assert set(said.split("; ")) <= {*old, "tiffload: cut short"}


def test_a_disk_that_takes_no_more_is_told_in_the_systems_words_and_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="limits the size of files")
    code = (
        "import resource, sys; from photochrom import Photo, PhotochromError; import numpy as np\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try: Photo.from_array(np.random.default_rng(0).integers(0, 255, (400, 400), np.uint8)).save(sys.argv[1])\n"
        "except PhotochromError as error: print(error)"
    )
    target = tmp_path / "large.tif"
    run = subprocess.run([sys.executable, "-c", code, target], capture_output=True, text=True, check=True)
    assert run.stdout == f"{target}: cannot be written (File too large); make room or choose another place\n"
    assert not list(tmp_path.iterdir())
