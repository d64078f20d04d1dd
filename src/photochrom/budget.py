"""What the command line may say of a training run: how long, from where, with what."""

import math
from dataclasses import dataclass
from pathlib import Path

from photochrom.errors import RunError

LOWEST_RATE = 0.01
"""Share of the highest learning rate that a run ends with."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a run trains; whichever ends first."""

    steps: int | None = None
    "Optimizer steps."
    minutes: float | None = None
    "Minutes of training, over all sessions of the run together; looks and checkpoints do not count."
    save_minutes: float = 5.0
    "Minutes between checkpoints."
    check_minutes: float = 10.0
    "Minutes between looks at the validation photos."

    def __post_init__(self) -> None:
        """Raise RunError for a budget that would never end."""
        for name, value in (("--steps", self.steps), ("--minutes", self.minutes)):
            if value is not None and not value > 0:
                raise RunError(f"{name} is {value}; expected more than 0")

    def progress(self, step: int, seconds: float) -> float:
        """Return how much of the budget is used, 0..1; raises RunError when there is no budget."""
        shares = [step / self.steps] if self.steps else []
        shares += [seconds / 60 / self.minutes] if self.minutes else []
        if not shares:
            raise RunError("no budget was given; set --steps or --minutes")
        return min(1.0, max(shares))


@dataclass(frozen=True, slots=True)
class Start:
    """Where a run starts and how it computes."""

    encoder: Path | None = None
    "Safetensors file with ImageNet weights for the encoder."
    init: Path | None = None
    "A model file to go on from, instead of an encoder."
    eyes: Path | None = None
    "Safetensors file with VGG-16 weights (conv1_1 to conv3_3), for recipes with a perceptual loss."
    manifest: Path | None = None
    "A manifest of photochrom clean: only its accepted photos are trained on, its val split is looked at."
    workers: int = 1
    "Processes that read photos."
    compile: bool = False
    "Compile the network (needs a C++ compiler): a third faster on a CPU."
    precision: str = "no"
    "no (float32), bf16 or fp16."
    cache: Path | None = None
    "Folder on a local disk where shards from URLs are kept; in this user's cache folder if not given."
    cache_gb: float = 50.0
    "Gigabytes of such shards that are kept at most."


def rate_factor(progress: float, warm_up: float, schedule: str = "cosine") -> float:
    """Return the share of the highest learning rate at ``progress`` (0..1): linear warm-up, then the schedule."""
    if progress < warm_up:
        return max(progress / warm_up, 1e-3)
    if schedule == "constant":
        return 1.0
    done = (progress - warm_up) / (1 - warm_up)
    return LOWEST_RATE + (1 - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done))
