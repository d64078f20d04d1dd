"""The colors of another version of the same photo, on this photo's own lightness.

    colored -> its ab -> laid onto this photo -> along this photo's edges -> Photo (its own lightness, that ab)

The other version may be the output of any program, a hand-colored print or a small copy; it is laid on by itself, see
:mod:`photochrom.alignment`. Where it does not reach, its nearest color goes on.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.alignment import Alignment, align, sampled
from photochrom.answer import OWN, Settings
from photochrom.color.windows import joint_bilateral
from photochrom.errors import OptionError
from photochrom.photo import Page, Photo
from photochrom.photo.provenance import TRANSPLANT

CONFIDENCE: Final = 0.35
"""Below this correlation two pictures do not show the same photo: other photos reach 0.22, versions 0.86 and more."""

ALIGNED: Final = 512
CHROMA_SIDE: Final = 1024
"""Longer sides at which pictures are compared, and of the chroma laid on: the eye sees no finer color."""

GRAY: Final = 1.0
"""Where no a and no b goes beyond this, in Lab units, there is nothing to take."""


@dataclass(frozen=True, slots=True)
class Transplanter:
    """Stands in for a Colorizer: gives photos the colors of ``colored``."""

    colored: Photo

    def colorize(self, photo: Photo, settings: Settings = OWN) -> Photo:
        """Return :func:`transplant` of the photo; ``settings`` are for models and do not count here."""
        return transplant(photo, self.colored)


def transplant(photo: Photo, colored: Photo) -> Photo:
    """Return ``photo``, every page of it, with its own lightness and the colors of ``colored``.

    ``colored`` may be of another size, a little shifted, cropped, turned or stretched, and of another contrast. Raises
    OptionError when it does not show the same photo, has no color, or has another number of pages.
    """
    if len(colored.pages) != len(photo.pages):
        raise OptionError(
            f"{len(colored.pages)} colored pages for {len(photo.pages)} pages; give one colored page for each"
        )
    chroma = [_laid_on(page, other) for page, other in zip(photo.pages, colored.pages, strict=True)]
    return photo.with_chroma(chroma, model=TRANSPLANT)


def aligned(page: Page, colored: Page) -> Alignment:
    """Return where the places of ``page`` lie in ``colored``; raises OptionError when they show different photos."""
    found = align(page.lightness(*_fitted(page, ALIGNED)), colored.lightness(*_fitted(colored, ALIGNED)))
    if found.confidence < CONFIDENCE:
        raise OptionError(
            f"{colored.origin.name} does not seem to show the same photo as {page.origin.name} (correlation "
            f"{found.confidence:.2f}, expected {CONFIDENCE} or more); use --reference for the palette of another photo"
        )
    return found


def _laid_on(page: Page, colored: Page) -> NDArray[np.float32]:
    """Return ab (h, w, 2) for the page, its longer side at most CHROMA_SIDE."""
    found = aligned(page, colored)
    width, height = _fitted(page, CHROMA_SIDE)
    lab = sampled(colored.lab(*_fitted(colored, CHROMA_SIDE)), found.places(width, height))
    if abs(lab[..., 1:]).max() < GRAY:
        raise OptionError(f"{colored.origin.name} has no color; give a colored version of the photo")
    step = max(1, round(max(width, height) / (found.scale * max(colored.width, colored.height))))
    return joint_bilateral(lab[..., 1:], page.lightness(width, height), step)


def _fitted(page: Page, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(page.width, page.height))
    return max(1, round(page.width * scale)), max(1, round(page.height * scale))
