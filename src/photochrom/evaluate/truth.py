"""The true photos an evaluation stands on, and what is compared with them: models, baselines, given predictions.

Protocol: a photo is scaled to a short side of 256 px and its center square is taken; its CIE lightness goes through the
Colorizer, at the card's settings; the chroma comes back bicubically onto the true lightness.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from photochrom.color.lab import rgb_to_lab
from photochrom.color.resample import upsample_chroma
from photochrom.colorizer import Colorizer
from photochrom.data.augment import centered, clean_gray
from photochrom.data.catalog import Entry, decode
from photochrom.errors import DataError
from photochrom.evaluate.bleeding import lightness_edges
from photochrom.evaluate.color_error import rarity
from photochrom.evaluate.eyes import NONE, Eye, Eyes, open_eyes
from photochrom.evaluate.options import Options
from photochrom.evaluate.perceptual import extract_features
from photochrom.evaluate.pixel import mean_colorfulness, scale_chroma
from photochrom.evaluate.recognition import Classes, read_labels
from photochrom.photo import Photo

SIZE: Final = 256

Floats = NDArray[np.floating[Any]]
UInt8Array = NDArray[np.uint8]
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Truth:
    """The true photos, in the order of ``keys``: RGB (256, 256, 3) in 0..1 and the same in Lab.

    ``features`` and ``inception`` are what the eyes see, where there are such eyes; ``labels`` the classes that are
    right for each photo, where labels were given; ``rarity`` weighs colors (see
    :mod:`~photochrom.evaluate.color_error`); ``edges`` are of lightness (see :mod:`~photochrom.evaluate.bleeding`).
    ``unread`` are the keys of photos that cannot be decoded and were passed over.
    """

    keys: tuple[str, ...]
    rgb: tuple[Floats, ...]
    lab: tuple[Floats, ...]
    colorfulness: float
    rarity: NDArray[np.float32]
    edges: tuple[NDArray[np.bool_], ...]
    eyes: Eyes = NONE
    features: NDArray[np.float64] | None = None
    inception: NDArray[np.float64] | None = None
    labels: tuple[Classes | None, ...] | None = None
    unread: tuple[str, ...] = ()

    @property
    def grays(self) -> list[UInt8Array]:
        """The gray photos (256, 256) of the same CIE lightness, as uint8."""
        return [clean_gray(np.rint(photo * 255).astype(np.uint8)) for photo in self.rgb]

    def part(self, places: Sequence[int]) -> "Truth":
        """Return some of the photos, without what eyes and labels know of them."""
        return replace(
            self,
            keys=tuple(self.keys[place] for place in places),
            rgb=tuple(self.rgb[place] for place in places),
            lab=tuple(self.lab[place] for place in places),
            edges=tuple(self.edges[place] for place in places),
            eyes=Eyes(),
            features=None,
            inception=None,
            labels=None,
        )


def load_truth(entries: Sequence[Entry], options: Options | None = None, eyes: Eyes | None = None) -> Truth:
    """Decode and crop the photos and look at them with ``eyes`` (those that ``options`` name, if not given).

    Photos that cannot be decoded are passed over. Raises DataError when fewer than two can be, and what the labels and
    weights of ``options`` raise.
    """
    options = options or Options()
    eyes = open_eyes(options) if eyes is None else eyes
    chosen = _thinned(entries, options.limit)
    labels = None if options.labels is None else read_labels(options.labels, options.class_names, chosen)
    crops = list(in_threads(_crop, chosen))
    read = [place for place, crop in enumerate(crops) if crop is not None]
    if len(read) < 2:
        raise DataError(f"{len(read)} of {len(chosen)} photos can be read; expected two or more")
    rgb = tuple((crop.astype(np.float32) / np.float32(255)) for crop in crops if crop is not None)
    lab = tuple(in_threads(lambda photo: rgb_to_lab(photo).astype(np.float32), rgb))
    return Truth(
        keys=tuple(chosen[place].key for place in read),
        rgb=rgb,
        lab=lab,
        colorfulness=mean_colorfulness(lab),
        rarity=rarity(lab),
        edges=tuple(in_threads(lightness_edges, lab)),
        eyes=eyes,
        features=None if eyes.classifier is None else seen(eyes.classifier, rgb),
        inception=None if eyes.inception is None else seen(eyes.inception, rgb),
        labels=None if labels is None else tuple(labels[place] for place in read),
        unread=tuple(entry.key for entry, crop in zip(chosen, crops, strict=True) if crop is None),
    )


def seen(eye: Eye, photos: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """Return an eye's features (n, d) of RGB photos, uint8 or in 0..1: one by one, which processors do faster."""

    def look(photo: NDArray[Any]) -> NDArray[np.float64]:
        rgb = photo.astype(np.float32) / np.float32(255) if photo.dtype == np.uint8 else photo
        return extract_features([rgb], eye.features)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the photos share the cores already
    try:
        return np.concatenate(list(in_threads(look, photos)))
    finally:
        torch.set_num_threads(threads)


def colorized(colorizer: Colorizer, truth: Truth) -> list[Floats]:
    """Return the model's Lab (256, 256, 3) for each photo's lightness, at the card's settings."""

    def color(gray: UInt8Array, lab: Floats) -> Floats:
        page = Photo.from_array(gray).pages[0]
        ab = colorizer.chroma(page.lightness(*colorizer.working_size(*gray.shape[::-1])))
        return np.concatenate([lab[..., :1], upsample_chroma(ab, *gray.shape)], axis=-1).astype(np.float32)

    return list(in_threads(color, truth.grays, truth.lab))


def gray(truth: Truth) -> list[Floats]:
    """Return the true lightness with no chroma."""
    return [scale_chroma(lab, 0.0) for lab in truth.lab]


def mean_color(truth: Truth) -> list[Floats]:
    """Return the true lightness with the mean of all true chroma: a baseline that has seen the evaluated photos."""
    mean = np.mean([lab[..., 1:].mean(axis=(0, 1)) for lab in truth.lab], axis=0)
    chroma = np.broadcast_to(mean, truth.lab[0][..., 1:].shape)
    return [np.concatenate([lab[..., :1], chroma], -1).astype(np.float32) for lab in truth.lab]


BASELINES: Final[dict[str, Callable[[Truth], list[Floats]]]] = {"gray": gray, "mean color": mean_color}


def in_threads(work: Callable[..., Any], *items: Sequence[Any]) -> Iterator[Any]:
    """Do work on every item, on all cores, in order: NumPy and ONNX Runtime let other threads run meanwhile."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        yield from pool.map(work, *items)


def _thinned(entries: Sequence[Entry], limit: int | None) -> list[Entry]:
    if limit is None or limit >= len(entries):
        return list(entries)
    return [entries[place] for place in np.linspace(0, len(entries) - 1, limit).round().astype(int)]


def _crop(entry: Entry) -> UInt8Array | None:
    try:
        return centered(decode(entry), SIZE)
    except DataError:
        return None
