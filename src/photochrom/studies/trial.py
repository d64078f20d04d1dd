"""One training of a study: what is trained on what, and what came out."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from photochrom.card import Card, Decode
from photochrom.colorizer import Colorizer
from photochrom.recipe import Recipe
from photochrom.runlog import read_log
from photochrom.studies.library import Selection

TRAINING: Final = Selection(held_out=False)
VALIDATION: Final = Selection("val", limit=48)


@dataclass(frozen=True, slots=True)
class Trial:
    """A recipe trained on a selection of photos for ``weight`` times the study's minutes.

    Trials of one name are one and the same for all studies, which share them. ``encoder`` is the name of a file of
    backbone weights (``resnet18_c4``) to start from; ``decode`` goes on the card.
    """

    name: str
    recipe: Recipe
    photos: Selection = TRAINING
    validation: Selection = VALIDATION
    encoder: str | None = None
    decode: Decode = field(default_factory=Decode)
    weight: float = 1.0


@dataclass(frozen=True)
class Trained:
    """What a trial left: its run's folder and the exported model."""

    trial: Trial
    run: Path
    model: Path

    @cached_property
    def colorizer(self) -> Colorizer:
        """The exported model, loaded."""
        return Colorizer(self.model)

    @property
    def card(self) -> Card:
        """The exported model's card."""
        return self.colorizer.card

    @cached_property
    def log(self) -> list[dict[str, Any]]:
        """The rows of the run's log, of kind "train" and "check"."""
        return read_log(self.run)

    def curve(self, quantity: str, kind: str = "train") -> tuple[list[int], list[float]]:
        """Return the steps and values of a logged quantity; both empty where it was not logged."""
        rows = [row for row in self.log if row["kind"] == kind and quantity in row]
        return [row["step"] for row in rows], [row[quantity] for row in rows]

    def last(self, quantity: str, kind: str = "train", share: float = 0.05) -> float | None:
        """Return the mean of a logged quantity over the last ``share`` of its values; None where it was not logged."""
        values = self.curve(quantity, kind)[1]
        recent = values[-max(1, round(len(values) * share)) :]
        return sum(recent) / len(recent) if recent else None
