"""What the command line may say of an evaluation; light, so that ``--help`` stays quick."""

from dataclasses import dataclass
from pathlib import Path

from photochrom.errors import OptionError


@dataclass(frozen=True, slots=True)
class Options:
    """Which weights and labels there are, and what to leave out; a measure without its weights is not computed."""

    features: Path | None = None
    "MobileNetV2 weights (safetensors): Frechet distance, recognition, two-sample test."
    inception: Path | None = None
    "Inception-v3 weights (pt_inception-2015-12-05-6726825d.pth): FID. Needs torch-fidelity."
    lpips: Path | None = None
    "AlexNet weights (alexnet-owt-7be5be79.pth): LPIPS."
    labels: Path | None = None
    "CSV of true classes with the columns key and label (split too if keys repeat): recognition rate. Needs --features."
    class_names: Path | None = None
    "The classifier's class names, one a line, for labels that are names and not WordNet ids."
    limit: int | None = None
    "Score no more than this many photos, taken at even distances."
    skip_speed: bool = False
    "Do not measure photos per second and peak memory (each model in a process of its own)."

    def __post_init__(self) -> None:
        """Raise OptionError for options that exclude each other."""
        if self.labels is not None and self.features is None:
            raise OptionError("--labels came without --features; the recognition rate needs the classifier's weights")
        if self.class_names is not None and self.labels is None:
            raise OptionError("--class-names came without --labels; give the labels that they are to be matched with")
        if self.limit is not None and self.limit < 2:
            raise OptionError(f"--limit is {self.limit}; expected 2 photos or more")
