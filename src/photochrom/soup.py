"""The mean of several models: what they learned agrees, their noise does not.

Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing
inference time", equation 1, the uniform soup. It works for models that were trained on from the same weights.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from photochrom.card import Card
from photochrom.chroma import chroma_from_card
from photochrom.errors import ModelError, RunError
from photochrom.export import as_kept, read_model, write_model
from photochrom.recipe import Recipe
from photochrom.trainee import build_painter, load_weights


def average_models(sources: Sequence[Path], target: Path, changes: Mapping[str, Any]) -> Card:
    """Write the model whose weights are the means of those of ``sources`` and return its card.

    The card is the first model's, with ``changes``; the others are named among its origins. Raises RunError for fewer
    than two models, ModelError for files that are not ours or models of different networks or bins.
    """
    if len(sources) < 2:
        raise RunError(f"{len(sources)} model was given; a mean needs two or more")
    read = [read_model(source) for source in sources]
    card = read[0][1]
    for source, (weights, other) in zip(sources, read, strict=True):
        shapes, wanted = ({name: value.shape for name, value in one.items()} for one in (weights, read[0][0]))
        if shapes != wanted or other.chroma != card.chroma:
            raise ModelError(f"{source} has another network or other bins than {sources[0]}; average models of one run")
    mean = {name: torch.stack([weights[name] for weights, _ in read]).mean(dim=0) for name in read[0][0]}
    painter = build_painter(Recipe.from_json(json.dumps(card.recipe)), chroma_from_card(card.chroma))
    load_weights(painter, {name: as_kept(name, value) for name, value in mean.items()})
    origins = tuple({"what": "averaged with", "name": other.name} for _, other in read[1:])
    card = replace(card, **{"origins": (*origins, *card.origins), **changes})
    write_model(painter.eval(), card, target)
    return card
