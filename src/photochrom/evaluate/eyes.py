"""The networks that look at photos for us, each from a weight file that was given.

Shapes: B photos, 3 RGB, H x W pixels, n photos in all, d features, K classes.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.backbones.mobilenet_v2 import MobileNetV2
from photochrom.errors import ModelError
from photochrom.evaluate.lpips import Lpips
from photochrom.evaluate.options import Options
from photochrom.evaluate.perceptual import Features

Floats = NDArray[np.floating[Any]]

INCEPTION_FILE: Final = "pt_inception-2015-12-05-6726825d.pth"
_INCEPTION_FROM: Final = f"expected {INCEPTION_FILE} of the torch-fidelity project's releases"


@dataclass(frozen=True, slots=True)
class Eye:
    """A network's features and what it is called; ``scores`` turns features (n, d) into class scores (n, K)."""

    name: str
    features: Features
    scores: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True, slots=True)
class Eyes:
    """The networks that are there: a classifier, the Inception of FID, and the distance LPIPS of two batches."""

    classifier: Eye | None = None
    inception: Eye | None = None
    lpips: Callable[[Tensor, Tensor], Tensor] | None = None


NONE: Final = Eyes()


def open_eyes(options: Options) -> Eyes:
    """Load the networks whose files are named; raises ModelError for one that does not fit."""
    return Eyes(
        classifier=None if options.features is None else mobilenet_eye(options.features),
        inception=None if options.inception is None else inception_eye(options.inception),
        lpips=None if options.lpips is None else Lpips.from_file(options.lpips),
    )


def mobilenet_eye(path: Path) -> Eye:
    """Load MobileNetV2 with its classifier: 1280 features, 1001 classes."""
    network = MobileNetV2.from_file(path)
    weight, bias = network.fc.weight.numpy(), network.fc.bias.numpy()
    return Eye(
        "MobileNetV2 (ImageNet, 1280 globally pooled features)",
        network.features,
        lambda features: np.asarray(features.astype(np.float32) @ weight.T + bias),
    )


def inception_eye(path: Path) -> Eye:
    """Load the Inception-v3 of the FID's authors, as torchmetrics computes it with torch-fidelity: 2048 features.

    Photos are rounded to 8 bits and resized to 299 x 299 px by the network itself. Raises ModelError where the file is
    missing or does not fit, or torch-fidelity cannot be loaded.
    """
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file; {_INCEPTION_FROM}")
    try:
        from torchmetrics.image.fid import NoTrainInceptionV3

        torch.load(path, "cpu", weights_only=True)  # torch-fidelity would run whatever the file says
        network = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(path))
    except ImportError as error:
        raise ModelError(f"FID needs torch-fidelity, which cannot be loaded ({error}); pip install it") from error
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ModelError(f"{path}: cannot be read as Inception-v3 ({said}); {_INCEPTION_FROM}") from error

    def features(rgb_B3HW: Tensor) -> Tensor:
        seen: Tensor = network((rgb_B3HW * 255).round().to(torch.uint8))
        return seen

    return Eye("Inception-v3 of FID (pool3, 2048 features, torch-fidelity's weights 2015-12-05)", features)
