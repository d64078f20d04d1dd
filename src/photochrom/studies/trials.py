"""Trials that several studies share: every family once, on all training photos, for the same time.

A network is decoded as its authors decoded it, and sees photos at the size it was trained on.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from photochrom import weights
from photochrom.card import Decode
from photochrom.recipes import RECIPES
from photochrom.studies.trial import Trained, Trial

ANNEALED: Final = Decode(temperature=0.38, balance=1.0)
"""The decoding of Zhang et al. 2016, section 2.3: the annealed mean of the rebalanced distribution."""


MEAN: Final = Decode()
"""The mean color, for networks that say one color at each place."""


def family(recipe: str, encoder: str | None = None, decode: Decode = MEAN, name: str | None = None) -> Trial:
    """Return the trial of a recipe on all training photos, decoded at the size of its last stage."""
    size = RECIPES[recipe].stages[-1].size
    return Trial(name or recipe, RECIPES[recipe], encoder=encoder, decode=replace(decode, working_size=max(size, 96)))


RGB_AUTOENCODER: Final = family("rgb_autoencoder")
RGB_UNET: Final = family("rgb_unet")
REGRESSION_RGB: Final = family("regression_rgb")
REGRESSION_LAB: Final = family("regression_lab")
DCGAN: Final = family("dcgan")
DCGAN_L2: Final = family("dcgan_l2")
PIX2PIX: Final = family("pix2pix")
RESNET18_SCRATCH: Final = family("resnet18_l1", name="resnet18_scratch")
RESNET18: Final = family("resnet18_l1", "resnet18_c4", name="resnet18_l1")
RESNET18_GAN: Final = family("resnet18_gan", "resnet18_c4")
ECCV16: Final = family("eccv16", decode=ANNEALED)
ECCV16_PLAIN: Final = family("eccv16_plain", decode=ANNEALED)
ECCV16_L2: Final = family("eccv16_l2")
ECCV16_ABLATION1: Final = family("eccv16_ablation1", decode=ANNEALED)
ECCV16_ABLATION2: Final = family("eccv16_ablation2", decode=ANNEALED)
DEFAULT: Final = family("default", "resnet50_c4", Decode(temperature=0.5, balance=0.75))

FAMILIES: Final = (
    RGB_AUTOENCODER,
    RGB_UNET,
    REGRESSION_RGB,
    REGRESSION_LAB,
    DCGAN,
    PIX2PIX,
    RESNET18,
    RESNET18_GAN,
    ECCV16,
    DEFAULT,
)
"""One representative or two of every family."""

SHIPPED: Final = "shipped"
"""What pages call the model that comes with the package: the family of DEFAULT at its best."""


def with_shipped(trained: Mapping[str, Trained]) -> dict[str, Trained]:
    """Return the models and, last, the shipped one: trained far longer, on all training photos, none held out."""
    model = weights.shipped()[weights.DEFAULT]
    return {**trained, SHIPPED: Trained(DEFAULT, model.parent, model)}
