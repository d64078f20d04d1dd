"""Finds where a picture shows the same as another: its scale, turn and shift, from lightness alone.

First a search: over scales and turns the smallest version of the second picture is laid onto that of the first at
every shift at once (normalized correlation by Fourier transform). Then the best few are refined, size by size, to a
fraction of a pixel by least squares (Lucas and Kanade 1981) over all affine maps, so that a scan that is a little
stretched or sheared fits as well.

Compared is not L but how much it differs from its surroundings, in units of how much it varies there: gamma, contrast,
fading and vignetting of the second picture drop out.

Places are (x, y) in units of a picture's longer side, from its top left corner: the same at all sizes.
"""

from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.resample import downsample_area
from photochrom.color.windows import window_mean

Plane = NDArray[np.float32]

SEARCHED: Final = 96
LARGEST: Final = 512
"""Longer sides at which every scale and turn is tried, and at which the last fraction of a pixel is found."""

_SCALES = np.geomspace(0.7, 1 / 0.7, 25)
_TURNS = np.radians([0.0, -1.5, 1.5])
_FARTHEST = 0.35  # shift, in units of the longer side
_LEAST_OVERLAP = 0.4  # of the first picture
_REFINED = 3  # candidates
_LEAST_CONTRAST = 2.0  # in L: variation below this counts as noise
_MARGIN = 1 / 24  # of the longer side: the radius of the surroundings
_STEPS = 20
_STILL = 0.005  # pixels


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where the places of a picture lie in another: ``matrix`` (2, 3) turns (x, y, 1) of the one into (x, y) there.

    ``confidence`` is the normalized correlation of both, -1 to 1, where they overlap; ``overlap`` is the share, 0..1,
    of the first picture that the second one shows.
    """

    matrix: NDArray[np.float64]
    confidence: float
    overlap: float

    @property
    def scale(self) -> float:
        """How long, in units of the other picture's longer side, this one's longer side is there."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    def places(self, width: int, height: int) -> NDArray[np.float64]:
        """Return where the pixel centers of the first picture, at this size, lie in the second: (height, width, 2)."""
        across, down = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        return np.stack([across, down, np.full_like(across, max(width, height))], axis=-1) @ (
            self.matrix.T / max(width, height)
        )


def align(first: Plane, second: Plane) -> Alignment:
    """Return where the places of ``first`` lie in ``second``; L, (h, w) in 0..100, at any two sizes.

    Found are scales of 0.7 to 1.4 beside that which makes the longer sides alike, turns up to 2 degrees, shifts up to a
    third of the longer side and a second picture of another aspect that was stretched to it. There is always an answer:
    ask ``confidence`` whether it means anything.
    """
    one, other = _at(first, SEARCHED), _at(second, SEARCHED)
    found = [_rescaled(matrix, (one, other), (first, second)) for matrix in _search(one, other)]
    largest = min(max(first.shape), max(second.shape))
    best = Alignment(found[0], -1.0, 0.0)
    for size in [*(size for size in (128, 256) if size < 0.8 * largest), min(largest, LARGEST)]:
        one, other = _at(first, size), _at(second, size)
        pair = _Pair(one, other)
        laid = [pair.refined(_rescaled(matrix, (first, second), (one, other))) for matrix in found]
        best = max(laid, key=lambda alignment: alignment.confidence)
        best = replace(best, matrix=_rescaled(best.matrix, (one, other), (first, second)))
        found = [best.matrix]
    return best


def _rescaled(
    matrix: NDArray[np.float64], before: tuple[Plane, Plane], after: tuple[Plane, Plane]
) -> NDArray[np.float64]:
    """Return a matrix for pictures of other sizes: whole pixels change their aspect a little, and so the units."""
    (a, b), (c, d) = ([np.array(plane.shape[::-1]) / max(plane.shape) for plane in pair] for pair in (before, after))
    return np.asarray(matrix * np.append(a / c, 1) * (d / b)[:, None])


def sampled(image: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the values (..., C) of an image (h, w, C) at ``places`` (..., 2), linearly interpolated.

    Beyond the border lies the nearest color of the border.
    """
    height, width = image.shape[:2]
    x, y = np.moveaxis(places * max(width, height) - 0.5, -1, 0)
    x, y = x.clip(0, width - 1), y.clip(0, height - 1)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    u, v = ((part - whole).astype(np.float32)[..., None] for part, whole in ((x, left), (y, top)))
    flat = image.reshape(height * width, -1)
    above = flat[top * width + left] * (1 - u) + flat[top * width + right] * u
    below = flat[bottom * width + left] * (1 - u) + flat[bottom * width + right] * u
    return np.asarray(above * (1 - v) + below * v)


def within(shape: tuple[int, ...], places: NDArray[np.float64], margin: float = 0.0) -> NDArray[np.bool_]:
    """Tell which of the ``places`` (..., 2) lie on a picture of this shape (h, w, ...), ``margin`` off its border."""
    height, width = shape[:2]
    limit = np.array([width, height]) / max(width, height)
    return np.asarray(((places >= margin) & (places <= limit - margin)).all(axis=-1))


def _at(lightness: Plane, side: int) -> Plane:
    """Return L with its longer side at most ``side``, locally normalized: mean 0, variance about 1, everywhere."""
    height, width = lightness.shape
    scale = min(1.0, side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    small = downsample_area(lightness, *size) if scale < 1 else np.asarray(lightness, np.float32)
    radius = max(2, round(side * _MARGIN))
    detail = small - window_mean(small, radius)
    return np.asarray(detail / np.sqrt(window_mean(detail * detail, radius) + _LEAST_CONTRAST**2), np.float32)


def _search(first: Plane, second: Plane) -> list[NDArray[np.float64]]:
    """Return the matrices of the best few scales and turns, each with its best shift."""
    lens = _Lens(first)
    found = []
    for aspect in _aspects(first.shape, second.shape):
        for scale, turn in product(_SCALES, _TURNS):
            linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * aspect[:, None]
            found.append(lens.best_shift(second, linear))
    found.sort(key=lambda pair: -pair[0])
    return [matrix for _, matrix in found[:_REFINED]]


def _aspects(first: tuple[int, ...], second: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Return what to try for the shape of pixels: square ones, and those that stretch one frame onto the other."""
    one, other = (np.array([width, height]) / max(width, height) for height, width in (first, second))
    stretched = other / one
    alike = np.ptp(np.log(stretched)) < 0.03
    return [np.ones(2)] if alike else [np.ones(2), stretched]


class _Lens:
    """Correlates one picture with others at every shift at once: Padfield 2012, "Masked object registration"."""

    def __init__(self, first: Plane) -> None:
        self.height, self.width = first.shape
        self.side = max(first.shape)
        self.canvas = 2 * self.side
        planes = np.stack([first, first * first, np.ones_like(first)])
        self.spectra = np.conj(np.fft.rfft2(self._centered(planes)))
        reach = round(_FARTHEST * self.side)
        self.shifts = np.arange(-reach, reach + 1)

    def best_shift(self, second: Plane, linear: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the highest correlation of any shift, and the matrix that has this shift and this linear part."""
        middle = np.array([self.width, self.height]) / 2 / self.side
        target = np.array(second.shape[::-1]) / 2 / max(second.shape)
        steps = (np.arange(self.canvas) + 0.5) / self.side - 1
        offsets = np.stack(np.meshgrid(steps, steps), axis=-1)
        places = offsets @ linear.T + target
        mask = within(second.shape, places).astype(np.float32)
        warped = sampled(second[..., None], places)[..., 0] * mask
        spectra = np.fft.rfft2(np.stack([warped, mask, warped * warped]))
        both, one, other = np.fft.irfft2(self.spectra * spectra, s=(self.canvas, self.canvas))
        overlap = np.fft.irfft2(self.spectra[2] * spectra[1], s=(self.canvas, self.canvas))
        score = both / np.sqrt(np.maximum(one, 1) * np.maximum(other, 1))
        score[overlap < _LEAST_OVERLAP * self.width * self.height] = -1
        near = score[np.ix_(self.shifts, self.shifts)]
        down, across = np.unravel_index(int(near.argmax()), near.shape)
        shift = np.array([self.shifts[across], self.shifts[down]]) / self.side
        return float(near.max()), np.column_stack([linear, target + linear @ (shift - middle)])

    def _centered(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        canvas = np.zeros((len(planes), self.canvas, self.canvas), np.float32)
        # An odd rest would put the center between pixels: then the search is half a pixel off, which refining mends.
        top, left = self.side - self.height // 2, self.side - self.width // 2
        canvas[:, top : top + self.height, left : left + self.width] = planes
        return canvas


class _Pair:
    """Two pictures at one size, to be laid onto each other exactly."""

    def __init__(self, first: Plane, second: Plane) -> None:
        height, width = first.shape
        self.first, self.side = first, max(height, width)
        down, across = np.asarray(np.gradient(np.pad(second, 1, mode="edge")))[:, 1:-1, 1:-1]
        self.second = np.stack([second, across, down], axis=-1) * np.float32(1)
        self.zoom = max(second.shape)
        self.frame = Alignment(np.eye(2, 3), 1, 1).places(width, height)
        self.corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]]) / self.side
        self.corners[:, 2] = 1

    def refined(self, matrix: NDArray[np.float64]) -> Alignment:
        """Return the best alignment near ``matrix``."""
        best = self._laid(matrix)[0]
        for _ in range(_STEPS):
            alignment, inside, warped = self._laid(matrix)
            best = max(best, alignment, key=lambda one: one.confidence)
            if not inside.any():
                break
            step = self._step(matrix, inside, warped)
            matrix = matrix + step
            if np.abs(self.corners @ step.T).max() * self.zoom < _STILL:
                break
        return max(best, self._laid(matrix)[0], key=lambda one: one.confidence)

    def _laid(self, matrix: NDArray[np.float64]) -> tuple[Alignment, NDArray[np.bool_], NDArray[np.float32]]:
        """Return how well a matrix does, which pixels it covers, and the second picture and its slopes there."""
        places = self.frame @ matrix[:, :2].T + matrix[:, 2]
        inside = within(self.second.shape, places)
        warped = sampled(self.second, places[inside])
        one, other = self.first[inside], warped[:, 0]
        share = float(inside.mean())
        norm = np.sqrt(float(one @ one) * float(other @ other))
        alike = float(one @ other) / norm if norm > 0 and share >= _LEAST_OVERLAP else -1.0
        return Alignment(matrix, alike, share), inside, warped

    def _step(
        self, matrix: NDArray[np.float64], inside: NDArray[np.bool_], warped: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Solve: second + its slopes times the step = gain times first, for the step (2, 3) and the gain.

        Near a border both were compared with less than their whole surroundings: such places do not count.
        """
        places = self.frame[inside]
        sure = within(self.first.shape, places, _MARGIN)
        sure &= within(self.second.shape, places @ matrix[:, :2].T + matrix[:, 2], _MARGIN)
        x, y = places[sure].T
        warped = np.asarray(warped[sure])
        across, down = (warped[:, part] * self.zoom for part in (1, 2))
        columns: list[Any] = [across * x, across * y, across, down * x, down * y, down, -self.first[inside][sure]]
        system = np.stack(columns, axis=-1).astype(np.float64)
        normal = system.T @ system
        normal[np.diag_indices(7)] *= 1 + 1e-6
        normal[np.diag_indices(7)] += 1e-9
        return np.linalg.solve(normal, -system.T @ warped[:, 0]).astype(np.float64)[:6].reshape(2, 3)
