"""A sheet of photos beside their results."""

from pathlib import Path

import pyvips

from photochrom.errors import PhotoNotFound
from photochrom.photo.engine import Image
from photochrom.photo.photo import Photo
from photochrom.photo.target import write_atomically

HEIGHT = 300
GAP = 8
WIDEST = 2000


def write_sheet(before: Path, after: Path, target: Path) -> Path:
    """Write a picture of all photos of folder ``after``, each right of the photo of the same stem in ``before``.

    Pairs are 300 px high and fill rows of at most 2000 px. An existing target is replaced. Raises PhotoNotFound when
    no file of ``after`` has a partner.
    """
    partners = {path.stem: path for path in sorted(before.iterdir()) if path.is_file()} if before.is_dir() else {}
    results = sorted(path for path in after.iterdir() if path.stem in partners) if after.is_dir() else []
    if not results:
        raise PhotoNotFound(f"no photo in {after} has a partner of the same name in {before}; give two folders")
    pairs = [_beside(_small(partners[path.stem]), _small(path)) for path in results if path != target]
    sheet = _filled(pairs)
    return write_atomically(target, True, lambda path: sheet.jpegsave(str(path), Q=90))


def _small(path: Path) -> Image:
    array = Photo.open(path).to_array()[..., :3]
    image = pyvips.Image.new_from_array(array, interpretation="srgb" if array.dtype == "uint8" else "rgb16")
    return image.thumbnail_image(WIDEST, height=HEIGHT).colourspace("srgb")


def _beside(left: Image, right: Image) -> Image:
    return left.join(right, "horizontal", expand=True, shim=2, background=255)


def _filled(pairs: list[Image]) -> Image:
    rows: list[Image] = []
    for pair in pairs:
        if rows and rows[-1].width + GAP + pair.width <= WIDEST:
            rows[-1] = rows[-1].join(pair, "horizontal", expand=True, shim=GAP, background=255)
        else:
            rows.append(pair)
    return pyvips.Image.arrayjoin(rows, across=1, shim=GAP, background=255, halign="low")
