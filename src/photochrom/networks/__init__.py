"""Every network by name. A network is one file here, one line in :data:`NETWORKS` and one in :data:`TINY_OPTIONS`.

A painter maps ``lightness_B1HW``, and ``hints_B3HW`` too where it ``takes_hints``, to ``raw_BQhw``: L is 0..100; hints
are a mask (0 or 1) and the a and b of the hinted pixels (0 elsewhere); H and W are multiples of its ``multiple``, h and
w are H and W over its ``stride``. Raw is unbounded: what it means is said by a class of :mod:`photochrom.chroma`, which
also fixes Q. See :class:`photochrom.networks.blocks.Painter`.

A critic maps ``picture_BCHW``, channels about -1..1, to logits, high where the picture looks real: no sigmoid, the
loss is a binary cross entropy with logits.
"""

from typing import Any

from torch import nn

from photochrom.networks.blocks import Painter
from photochrom.networks.dcgan_critic import DcganCritic
from photochrom.networks.dcgan_painter import DcganPainter
from photochrom.networks.eccv16 import Eccv16
from photochrom.networks.encoder_unet import EncoderUNet
from photochrom.networks.palette_unet import PaletteUNet
from photochrom.networks.patch_critic import PatchCritic
from photochrom.networks.regression_cnn import RegressionCnn
from photochrom.networks.resnet_unet import ResNetUNet
from photochrom.networks.rgb_autoencoder import RgbAutoencoder
from photochrom.networks.rgb_unet import RgbUNet
from photochrom.networks.unet8 import UNet8

NETWORKS: dict[str, type[Painter]] = {
    "rgb_autoencoder": RgbAutoencoder,
    "rgb_unet": RgbUNet,
    "regression_cnn": RegressionCnn,
    "palette_unet": PaletteUNet,
    "dcgan_painter": DcganPainter,
    "unet8": UNet8,
    "resnet_unet": ResNetUNet,
    "eccv16": Eccv16,
    "encoder_unet": EncoderUNet,
}
"""Every painter; it is built as ``NETWORKS[name](outputs, **options)``, the published size without options."""

TINY_OPTIONS: dict[str, dict[str, Any]] = {
    "rgb_autoencoder": {"width": 12},
    "rgb_unet": {"width": 8, "levels": 3},
    "regression_cnn": {"width": 8},
    "palette_unet": {"width": 12},
    "dcgan_painter": {"width": 8, "levels": 3},
    "unet8": {"width": 8, "levels": 4},
    "resnet_unet": {"encoder": "tiny", "decoder": (12, 12, 8, 8)},
    "eccv16": {"widths": (8, 12, 16, 16)},
    "encoder_unet": {"encoder": "tiny", "width": 16, "blocks": 1, "decoder": (12, 12)},
}
"""The options that make a painter a toy, for tests: whole in its structure, trained in milliseconds at 32 px."""

CRITICS: dict[str, type[nn.Module]] = {
    "patch_critic": PatchCritic,
    "dcgan_critic": DcganCritic,
}
"""Every critic; it is built as ``CRITICS[name](inputs, **options)``, the published size without options."""

CRITIC_TINY_OPTIONS: dict[str, dict[str, Any]] = {
    "patch_critic": {"width": 8},
    "dcgan_critic": {"width": 8, "size": 32, "blocks": 3},
}
"""The options that make a critic a toy, for tests."""
