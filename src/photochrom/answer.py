"""What the network said of one page, kept: asked once, turned into color as often as wanted.

Running the network is the costly part; everything here is decoded from what it said in a few milliseconds.

Shapes: Q outputs of the network, h x w places of its answer, H x W pixels of what it saw.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.card import Decode
from photochrom.chroma import Bins, Chroma
from photochrom.color.bins import softmax
from photochrom.color.resample import downsample_area
from photochrom.color.warmth import warmed
from photochrom.consensus import EFFORTS
from photochrom.errors import ModelError, OptionError
from photochrom.hints import Hints
from photochrom.reference import Reference
from photochrom.settling import settle


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may say about the colors; None and 1.0 leave it to the model's card.

    ``temperature`` 0..1 moves from vivid (0, the likeliest color) to careful (1, the mean color); ``saturation``, 0 or
    more, is a factor on chroma; ``hints`` are colors given for places of the photo. ``warmth`` -1 (cold, toward blue)
    to 1 (warm, toward orange) is the mood of the whole photo, see :func:`photochrom.color.warmth.warmed`.
    ``reference`` is the palette of another photo, see :meth:`photochrom.Colorizer.reference`. ``effort`` is "normal",
    one look at the photo, or "best", several for better colors (see :mod:`photochrom.consensus`).
    """

    temperature: float | None = None
    saturation: float = 1.0
    hints: Hints | None = None
    warmth: float = 0.0
    reference: Reference | None = None
    effort: str = "normal"

    def __post_init__(self) -> None:
        """Raise OptionError for a value outside its range."""
        if self.temperature is not None and not 0 <= self.temperature <= 1:
            raise OptionError(f"the temperature is {self.temperature}; expected 0 (vivid) to 1 (careful)")
        if not 0 <= self.saturation <= 4:
            raise OptionError(f"the saturation is {self.saturation}; expected 0 (gray) to 4, 1 is the model's own")
        if not -1 <= self.warmth <= 1:
            raise OptionError(f"the warmth is {self.warmth}; expected -1 (cold) to 1 (warm), 0 is the model's own")
        if self.effort not in EFFORTS:
            raise OptionError(f"the effort is {self.effort!r}; expected {' or '.join(EFFORTS)}")


OWN: Final = Settings()
"""Everything as the model's card has it."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The network's answer for one page, with what is needed to read it.

    ``raw`` is (Q, h, w); ``chroma`` says what it means and ``decode`` how the model's card turns it into color;
    ``lightness`` is the L (H, W), 0..100, that the network saw; ``width`` and ``height`` are the page's own pixels;
    ``model`` is the model's name.
    """

    raw: NDArray[np.float32]
    chroma: Chroma
    decode: Decode
    lightness: NDArray[np.float32]
    width: int
    height: int
    model: str

    def ab(self, settings: Settings = OWN) -> NDArray[np.float32]:
        """Return the colors, (h, w, 2) float32 in Lab units.

        The temperature says which of its colors the model means; hinted places then get their colors (see
        :mod:`photochrom.settling`), a reference moves all but those, saturation and warmth come last. What the network
        made of hints, and the effort, are part of the answer already.
        """
        own, hints = self.decode, settings.hints
        temperature = own.temperature if settings.temperature is None else settings.temperature
        decoded = self.chroma.decode(self.raw, replace(own, temperature=temperature), axis=0)
        ab = np.ascontiguousarray(np.moveaxis(decoded, 0, -1), dtype=np.float32)
        if hints is not None:
            ab = settle(ab, self.small_lightness, hints.field(*self.lightness.shape[::-1]))
        if settings.reference is not None:
            ab = settings.reference.moved(ab, self.small_lightness, None if hints is None else hints.colors)
        return np.ascontiguousarray(warmed(ab * np.float32(settings.saturation), settings.warmth), dtype=np.float32)

    @property
    def bins(self) -> Bins:
        """The bins of the answer; raises ModelError where the model says one color a place and no distribution."""
        if not isinstance(self.chroma, Bins):
            raise ModelError(
                f"the model {self.model} says one color for a place ({self.chroma.kind}), not how probable each is; "
                "use a model of bins, such as default, for looks, guess maps and alternatives"
            )
        return self.chroma

    def probabilities(self, balance: float = 0.0) -> NDArray[np.float32]:
        """Return how probable each bin is at each place, (Q, h, w) float32 that sums to one over Q.

        ``balance`` is the share of the training's class rebalancing that is kept: 0 gives true frequencies, 1 what the
        network said. Raises ModelError for a model without bins.
        """
        return np.asarray(softmax(self.bins.balanced(self.raw, balance, 0), 0), dtype=np.float32)

    def tilted(self, log_factor: NDArray[np.float32]) -> "Answer":
        """Return the answer with every bin's probability times exp(``log_factor``), (Q, h, w), and normalized again."""
        return replace(self, raw=self.raw + self._of_bins(log_factor))

    def _of_bins(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if values.shape != self.raw.shape or self.bins.outputs != len(values):
            raise OptionError(f"factors of shape {values.shape} for an answer of {self.raw.shape}; give one for each")
        return values

    @cached_property
    def small_lightness(self) -> NDArray[np.float32]:
        """L (h, w), 0..100: the mean of the pixels of each place."""
        return downsample_area(self.lightness, *self.raw.shape[1:])
