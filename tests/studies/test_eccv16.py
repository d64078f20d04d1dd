"""The page of Zhang et al. 2016: what its sentences say of numbers."""

from dataclasses import replace
from pathlib import Path

from photochrom.card import Decode
from photochrom.evaluate.measures import Row
from photochrom.recipes import find_recipe
from photochrom.studies.eccv16 import Swept, loss_on, told
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Library, Selection
from photochrom.studies.trial import Trial

ROW = Row("", None, 1.0, 96, 0.01, 20.0, 10.0, 30.0, -10.0, 85.0, 70.0)


def swept(*colorfulness: float) -> list[Swept]:
    rows = (replace(ROW, colorfulness=value, ciede2000=abs(value - 20)) for value in colorfulness)
    return [Swept(temperature, row) for temperature, row in zip((1.0, 0.4, 0.0), rows, strict=True)]


def test_a_vivid_mode_is_called_so() -> None:
    assert told("one", swept(12.0, 21.0, 30.0)) == (
        "With one the mode is more vivid than the mean, 30.0 against 12.0. Most colorful is T = 0, the lowest "
        "CIEDE2000 has T = 0.4."
    )


def test_a_pale_mode_is_called_so_and_explained() -> None:
    said = told("one", swept(20.0, 15.0, 6.0))
    assert "the mode is paler than the mean, 6.0 against 20.0: the likeliest color" in said
    assert "Most colorful is T = 1, the lowest CIEDE2000 has T = 1." in said


def test_the_test_loss_is_that_of_training_on_clean_photos(photo_folder: Path, tmp_path: Path) -> None:
    photos = Selection("photos", limit=4)
    (tmp_path / "photos").symlink_to(photo_folder)
    library = Library(tmp_path)
    trial = Trial("toy", find_recipe("eccv16_tiny"), photos, photos, decode=Decode(working_size=64))
    one = Laboratory(library, tmp_path / "runs", minutes=0.001).trained([trial])["toy"]
    looked_at = one.last("cross_entropy", "check", share=0.0)
    assert looked_at is not None
    assert abs(loss_on(one, library.select(photos)) - looked_at) < 0.01 * looked_at
