"""Looks: several plausible versions of one photo, all from one run of the network.

The first three are the model's own colors, a careful and a vivid reading of them. The others are samples: the page is
parted into regions, each region draws one of its likely colors, and the answer is tilted toward it (see
:func:`photochrom.regions.tilt_toward`): whole things change, not pixels, and shading within them stays.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.answer import OWN, Answer, Settings
from photochrom.color.difference import ciede2000
from photochrom.errors import OptionError
from photochrom.regions import Mode, Regions, find_regions, likely_colors, shown, tilt_toward

FEWEST, MOST = 2, 8

NAMES: Final = ("natural", "conservative", "vivid")
"""The looks that are not drawn; the others are sample-1 and on."""

CAREFUL: Final = (0.3, 0.75)
BOLD: Final = (-0.3, 1.35)
"""What is added to the temperature, and the factor on saturation, of the careful and the vivid look."""

DISTINCT: Final = 3.0
"""Mean CIEDE2000 to every other look that a sample should have: drawn again where it has not, the best is kept."""

TRIES: Final = 10
REAL: Final = 0.08
"""Probability from which on another color than the likeliest is a real alternative."""

MOVED: Final = 0.75
"""How often a region with a real alternative gets it."""

PALER: Final = 0.5
HEDGE: Final = 0.25
"""A color with less than the first share of the likeliest one's chroma is mostly the model's caution, not the thing's
own color: it is drawn with the second share of its probability."""

AGAIN: Final = 0.3
"""What is left of the probability of a color that an earlier sample has."""


def look_names(count: int) -> tuple[str, ...]:
    """Return the names of ``count`` looks, "natural" first; raises OptionError unless ``count`` is 2 to 8."""
    if not FEWEST <= count <= MOST:
        raise OptionError(f"{count} looks were asked for; expected {FEWEST} to {MOST}")
    return (*NAMES, *(f"sample-{number}" for number in range(1, MOST)))[:count]


def draw_looks(
    answer: Answer, count: int = 4, seed: int = 0, settings: Settings = OWN
) -> dict[str, NDArray[np.float32]]:
    """Return the chroma, (h, w, 2) in Lab units, of each look by its name; the same for the same seed.

    "natural" is exactly what ``settings`` alone would give. Raises OptionError for a count outside 2..8 and ModelError
    for a model without bins.
    """
    names, _ = look_names(count), answer.bins  # raises for a model without
    readings = (settings, _moved(answer, settings, *CAREFUL), _moved(answer, settings, *BOLD))
    looks = {name: answer.ab(reading) for name, reading in zip(names, readings, strict=False)}
    if count > len(NAMES):
        looks |= _samples(answer, names[len(NAMES) :], np.random.default_rng(seed), settings)
    return looks


def difference(answer: Answer, one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the mean CIEDE2000 between two chromas (h, w, 2) of a page, as shown on its lightness."""
    light = answer.small_lightness
    return float(ciede2000(shown(one, light), shown(other, light)).mean())


def _moved(answer: Answer, settings: Settings, temperature: float, saturation: float) -> Settings:
    own = answer.decode.temperature if settings.temperature is None else settings.temperature
    return replace(
        settings,
        temperature=min(1.0, max(0.0, own + temperature)),
        saturation=min(4.0, settings.saturation * saturation),
    )


def _samples(
    answer: Answer, names: Sequence[str], random: "np.random.Generator", settings: Settings
) -> dict[str, NDArray[np.float32]]:
    regions = find_regions(answer)
    choices = [
        likely_colors(distribution, answer.bins.colors, float(lightness))
        for distribution, lightness in zip(regions.distribution, regions.lightness, strict=True)
    ]
    weights = [_weights(modes) for modes in choices]
    drawn: dict[str, NDArray[np.float32]] = {}
    for name in names:
        others = [answer.ab(settings), *drawn.values()]
        best, distance, picks = others[0], -1.0, {}
        for _ in range(TRIES):
            if distance >= DISTINCT:
                break
            drawing = _draw(weights, regions, random)
            targets = np.array([choices[region][mode].ab for region, mode in drawing.items()]).reshape(-1, 2)
            ab = tilt_toward(answer, regions.membership[list(drawing)], targets).ab(settings)
            nearest = min(difference(answer, ab, other) for other in others)
            if nearest > distance:
                best, distance, picks = ab, nearest, drawing
        drawn[name] = best
        for region, mode in picks.items():
            weights[region][mode] *= AGAIN
    return drawn


def _weights(modes: Sequence[Mode]) -> NDArray[np.float64]:
    """Return how often each color of a region is drawn: not the likeliest, which the natural look shows."""
    weights = np.array([mode.probability if mode.probability >= REAL else 0.0 for mode in modes])
    chroma = np.array([np.hypot(*mode.ab) for mode in modes])
    weights[chroma < PALER * chroma[0]] *= HEDGE
    weights[0] = 0
    return weights


def _draw(weights: Sequence[NDArray[np.float64]], regions: Regions, random: "np.random.Generator") -> dict[int, int]:
    """Return the number of the color drawn for each region that changes; one does, if any can."""
    able = [number for number, weight in enumerate(weights) if weight.any()]
    moved = [number for number in able if random.random() < MOVED]
    if not moved and able:
        moved = [max(able, key=lambda number: float(regions.share[number]))]
    return {
        number: int(random.choice(len(weights[number]), p=weights[number] / weights[number].sum())) for number in moved
    }
