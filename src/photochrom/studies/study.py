"""What a study is, and how one is run: train, measure, write the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from photochrom.errors import RunError
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.trial import Trained, Trial

Write = Callable[[Laboratory, Page, Mapping[str, Trained]], None]


@dataclass(frozen=True, slots=True)
class Study:
    """A question, the trials that can answer it, and ``write``, which measures them and writes the page.

    ``backbones`` names the files of weights that the page needs besides those of the trials, ``legacy`` whether it
    needs historic photos, ``photos`` those that it scores and that a library may lack. ``prepare`` is called before
    anything else, for a study that makes up photos and adds them to the library.
    """

    name: str
    title: str
    question: str
    trials: tuple[Trial, ...]
    write: Write
    backbones: tuple[str, ...] = ()
    legacy: bool = False
    photos: tuple[Selection, ...] = ()
    prepare: Callable[[Laboratory], None] = lambda laboratory: None


def run_study(study: Study, laboratory: Laboratory, out: Path, command: str) -> Path:
    """Train a study's trials, measure them and write its page into ``out``; returns the page.

    What is missing (photos, labels, weights) is an error before anything is trained: DataError or RunError.
    """
    study.prepare(laboratory)
    laboratory.require(study.trials)
    for name in study.backbones:
        laboratory.backbone(name)
    for photos in study.photos:
        laboratory.library.select(photos)
    if study.legacy and (laboratory.legacy is None or not laboratory.legacy.is_dir()):
        raise RunError(f"the study {study.name} shows historic photos; give a folder of them with --legacy")
    trained = laboratory.trained(study.trials)
    page = Page(study.name, study.title)
    page.text(study.question)
    study.write(laboratory, page, trained)
    _tell_how(page, laboratory, trained, command)
    return page.save(out)


def _tell_how(page: Page, laboratory: Laboratory, trained: Mapping[str, Trained], command: str) -> None:
    """Write what a reader needs to repeat the study."""
    page.heading("How this was made")
    page.text(
        "Everything on this page, the sentences about numbers included, was written by this command "
        f"({laboratory.budget} for each trial of weight 1):"
    )
    page.code(command)
    columns = (
        "trial",
        "recipe",
        "photos",
        "parameters (M)",
        "minutes",
        "steps",
        "photo passes",
        "crop px",
        "starts from",
    )
    page.table(columns, [_facts(one) for one in trained.values()])


def _facts(one: Trained) -> list[object]:
    training, recipe = one.card.training, one.trial.recipe
    sizes = "/".join(str(size) for size in dict.fromkeys(stage.size for stage in recipe.stages))
    return [
        one.trial.name,
        recipe.name,
        training["photos_in_set"],
        f"{training['parameters'] / 1e6:.1f}",
        training["minutes"],
        training["steps"],
        training["photo_passes"],
        sizes,
        one.trial.encoder or "random weights",
    ]
