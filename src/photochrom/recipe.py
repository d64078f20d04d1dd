"""Recipes: what to train, as frozen dataclasses that go to JSON and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from photochrom.errors import RunError
from photochrom.networks import NETWORKS
from photochrom.objectives import OBJECTIVES, Supervised


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a run: ``share`` of the whole budget at one crop ``size`` (pixels) and ``batch`` size."""

    size: int
    share: float
    batch: int = 16
    objective: Supervised = field(default_factory=Supervised)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that defines a run except its photos and its budget.

    ``rate`` is the highest learning rate of new layers, ``encoder_rate`` that of the pre-trained body; both follow a
    cosine to a hundredth after a linear ``warm_up`` (a share of the budget). ``mix`` is the lambda of the class weights
    (1 is none at all), ``ema`` the decay of the averaged weights, ``clip`` the largest gradient norm.
    """

    name: str
    network: str
    network_options: Mapping[str, Any]
    stages: tuple[Stage, ...]
    rate: float = 6e-4
    encoder_rate: float = 1e-4
    warm_up: float = 0.03
    weight_decay: float = 0.01
    mix: float = 0.9
    ema: float = 0.998
    clip: float = 1.0
    seed: int = 0

    def to_json(self) -> str:
        """Return the recipe as JSON; :meth:`from_json` reads it back."""
        values = asdict(self)
        for stage, entry in zip(self.stages, values["stages"], strict=True):
            kind = next(name for name, objective in OBJECTIVES.items() if isinstance(stage.objective, objective))
            entry["objective"] = {"kind": kind, **entry["objective"]}
        return json.dumps(values, indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Read a recipe; raises RunError when it does not fit this version."""
        try:
            values = json.loads(text)
            stages = []
            for entry in values.pop("stages"):
                objective = dict(entry.pop("objective"))
                stages.append(Stage(**entry, objective=OBJECTIVES[objective.pop("kind")](**objective)))
            return cls(**values, stages=tuple(stages))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"this recipe cannot be read ({error}); was it written by another version?") from error

    def tiny(self) -> "Recipe":
        """Return the same recipe at toy size, for tests: the tiny encoder, small crops and batches."""
        options = {**self.network_options, "encoder": "tiny", "width": 16, "blocks": 1, "decoder": (12, 12)}
        stages = tuple(replace(stage, size=32 * (1 + (stage.size > 150)), batch=4) for stage in self.stages)
        return replace(self, name=f"{self.name}_tiny", network_options=options, stages=stages)

    def check(self) -> None:
        """Raise RunError when the network is unknown, or stages have impossible sizes or shares."""
        if self.network not in NETWORKS:
            raise RunError(f"unknown network {self.network!r}; choose one of: {', '.join(NETWORKS)}")
        multiple = NETWORKS[self.network].multiple
        for stage in self.stages:
            if stage.size <= 0 or stage.size % multiple:
                raise RunError(f"a stage has crops of {stage.size} px; {self.network} needs a multiple of {multiple}")
        if abs(sum(stage.share for stage in self.stages) - 1) > 1e-6:
            raise RunError(f"the shares of the stages add up to {sum(s.share for s in self.stages)}, not to 1")


_DEFAULT = Recipe(
    name="default",
    network="encoder_unet",
    network_options={"encoder": "resnet50", "width": 384, "blocks": 2, "decoder": (192, 96)},
    stages=(Stage(size=96, share=0.55), Stage(size=128, share=0.3), Stage(size=176, share=0.15)),
)

RECIPES = {
    "default": _DEFAULT,
    "default_tiny": _DEFAULT.tiny(),
}
"""Every recipe by name."""


def find_recipe(name: str) -> Recipe:
    """Return a recipe by name, or read from a JSON file; raises RunError when there is none."""
    if name in RECIPES:
        return RECIPES[name]
    path = Path(name)
    if not path.is_file():
        raise RunError(f"there is no recipe {name!r}; give a JSON file or one of: {', '.join(RECIPES)}")
    return Recipe.from_json(path.read_text(encoding="utf-8", errors="replace"))
