"""Does a photo's color depend on the size it is given at?"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photochrom.color.resample import upsample_chroma
from photochrom.colorizer import Colorizer
from photochrom.data.augment import clean_gray
from photochrom.evaluate.pixel import ciede2000, displayed
from photochrom.photo import Photo

SIZES = (512, 1024, 2048)
PHOTOS = 40


def size_stability(colorizer: Colorizer, photos: Sequence[NDArray[Any]]) -> dict[int, float]:
    """Return the mean of :func:`size_differences` for each of :data:`SIZES`."""
    return {size: float(np.mean(values)) for size, values in size_differences(colorizer, photos).items()}


def size_differences(colorizer: Colorizer, photos: Sequence[NDArray[Any]]) -> dict[int, list[float]]:
    """Return the CIEDE2000 between a photo colorized as it is and enlarged to each of :data:`SIZES`, photo by photo.

    ``photos`` are RGB (H, W, 3) in 0..1 of equal sides, of which :data:`PHOTOS` are taken at even distances. Both
    chromas are compared at the photo's own size, on the same lightness.
    """
    chosen = [photos[index] for index in np.unique(np.linspace(0, len(photos) - 1, PHOTOS).astype(int))]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        rows = list(pool.map(partial(_differences, colorizer), chosen))
    return {size: [row[place] for row in rows] for place, size in enumerate(SIZES)}


def _differences(colorizer: Colorizer, photo: NDArray[Any]) -> list[float]:
    gray = clean_gray(np.rint(photo * 255).astype(np.uint8))
    own = _colored(colorizer, gray, gray)
    enlarged = (Image.fromarray(gray).resize((size, size), Image.Resampling.BICUBIC) for size in SIZES)
    return [ciede2000(_colored(colorizer, np.asarray(large), gray), own) for large in enlarged]


def _colored(colorizer: Colorizer, given: NDArray[np.uint8], shown: NDArray[np.uint8]) -> NDArray[Any]:
    """Return RGB of ``shown`` with the chroma that ``given``, the same photo at another size, gets."""
    page = Photo.from_array(given).pages[0]
    ab = colorizer.chroma(page.lightness(*colorizer.working_size(page.width, page.height)))
    height, width = shown.shape
    lightness = Photo.from_array(shown).pages[0].lightness(width, height)
    return displayed(np.concatenate([lightness[..., None], upsample_chroma(ab, height, width)], axis=-1))
