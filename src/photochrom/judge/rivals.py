"""What stands beside the true photo: a model's colors, a folder of results, or colors that are obviously wrong.

Arrays are pictures (H, W, 3), uint8, gamma-encoded sRGB.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import lab_to_rgb, rgb_to_lab
from photochrom.color.resample import fit_gamut
from photochrom.colorizer import Colorizer
from photochrom.data.augment import clean_gray
from photochrom.data.catalog import Entry, decode, list_entries
from photochrom.errors import DataError, OptionError
from photochrom.photo import Photo

Picture = NDArray[np.uint8]
Render = Callable[[Picture], Picture]

TURNED_CHROMA: Final = 15.0
"""Mean chroma from which on turning the hue is obviously wrong; paler photos get one flat color instead."""
LEAST_CHROMA: Final = 30.0
FLAT_MAGENTA: Final = (37.0, -26.0)
ASPECT_TOLERANCE: Final = 0.02


class Rival(Protocol):
    """Makes the picture that stands beside the true one."""

    def identity(self) -> str:
        """Return what tells this rival from others of the same name."""

    def check(self, entries: Sequence[Entry]) -> None:
        """Raise DataError where the rival has nothing to show for some of the photos."""

    def picture(self, entry: Entry, truth: Picture, render: Render) -> Picture:
        """Return the rival's picture of a photo, of the shape of ``truth``; ``render`` is how that was made."""


@dataclass(frozen=True)
class ModelRival:
    """Colorizes the true picture's lightness, at the settings of the model's card."""

    colorizer: Colorizer

    def identity(self) -> str:
        """Return the model's card."""
        return json.dumps(asdict(self.colorizer.card), sort_keys=True)

    def check(self, entries: Sequence[Entry]) -> None:
        """Do nothing: a model has colors for every photo."""

    def picture(self, entry: Entry, truth: Picture, render: Render) -> Picture:
        """Return the model's colors on the lightness of ``truth``."""
        colored = self.colorizer.colorize(Photo.from_array(clean_gray(truth)))
        return np.asarray(colored.to_array()[..., :3], dtype=np.uint8)


@dataclass(frozen=True)
class FolderRival:
    """Shows results that are already there: files named like the photos, whatever their endings.

    A photo out of a subfolder or tar shard, ``shard/name.jpg``, is found as ``shard/name`` or as ``name``.
    """

    folder: Path

    @cached_property
    def results(self) -> dict[str, list[Entry]]:
        """The folder's files by key and by bare name, without their endings."""
        found: dict[str, list[Entry]] = {}
        for entry in list_entries([str(self.folder)]):
            for name in {_stem(entry.key), PurePosixPath(_stem(entry.key)).name}:
                found.setdefault(name, []).append(entry)
        return found

    def identity(self) -> str:
        """Return the names and sizes of the folder's files."""
        return json.dumps([[entry.key, entry.size] for entry in list_entries([str(self.folder)])])

    def check(self, entries: Sequence[Entry]) -> None:
        """Raise DataError where photos have no result, or several."""
        missing = [entry.key for entry in entries if self._result(entry) is None]
        if missing:
            names = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
            raise DataError(
                f"{self.folder} lacks one result, or holds several, for {len(missing)} of {len(entries)} photos "
                f"({names}); expected one file of the same name for each"
            )

    def picture(self, entry: Entry, truth: Picture, render: Render) -> Picture:
        """Return the result of a photo, cropped and scaled as the photo was.

        Raises DataError where it is of another shape, or so much smaller that its blur would show.
        """
        result = self._result(entry)
        if result is None:
            raise DataError(f"{self.folder} has no result for {entry.key}; expected a file of the same name")
        photo, colored = decode(entry), decode(result)
        (height, width), (rows, columns) = photo.shape[:2], colored.shape[:2]
        if abs(math.log(width * rows / (height * columns))) > ASPECT_TOLERANCE:
            raise DataError(
                f"{result.path}: {columns} x {rows} pixels, the photo has {width} x {height}; give whole results"
            )
        if min(rows, columns) < min(*photo.shape[:2], *truth.shape[:2]) - 1:
            raise DataError(
                f"{result.path}: {columns} x {rows} pixels are less than are shown, its blur would tell it from the "
                "photo; give larger results"
            )
        return render(colored)

    def _result(self, entry: Entry) -> Entry | None:
        for name in (_stem(entry.key), PurePosixPath(_stem(entry.key)).name):
            found = self.results.get(name, [])
            if len(found) == 1:
                return found[0]
        return None


def find_rivals(models: Sequence[str]) -> dict[str, Rival]:
    """Return rivals by name: of shipped models' names, model files, and folders of results.

    Raises ModelError for an unknown model, OptionError for none at all or two of the same name, DataError for a folder
    without photos.
    """
    if not models:
        raise OptionError("no model was given; name a shipped model, a model file or a folder of results")
    rivals: dict[str, Rival] = {}
    for model in models:
        path = Path(model)
        name = path.resolve().name if path.is_dir() else path.stem
        if name in rivals:
            raise OptionError(f"two models are named {name!r}; rename one, the report could not tell them apart")
        rivals[name] = FolderRival(path) if path.is_dir() else ModelRival(Colorizer(model))
    return rivals


def identity_of(rivals: Mapping[str, Rival], entries: Sequence[Entry], rules: object) -> str:
    """Return 32 hexadecimal digits that differ for other rivals, photos or rules."""
    parts = [repr(rules), [[entry.key, entry.size] for entry in entries]]
    parts += [[name, rival.identity()] for name, rival in rivals.items()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def mean_chroma(picture: Picture) -> float:
    """Return the mean chroma C*ab of a picture, in Lab units."""
    lab = rgb_to_lab(picture.astype(np.float32) / 255)
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())


def wrong_colors(truth: Picture) -> Picture:
    """Return obviously wrong colors on the picture's own lightness, for a sanity trial.

    The hue is turned by 180 degrees, (a, b) -> -(a, b), and strengthened to a mean chroma of 30 where it is paler; a
    picture whose own mean chroma is below 15 gets one flat magenta of chroma 45: flat blue might pass for a sea, flat
    yellow for an old print.
    """
    lab = rgb_to_lab(truth.astype(np.float32) / 255)
    mean = mean_chroma(truth)
    if mean >= TURNED_CHROMA:
        ab = -max(1.0, LEAST_CHROMA / mean) * lab[..., 1:]
    else:
        ab = np.broadcast_to(np.array(FLAT_MAGENTA, lab.dtype), lab[..., 1:].shape)
    shown = lab_to_rgb(fit_gamut(np.concatenate([lab[..., :1], ab], axis=-1)))
    return np.asarray(np.rint(np.clip(shown, 0, 1) * 255), dtype=np.uint8)


def _stem(key: str) -> str:
    return PurePosixPath(key).with_suffix("").as_posix()
