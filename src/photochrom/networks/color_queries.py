"""Color queries: learned questions about the whole photo, asked at several scales, answered for every place.

Kang et al. 2023, "DDColor: Towards Photo-Realistic Image Colorization via Dual Decoders", section 3.2. Each query looks
at the features of one scale after the other (cross-attention, equation 1), the queries talk to each other
(self-attention), and the dot product of a query with the finest features is a map: how much of its color is where
(equation 4). Position comes with the features: any size works.

Shapes: B photos, K queries, C channels of a query, N = h w places of a scale, F channels of the finest features.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

HEAD = 32
"""Channels of an attention head."""


class QueryBlock(nn.Module):
    """Cross-attention to one scale, self-attention, a two-layer perceptron; each residual, each normalized before."""

    def __init__(self, width: int, channels: int, expansion: int = 2) -> None:
        super().__init__()
        self.heads = max(1, width // HEAD)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.seen = nn.LayerNorm(channels)
        self.ask, self.answer = nn.Linear(width, width), nn.Linear(channels, 2 * width)
        self.talk = nn.Linear(width, 3 * width)
        self.heard, self.told = nn.Linear(width, width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, expansion * width), nn.Linear(expansion * width, width)

    def forward(self, queries_BKC: Tensor, features_BNC: Tensor) -> Tensor:
        """Map queries to queries of the same shape that have seen the features of a scale."""
        first, second, third = self.norms
        key, value = self.answer(self.seen(features_BNC)).chunk(2, dim=-1)
        x = queries_BKC + self.heard(self._attend(self.ask(first(queries_BKC)), key, value))
        x = x + self.told(self._attend(*self.talk(second(x)).chunk(3, dim=-1)))
        result: Tensor = x + self.narrow(functional.gelu(self.widen(third(x))))
        return result

    def _attend(self, query_BKC: Tensor, key_BNC: Tensor, value_BNC: Tensor) -> Tensor:
        query, key, value = (self._split(x) for x in (query_BKC, key_BNC, value_BNC))
        return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)

    def _split(self, x_BNC: Tensor) -> Tensor:
        """Return (B, heads, N, C / heads)."""
        batch, places, width = x_BNC.shape
        return x_BNC.reshape(batch, places, self.heads, width // self.heads).transpose(1, 2)


class ColorQueries(nn.Module):
    """``queries`` learned queries of ``width`` channels for scales with ``channels``, coarse to fine.

    The last scale is the one that maps are made for: ``fine`` are its channels.
    """

    def __init__(self, queries: int, width: int, channels: Sequence[int], fine: int) -> None:
        super().__init__()
        self.learned = nn.Parameter(torch.randn(queries, width))
        self.blocks = nn.ModuleList(QueryBlock(width, scale) for scale in channels)
        self.norm = nn.LayerNorm(width)
        self.embed = nn.Linear(width, fine)

    def forward(self, scales: Sequence[Tensor], fine_BFhw: Tensor) -> Tensor:
        """Map features (B, channels, h', w') of each scale and the finest ones to maps (B, K, h, w)."""
        x_BKC = self.learned.expand(len(fine_BFhw), -1, -1)
        for block, features in zip(self.blocks, scales, strict=True):
            x_BKC = block(x_BKC, features.flatten(2).transpose(1, 2))
        embedded_BKF = self.embed(self.norm(x_BKC)) / fine_BFhw.shape[1] ** 0.5
        maps_BKN = embedded_BKF @ fine_BFhw.flatten(2)
        maps_BKhw: Tensor = maps_BKN.reshape(*maps_BKN.shape[:2], *fine_BFhw.shape[2:])
        return maps_BKhw
