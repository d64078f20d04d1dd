"""Looks at a painter while it trains: numbers and a sheet of pictures on fixed validation photos.

Shapes: N photos, H x W pixels.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from photochrom.batch import make_batch
from photochrom.card import Decode
from photochrom.chroma import Bins, Chroma
from photochrom.color.colorfulness import colorfulness
from photochrom.color.lab import lab_to_rgb
from photochrom.encoding import Encoding
from photochrom.objectives import Objective

SHEET_PHOTOS = 16


class Preview:
    """Fixed photos, uint8 (N, 3, H, W), and their grays, (N, 1, H, W), on which a painter is looked at."""

    def __init__(self, photo_N3HW: Tensor, gray_N1HW: Tensor, chroma: Chroma, takes_hints: bool) -> None:
        self.batch = make_batch(photo_N3HW, gray_N1HW, None, takes_hints)
        self.truth = photo_N3HW.float() / 255
        self.chroma = chroma

    @torch.no_grad()
    def paint(self, painter: nn.Module, decode: Decode) -> Tensor:
        """Return RGB (N, 3, H, W), 0..1: the photos' own lightness with the painter's chroma."""
        device = next(painter.parameters()).device
        painted = []
        for start in range(0, len(self.truth), 16):
            batch = self.batch.part(start, start + 16, device)
            lightness = batch.lightness_B1HW
            ab = self.chroma.decode(painter(*batch.inputs).float(), decode, axis=1)
            ab = functional.interpolate(ab, size=lightness.shape[-2:], mode="bicubic", align_corners=False)
            painted.append(lab_to_rgb(torch.cat([lightness, ab], dim=1), axis=1).clamp(0, 1).cpu())
        return torch.cat(painted)

    def check(self, painter: nn.Module) -> dict[str, float]:
        """Return PSNR (dB, RGB) of the mean color, of gray, and the colorfulness of both mean color and truth."""
        painted = self.paint(painter, Decode())
        neutral = lab_to_rgb(functional.pad(self.batch.lightness_B1HW, (0, 0, 0, 0, 0, 2)), axis=1).clamp(0, 1)
        return {
            "psnr": _psnr(painted, self.truth),
            "psnr_gray": _psnr(neutral, self.truth),
            "colorfulness": _mean_colorfulness(painted),
            "colorfulness_truth": _mean_colorfulness(self.truth),
        }

    @torch.no_grad()
    def losses(self, models: Mapping[str, nn.Module], objective: Objective, encoding: Encoding) -> dict[str, float]:
        """Return the mean losses on the photos; none for a game, whose losses depend on the critic."""
        if objective.critic:
            return {}
        device = next(models["painter"].parameters()).device
        totals: dict[str, float] = {}
        for start in range(0, len(self.truth), 16):
            batch = self.batch.part(start, start + 16, device)
            for turn in objective.turns(models, encoding, batch):
                for name, value in turn.parts_of_loss.items():
                    totals[name] = totals.get(name, 0.0) + value * len(batch.lab_B3HW)
        return {name: total / len(self.truth) for name, total in totals.items()}

    def sheet(self, painter: nn.Module, target: Path) -> None:
        """Write a picture with rows of: gray, mean color, for bins the annealed mean (T 0.38, rebalanced), truth."""
        count = min(SHEET_PHOTOS, len(self.truth))
        gray = (self.batch.lightness_B1HW / 100).expand(-1, 3, -1, -1)
        decodes = [Decode(), Decode(temperature=0.38, balance=1.0)] if isinstance(self.chroma, Bins) else [Decode()]
        painted = [self.paint(painter, decode)[:count] for decode in decodes]
        rows = [gray[:count], *painted, self.truth[:count]]
        lines = [torch.cat(list(row), dim=2) for row in rows]
        picture = torch.cat(lines, dim=1).clamp(0, 1).permute(1, 2, 0).numpy()
        Image.fromarray((picture * 255 + 0.5).astype(np.uint8)).save(target)


def _psnr(painted: Tensor, truth: Tensor) -> float:
    error = ((painted - truth) ** 2).mean(dim=(1, 2, 3)).clamp(min=1e-10)
    return float((-10 * error.log10()).mean())


def _mean_colorfulness(photos_N3HW: Tensor) -> float:
    return float(np.mean([colorfulness(photo.permute(1, 2, 0).numpy()) for photo in photos_N3HW]))
