"""The main job: photo in, photo out.

    Photo -> lightness at the working size -> ONNX Runtime -> raw -> chroma -> Photo (its own lightness, that chroma)

Build one :class:`Colorizer` and give it photo after photo. Color does not depend on a photo's size because the network
always sees the same area: the photo is scaled, aspect ratio kept, to ``working_size`` squared pixels and padded by
reflection to whole network cells.
"""

import sys
from copy import copy
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.alternatives import Alternative, list_alternatives
from photochrom.answer import OWN, Answer, Settings
from photochrom.card import Decode
from photochrom.consensus import EFFORTS, Sight, consensus, resized
from photochrom.errors import HintError, ModelError, OptionError
from photochrom.guess import SECOND_SCALE, GuessMap, make_guess_map
from photochrom.hints import Hints
from photochrom.looks import draw_looks
from photochrom.photo import Page, Photo
from photochrom.photo.formats import by_suffix, written_as
from photochrom.reference import Reference
from photochrom.session import open_model, reason
from photochrom.settling import contain
from photochrom.weights import DEFAULT

__all__ = ["Colorizer", "Settings", "colorize", "ending_for"]

SMALLEST: Final = 16
STEP: Final = 4
"""Sides of the network's view of a photo: at least the first, and multiples of the second."""

LONGEST_ASPECT: Final = 4.0
"""A photo longer than this is seen with its long side at twice the working size, so that its short one is not lost."""


class Colorizer:
    """A loaded model; any number of threads may share one.

    ``card`` tells what it is, ``outputs`` how many numbers a place gets, ``takes_hints`` whether it takes colors.
    """

    def __init__(self, model: str | Path = DEFAULT, *, threads: int = 0) -> None:
        """Load a shipped model by name, or a model file by path; ``threads`` 0 means all cores.

        Raises ModelError when there is no such model or the file is not one of ours.
        """
        self._session, self.card, self._chroma = open_model(model, threads)
        self.outputs = self._chroma.outputs
        self.takes_hints = len(self._session.get_inputs()) > 1

    def colorize(self, photo: Photo, settings: Settings = OWN) -> Photo:
        """Return the photo, every page of it, with its own lightness and the model's colors.

        Nothing at full resolution is computed before the result is saved. Raises HintError for hints of another size.
        """
        chroma = [self.answer(page, settings).ab(settings) for page in photo.pages]
        return photo.with_chroma(chroma, model=self.card.name)

    def looks(self, photo: Photo, count: int = 4, seed: int = 0, settings: Settings = OWN) -> list[tuple[str, Photo]]:
        """Return ``count`` (2 to 8) versions of the photo with their names, from one run of the network for a page.

        "natural" is what :meth:`colorize` returns, then "conservative" and "vivid", then samples in which whole things
        have another color ("sample-1" and on); the same for the same ``seed``. Raises OptionError for another count and
        ModelError for a model without bins.
        """
        pages = [draw_looks(self.answer(page, settings), count, seed, settings) for page in photo.pages]
        return [(name, photo.with_chroma([page[name] for page in pages], model=self.card.name)) for name in pages[0]]

    def guess_map(self, photo: Photo, settings: Settings = OWN) -> GuessMap:
        """Return where on the photo's first page the model is guessing; raises ModelError for a model without bins."""
        page, table = photo.pages[0], self.card.guess
        again = self.answer(page, settings, SECOND_SCALE) if table.get("scales", 1) > 1 else None
        return make_guess_map(self.answer(page, settings), again, table)

    def alternatives(self, photo: Photo, x: float, y: float, settings: Settings = OWN) -> list[Alternative]:
        """Return the likely colors of the thing at (x, y), in pixels of the photo's first page, most probable first.

        Raises OptionError for a point outside the photo and ModelError for a model without bins.
        """
        return list_alternatives(self.answer(photo.pages[0], settings), x, y)

    def reference(self, photo: Photo, effort: str = "normal") -> Reference:
        """Return the palette of the first page of a color photo, for :class:`Settings`, as this model sees it.

        ``effort`` should be that of the settings it is for. Raises OptionError for one that there is not.
        """
        page = photo.pages[0]
        answer = self.answer(page, Settings(effort=effort))
        height, width = answer.lightness.shape
        return Reference.between(answer.ab(), page.lab(width, height))

    def decoded_as(self, decode: Decode) -> "Colorizer":
        """Return the same model, not loaded again, with another way to turn its answers into color."""
        other = copy(self)
        other.card = replace(self.card, decode=decode)
        return other

    def chroma(self, lightness: NDArray[np.float32], settings: Settings = OWN) -> NDArray[np.float32]:
        """Return ab, (h/s, w/s, 2) float32 in Lab units, for L, (h, w) float32 in 0..100, at the working size.

        s is the network's stride, 4 for the default; sides that are no multiples of it are counted up. Hints are placed
        by fractions of the photo they name. Raises HintError when hints are given to a model that takes none.
        """
        return self.answer(lightness, settings).ab(settings)

    def answer(
        self,
        page: Page | NDArray[np.float32],
        settings: Settings = OWN,
        scale: float = 1.0,
        plain: Answer | None = None,
    ) -> Answer:
        """Run the network and keep what it says of a page, or of L, (h, w) in 0..100, at the working size.

        Either is seen at ``scale`` times that size. Of ``settings`` hints and effort count here. With hints the network
        runs without them as well, so that they change only what is like the hinted places (see
        :func:`photochrom.settling.contain`); ``plain`` is that answer, where the caller has it already. Raises
        HintError when the hints are for a photo of another size, or given to a model that takes none.
        """
        hints = settings.hints
        if hints is not None and isinstance(page, Page):
            hints.require_size(page.width, page.height)
        if hints is not None and not self.takes_hints:
            raise HintError(f"the model {self.card.name} takes no hints; use the model {DEFAULT}, or no hints")
        sights = [self._sight(page, hints, scale * factor) for factor in EFFORTS[settings.effort]]
        raw = self.raw(*sights[0]) if len(sights) == 1 else consensus(self.raw, sights)
        width, height = (page.width, page.height) if isinstance(page, Page) else page.shape[::-1]
        answer = Answer(raw, self._chroma, self.card.decode, sights[0][0], width, height, self.card.name)
        if hints is None:
            return answer
        plain = plain or self.answer(page, replace(settings, hints=None), scale)
        kept = contain(raw, plain.raw, plain.ab(), plain.small_lightness, sights[0][1])
        return replace(answer, raw=kept)

    def _sight(self, page: Page | NDArray[np.float32], hints: Hints | None, scale: float) -> Sight:
        """Return what the network sees of a page, or of L, at ``scale`` times the working size."""
        if isinstance(page, Page):
            width, height = (_whole(scale * side) for side in self.working_size(page.width, page.height))
            lightness = page.lightness(width, height)
        elif scale == 1:
            lightness = page
        else:
            lightness = np.clip(resized(page, *(_whole(scale * side) for side in page.shape)), 0, 100)
        height, width = lightness.shape
        field = np.zeros((3, height, width), np.float32) if hints is None else hints.field(width, height)
        return lightness, field

    def raw(self, lightness: NDArray[np.float32], hints: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the network's answer, (Q, h/s, w/s), for L (h, w) in 0..100 and a hint field (3, h, w)."""
        return self._run(lightness, hints, output=0)

    def features(self, page: Page, scale: float = 1.0) -> NDArray[np.float32]:
        """Return what the encoder sees on a page at ``scale`` times the working size, (C, h/16, w/16), 0 or more.

        Raises ModelError for a model without features.
        """
        if len(self._session.get_outputs()) == 1:
            raise ModelError(f"the model {self.card.name} gives no features; export it again, or use {DEFAULT}")
        return self._run(*self._sight(page, None, scale), output=1)

    def _run(self, lightness: NDArray[np.float32], hints: NDArray[np.float32], output: int) -> NDArray[np.float32]:
        """Return one of the network's outputs, without what is of the padding alone."""
        height, width = lightness.shape
        edge = ((0, -height % self.card.multiple), (0, -width % self.card.multiple))
        feeds = {"lightness": np.pad(lightness, edge, mode="reflect")[None, None].astype(np.float32)}
        if self.takes_hints:
            feeds["hints"] = np.pad(hints, ((0, 0), *edge))[None].astype(np.float32)
        try:
            (maps,) = self._session.run([self._session.get_outputs()[output].name], feeds)
        except Exception as error:  # onnxruntime raises a dozen classes of its own
            raise ModelError(f"the model {self.card.name} fails on a photo ({reason(error)})") from error
        stride = feeds["lightness"].shape[-1] // maps.shape[-1]
        return np.asarray(maps[0, :, : -(-height // stride), : -(-width // stride)])

    def working_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) at which the network sees a photo: same shape, same area for all photos."""
        aspect = min(max(width / height, 1 / LONGEST_ASPECT), LONGEST_ASPECT)
        side = self.card.decode.working_size
        return _whole(side * aspect**0.5), _whole(side / aspect**0.5)


def colorize(photo: Any, settings: Settings = OWN) -> Any:
    """Colorize one photo with the shipped model and return the same kind of thing.

    =================================  =======================================================================
    given                              returned
    =================================  =======================================================================
    path (str or Path)                 Path of a new file beside it, ``NAME-color.EXT``; none is ever replaced
    bytes of a photo file              bytes of a photo file of the same format
    array (H, W) or (H, W, 1..4)       array (H, W, 3 or 4) of the same type; uint8, uint16 or float in 0..1
    PIL image                          PIL image, RGB or RGBA, 8 bits
    Photo                              Photo
    =================================  =======================================================================

    Raises PhotoError when the photo cannot be read, OutputError when the result cannot be written.
    """
    colorizer = _default()
    if isinstance(photo, Photo):
        return colorizer.colorize(photo, settings)
    if isinstance(photo, str | Path):
        path = Path(photo)
        opened = Photo.open(path)
        target = path.with_name(f"{path.stem}-color{ending_for(path, opened.format)}")
        return colorizer.colorize(opened, settings).save(target)
    if isinstance(photo, bytes | bytearray | memoryview):
        return colorizer.colorize(Photo.open(bytes(photo)), settings).encode()
    if isinstance(photo, np.ndarray):
        colored = colorizer.colorize(Photo.from_array(photo), settings).to_array()
        return colored.astype(photo.dtype, copy=False) if photo.dtype.kind == "f" else colored
    pillow = sys.modules.get("PIL.Image")
    if pillow is not None and isinstance(photo, pillow.Image):
        return pillow.fromarray(colorizer.colorize(Photo.from_array(_eight_bits(photo)), settings).to_array())
    kind = type(photo).__name__
    raise OptionError(f"cannot colorize a {kind}; give a path, bytes, a NumPy array, a PIL image or a Photo")


def _eight_bits(image: Any) -> NDArray[np.uint8]:
    """Return a PIL image as uint8 RGB or RGBA; Pillow itself cuts 16-bit gray off at 255."""
    if image.mode.startswith("I"):
        wide: NDArray[Any] = np.asarray(image)
        return (wide.clip(0, 65535) / 257 + 0.5).astype(np.uint8)
    keeps = "A" in image.getbands() or "transparency" in image.info
    return np.asarray(image.convert("RGBA" if keeps else "RGB"))


def ending_for(source: Path, format: str) -> str:
    """Return the ending (".jpg") of a result in the format of the photo: the photo's own where that is true."""
    written = written_as(format)
    return source.suffix if by_suffix(source.suffix) == written else written.suffixes[0]


@lru_cache(maxsize=1)
def _default() -> Colorizer:
    return Colorizer()


def _whole(length: float) -> int:
    return max(SMALLEST, STEP * round(length / STEP))
