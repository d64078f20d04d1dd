"""What the command line may say of a study besides its name; light, so that ``--help`` stays quick."""

from dataclasses import dataclass
from pathlib import Path

from photochrom.errors import OptionError


@dataclass(frozen=True, slots=True)
class Options:
    """Where things are, and how long trials train."""

    photos: Path | None = None
    "A photo library: a folder with train-*.tar, val-*.tar, test-*.tar and manifest.csv."
    minutes: float = 5.0
    "Minutes that each trial of weight 1 trains."
    steps: int | None = None
    "Steps that each trial of weight 1 trains, instead of minutes: fair on a busy computer, too."
    backbones: Path | None = None
    "Folder of encoder and classifier weights (safetensors)."
    legacy: Path | None = None
    "Folder of historic black-and-white photos."
    run: Path = Path("runs/studies")
    "Folder for the trials, which studies share: each is trained once."
    out: Path = Path("docs/studies")
    "Folder for the page NAME.md and its pictures."
    precision: str = "no"
    "no (float32), bf16 or fp16."

    def __post_init__(self) -> None:
        """Raise OptionError for minutes or steps that are none."""
        if not self.minutes > 0:
            raise OptionError(f"--minutes is {self.minutes}; expected more than 0")
        if self.steps is not None and self.steps < 1:
            raise OptionError(f"--steps is {self.steps}; expected 1 or more")
