"""All pages of a TIFF file come back in one file, whatever their sizes."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
import tifffile

from photochrom.errors import OptionError, PhotoTooLarge
from photochrom.photo import Photo, SaveOptions


def three_pages(make: Any, **options: Any) -> Any:
    path = make.folder / "pages.tif"
    pages = [make.gray(8, 40, 60), make.gray(16, 96, 128), make.color(8, 50, 30)]
    with tifffile.TiffWriter(path, **options) as file:
        for number, page in enumerate(pages):
            space = "rgb" if page.ndim == 3 else "minisblack"
            file.write(
                page, photometric=space, description=f"page {number}", metadata=None, resolution=(100 + number, 90)
            )
    return path, pages


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}])
@pytest.mark.parametrize("to_file", [True, False])
def test_pages_of_different_size_and_depth_become_one_file(options: Any, to_file: bool, make: Any) -> None:
    path, pages = three_pages(make, **options)
    photo = Photo.open(path)
    assert [(page.width, page.height) for page in photo.pages] == [(60, 40), (128, 96), (30, 50)]
    colored = photo.with_chroma([make.gentle() for _ in pages])
    data = colored.save(make.folder / "out.tif").read_bytes() if to_file else colored.encode()
    with tifffile.TiffFile(BytesIO(data)) as after:
        assert len(after.pages) == 3
        for number, page in enumerate(pages):
            result = after.pages[number].asarray()
            assert (result.dtype, result.shape) == (page.dtype, (*page.shape[:2], 3))
            assert np.abs(make.lightness(result) - make.lightness(page)).mean() < 0.3
            assert after.pages[number].description == f"page {number}"
            assert np.divide(*after.pages[number].tags[282].value) == pytest.approx(100 + number)
    again = Photo.open(data)
    assert [page.height for page in again.pages] == [40, 96, 50]
    assert not list(make.folder.glob("*.part*"))


def test_every_page_has_its_own_lightness(make: Any) -> None:
    path, pages = three_pages(make)
    for page, array in zip(Photo.open(path).pages, pages, strict=True):
        found = page.lightness(page.width, page.height)
        assert np.abs(found - make.lightness(array)).mean() < 0.2


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif"])
def test_several_pages_do_not_fit_into_other_formats(name: str, make: Any) -> None:
    path, _ = three_pages(make)
    with pytest.raises(OptionError, match="3 pages do not fit"):
        Photo.open(path).encode(SaveOptions(format=name))


def test_the_pixels_of_all_pages_count(make: Any) -> None:
    path, _ = three_pages(make)
    total = 40 * 60 + 96 * 128 + 50 * 30
    assert len(Photo.open(path, max_pixels=total).pages) == 3
    with pytest.raises(PhotoTooLarge):
        Photo.open(path, max_pixels=total - 1)


def test_a_chain_of_pages_that_bites_its_tail_ends(make: Any) -> None:
    path = make.tiff(make.gray(), byteorder="<")
    data = bytearray(path.read_bytes())
    first = int.from_bytes(data[4:8], "little")
    link = first + 2 + 12 * int.from_bytes(data[first : first + 2], "little")
    data[link : link + 4] = data[4:8]
    assert len(Photo.open(bytes(data)).pages) == 1
