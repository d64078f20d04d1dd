"""Who gives photos their colors: owns the models, and keeps what the network said of the photos looked at last.

The network runs once for a photo and its hints; everything else that can be chosen is decoded from that, quickly.
"""

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from photochrom.alternatives import Alternative, list_alternatives
from photochrom.answer import Answer, Settings
from photochrom.colorizer import Colorizer
from photochrom.errors import ModelError, OptionError
from photochrom.guess import SECOND_SCALE, GuessMap, make_guess_map
from photochrom.looks import FEWEST, NAMES, draw_looks, look_names
from photochrom.photo import Page, Photo
from photochrom.reference import Reference
from photochrom.server.folder import Folder
from photochrom.server.jobs import Job
from photochrom.server.recent import Recent
from photochrom.server.schema import Choice
from photochrom.transplanter import Transplanter, transplant
from photochrom.weights import shipped

Chroma = NDArray[np.float32]

ANSWERS: Final = 24
"""Answers kept; one takes about 3 MB."""
PHOTOS: Final = 24
LOOKS: Final = 48


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at: a page of a job's photo as a choice colors it."""

    job: Job
    choice: Choice
    page: int = 0


class Painters:
    """The models by name, the first of them for those who name none."""

    def __init__(self, models: dict[str, Path], folder: Folder, max_pixels: int) -> None:
        """Load the first model; raises ModelError when it cannot be used."""
        self.models, self._folder, self._max_pixels = models, folder, max_pixels
        self._loaded: dict[str, Colorizer] = {}
        self._lock, self._runs = threading.Lock(), threading.Semaphore(2)
        self.answers: Recent[Answer] = Recent(ANSWERS)
        self._photos: Recent[Photo] = Recent(PHOTOS)
        self._looks: Recent[dict[str, Chroma]] = Recent(LOOKS)
        self._beside: Recent[Reference | Chroma] = Recent(PHOTOS)
        self.colorizer(None)

    def colorizer(self, name: str | None) -> Colorizer:
        """Return a model, loaded at its first use; raises ModelError for a name that is not one of ours."""
        name = next(iter(self.models)) if name is None else name
        if name not in self.models:
            raise ModelError(f"there is no model {name!r} here; expected one of: {', '.join(self.models)}")
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = Colorizer(self.models[name])
            return self._loaded[name]

    def forget(self, id: str) -> None:
        """Drop what is kept of a job."""
        for kept in (self.answers, self._photos, self._looks, self._beside):
            kept.forget(id)

    def photo(self, job: Job) -> Photo:
        """Return a job's photo, opened; its messages name it as the client did."""
        return self._photos.get((job.id,), lambda: self.open(self._folder.file(job.id, "source")))

    def open(self, path: Path) -> Photo:
        """Open a photo of a client."""
        return Photo.open(path, max_pixels=self._max_pixels)

    def colored(self, photo: Photo, job: Job, choice: Choice) -> Photo:
        """Return the whole photo as the choice colors it: what the command line would make of it."""
        if choice.colors == "transplant":
            return Transplanter(self.open(self.beside(job, "transplant"))).colorize(photo)
        settings = choice.settings(photo.width, photo.height, self._reference(job, choice))
        colorizer = self.colorizer(choice.model)
        if choice.look == "natural":
            return colorizer.colorize(photo, settings)
        return dict(colorizer.looks(photo, count_for(choice.look), choice.seed, settings))[choice.look]

    def chroma(self, view: View) -> Chroma:
        """Return the small colors, (h, w, 2) in Lab units, of a page."""
        job, choice = view.job, view.choice
        if choice.colors == "transplant":
            return cast(Chroma, self._beside.get((job.id, "transplant", view.page), lambda: self._transplanted(view)))
        answer = self.answer(view)
        settings = choice.settings(answer.width, answer.height, self._reference(job, choice))
        if choice.look == "natural":
            return answer.ab(settings)
        if choice.look in NAMES:
            return draw_looks(answer, len(NAMES), choice.seed, settings)[choice.look]
        count = count_for(choice.look)
        key = (job.id, view.page, count, choice.model_dump_json(exclude={"look"}))
        return self._looks.get(key, lambda: draw_looks(answer, count, choice.seed, settings))[choice.look]

    def page(self, view: View) -> Page:
        """Return the page; raises OptionError where there is none of its number."""
        pages = self.photo(view.job).pages
        if view.page >= len(pages):
            raise OptionError(f"there is no page {view.page}; expected 0 to {len(pages) - 1}")
        return pages[view.page]

    def answer(self, view: View, scale: float = 1.0) -> Answer:
        """Return what the network says of a page; raises OptionError for a page that is not there."""
        page, choice = self.page(view), view.choice
        hints = choice.hinted(page.width, page.height)
        key = (view.job.id, view.page, choice.model, choice.effort, scale, "" if hints is None else hints.to_json())

        def run() -> Answer:
            bare = view.choice.model_copy(update={"hints": []})
            plain = None if hints is None else self.answer(replace(view, choice=bare), scale)
            with self._runs:
                settings = Settings(hints=hints, effort=choice.effort)
                return self.colorizer(choice.model).answer(page, settings, scale, plain)

        return self.answers.get(key, run)

    def guess_map(self, view: View) -> GuessMap:
        """Return where on a page the model is guessing; raises ModelError for a model without bins."""
        table = self.colorizer(view.choice.model).card.guess
        again = self.answer(view, SECOND_SCALE) if table.get("scales", 1) > 1 else None
        return make_guess_map(self.answer(view), again, table)

    def alternatives(self, view: View, x: float, y: float) -> list[Alternative]:
        """Return the likely colors of the thing at a point of a page, in its pixels."""
        return list_alternatives(self.answer(view), x, y)

    def beside(self, job: Job, name: str) -> Path:
        """Return the reference or the transplant of a job; raises OptionError where none was uploaded."""
        path = self._folder.file(job.id, name)
        if not path.exists():
            raise OptionError(f"colors of a {name} are wanted, but none was uploaded; upload one first")
        return path

    def _reference(self, job: Job, choice: Choice) -> Reference | None:
        if choice.colors != "reference":
            return None
        path = self.beside(job, "reference")
        colorizer, key = self.colorizer(choice.model), (job.id, "reference", choice.model, choice.effort)
        return cast(Reference, self._beside.get(key, lambda: colorizer.reference(self.open(path), choice.effort)))

    def _transplanted(self, view: View) -> Chroma:
        page = transplant(self.photo(view.job), self.open(self.beside(view.job, "transplant"))).pages[view.page]
        assert page.chroma is not None
        return page.chroma


def count_for(look: str) -> int:
    """Return how many looks must be drawn to have one of this name."""
    return max(FEWEST, look_names(8).index(look) + 1)


def find_models(names: tuple[str, ...]) -> dict[str, Path]:
    """Return models by the names clients use: shipped ones by name, files by the name on their card.

    Raises ModelError for one that cannot be found, or two of one name.
    """
    known, found = shipped(), dict[str, Path]()
    for name in names:
        card_name = name if name in known else Colorizer(name).card.name
        if card_name in found:
            raise ModelError(f"two models are named {card_name}; give one of them")
        found[card_name] = known.get(name, Path(name))
    return found
