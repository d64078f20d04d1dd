"""The pictures of a test: true, colorized and wrong ones alike in size and file, under names that say nothing."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom.color.lab import rgb_to_lab
from photochrom.data.augment import centered
from photochrom.data.catalog import decode, list_entries
from photochrom.errors import DataError, ModelError, OptionError, OutputExists, OutputUnwritable
from photochrom.judge.pictures import make_plan, renderer
from photochrom.judge.rivals import FolderRival, ModelRival, Rival, find_rivals, mean_chroma, wrong_colors
from photochrom.judge.trials import Plan, Rules

Rivals = dict[str, Rival]


def pixels(plan: Plan, name: str) -> np.ndarray:
    return np.asarray(Image.open(plan.picture(name)))


def make(folder: Path, photos: Path, rivals: Rivals, rules: Rules = Rules(trials=2)) -> Plan:  # noqa: B008
    return make_plan(list_entries([str(photos)]), rivals, rules, folder, lambda share: None)


def test_names_reveal_nothing_and_files_carry_nothing(plan: Plan) -> None:
    files = sorted(path for path in (plan.folder / "test").iterdir() if path.suffix == ".png")
    assert len(files) == 12 * 3 + 2 * 2
    for path in files:
        assert re.fullmatch(r"[0-9a-f]{32}\.png", path.name)
        kinds = set(re.findall(rb"IHDR|IDAT|IEND|tEXt|iTXt|zTXt|eXIf|tIME|pHYs|iCCP", path.read_bytes()))
        assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def test_both_of_a_pair_have_the_same_size(plan: Plan) -> None:
    for subject in (*plan.subjects, *plan.sanity):
        shapes = {pixels(plan, name).shape for name in (subject.truth, *subject.rivals.values())}
        assert shapes == {(256, 256, 3)}


def test_the_truth_is_the_center_square_of_the_photo(plan: Plan, color_folder: Path) -> None:
    for subject in plan.subjects:
        photo = np.asarray(Image.open(color_folder / subject.photo))
        np.testing.assert_array_equal(pixels(plan, subject.truth), centered(photo, 256))


def test_a_model_keeps_the_lightness_and_changes_the_colors(plan: Plan) -> None:
    for subject in plan.subjects:
        truth, colored = (rgb_to_lab(pixels(plan, name) / 255) for name in (subject.truth, subject.rivals["toy"]))
        assert np.abs(truth[..., 0] - colored[..., 0]).mean() < 0.6
        assert np.abs(truth[..., 1:] - colored[..., 1:]).mean() > 2


def test_results_are_found_by_name_and_cropped_alike(plan: Plan) -> None:
    for subject in plan.subjects:
        swapped = pixels(plan, subject.rivals["swapped"])
        np.testing.assert_array_equal(swapped, pixels(plan, subject.truth)[..., ::-1])


def test_free_viewing_shows_the_whole_photo(color_folder: Path, rivals: Rivals, tmp_path: Path) -> None:
    plan = make(tmp_path, color_folder, rivals, Rules(trials=1, viewing="free"))
    assert pixels(plan, plan.subjects[0].truth).shape == (272, 320, 3)
    large = np.zeros((600, 1024, 3), np.uint8)
    assert renderer("free")(large).shape == (300, 512, 3)


@pytest.mark.parametrize("tint", [(30, 90, 200), (200, 60, 40), (60, 150, 50), (128, 122, 126)])
def test_wrong_colors_are_obviously_wrong_on_the_same_lightness(tint: tuple[int, int, int]) -> None:
    ramp = np.linspace(0.3, 0.9, 64)[:, None, None]
    truth = np.broadcast_to(np.array(tint) * ramp, (64, 64, 3)).astype(np.uint8)
    wrong = wrong_colors(truth)
    before, after = rgb_to_lab(truth / 255), rgb_to_lab(wrong / 255)
    assert np.abs(before[..., 0] - after[..., 0]).max() < 1
    assert np.hypot(*np.moveaxis(before - after, -1, 0)[1:]).mean() > 20


def test_a_strong_hue_is_turned_by_half_a_circle() -> None:
    truth = np.full((8, 8, 3), (90, 130, 80), np.uint8)
    before, after = (rgb_to_lab(picture / 255)[0, 0] for picture in (truth, wrong_colors(truth)))
    turn = np.angle(complex(*before[1:]) / complex(*after[1:]))
    assert abs(abs(turn) - np.pi) < 0.1


def test_the_same_seed_chooses_the_same_photos(color_folder: Path, rivals: Rivals, tmp_path: Path) -> None:
    def photos(folder: str, seed: int) -> list[str]:
        plan = make(tmp_path / folder, color_folder, {"swapped": rivals["swapped"]}, Rules(trials=3, seed=seed))
        return [subject.photo for subject in plan.subjects]

    assert photos("a", 1) == photos("b", 1) != photos("c", 2)


def test_the_same_command_finds_its_test_again_and_another_is_refused(
    color_folder: Path, rivals: Rivals, tmp_path: Path
) -> None:
    first = make(tmp_path, color_folder, rivals)
    assert make(tmp_path, color_folder, rivals) == first
    for other, rules in ((rivals, Rules(trials=3)), ({"toy": rivals["toy"]}, Rules(trials=2))):
        with pytest.raises(OutputExists, match="another folder"):
            make(tmp_path, color_folder, other, rules)


def test_broken_and_colorless_photos_are_passed_over(color_folder: Path, toy_model: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("00.png", "01.png", "02.png"):
        (photos / name).write_bytes((color_folder / name).read_bytes())
    Image.new("RGB", (300, 300), (99, 99, 99)).save(photos / "gray.png")
    (photos / "broken.png").write_bytes(b"no photo")
    rivals = find_rivals([str(toy_model)])
    with pytest.raises(DataError, match=r"3 of 5 photos can be used \(1 broken, 1 without color\).*need 4"):
        make(tmp_path / "out", photos, rivals, Rules(trials=3))
    assert list((tmp_path / "out").iterdir()) == []
    assert {s.photo for s in make(tmp_path / "out", photos, rivals).subjects} <= {"00.png", "01.png", "02.png"}


def test_missing_results_are_named(color_folder: Path, result_folder: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted(result_folder.iterdir())[2:]:
        (few / path.name).write_bytes(path.read_bytes())
    with pytest.raises(DataError, match=r"2 of 24 photos \(00.png, 01.png\)"):
        make(tmp_path / "out", color_folder, {"few": FolderRival(few)})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("size", "says"), [((256, 256), "whole results"), ((80, 68), "larger results")])
def test_results_of_another_shape_or_blur_are_refused(
    color_folder: Path, tmp_path: Path, size: tuple[int, int], says: str
) -> None:
    odd = tmp_path / "odd"
    odd.mkdir()
    for path in color_folder.iterdir():
        Image.open(path).resize(size).save(odd / path.name)
    with pytest.raises(DataError, match=says):
        make(tmp_path / "out", color_folder, {"odd": FolderRival(odd)})


def test_results_of_photos_in_shards_are_found_by_bare_name(color_folder: Path, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(tmp_path / "shard.tar", "w") as shard:
        for path in sorted(color_folder.iterdir()):
            shard.add(path, path.name)
    entries = list_entries([str(tmp_path / "shard.tar")])
    rival = FolderRival(color_folder)
    rival.check(entries)
    same = rival.picture(entries[0], np.zeros((256, 256, 3), np.uint8), renderer("second"))
    np.testing.assert_array_equal(same, centered(decode(entries[0]), 256))


def test_models_are_found_by_name_file_and_folder(toy_model: Path, result_folder: Path) -> None:
    found = find_rivals([str(toy_model), str(result_folder)])
    assert [type(rival) for rival in found.values()] == [ModelRival, FolderRival]
    assert list(found) == ["toy", result_folder.name]
    with pytest.raises(ModelError, match="no model 'gone'"):
        find_rivals(["gone"])
    with pytest.raises(OptionError, match="two models are named 'toy'"):
        find_rivals([str(toy_model), str(toy_model)])
    with pytest.raises(OptionError, match="no model was given"):
        find_rivals([])


def test_a_folder_that_cannot_be_written_is_refused(color_folder: Path, rivals: Rivals, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        make(tmp_path / "file" / "out", color_folder, rivals)


def test_the_chroma_of_gray_is_nothing() -> None:
    assert mean_chroma(np.full((4, 4, 3), 77, np.uint8)) < 1e-6
