"""The table of scores: baselines, matched colorfulness, report and size stability, with models of known answers."""

import numpy as np
import pytest
from PIL import Image

from photochrom.color.lab import rgb_to_lab
from photochrom.color.resample import downsample_area
from photochrom.data.catalog import list_entries
from photochrom.errors import DataError
from photochrom.evaluate import score as module
from photochrom.evaluate.report import write_sheets, write_table
from photochrom.evaluate.score import baselines, colorized, load_truth, score
from photochrom.evaluate.stability import SIZES, size_stability


class KnowingColorizer:
    """Answers with the true chroma of the photos, one after another."""

    def __init__(self, truth):
        self.answers = iter([downsample_area(lab[..., 1:], 64, 64).astype(np.float32) for lab in truth.lab])

    def working_size(self, width, height):
        return 256, 256

    def chroma(self, lightness):
        return next(self.answers)


class HalfBlueColorizer:
    """Paints the left half blue, or only as much as fits a fixed number of pixels when it is bound to pixels."""

    def __init__(self, bound_to_pixels):
        self.bound_to_pixels = bound_to_pixels

    def working_size(self, width, height):
        return (width, height) if self.bound_to_pixels else (64, 64)

    def chroma(self, lightness):
        ab = np.zeros((*lightness.shape, 2), np.float32)
        ab[:, : 32 if self.bound_to_pixels else lightness.shape[1] // 2] = (0, -30)
        return ab


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(4):
        coarse = random.integers(40, 216, (6, 7, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((280, 260), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return load_truth(list_entries([str(folder)]), None)


def test_photos_are_cropped_to_the_protocols_square(truth):
    assert [photo.shape for photo in truth.rgb] == [(256, 256, 3)] * 4


def test_too_few_photos_are_refused(tmp_path):
    (tmp_path / "one.png").write_bytes(b"")
    Image.new("RGB", (300, 300)).save(tmp_path / "two.png")
    with pytest.raises(DataError, match="two or more"):
        load_truth(list_entries([str(tmp_path)]), None)


def test_the_true_chroma_at_a_quarter_scores_almost_perfectly(truth):
    row = score("knowing", colorized(KnowingColorizer(truth), truth), truth, None)
    assert row.psnr > 40
    assert row.ciede2000 < 1
    assert row.colorfulness == pytest.approx(truth.colorfulness, rel=0.02)


def test_gray_has_no_colorfulness_and_the_mean_color_is_one_color(truth):
    both = baselines(truth)
    assert score("gray", both["gray"], truth, None).colorfulness == 0
    chromas = np.concatenate([lab[..., 1:].reshape(-1, 2) for lab in both["mean color"]])
    assert np.ptp(chromas, axis=0).max() < 1e-4
    np.testing.assert_allclose(
        chromas[0], np.mean([lab[..., 1:].mean(axis=(0, 1)) for lab in truth.lab], axis=0), atol=1e-3
    )


def test_a_share_of_the_colorfulness_is_reached(truth):
    row = score("knowing", colorized(KnowingColorizer(truth), truth), truth, 0.6)
    assert row.colorfulness == pytest.approx(0.6 * truth.colorfulness, abs=0.05)
    assert row.factor < 1


def test_the_interval_holds_the_mean(truth):
    row = score("gray", baselines(truth)["gray"], truth, None)
    assert row.psnr_interval[0] < row.psnr < row.psnr_interval[1]


def test_a_model_that_sees_pixels_is_found_unstable_and_one_that_sees_the_photo_stable(truth):
    photos = [photo[:128, :128] for photo in truth.rgb]
    steady = size_stability(HalfBlueColorizer(bound_to_pixels=False), photos)
    moving = size_stability(HalfBlueColorizer(bound_to_pixels=True), photos)
    assert set(steady) == set(SIZES)
    assert max(steady.values()) < 0.5
    assert min(moving.values()) > 3


def test_the_table_and_the_sheets_are_written(truth, tmp_path):
    predictions = baselines(truth)["gray"]
    rows = [score("gray", predictions, truth, None)]
    about = module.describe(truth, {})
    write_table(tmp_path / "scores.md", about, rows)
    text = (tmp_path / "scores.md").read_text()
    assert "| gray, own setting | 0.0 |" in text
    assert "4 photos" in text
    write_sheets(tmp_path, "gray", predictions, truth)
    with Image.open(tmp_path / "sheet-gray-00.png") as sheet:
        assert sheet.size == (8 * 160, 3 * 160)


def test_lab_of_the_truth_is_that_of_its_rgb(truth):
    np.testing.assert_allclose(truth.lab[0], rgb_to_lab(truth.rgb[0]), atol=1e-3)
