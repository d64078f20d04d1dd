"""Photos at the size that a network was trained at, and what it says of them itself.

An evaluation shows what the product shows: the photo's own lightness with a model's chroma. Here a network of RGB or of
a palette shows the whole picture that it would show, at its own size, lightness included.

Shapes: N photos, H x W pixels, Q raw channels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.batch import make_batch
from photochrom.chroma import Rgb, chroma_from_card
from photochrom.color.colorfulness import colorfulness
from photochrom.color.resample import upsample_chroma
from photochrom.colorizer import Colorizer
from photochrom.data.catalog import Entry
from photochrom.data.loading import fixed_samples
from photochrom.evaluate.pixel import displayed, mse

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Views:
    """The center squares of photos: RGB (N, H, W, 3) in 0..1, the L (N, H, W) that a network sees, Lab of the truth."""

    rgb: Floats
    lightness: NDArray[np.float32]
    lab: Floats

    def part(self, places: Sequence[int]) -> "Views":
        """Return some of the photos."""
        chosen = list(places)
        return Views(self.rgb[chosen], self.lightness[chosen], self.lab[chosen])

    def __len__(self) -> int:
        """Return N."""
        return len(self.rgb)

    @property
    def grays(self) -> list[Floats]:
        """The photos without chroma, RGB (H, W, 3)."""
        return [displayed(np.pad(plane[..., None], ((0, 0), (0, 0), (0, 2)))) for plane in self.lightness]


def view(entries: Sequence[Entry], size: int, count: int) -> Views:
    """Return up to ``count`` photos at even distances as squares of ``size`` pixels."""
    photos, grays = fixed_samples(entries, size, count)
    batch = make_batch(photos, grays, None, takes_hints=False)
    rgb, lab = (np.moveaxis(many.numpy(), 1, -1) for many in (photos.float() / 255, batch.lab_B3HW))
    return Views(rgb, batch.lightness_B1HW[:, 0].contiguous().numpy(), lab)


def answers(colorizer: Colorizer, views: Views) -> Iterator[NDArray[np.float32]]:
    """Yield what the network says of each photo: raw (Q, h, w)."""
    for plane in views.lightness:
        yield colorizer.raw(plane, np.zeros((3, *plane.shape), np.float32))


def finished(colorizer: Colorizer, views: Views) -> list[Floats]:
    """Return the photos' own lightness with the network's chroma, RGB (H, W, 3)."""
    pictures = []
    for plane in views.lightness:
        ab = upsample_chroma(colorizer.chroma(plane), *plane.shape)
        pictures.append(displayed(np.concatenate([plane[..., None], ab], axis=-1)))
    return pictures


def own_pictures(colorizer: Colorizer, views: Views) -> list[Floats]:
    """Return the pictures that a network of RGB shows itself; a network of ab shows the photo's lightness."""
    chroma = chroma_from_card(colorizer.card.chroma)
    if not isinstance(chroma, Rgb):
        return finished(colorizer, views)
    return [np.moveaxis(chroma.picture(raw), 0, -1) for raw in answers(colorizer, views)]


@dataclass(frozen=True, slots=True)
class Judged:
    """A network's ``own`` pictures and those ``finished`` with the photos' lightness, with their errors (N,).

    Of its own pictures ``energy`` is the gradient energy as a share of the truth's, ``kept`` what
    :func:`gradients_kept` gives, ``color`` the mean signed colorfulness.
    """

    own: list[Floats]
    finished: list[Floats]
    own_error: Floats
    finished_error: Floats
    energy: float
    kept: float
    color: float


def _gradients(pictures: Sequence[Floats]) -> Floats:
    """Return the differences of all neighboring pixels of RGB pictures (H, W, 3), in both directions."""
    return np.concatenate([np.diff(picture, axis=axis).ravel() for picture in pictures for axis in (0, 1)])


def gradient_energy(pictures: Sequence[Floats]) -> float:
    """Return the mean squared difference of neighboring pixels of RGB pictures (H, W, 3)."""
    return float(np.mean(_gradients(pictures) ** 2))


def gradients_kept(pictures: Sequence[Floats], truth: Sequence[Floats]) -> float:
    """Return how much of the truth's gradients g the pictures' gradients f hold: sum(f g) / sum(g g).

    1 is all of them, less is blur; patterns that are not in the photo count for nothing.
    """
    true = _gradients(truth)
    return float((_gradients(pictures) * true).sum() / (true**2).sum())


def judge(colorizer: Colorizer, views: Views) -> Judged:
    """Look at a network's pictures of photos, at the size it was trained at."""
    own, whole = own_pictures(colorizer, views), finished(colorizer, views)
    return Judged(
        own,
        whole,
        np.array([mse(picture, truth) for picture, truth in zip(own, views.rgb, strict=True)]),
        np.array([mse(picture, truth) for picture, truth in zip(whole, views.rgb, strict=True)]),
        gradient_energy(own) / gradient_energy(list(views.rgb)),
        gradients_kept(own, list(views.rgb)),
        float(np.mean([colorfulness(picture) for picture in own])),
    )


def gray_error(views: Views) -> float:
    """Return the mean MSE of leaving photos gray."""
    return float(np.mean([mse(gray, truth) for gray, truth in zip(views.grays, views.rgb, strict=True)]))
