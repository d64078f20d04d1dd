"""What an encoder has learned: a linear classifier on its frozen features, against the same network untrained.

The features of a photo are the answer of the last convolution at the network's smallest resolution, averaged over all
places (Alain and Bengio 2016, "Understanding intermediate layers using linear classifier probes"; Zhang et al. 2016,
section 3.2). The network sees gray photos only.

Shapes: n photos, B of them at once, d features, s x s pixels.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from photochrom.chroma import chroma_from_card
from photochrom.color.lab import lightness
from photochrom.data.augment import centered
from photochrom.export import read_model
from photochrom.recipe import Recipe
from photochrom.trainee import build_painter, load_weights

BATCH: Final = 16
SETTLING: Final = 6
"""Batches from which an untrained network's batch norm takes its statistics."""

PENALTY: Final = 0.1

Floats = NDArray[np.floating[Any]]
UInt8Array = NDArray[np.uint8]


def load_network(recipe: Recipe, model: Path) -> nn.Module:
    """Return an exported model as the torch network of its recipe; raises RunError where the two do not fit."""
    weights, card = read_model(model)
    network = build_painter(recipe, chroma_from_card(card.chroma)).eval()
    load_weights(network, weights)
    return network


def untrained(recipe: Recipe, model: Path, photos: Sequence[UInt8Array]) -> nn.Module:
    """Return the network of a recipe and an exported model with random weights, settled on photos."""
    network = build_painter(recipe, chroma_from_card(read_model(model)[1].chroma)).eval()
    settle(network, photos, recipe.stages[-1].size)
    return network


def settle(network: nn.Module, photos: Sequence[UInt8Array], size: int) -> None:
    """Give batch norm the statistics of photos, as a trained network has them.

    Without them the signal of some networks fades to nothing, and what is compared would be that instead of weights.
    """
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over batches
        norm.train()
    if norms:
        with torch.inference_mode():
            for lightness_B1ss in _batches(photos[: SETTLING * BATCH], size):
                _look(network, lightness_B1ss)
    network.eval()


def features(network: nn.Module, photos: Sequence[UInt8Array], size: int) -> NDArray[np.float32]:
    """Return the features (n, d) of photos, uint8 RGB (H, W, 3), seen as gray squares of ``size`` pixels."""
    rows: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        batches = _batches(photos, size)
        first = next(batches)
        layer = deepest(network, first[:1])
        hook = layer.register_forward_hook(lambda _, given, answer: rows.append(answer.mean(dim=(2, 3)).numpy()))
        try:
            _look(network, first)
            for lightness_B1ss in batches:
                _look(network, lightness_B1ss)
        finally:
            hook.remove()
    return np.concatenate(rows)


def deepest(network: nn.Module, lightness_B1ss: Tensor) -> nn.Module:
    """Return the last convolution, in the order of use, among those with the fewest places in their answer."""
    seen: list[tuple[int, nn.Module]] = []
    hooks = [
        layer.register_forward_hook(lambda layer, given, answer: seen.append((answer[0, 0].numel(), layer)))
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d)
    ]
    try:
        _look(network, lightness_B1ss)
    finally:
        for hook in hooks:
            hook.remove()
    fewest = min(places for places, _ in seen)
    return [layer for places, layer in seen if places == fewest][-1]


def probe(learned: tuple[Floats, Sequence[str]], asked: tuple[Floats, Sequence[str]]) -> NDArray[np.float64]:
    """Fit a linear classifier to features (n, d) with labels; return for each asked photo 1 where it is right, or 0."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=500))
    model.fit(learned[0].astype(np.float64), list(learned[1]))
    return np.asarray(model.predict(asked[0].astype(np.float64)) == np.asarray(asked[1]), dtype=np.float64)


def _batches(photos: Sequence[UInt8Array], size: int) -> Iterator[Tensor]:
    for start in range(0, len(photos), BATCH):
        squares = np.stack([centered(photo, size) for photo in photos[start : start + BATCH]])
        levels = lightness(squares.astype(np.float32) / np.float32(255))
        yield torch.from_numpy(np.moveaxis(levels, -1, 1).copy())


def _look(network: nn.Module, lightness_B1ss: Tensor) -> None:
    hints = [lightness_B1ss.new_zeros(len(lightness_B1ss), 3, *lightness_B1ss.shape[2:])]
    network(lightness_B1ss, *(hints if network.takes_hints else []))
