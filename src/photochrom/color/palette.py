"""Palettes: a few colors that stand for all colors, found by k-means, kept as JSON.

k-means by Lloyd 1982, started by k-means++ (Arthur and Vassilvitskii 2007). Fitting needs scikit-learn,
which is imported only then; using, saving and loading a palette need NumPy alone.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from array_api_compat import device
from numpy.typing import NDArray

from photochrom.color.arrays import namespace
from photochrom.errors import DataError, OptionError, OutputUnwritable, RunError

Array = Any  # a NumPy array or a torch tensor
Space = Literal["rgb", "ab"]

VERSION: Final = 1
DECIMALS: Final = 4
"""Decimals that a palette's colors keep, in memory as on disk."""

_SIZES: Final = {"rgb": 3, "ab": 2}
_RANGES: Final = {"rgb": (0.0, 1.0), "ab": (-128.0, 128.0)}
_BATCH_ABOVE: Final = 100_000


@dataclass(frozen=True, eq=False)
class Palette:
    """A list of K different colors, the most frequent first when fitted.

    ``colors`` is (K, 3) gamma-encoded sRGB in 0..1 where ``space`` is "rgb", (K, 2) a and b in Lab units
    (-128..128) where it is "ab"; float32, rounded to four decimals so that saving loses nothing, and
    read-only. Raises OptionError for another shape, a value outside the range or two equal colors.
    """

    colors: NDArray[np.float32]
    space: Space

    def __post_init__(self) -> None:
        """Check and freeze the colors."""
        if self.space not in _SIZES:
            raise OptionError(f"the palette space is {self.space!r}; expected 'rgb' or 'ab'")
        size, (low, high) = _SIZES[self.space], _RANGES[self.space]
        try:
            exact = np.asarray(self.colors, dtype=np.float64)
        except (TypeError, ValueError):
            raise OptionError("the palette colors are not a table of numbers; give K rows of one color each") from None
        if exact.ndim != 2 or exact.shape[1] != size or not len(exact):
            raise OptionError(f"the palette colors have shape {exact.shape}; {self.space!r} needs (K, {size})")
        if not bool(np.all((exact >= low) & (exact <= high))):
            raise OptionError(f"a palette color lies outside {low:g}..{high:g}, the range of {self.space!r}")
        colors = (exact.round(DECIMALS) + 0.0).astype(np.float32)  # + 0.0 turns -0.0 into 0.0
        if len(np.unique(colors, axis=0)) != len(colors):
            raise OptionError(f"two palette colors are equal to {DECIMALS} decimals; every color must be its own")
        colors.flags.writeable = False
        object.__setattr__(self, "colors", colors)

    def __len__(self) -> int:
        """Return K, the number of colors."""
        return len(self.colors)

    def __eq__(self, other: object) -> bool:
        """Two palettes are equal when their space and all their colors in order are."""
        if not isinstance(other, Palette):
            return NotImplemented
        return self.space == other.space and np.array_equal(self.colors, other.colors)

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash((self.space, self.colors.shape, self.colors.tobytes()))

    @classmethod
    def fit(cls, pixels: NDArray[Any], count: int, space: Space, seed: int = 0) -> "Palette":
        """Find the ``count`` colors with the least mean squared distance to ``pixels``, by k-means.

        ``pixels`` is (..., 3) RGB 0..1 or (..., 2) ab in Lab units, as ``space`` says. The same pixels,
        count and seed give the same palette. Colors come in order of how many pixels they stand for, most
        first, equal counts by their channels. Above 100,000 pixels mini-batches are used.

        Raises OptionError for a count below 1, DataError for pixels that are too few, of the wrong shape or
        not finite, RunError where scikit-learn is missing.
        """
        rows = _as_rows(pixels, count, space)
        centers = cls(_distinct(_cluster(rows, count, seed), count), space)
        counts = np.bincount(np.asarray(centers.nearest(rows)), minlength=count)
        order = np.lexsort((*centers.colors.T[::-1], -counts))
        return cls(centers.colors[order], space)

    def nearest(self, pixels: Array, axis: int = -1) -> Array:
        """Return the index (int64) of the nearest color, by Euclidean distance in the palette's own space.

        ``pixels`` is a NumPy array or torch tensor with the 3 or 2 channels on ``axis``, which disappears.
        Of equally near colors the first wins. Memory grows with the pixels, not with the palette.
        """
        xp = namespace(pixels)
        size = _SIZES[self.space]
        if pixels.shape[axis] != size:
            raise OptionError(
                f"pixels of shape {tuple(pixels.shape)} have {pixels.shape[axis]} channels on axis {axis}; "
                f"a palette in {self.space!r} needs {size}"
            )
        moved = xp.moveaxis(pixels, axis, 0)
        channels = [moved[channel, ...] for channel in range(size)]
        best = xp.full_like(channels[0], float("inf"))
        index = xp.zeros(best.shape, dtype=xp.int64, device=device(pixels))
        for number, color in enumerate(self.colors.tolist()):
            distance = sum((channel - value) ** 2 for channel, value in zip(channels, color, strict=True))
            index = xp.where(distance < best, xp.full_like(index, number), index)
            best = xp.where(distance < best, distance, best)
        return index

    def colors_of(self, indices: Array, axis: int = -1) -> Array:
        """Return the colors behind ``indices`` (any shape), float32, their channels on a new ``axis``."""
        xp = namespace(indices)
        colors = xp.asarray(self.colors.copy(), device=device(indices))
        return xp.moveaxis(colors[indices], -1, axis)

    def save(self, path: Path) -> Path:
        """Write the palette as JSON, whole or not at all, replacing an older file; return ``path``.

        Raises OutputUnwritable where the folder is missing or cannot be written.
        """
        path = Path(path)
        text = json.dumps(
            {
                "photochrom_palette": VERSION,
                "space": self.space,
                "colors": self.colors.astype(np.float64).round(DECIMALS).tolist(),
            }
        )
        draft = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            draft.write_text(text + "\n", encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            reason = error.strerror or error
            raise OutputUnwritable(f"{path}: cannot be written ({reason}); choose another place") from None
        return path

    @classmethod
    def load(cls, path: Path) -> "Palette":
        """Read a palette that :meth:`save` wrote; raise OptionError if the file is missing or no palette."""
        try:
            stored = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise OptionError(f"{path}: cannot be read ({error.strerror or error}); give a palette file") from None
        except ValueError:
            raise OptionError(f"{path}: is not JSON; give a file that Palette.save wrote") from None
        if not isinstance(stored, dict) or "photochrom_palette" not in stored:
            raise OptionError(f"{path}: is not a palette; give a file that Palette.save wrote")
        if stored["photochrom_palette"] != VERSION:
            found = stored["photochrom_palette"]
            raise OptionError(f"{path}: is a palette of version {found!r}, expected {VERSION}; fit it anew")
        if not {"space", "colors"} <= stored.keys():
            raise OptionError(f"{path}: the palette misses its space or its colors; fit it anew")
        try:
            return cls(stored["colors"], stored["space"])
        except (OptionError, TypeError) as error:
            raise OptionError(f"{path}: {error}") from None


def _as_rows(pixels: NDArray[Any], count: int, space: Space) -> NDArray[np.float64]:
    """Check what :meth:`Palette.fit` was given and return it as (N, channels)."""
    if count < 1:
        raise OptionError(f"a palette of {count} colors was asked for; ask for 1 or more")
    if space not in _SIZES:
        raise OptionError(f"the palette space is {space!r}; expected 'rgb' or 'ab'")
    array = np.asarray(pixels, dtype=np.float64)
    if array.ndim < 2 or array.shape[-1] != _SIZES[space]:
        raise DataError(f"pixels have shape {array.shape}; fitting in {space!r} needs (..., {_SIZES[space]})")
    rows = array.reshape(-1, array.shape[-1])
    if not bool(np.isfinite(rows).all()):
        raise DataError("some pixels are not finite numbers; remove them before fitting a palette")
    different = len(np.unique(rows.round(DECIMALS), axis=0))
    if different < count:
        raise DataError(f"the pixels hold {different} different colors, {count} were asked for; ask for fewer")
    return rows


def _cluster(rows: NDArray[np.float64], count: int, seed: int) -> NDArray[np.float64]:
    """Return the (count, channels) centers of k-means."""
    try:
        from sklearn.cluster import KMeans, MiniBatchKMeans
    except ImportError:
        raise RunError("fitting a palette needs scikit-learn, missing here: pip install 'photochrom[train]'") from None
    if len(rows) > _BATCH_ABOVE:
        model = MiniBatchKMeans(count, init="k-means++", n_init=3, batch_size=8192, random_state=seed)
    else:
        model = KMeans(count, init="k-means++", n_init=3, random_state=seed)
    return np.asarray(model.fit(rows).cluster_centers_, dtype=np.float64)


def _distinct(centers: NDArray[np.float64], count: int) -> NDArray[np.float32]:
    """Round the centers; raise DataError where two of them fall together."""
    rounded = np.unique(centers.round(DECIMALS), axis=0)
    if len(rounded) < count:
        raise DataError(f"k-means found {len(rounded)} different colors, {count} were asked for; ask for fewer")
    return rounded.astype(np.float32)
