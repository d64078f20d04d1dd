"""The default painter: a U-Net on a pre-trained encoder body, with attention at its deepest level.

    lightness, hints -> encoder (strides 4, 8, 16) -> context (attention over the whole photo) -> decoder -> raw at H/4

Chroma at a quarter of the photo's size loses nothing that an eye would miss, so the computation is spent on knowing
what things are: the decoder is light and the context blocks (pre-norm transformer blocks, Vaswani et al. 2017, with a
depthwise convolution for position) see the whole photo, so that one thing gets one color. Position comes from a
convolution alone: any size and aspect ratio works.

Shapes: B photos, H x W input pixels, C channels, N = H/16 * W/16 places, Q outputs.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.backbones.resnet import build_encoder
from photochrom.networks.blocks import Merge, Painter
from photochrom.networks.color_queries import ColorQueries


class ContextBlock(nn.Module):
    """Position by depthwise convolution, self-attention over all places, then a two-layer perceptron; each residual."""

    def __init__(self, width: int, heads: int, expansion: int = 3) -> None:
        super().__init__()
        self.heads = heads
        self.position = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm1 = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.widen = nn.Linear(width, expansion * width)
        self.narrow = nn.Linear(expansion * width, width)

    def forward(self, x_BChw: Tensor) -> Tensor:
        """Map (B, C, h, w) to the same shape."""
        x_BChw = x_BChw + self.position(x_BChw)
        batch, width, height, breadth = x_BChw.shape
        x_BNC = x_BChw.flatten(2).transpose(1, 2)
        x_BNC = x_BNC + self.project(self._attend(self.query_key_value(self.norm1(x_BNC))))
        x_BNC = x_BNC + self.narrow(functional.gelu(self.widen(self.norm2(x_BNC))))
        result: Tensor = x_BNC.transpose(1, 2).reshape(batch, width, height, breadth)
        return result

    def _attend(self, qkv_BN3C: Tensor) -> Tensor:
        batch, places, triple = qkv_BN3C.shape
        split = qkv_BN3C.reshape(batch, places, 3, self.heads, triple // 3 // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        mixed_BhNc = functional.scaled_dot_product_attention(query, key, value)
        return mixed_BhNc.transpose(1, 2).reshape(batch, places, triple // 3)


class EncoderUNet(Painter):
    """A U-Net whose encoder is pre-trained; see the module's text.

    ``outputs`` is Q; ``encoder`` a name of :data:`photochrom.backbones.resnet.ENCODERS`; ``width`` the channels of the
    context, ``blocks`` how many context blocks; ``decoder`` the channels at strides 8 and 4. Color ``queries``, if any,
    look at the context and at both scales of the decoder, and their maps join the finest features before the head.
    """

    multiple = 16
    stride = 4
    takes_hints = True

    def __init__(self, outputs: int, encoder: str = "resnet50", width: int = 384, blocks: int = 2,
                 decoder: tuple[int, int] = (192, 96), queries: int = 0) -> None:  # fmt: skip
        super().__init__()
        self.encoder = build_encoder(encoder, inputs=4)
        fine, middle, deep = self.encoder.channels
        self.deep = nn.Conv2d(deep, width, 1)
        self.context = nn.Sequential(*(ContextBlock(width, heads=max(1, width // 64)) for _ in range(blocks)))
        self.middle = nn.Conv2d(middle, decoder[0] * 2 // 3, 1)
        self.fine = nn.Conv2d(fine, decoder[1] * 2 // 3, 1)
        self.up8 = Merge(width, decoder[0] * 2 // 3, decoder[0])
        self.up4 = Merge(decoder[0], decoder[1] * 2 // 3, decoder[1])
        self.queries = ColorQueries(queries, decoder[0], (width, *decoder), decoder[1]) if queries else None
        self.head = nn.Conv2d(decoder[1] + queries, outputs, 1)

    def forward(self, lightness_B1HW: Tensor, hints_B3HW: Tensor) -> Tensor:
        """Map L (0..100) and hints to raw (B, Q, H/4, W/4)."""
        gray = (lightness_B1HW / 100 - 0.449) / 0.226
        hinted = torch.cat([gray, hints_B3HW[:, :1], hints_B3HW[:, 1:] / 110], dim=1)
        fine, middle, deep = self.encoder(hinted)
        context = self.context(self.deep(deep))
        eighth = self.up8(context, self.middle(middle))
        x = self.up4(eighth, self.fine(fine))
        if self.queries is not None:
            x = torch.cat([x, self.queries((context, eighth, x), x)], dim=1)
        return self.head(x)  # type: ignore[no-any-return]
