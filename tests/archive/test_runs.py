"""What a run makes of an archive, and what another run leaves alone."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.archive.conftest import age, counts, failures

from photochrom import Photo
from photochrom.archive.order import Order
from photochrom.errors import ModelError, RunError

Run = Callable[..., Any]
Draw = Callable[..., Path]
Contents = Callable[[Path], dict[str, bytes]]
NAMES = ["1890/c.tif", "1890/deep/d.webp", "a.jpg", "b.png"]


def test_the_tree_is_mirrored_with_formats(run: Run, archive: Path, target: Path, contents: Contents) -> None:
    before = contents(archive)
    summary = run(archive, target)
    assert (counts(summary), summary.exit_code) == ((4, 0, 1, 0), 0)
    assert sorted(contents(target)) == NAMES
    for name in NAMES:
        photo = Photo.open(target / name)
        assert photo.format == Photo.open(archive / name).format
        assert photo.is_colored
    assert contents(archive) == before, "the source was touched"


def test_results_are_those_of_colorize(run: Run, archive: Path, target: Path, toy_model: Path, tmp_path: Path) -> None:
    from photochrom import Colorizer, Settings

    run(archive, target, order=Order(str(toy_model), saturation=1.5, warmth=0.3))
    colorizer = Colorizer(toy_model, threads=1)
    for name in NAMES:
        alone = tmp_path / f"alone{Path(name).suffix}"
        colorizer.colorize(Photo.open(archive / name), Settings(saturation=1.5, warmth=0.3)).save(alone)
        assert alone.read_bytes() == (target / name).read_bytes()


def test_what_is_done_is_not_done_again(run: Run, archive: Path, target: Path) -> None:
    run(archive, target)
    before = {name: (target / name).stat().st_mtime_ns for name in NAMES}
    assert counts(run(archive, target)) == (0, 4, 1, 0)
    assert {name: (target / name).stat().st_mtime_ns for name in NAMES} == before


def test_a_photo_that_was_only_touched_is_read_and_not_made_again(run: Run, archive: Path, target: Path) -> None:
    run(archive, target)
    before = (target / "a.jpg").stat().st_mtime_ns
    age(archive / "a.jpg")
    assert counts(run(archive, target)) == (1, 3, 1, 0)
    assert (target / "a.jpg").stat().st_mtime_ns == before
    assert counts(run(archive, target)) == (0, 4, 1, 0)


def test_a_changed_photo_is_made_again(run: Run, draw: Draw, archive: Path, target: Path, contents: Contents) -> None:
    run(archive, target)
    before = contents(target)
    draw(archive / "b.png", 77)
    age(archive / "b.png")
    assert counts(run(archive, target)) == (1, 3, 1, 0)
    assert [name for name, content in contents(target).items() if content != before[name]] == ["b.png"]


def test_other_settings_make_everything_again(run: Run, archive: Path, target: Path, toy_model: Path) -> None:
    run(archive, target)
    assert counts(run(archive, target, order=Order(str(toy_model), saturation=2.0)))[:2] == (4, 0)


def test_another_model_of_the_same_name_makes_everything_again(
    run: Run, archive: Path, target: Path, toy_model: Path, tmp_path: Path
) -> None:
    import onnx

    model = tmp_path / "m.onnx"
    shutil.copy(toy_model, model)
    run(archive, target, order=Order(str(model)))
    changed = onnx.load(model)
    changed.doc_string = "another"
    onnx.save(changed, model)
    assert counts(run(archive, target, order=Order(str(model))))[:2] == (4, 0)


def test_a_result_that_vanished_is_made_again(run: Run, archive: Path, target: Path) -> None:
    run(archive, target)
    (target / "a.jpg").unlink()
    assert counts(run(archive, target))[:2] == (1, 3)


def test_a_result_that_somebody_worked_on_is_not_replaced(
    run: Run, draw: Draw, archive: Path, target: Path, toy_model: Path
) -> None:
    run(archive, target)
    draw(target / "b.png", 99)
    age(target / "b.png")
    mine = (target / "b.png").read_bytes()
    assert counts(run(archive, target))[1:] == (4, 1, 0), "its photo is unchanged"
    order = Order(str(toy_model), saturation=2.0)
    assert counts(run(archive, target, order=order)) == (3, 0, 1, 1)
    assert failures(target) == {"b.png": "OutputExists"}
    assert (target / "b.png").read_bytes() == mine
    assert counts(run(archive, target, order=order, overwrite=True)) == (1, 3, 1, 0)
    assert (target / "b.png").read_bytes() != mine


def test_a_file_that_is_none_of_ours_is_not_replaced(run: Run, archive: Path, target: Path) -> None:
    target.mkdir()
    (target / "a.jpg").write_text("somebody's")
    summary = run(archive, target)
    assert (counts(summary), summary.exit_code) == ((3, 0, 1, 1), 1)
    assert (target / "a.jpg").read_text() == "somebody's"
    assert counts(run(archive, target)) == (0, 3, 1, 1)
    assert counts(run(archive, target, overwrite=True)) == (1, 3, 1, 0)


def test_a_limit_leaves_the_rest_for_the_next_run(run: Run, archive: Path, target: Path) -> None:
    summary = run(archive, target, limit=3)
    assert summary.done + summary.skipped == 3
    assert (summary.left, summary.exit_code) == (2, 0)
    summary = run(archive, target)
    assert (summary.left, len(list(target.glob("**/*.*g")))) == (0, 3)


def test_photos_that_would_have_one_name_get_two(run: Run, draw: Draw, tmp_path: Path, toy_model: Path) -> None:
    source, target = tmp_path / "s", tmp_path / "t"
    for seed, name in enumerate(("x.png", "x.tif", "x.jpeg")):
        draw(source / name, seed)
    order = Order(str(toy_model), format="jpg")
    assert counts(run(source, target, order=order)) == (3, 0, 0, 0)
    assert {path.name for path in target.glob("*.jp*")} == {"x.jpeg", "x.jpg", "x.tif.jpg"}
    assert counts(run(source, target, order=order)) == (0, 3, 0, 0)


def test_every_failure_has_its_reason_and_stops_nothing(run: Run, draw: Draw, archive: Path, target: Path) -> None:
    (archive / "cut.jpg").write_bytes((archive / "a.jpg").read_bytes()[:300])
    (archive / "empty.png").touch()
    (archive / "text.tif").write_text("no photo")
    (archive / "gone.jpg").symlink_to("nowhere.jpg")
    draw(archive / "huge.png", 5, 300, 200)
    summary = run(archive, target, max_pixels=50_000)
    assert (counts(summary), summary.exit_code) == ((4, 0, 1, 5), 1)
    assert failures(target) == {
        "cut.jpg": "PhotoUnreadable",
        "empty.png": "PhotoUnreadable",
        "text.tif": "PhotoUnreadable",
        "gone.jpg": "FileUnreadable",
        "huge.png": "PhotoTooLarge",
    }
    told = json.loads((target / ".photochrom" / "report.json").read_text())
    assert told["failed"] == len(told["failures"]) == 5
    assert all("\n" not in failure["reason"] and len(failure["reason"]) > 20 for failure in told["failures"])
    assert sorted(path.name for path in target.iterdir()) == [".photochrom", "1890", "a.jpg", "b.png"]


def test_nothing_done_is_told_apart(run: Run, tmp_path: Path, target: Path) -> None:
    source = tmp_path / "s"
    source.mkdir()
    assert run(source, target).exit_code == 2
    (source / "bad.jpg").write_text("no photo")
    assert run(source, target).exit_code == 2


def test_odd_names_and_circles_of_links(run: Run, draw: Draw, tmp_path: Path, target: Path, contents: Contents) -> None:
    source = tmp_path / "s"
    names = [
        "häß/ü.png",
        "a b/<b>&'\".png",
        "new\nline.png",
        "%41?#.png",
        "-x.png",
        "名.png",
        "n" * 240 + ".png",
        "名" * 82 + ".png",
    ]
    for seed, name in enumerate(names):
        draw(source / name, seed)
    os.rename(draw(source / "bytes.png"), os.fsencode(source) + b"/\xff\xfe.png")
    (source / "a b" / "loop").symlink_to(source)
    (source / "twin").symlink_to(source / "häß")
    if hasattr(os, "mkfifo"):
        os.mkfifo(source / "pipe.jpg")
    summary = run(source, target)
    assert counts(summary) == (10, 0, 2, 0), failures(target)
    assert sorted(contents(target)) == sorted([*names, "twin/ü.png", os.fsdecode(b"\xff\xfe.png")])
    assert counts(run(source, target))[:2] == (0, 10)
    page = (target / ".photochrom" / "index.html").read_text("utf-8")
    assert "<b>" not in page
    assert "../%2541%3F%23.png" in page


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs rights that can be taken")
def test_a_folder_that_cannot_be_read_is_told(run: Run, archive: Path, target: Path) -> None:
    (archive / "1890").chmod(0)
    try:
        summary = run(archive, target)
    finally:
        (archive / "1890").chmod(0o755)
    assert failures(target) == {"1890": "FolderUnreadable"}
    assert summary.exit_code == 1


def test_a_folder_that_cannot_be_listed_is_told(
    run: Run, archive: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refusing(path: object) -> Any:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert (run(archive, target).failed, failures(target)) == (1, {"1890/deep": "FolderUnreadable"})


def test_globs_choose(run: Run, archive: Path, target: Path, contents: Contents) -> None:
    from photochrom.archive.names import Globs

    run(archive, target, globs=Globs(["1890/**", "*.JPG"], ["deep/", "*.txt"]))
    assert sorted(contents(target)) == ["1890/c.tif", "1890/deep/d.webp", "a.jpg"]
    run(f"{archive}/*", target.parent / "all")
    assert sorted(contents(target.parent / "all")) == NAMES
    run(f"{archive}/**/*.[tw]*", target.parent / "deep")
    assert sorted(contents(target.parent / "deep")) == ["1890/c.tif", "1890/deep/d.webp"]


def test_a_model_that_is_not_there_ends_the_run_at_once(run: Run, archive: Path, target: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none"):
        run(archive, target, order=Order(str(tmp_path / "none.onnx")))
    (tmp_path / "bad.onnx").write_text("no model")
    with pytest.raises(ModelError, match="cannot be loaded"):
        run(archive, target, order=Order(str(tmp_path / "bad.onnx")))


def test_a_full_disk_ends_the_run_and_the_rest_waits(
    run: Run, draw: Draw, tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photochrom.archive import faults
    from photochrom.errors import OutputUnwritable

    for number in range(12):
        draw(tmp_path / "s" / f"{number:02d}.png", number)
    real, calls = Photo.save, []

    def full(self: Photo, path: Path, **words: Any) -> Path:
        calls.append(path)
        if len(calls) > 3:
            raise OutputUnwritable(f"{path}: cannot be written (No space left on device); make room")
        return real(self, path, **words)

    monkeypatch.setattr(faults, "IN_A_ROW", 4)
    monkeypatch.setattr(Photo, "save", full)
    summary = run(tmp_path / "s", target)
    assert summary.stopped is not None
    assert "No space left" in summary.stopped
    assert (summary.exit_code, summary.done) == (1, 3)
    monkeypatch.setattr(Photo, "save", real)
    assert counts(run(tmp_path / "s", target)) == (9, 3, 0, 0)


def test_a_worker_that_cannot_start_is_told(
    run: Run, archive: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photochrom.archive import worker

    monkeypatch.setattr(worker.Bench, "work_off", lambda self: None)
    with pytest.raises(RunError, match="before it was ready"):
        run(archive, target)
