"""Where things go from one picture to the next, and how sure that is.

Dense inverse search (Kroeger et al. 2016, "Fast optical flow using dense inverse search"), as OpenCV has it, on small
pictures: chroma is smooth and needs no more.

A flow F of picture p to picture q says for a place x of p that the same thing is at x + F(x) in q. It is trusted where
the way back leads home (Sundaram et al. 2010, "Dense point trajectories by GPU-accelerated large displacement optical
flow", eq. 5) and the pictures look alike there, brightness aside:

    sure(x) = exp(-|F(x) + B(x + F(x))|^2 / 2 (s + r |F(x)|)^2 - (n_p(x) - n_q(x + F(x)))^2 / 2 m^2)

with B the flow of q to p and n a picture less its local mean, by its local deviation.

Shapes: H x W pixels of a small picture, h x w places of the grid on which colors are moved.
"""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]

SLACK: Final = 0.4
SLACK_SHARE: Final = 0.06
"""s, in places of the grid, and r."""

UNLIKE: Final = 0.8
"""m, in local deviations."""

NOISE: Final = 6.0
"""What is added to local deviations, in 0..255: flat places have no pattern to differ in."""

FLAT: Final = 2.5
"""Places with a local deviation well below this, in 0..255, have nothing that could be followed."""


def flows(one: Codes, other: Codes, height: int, width: int) -> tuple[Floats, Floats]:
    """Return the flows of one picture (H, W) to another and back, (h, w, 2) each, x and y in places of the grid."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    there = search.calc(one, other, None)  # type: ignore[call-overload]
    back = search.calc(other, one, None)  # type: ignore[call-overload]
    scale = np.array([width / one.shape[1], height / one.shape[0]], np.float32)
    return _calmed(there, one, scale, (width, height)), _calmed(back, other, scale, (width, height))


def _calmed(flow: Floats, picture: Codes, scale: Floats, size: tuple[int, int]) -> Floats:
    """Return a flow on the grid, and none where its picture is flat: there it would follow nothing but grain."""
    small: Any = cv2.resize(flow, size, interpolation=cv2.INTER_AREA)
    _, spread = _local(picture, size[1], size[0])
    return np.asarray(small * scale * (1 - np.exp(-((spread / FLAT) ** 2) / 2))[..., None], np.float32)


def _local(picture: Codes, height: int, width: int) -> tuple[Floats, Floats]:
    """Return a picture (H, W) less its local mean, and its local deviation, on the grid (h, w), in 0..255."""
    small: Any = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    side = max(3, round((height * width) ** 0.5 / 8) | 1)
    mean = cv2.blur(small, (side, side))
    spread = np.sqrt(np.maximum(cv2.blur(small * small, (side, side)) - mean * mean, 0))
    return small - mean, np.asarray(spread, np.float32)


def pull(field: Floats, flow: Floats, interpolation: int = cv2.INTER_LINEAR) -> Floats:
    """Return a field (h, w) or (h, w, C) fetched along a flow (h, w, 2); beyond the edge the edge is taken."""
    height, width = flow.shape[:2]
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    found: Any = cv2.remap(
        field, across + flow[..., 0], down + flow[..., 1], interpolation, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(found, np.float32)


def joined(first: Floats, second: Floats) -> Floats:
    """Return the flow of going along ``first`` and from there along ``second``, (h, w, 2)."""
    return first + pull(second, first)


def pattern(picture: Codes, height: int, width: int) -> Floats:
    """Return a picture (H, W) without its brightness, on the grid (h, w): as many local deviations from local means."""
    away, spread = _local(picture, height, width)
    return away / (spread + np.float32(NOISE))


def sureness(there: Floats, back: Floats, one: Floats, other: Floats) -> Floats:
    """Return how sure a flow is, (h, w) in 0..1; ``one`` and ``other`` are the patterns (h, w) of its two pictures."""
    height, width = one.shape
    miss = ((there + pull(back, there)) ** 2).sum(axis=-1)
    slack = SLACK + SLACK_SHARE * np.sqrt((there**2).sum(axis=-1))
    unlike = (one - pull(other, there)) ** 2
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    across, down = across + there[..., 0], down + there[..., 1]
    inside = (across > -1) & (across < width) & (down > -1) & (down < height)
    return np.asarray(np.exp(-miss / (2 * slack**2) - unlike / (2 * UNLIKE**2)) * inside, np.float32)
