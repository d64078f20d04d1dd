"""A page to look at, and the images of a photo on their way through other hands."""

import numpy as np
import pytest

from photochrom import Photo
from photochrom.photo import Image


def test_a_page_to_look_at_is_the_page(tmp_path: object) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    assert (Photo.from_array(pixels).pages[0].shown().numpy() == pixels).all()
    gray = (np.arange(60 * 90) * 12 % 65536).astype(np.uint16).reshape(60, 90)
    shown = Photo.from_array(gray).pages[0].shown()
    assert (shown.format, shown.bands) == ("uchar", 1)
    assert abs(shown.numpy().reshape(60, 90) - gray / 257.0).max() <= 1


def test_a_page_to_look_at_is_small_where_that_is_asked_for() -> None:
    page = Photo.from_array(np.full((300, 900), 90, np.uint8)).pages[0]
    assert (page.shown(450).width, page.shown(450).height) == (450, 150)
    assert page.shown(2000).width == 900, "nothing is enlarged"


def test_what_is_transparent_is_white_to_look_at() -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:4, :, 3] = 255
    shown = Photo.from_array(pixels).pages[0].shown().numpy()
    assert (shown[:4].max(), shown[4:].min()) == (0, 255)


def test_chroma_is_seen() -> None:
    photo = Photo.from_array(np.full((40, 60), 120, np.uint8)).with_chroma([np.full((4, 6, 2), 40, np.float32)])
    assert (photo.pages[0].shown().numpy() == photo.to_array()).all()


@pytest.mark.parametrize("kind", ["jpg", "tif"])
def test_who_follows_a_photo_sees_all_its_images(tmp_path: object, kind: str) -> None:
    path = f"{tmp_path}/photo.{kind}"
    Photo.from_array(np.full((40, 60), 120, np.uint8)).save(path)
    seen: list[Image] = []

    def follow(image: Image) -> Image:
        seen.append(image)
        return image.invert()

    photo = Photo.open(path)
    followed = photo.followed(follow)
    assert seen == [], "nothing is read before it is asked for"
    assert (followed.to_array() == 255 - photo.to_array()).all()
    assert len(seen) == 1
