"""What a chroma must know of the training photos before a run begins: how frequent colors are, or which to use."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from photochrom.chroma import Bins, Chroma, Regression, Rgb, chroma_from_card
from photochrom.color.bins import AB_BINS, class_weights, nearest_bin, smooth_prior
from photochrom.color.lab import rgb_to_lab
from photochrom.color.palette import Palette
from photochrom.data.catalog import Entry
from photochrom.data.loading import fixed_samples
from photochrom.recipe import Recipe

PHOTOS = 2000
SIDE = 32


def fit_chroma(recipe: Recipe, entries: Sequence[Entry]) -> Chroma:
    """Return the recipe's chroma, with class weights or a palette measured on up to :data:`PHOTOS` of the photos.

    It is rounded as cards round, so that a run that goes on computes what it would have computed.
    """
    kind = recipe.chroma["kind"]
    if kind == "regression":
        return Regression()
    if kind == "rgb":
        return Rgb()
    if kind == "bins":
        return chroma_from_card(Bins.published(measure_log_weights(entries, recipe.mix)).to_card())
    return chroma_from_card(_palette(recipe, entries).to_card())


def measure_log_weights(entries: Sequence[Entry], mix: float) -> NDArray[np.float32]:
    """Count the published bins of the photos and return the logarithms of the class weights, (313,)."""
    counts = np.zeros(len(AB_BINS))
    for rgb_NHW3 in _small_photos(entries):
        lab = rgb_to_lab(rgb_NHW3)
        counts += np.bincount(nearest_bin(lab[..., 1:], AB_BINS).ravel(), minlength=len(AB_BINS))
    weights: NDArray[np.float32] = np.log(class_weights(smooth_prior(counts), mix)).astype(np.float32)
    return weights


def _palette(recipe: Recipe, entries: Sequence[Entry]) -> Bins:
    """Find a palette by k-means; its colors get equal weights."""
    space = recipe.chroma.get("space", "rgb")
    count = int(recipe.chroma.get("colors", 24))
    pixels = np.concatenate([rgb.reshape(-1, 3) for rgb in _small_photos(entries)])
    if space == "ab":
        pixels = rgb_to_lab(pixels)[:, 1:]
    colors = np.array(Palette.fit(pixels, count, space, recipe.seed).colors)
    weights = np.zeros(len(colors), np.float32)
    return Bins(colors, weights) if space == "ab" else Bins(rgb_to_lab(colors)[:, 1:], weights, colors)


def _small_photos(entries: Sequence[Entry]) -> Iterator[NDArray[np.float32]]:
    """Yield batches of RGB (N, side, side, 3) in 0..1 of photos spread evenly over the entries."""
    chosen = entries[:: max(1, len(entries) // PHOTOS)][:PHOTOS]
    for start in range(0, len(chosen), 100):
        photos, _ = fixed_samples(chosen[start : start + 100], SIDE, 100)
        yield photos.permute(0, 2, 3, 1).numpy().astype(np.float32) / np.float32(255)
