"""Recipes: what to train, as frozen dataclasses that go to JSON and back. The table of them is ``recipes.py``."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch

from photochrom.errors import RunError
from photochrom.networks import CRITIC_TINY_OPTIONS, CRITICS, NETWORKS, TINY_OPTIONS
from photochrom.networks.blocks import Painter
from photochrom.objectives import OBJECTIVES, Objective, Supervised, objective_from

SCHEDULES = ("cosine", "constant")
CHROMA_KINDS = ("bins", "palette", "regression", "rgb")
TINY_SIZE = 32


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a run: ``share`` of the whole budget at one crop ``size`` (pixels) and ``batch`` size.

    ``rate`` is a factor on the learning rates of the recipe.
    """

    size: int
    share: float
    batch: int = 16
    objective: Objective = field(default_factory=Supervised)
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that defines a run except its photos and its budget.

    ``chroma`` has a kind: "bins" (the 313 published ones), "palette" (``colors`` many, found by k-means in the
    ``space`` "rgb" or "ab" of the training photos), "regression" or "rgb". ``critic`` names a game's second network.

    ``rate`` is the highest learning rate of new layers, ``encoder_rate`` that of a pre-trained body, ``critic_rate``
    that of the critic. They rise over ``warm_up`` (a share of the budget), then follow the ``schedule``: "cosine"
    to a hundredth, or "constant". ``mix`` is the lambda of the class weights (1 is none at all), ``ema`` the decay of
    the averaged weights (0 averages nothing), ``clip`` the largest gradient norm; ``aged`` inputs look like old photos.
    Where nothing else is said, a run starts from the shipped model ``starts_from`` and takes ``minutes``. Who
    ``prunes`` may start from a deeper network with layers of the same names, and leaves out what is too much.
    """

    name: str
    network: str
    network_options: Mapping[str, Any]
    stages: tuple[Stage, ...]
    chroma: Mapping[str, Any] = field(default_factory=lambda: {"kind": "bins"})
    critic: str | None = None
    critic_options: Mapping[str, Any] = field(default_factory=dict)
    rate: float = 6e-4
    encoder_rate: float = 1e-4
    critic_rate: float = 2e-4
    betas: tuple[float, float] = (0.9, 0.99)
    schedule: str = "cosine"
    warm_up: float = 0.03
    weight_decay: float = 0.01
    mix: float = 0.9
    ema: float = 0.998
    clip: float = 1.0
    aged: bool = True
    seed: int = 0
    starts_from: str | None = None
    prunes: bool = False
    minutes: float | None = None

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
            entries = values.pop("stages")
            stages = [Stage(**{**entry, "objective": objective_from(entry["objective"])}) for entry in entries]
            if "betas" in values:
                values["betas"] = tuple(values["betas"])
            return cls(**values, stages=tuple(stages))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"this recipe cannot be read ({error}); was it written by another version?") from error

    @property
    def needs_eyes(self) -> bool:
        """Whether some stage has a perceptual loss."""
        return any(stage.objective.needs_eyes for stage in self.stages)

    def tiny(self) -> "Recipe":
        """Return the same recipe at toy size, for tests: tiny networks, small crops and batches."""
        smallest, largest = (bound(stage.size for stage in self.stages) for bound in (min, max))
        sizes = [2 * TINY_SIZE if smallest < stage.size == largest else TINY_SIZE for stage in self.stages]
        return replace(
            self,
            name=f"{self.name}_tiny",
            network_options=TINY_OPTIONS[self.network],
            critic_options={} if self.critic is None else {**self.critic_options, **CRITIC_TINY_OPTIONS[self.critic]},
            stages=tuple(replace(stage, size=size, batch=4) for stage, size in zip(self.stages, sizes, strict=True)),
        )

    def check(self) -> None:
        """Raise RunError when a name is unknown, the parts do not fit, or stages have impossible sizes or shares."""
        self._check_names()
        if abs(sum(stage.share for stage in self.stages) - 1) > 1e-6:
            raise RunError(f"the shares of the stages add up to {sum(s.share for s in self.stages)}, not to 1")
        with torch.device("meta"):
            multiple = build_network(self, outputs=4).multiple
        for stage in self.stages:
            if stage.size <= 0 or stage.size % multiple:
                raise RunError(f"a stage has crops of {stage.size} px; {self.network} needs a multiple of {multiple}")
            if stage.objective.critic and self.critic is None:
                raise RunError(
                    f"{self.name} has an adversarial stage, but no critic; name one of: {', '.join(CRITICS)}"
                )
            if stage.objective.needs_bins and self.chroma["kind"] not in ("bins", "palette"):
                raise RunError(
                    f"{self.name} trains with cross entropy, its chroma is {self.chroma['kind']!r}; use bins or a "
                    "palette, or set cross_entropy to 0 and give another loss a weight"
                )

    def _check_names(self) -> None:
        for what, name, known in (
            ("network", self.network, tuple(NETWORKS)),
            ("critic", self.critic, (None, *CRITICS)),
            ("schedule", self.schedule, SCHEDULES),
            ("chroma", self.chroma.get("kind"), CHROMA_KINDS),
        ):
            if name not in known:
                choices = ", ".join(choice for choice in known if choice is not None)
                raise RunError(f"unknown {what} {name!r}; choose one of: {choices}")


def build_network(recipe: Recipe, outputs: int) -> Painter:
    """Build the recipe's painter with its options; raises RunError for unknown options."""
    try:
        painter = NETWORKS[recipe.network](outputs, **recipe.network_options)
    except TypeError as error:
        raise RunError(f"{recipe.network} cannot be built ({error}); correct the recipe's network_options") from error
    return painter


def build_critic(recipe: Recipe, inputs: int) -> torch.nn.Module:
    """Build the recipe's critic with its options; raises RunError for unknown options."""
    assert recipe.critic is not None
    try:
        critic: torch.nn.Module = CRITICS[recipe.critic](inputs, **recipe.critic_options)
    except TypeError as error:
        raise RunError(f"{recipe.critic} cannot be built ({error}); correct the recipe's critic_options") from error
    return critic
