"""The study resnet_pretraining: how moods are measured, when a loss is reached, what the warmth control changes."""

from pathlib import Path

import numpy as np
import pytest

from photochrom.color.warmth import warmed
from photochrom.colorizer import Colorizer
from photochrom.data.catalog import Entry
from photochrom.errors import RunError
from photochrom.evaluate.truth import load_truth
from photochrom.studies import laboratory
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Library
from photochrom.studies.mood import as_lab, at_warmth, kept, moods, scatter
from photochrom.studies.resnet_pretraining import GAN_ONLY, changes, mood_told, reached


def scenes(count: int = 8) -> list[np.ndarray]:
    """Give Lab photos from blue to orange, growing more colorful."""
    random = np.random.default_rng(2)
    return [
        np.concatenate([np.full((6, 6, 1), 50.0), random.normal(place * 4 - 14, 3 + place, (6, 6, 2))], axis=-1)
        for place in range(count)
    ]


def test_the_mood_of_an_even_photo_is_its_color() -> None:
    found = moods([np.full((4, 4, 3), (50, 3, 4.0))])
    np.testing.assert_allclose(found.color, [[3, 4]])
    np.testing.assert_allclose(found.chroma, [5])
    assert 4.5 < found.warmth[0] < 5


def test_opposite_colors_cancel_in_the_mean_color_but_not_in_chroma() -> None:
    lab = np.zeros((2, 2, 3))
    lab[0, :, 1], lab[1, :, 1] = 10, -10
    found = moods([lab])
    assert found.chroma[0] == 10
    assert abs(found.warmth[0]) < 1e-9


def test_the_truth_keeps_its_own_mood() -> None:
    truth = moods(scenes())
    own = kept(truth, truth)
    assert own.chroma_correlation == pytest.approx(1)
    assert own.warmth_correlation == pytest.approx(1)
    assert (own.chroma_error, own.warmth_error, own.color) == (0, 0, 0)


def test_a_warmer_copy_keeps_the_order_of_warmth_but_not_its_amount() -> None:
    truth = moods(scenes())
    result = kept(moods([np.concatenate([lab[..., :1], warmed(lab[..., 1:], 1.0)], -1) for lab in scenes()]), truth)
    assert result.warmth_correlation is not None
    assert result.warmth_correlation > 0.95
    assert 2 < result.warmth_error < 12


def test_gray_has_no_correlation_and_the_error_of_the_truth() -> None:
    truth = moods(scenes())
    gray = kept(moods([lab * [1, 0, 0] for lab in scenes()]), truth)
    assert gray.chroma_correlation is None
    assert gray.warmth_correlation is None
    assert gray.chroma_error == pytest.approx(truth.chroma.mean())


def test_what_moods_say_follows_the_numbers() -> None:
    truth = moods(scenes())
    own, gray = kept(truth, truth), kept(moods([lab * [1, 0, 0] for lab in scenes()]), truth)
    assert "it tells well" in mood_told("one", {"one": own, "gray": gray, "mean color": gray}, truth)[0]
    assert "it tells hardly" in mood_told("one", {"one": gray, "gray": gray, "mean color": gray}, truth)[0]
    assert "no less than" in mood_told("one", {"one": gray, "gray": gray, "mean color": gray}, truth)[0]


def test_the_moods_of_every_model_are_drawn() -> None:
    truth = moods(scenes())
    assert len(scatter({"a": truth, "b": truth}, truth).axes) == 4


def test_a_loss_is_reached_where_it_first_comes_down_to_the_other_ones_end() -> None:
    slow = list(np.linspace(2, 1, 200))
    assert reached(list(np.linspace(1, 0, 200)), slow) == 0.05
    assert reached(slow, slow) == 1.0
    assert reached(slow, [0.5] * 200) is None
    assert reached([], slow) is None


def test_changes_are_shifts_and_what_neutral_pixels_gain() -> None:
    own = np.zeros((2, 2, 3))
    own[0, :, 2] = 24.0
    made = np.concatenate([own[..., :1], warmed(own[..., 1:], 1.0)], axis=-1)
    assert changes([made], [own]) == pytest.approx((4.0, 0.0))
    assert changes([own], [own]) == (0.0, 0.0)


def test_the_control_warms_finished_photos(toy_model: Path, photo_folder: Path) -> None:
    paths = sorted(photo_folder.iterdir())[:2]
    truth = load_truth([Entry(path.name, path, -1, path.stat().st_size) for path in paths])
    toy = Colorizer(toy_model, threads=1)
    cold, own, warm = (moods(as_lab(at_warmth(toy, truth, warmth))).warmth for warmth in (-1.0, 0.0, 1.0))
    assert (cold < own).all()
    assert (own < warm).all()


def test_the_game_alone_fits_together() -> None:
    GAN_ONLY.recipe.check()
    assert [stage.objective.critic for stage in GAN_ONLY.recipe.stages] == [True]


def test_a_published_encoder_is_fetched_where_no_file_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def fetch(cache: Path, weights: object) -> Path:
        asked.append(cache)
        if len(asked) > 1:
            raise RunError("no network")
        return cache / "fetched.safetensors"

    monkeypatch.setattr(laboratory, "fetch_encoder", fetch)
    empty = Laboratory(Library(tmp_path), tmp_path / "runs", minutes=1.0)
    assert empty.backbone("resnet18_c4") == tmp_path / "runs" / "backbones" / "fetched.safetensors"
    with pytest.raises(RunError, match=r"needs resnet18_c4.safetensors; give .* --backbones \(no network\)"):
        empty.backbone("resnet18_c4")
    (tmp_path / "resnet18_c4.safetensors").touch()
    given = Laboratory(Library(tmp_path), tmp_path / "runs", minutes=1.0, backbones=tmp_path)
    assert given.backbone("resnet18_c4") == tmp_path / "resnet18_c4.safetensors"
    assert len(asked) == 2
