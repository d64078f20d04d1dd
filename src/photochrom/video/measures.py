"""How steady and how true a film's colors are.

Flicker: how far the chroma of a thing moves from one frame to the next, by the flow of the true lightness (Lai et al.
2018, "Learning blind video temporal consistency", eq. 12, on ab instead of RGB and without what is occluded):

    flicker = mean over t and visible x of |ab_t(x) - ab_{t+1}(x + F(x))|

CDC, color distribution consistency (Liu et al. 2021, "Temporally consistent video colorization with deep feature
propagation and self-regularization learning", eq. 13 and 14):

    CDC_s = 1 / 3 (N - s) sum_c sum_t JS(P_c(t), P_c(t + s)),   CDC = (CDC_1 + CDC_2 + CDC_4) / 3

with P_c(t) the histogram of channel c of R, G, B at time t and JS the Jensen-Shannon divergence, in nats.

Shapes: H x W pixels.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.difference import ciede2000
from photochrom.color.lab import rgb_to_lab
from photochrom.video.flow import Codes, Floats, pattern, pull, sureness

SPANS: Final = (1, 2, 4)
"""s: how many frames lie between the histograms that are compared."""

VISIBLE: Final = 0.5
"""Where a flow is surer than this, the thing is seen in both frames."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Flicker in Lab units, CDC in nats, CIEDE2000, mean chroma in Lab units, and the number of frames."""

    flicker: float
    cdc: float
    ciede2000: float
    chroma: float
    frames: int


def film_scores(pairs: Iterable[tuple[Codes, Codes]], cuts: Iterable[int] = ()) -> Scores:
    """Return the scores of a film's frames: pairs of true and made RGB, (H, W, 3) uint8 each.

    Nothing is compared across ``cuts``, the numbers of frames that begin a shot.
    """
    borders, last = set(cuts), deque[NDArray[np.float64]](maxlen=max(SPANS))
    before: tuple[Codes, Floats] | None = None
    flickers, differences, chromas = [], [], []
    divergences: dict[int, list[float]] = {span: [] for span in SPANS}
    for number, (true, made) in enumerate(pairs):
        if number in borders:
            before = None
            last.clear()
        true_lab, lab = (rgb_to_lab(rgb.astype(np.float32) / 255) for rgb in (true, made))
        differences.append(float(ciede2000(true_lab, lab).mean()))
        chromas.append(float(np.hypot(lab[..., 1], lab[..., 2]).mean()))
        gray = np.rint(true_lab[..., 0] * 2.55).astype(np.uint8)
        if before is not None:
            flickers.append(flicker(before, (gray, lab[..., 1:])))
        before = gray, lab[..., 1:]
        shares = histograms(made)
        for span in SPANS:
            if len(last) >= span:
                divergences[span].append(float(np.mean(divergence(last[-span], shares))))
        last.append(shares)
    cdc = [float(np.mean(found)) for found in divergences.values() if found]
    return Scores(_mean(flickers), _mean(cdc), _mean(differences), _mean(chromas), len(differences))


def flicker(before: tuple[Codes, Floats], now: tuple[Codes, Floats]) -> float:
    """Return how far chroma moves between two frames, each the true picture (H, W) in 0..255 and ab (H, W, 2)."""
    (old, old_ab), (new, new_ab) = before, now
    height, width = old.shape
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    there: Floats = search.calc(old, new, None)  # type: ignore[call-overload]
    back: Floats = search.calc(new, old, None)  # type: ignore[call-overload]
    sure = sureness(there, back, pattern(old, height, width), pattern(new, height, width))
    visible = sure > VISIBLE
    moved = np.sqrt(((old_ab - pull(new_ab, there)) ** 2).sum(axis=-1))
    return float(moved[visible].mean()) if visible.any() else 0.0


def histograms(rgb: Codes) -> NDArray[np.float64]:
    """Return the share of each level in each channel of RGB (H, W, 3): (3, 256), each row sums to one."""
    counts = [np.bincount(rgb[..., channel].ravel(), minlength=256) for channel in range(3)]
    return np.asarray(np.array(counts) / (rgb.shape[0] * rgb.shape[1]), np.float64)


def divergence(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Jensen-Shannon divergence of distributions (..., n), in nats: 0 for equal ones, ln 2 at most."""
    middle = (one + other) / 2
    return (_relative(one, middle) + _relative(other, middle)) / 2


def _relative(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Kullback-Leibler divergence of one distribution (..., n) from another."""
    ratio = np.divide(one, other, out=np.ones_like(one), where=one > 0)
    found: NDArray[np.float64] = (one * np.log(ratio)).sum(axis=-1)
    return found


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0
