"""What hints are worth: true colors given at a few random places, as a patient user would give them.

The protocol of Zhang et al. 2017 ("Real-Time User-Guided Image Colorization with Learned Deep Priors", section 4.2):
random square patches that reveal the mean of the true color under them.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.difference import ciede2000
from photochrom.color.lab import lab_to_rgb
from photochrom.color.resample import upsample_chroma
from photochrom.colorizer import Colorizer, Settings
from photochrom.evaluate.pixel import displayed, psnr
from photochrom.evaluate.truth import Truth, in_threads
from photochrom.hints import Hint, Hints
from photochrom.photo import Photo

COUNT: Final = 10
SIDE: Final = 7

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Hinted:
    """Of n photos: PSNR without and with hints (n,), and the CIEDE2000 of the mean color under each hint (n, count)."""

    without: Floats
    with_hints: Floats
    distance: Floats

    @property
    def gain(self) -> Floats:
        """What the hints brought, dB (n,)."""
        return np.asarray(self.with_hints - self.without)


def measure_hints(colorizer: Colorizer, truth: Truth, count: int = COUNT, side: int = SIDE, seed: int = 0) -> Hinted:
    """Color photos without and with ``count`` random hints of ``side`` pixels each; the same places for every model.

    Raises HintError for a model that takes none.
    """

    def measure(place: int) -> tuple[float, float, list[float]]:
        lab, rgb = truth.lab[place], truth.rgb[place]
        height, width = lab.shape[:2]
        corners = np.random.default_rng((seed, place)).integers(0, (height - side, width - side), (count, 2))
        means = [lab[y : y + side, x : x + side].mean(axis=(0, 1)) for y, x in corners]
        painted = [
            Hint(((x + side / 2, y + side / 2),), _color(mean), side / 2)
            for (y, x), mean in zip(corners, means, strict=True)
        ]
        plain, hinted = (
            _result(colorizer, grays[place], lab, settings)
            for settings in (Settings(), Settings(hints=Hints(width, height, tuple(painted))))
        )
        under = [hinted[y : y + side, x : x + side].mean(axis=(0, 1)) for y, x in corners]
        far = [float(ciede2000(found[None], mean[None])[0]) for found, mean in zip(under, means, strict=True)]
        return float(psnr(displayed(plain), rgb)), float(psnr(displayed(hinted), rgb)), far

    grays = truth.grays
    without, with_hints, distance = zip(*in_threads(measure, range(len(truth.rgb))), strict=True)
    return Hinted(np.array(without), np.array(with_hints), np.array(distance))


def _color(lab: Floats) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in np.clip(lab_to_rgb(lab), 0, 1))
    return red, green, blue


def _result(colorizer: Colorizer, gray: NDArray[np.uint8], lab: Floats, settings: Settings) -> Floats:
    """Return the Lab result of one photo, with its true lightness."""
    answer = colorizer.answer(Photo.from_array(gray).pages[0], settings)
    return np.concatenate([lab[..., :1], upsample_chroma(answer.ab(settings), *gray.shape)], axis=-1)
