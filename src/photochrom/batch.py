"""What a training step sees: photos as stored become lightness, hints and targets on the device.

Shapes: B photos, H x W pixels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from photochrom.color.lab import lightness, rgb_to_lab

HINTED = 0.3
"""Share of the photos of a batch that get hints; the others are colored from nothing."""
MEAN_HINTS = 5
LARGEST_HINT = 9


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs and target of one step.

    ``lightness_B1HW`` is the aged photo's L (0..100), ``hints_B3HW`` mask, a and b, ``lab_B3HW`` the true photo. There
    are no hints for a network that takes none.
    """

    lightness_B1HW: Tensor
    hints_B3HW: Tensor | None
    lab_B3HW: Tensor

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the network is given."""
        return (self.lightness_B1HW,) if self.hints_B3HW is None else (self.lightness_B1HW, self.hints_B3HW)

    def part(self, start: int, stop: int, device: torch.device) -> "Batch":
        """Return some of the photos, on a device."""
        hints = None if self.hints_B3HW is None else self.hints_B3HW[start:stop].to(device)
        return Batch(self.lightness_B1HW[start:stop].to(device), hints, self.lab_B3HW[start:stop].to(device))


def make_batch(
    photo_B3HW: Tensor,
    aged_B1HW: Tensor,
    generator: torch.Generator | None,
    takes_hints: bool = True,
    before: int = 0,
) -> Batch:
    """Turn uint8 photos (B, 3, H, W) and their aged grays (B, 1, H, W) into a batch.

    ``generator`` (on the CPU) draws the hints, so that a step can be repeated; None gives an empty field of hints.
    Where the photos are a process's share, ``before`` are the photos of the step that other processes have before it.
    """
    lab = rgb_to_lab(photo_B3HW.float() / 255, axis=1)
    gray = aged_B1HW.float() / 255
    seen = lightness(gray.expand(-1, 3, -1, -1), axis=1).contiguous(memory_format=torch.channels_last)
    if not takes_hints:
        return Batch(seen, None, lab)
    hints = torch.zeros_like(lab) if generator is None else simulate_hints(lab[:, 1:], generator, before)
    return Batch(seen, hints, lab)


def simulate_hints(ab_B2HW: Tensor, generator: torch.Generator, before: int = 0) -> Tensor:
    """Draw what a user might have painted: a few square patches, each of the mean color under it.

    Follows Zhang et al. 2017 ("Real-Time User-Guided Image Colorization", section 3.1): a geometric number of
    hints, patches of 1 to 9 pixels. Returns (B, 3, H, W): mask, a, b. :data:`HINTED` of the photos get any. What is
    drawn for ``before`` other photos is passed over, so that photos get the same hints however a step is shared.
    """
    batch, _, height, width = ab_B2HW.shape
    hints = ab_B2HW.new_zeros(batch, 3, height, width)
    for _ in range(before):
        _draw_patches(generator)
    for photo in range(batch):
        for down, across, size in _draw_patches(generator):
            side = 1 + int(size * LARGEST_HINT)
            top, left = int(down * (height - side)), int(across * (width - side))
            patch = ab_B2HW[photo, :, top : top + side, left : left + side]
            hints[photo, 0, top : top + side, left : left + side] = 1
            hints[photo, 1:, top : top + side, left : left + side] = patch.mean(dim=(1, 2), keepdim=True)
    return hints


def _draw_patches(generator: torch.Generator) -> list[list[float]]:
    """Draw the hints of one photo: for each how far down and across, and how large, as shares of 1."""
    if torch.rand((), generator=generator).item() >= HINTED:
        return []
    count = int(torch.empty(()).geometric_(1 / MEAN_HINTS, generator=generator))
    drawn: list[list[float]] = torch.rand(count, 3, generator=generator).tolist()
    return drawn
