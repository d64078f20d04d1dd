"""The rows of scores: baselines, matched colorfulness, networks and size stability, with models of known answers."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from photochrom.card import Decode
from photochrom.color.lab import rgb_to_lab
from photochrom.color.resample import downsample_area
from photochrom.data.catalog import list_entries
from photochrom.errors import DataError, ModelError, OptionError
from photochrom.evaluate.candidate import score_candidate
from photochrom.evaluate.eyes import Eye, Eyes
from photochrom.evaluate.options import Options
from photochrom.evaluate.score import SHARES, describe, name_models, score_models
from photochrom.evaluate.speed import measure_speed
from photochrom.evaluate.stability import SIZES, size_stability
from photochrom.evaluate.tables import notes
from photochrom.evaluate.truth import colorized, gray, load_truth, mean_color


class KnowingColorizer:
    """Answers with the true chroma of the photo whose lightness it is shown."""

    card = SimpleNamespace(decode=Decode())

    def __init__(self, truth):
        self.truth = truth

    def working_size(self, width, height):
        return 256, 256

    def chroma(self, lightness):
        gaps = [np.abs(lab[..., 0] - lightness).mean() for lab in self.truth.lab]
        return downsample_area(self.truth.lab[int(np.argmin(gaps))][..., 1:], 64, 64).astype(np.float32)


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


def mean_rgb(rgb_B3HW):
    return rgb_B3HW.mean(dim=(2, 3))


def gap_of_means(first_B3HW, second_B3HW):
    return (first_B3HW - second_B3HW).mean(dim=(1, 2, 3)).abs()


EYES = Eyes(Eye("mean color", mean_rgb, lambda features: features), Eye("mean color again", mean_rgb), gap_of_means)
"""A classifier that answers with the strongest of red, green and blue."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(4):
        coarse = random.integers(40, 216, (6, 7, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((280, 260), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def truth(folder):
    return load_truth(list_entries([str(folder)]), eyes=EYES)


def test_photos_are_cropped_to_the_protocols_square(truth):
    assert [photo.shape for photo in truth.rgb] == [(256, 256, 3)] * 4
    assert truth.keys == ("0.png", "1.png", "2.png", "3.png")
    np.testing.assert_allclose(truth.lab[0], rgb_to_lab(truth.rgb[0]), atol=1e-3)


def test_a_limit_takes_photos_at_even_distances(folder):
    assert load_truth(list_entries([str(folder)]), Options(limit=2)).keys == ("0.png", "3.png")


def test_photos_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"")
    for name in ("a.png", "b.png"):
        Image.new("RGB", (300, 300)).save(tmp_path / name)
    truth = load_truth(list_entries([str(tmp_path)]))
    assert (truth.keys, truth.unread) == (("a.png", "b.png"), ("broken.png",))
    assert any("passed over: broken.png" in note for note in notes(describe(truth, {})))


def test_too_few_photos_are_refused(tmp_path):
    (tmp_path / "one.png").write_bytes(b"")
    Image.new("RGB", (300, 300)).save(tmp_path / "two.png")
    with pytest.raises(DataError, match="two or more"):
        load_truth(list_entries([str(tmp_path)]))


def test_the_true_chroma_at_a_quarter_scores_almost_perfectly(truth):
    row = score_candidate("knowing", colorized(KnowingColorizer(truth), truth), truth).row
    assert row.psnr > 40
    assert row.ciede2000 < 1
    assert row.auc > 99
    assert row.auc_rebalanced > 99
    assert row.colorfulness == pytest.approx(truth.colorfulness, rel=0.02)
    assert abs(row.colorfulness_difference) < 1


def test_the_truth_itself_is_perfect_by_every_measure(truth):
    row = score_candidate("truth", list(truth.lab), truth).row
    assert (row.mse, row.ciede2000, row.lpips, row.colorfulness_difference) == pytest.approx((0, 0, 0, 0), abs=1e-4)
    assert (row.psnr, row.auc, row.auc_rebalanced) == pytest.approx((100, 100, 100), abs=1e-3)
    assert (row.ssim, row.bleeding, row.agreement_top1) == pytest.approx((1, 1, 1), abs=1e-4)
    assert (row.frechet, row.fid) == pytest.approx((0, 0), abs=1e-6)


def test_gray_has_no_colorfulness_and_nothing_that_could_bleed(truth):
    row = score_candidate("gray", gray(truth), truth).row
    assert row.colorfulness == 0
    assert row.colorfulness_difference == pytest.approx(-truth.colorfulness, rel=0.01)
    assert row.bleeding is None
    assert row.frechet > 0


def test_the_mean_color_is_one_color(truth):
    chromas = np.concatenate([lab[..., 1:].reshape(-1, 2) for lab in mean_color(truth)])
    assert np.ptp(chromas, axis=0).max() < 1e-4
    mean = np.mean([lab[..., 1:].mean(axis=(0, 1)) for lab in truth.lab], axis=0)
    np.testing.assert_allclose(chromas[0], mean, atol=1e-3)


def test_a_share_of_the_colorfulness_is_reached(truth):
    row = score_candidate("knowing", list(truth.lab), truth, 0.6).row
    assert row.colorfulness == pytest.approx(0.6 * truth.colorfulness, abs=0.05)
    assert row.factor < 1
    assert row.ssim is None
    assert row.frechet > 0


def test_the_interval_of_every_mean_holds_it(truth):
    row = score_candidate("half", [lab * np.float32([1, 0.5, 0.5]) for lab in truth.lab], truth).row
    assert {"psnr", "auc_rebalanced", "bleeding", "agreement_top5", "two_sample", "lpips"} <= set(row.intervals)
    for measure, (low, high) in row.intervals.items():
        assert low <= row.value(measure) <= high, measure


def test_recognition_asks_the_labels_and_agreement_the_classifier(truth, folder, tmp_path):
    labels, names = tmp_path / "labels.csv", tmp_path / "names.txt"
    names.write_text("red\ngreen\nblue\n")
    strongest = [("red", "green", "blue")[int(photo.mean(axis=(0, 1)).argmax())] for photo in truth.rgb]
    labels.write_text("key,label\n" + f"0,{strongest[0]}\n1,{'blue' if strongest[1] == 'red' else 'red'}\n")
    options = Options(features=Path("fake"), labels=labels, class_names=names)
    labeled = load_truth(list_entries([str(folder)]), options, EYES)
    scores = score_models({"truth": list(labeled.lab)}, labeled)
    row = scores.candidates["truth"].row
    assert (row.recognition_top1, row.agreement_top1) == (0.5, 1)
    assert scores.about["recognition_of_truth"]["top1"] == 0.5
    assert scores.about["labeled_photos"] == 2


def test_models_are_scored_beside_the_baselines_at_every_share(truth):
    seen = []
    predictions = [lab * np.float32([1, 0.8, 0.8]) for lab in truth.lab]
    models = {"knowing": KnowingColorizer(truth), "made before": predictions}
    scores = score_models(models, truth, progress=seen.append)
    assert [(row.name, row.share) for row in scores.rows] == [
        ("gray", None), ("mean color", None),
        *((name, share) for name in models for share in (None, *SHARES)),
    ]  # fmt: skip
    knowing, made = scores.candidates["knowing"].row, scores.candidates["made before"].row
    assert knowing.stability_1024 < 1
    assert (made.stability_1024, made.photos_per_second) == (None, None)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)


def test_candidates_that_cannot_be_scored_are_refused(truth):
    with pytest.raises(DataError, match="3 predictions"):
        score_candidate("few", truth.lab[:3], truth)
    with pytest.raises(OptionError, match="'gray', as a baseline"):
        score_models({"gray": list(truth.lab)}, truth)


def test_models_are_called_by_their_file_or_by_their_path_where_files_are_alike():
    assert name_models(["default", "a/b.onnx"]) == {"default": "default", "b": "a/b.onnx"}
    assert list(name_models(["a/b.onnx", "c/b.onnx"])) == ["a/b.onnx", "c/b.onnx"]


def test_speed_and_memory_are_those_of_a_fresh_process(toy_model):
    speed = measure_speed(toy_model, [np.full((64, 64), 90, np.uint8)] * 3)
    assert speed.photos_per_second > 1
    assert speed.peak_memory is None or 20 < speed.peak_memory < 400  # torch alone takes more than that


def test_a_model_whose_process_fails_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.onnx: its speed cannot be measured"):
        measure_speed(tmp_path / "gone.onnx", [np.zeros((64, 64), np.uint8)])


def test_a_model_that_sees_pixels_is_found_unstable_and_one_that_sees_the_photo_stable(truth):
    photos = [photo[:128, :128] for photo in truth.rgb]
    steady = size_stability(HalfBlueColorizer(bound_to_pixels=False), photos)
    moving = size_stability(HalfBlueColorizer(bound_to_pixels=True), photos)
    assert set(steady) == set(SIZES)
    assert max(steady.values()) < 0.5
    assert min(moving.values()) > 3
