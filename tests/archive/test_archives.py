"""ZIP and TAR files as targets: the results of a folder in one file, whole at any moment, and gone on with."""

import os
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.archive.conftest import age, counts, members, results

from photochrom.archive.ledger import Ledger
from photochrom.archive.order import Order
from photochrom.archive.packing import FIRST_SECOND, LAST_SECOND, Packed, even_seconds, merge, packed_in
from photochrom.archive.targets import WORKING, ArchiveTarget, local_target
from photochrom.errors import DataError, OptionError

Run = Callable[..., Any]
Draw = Callable[..., Path]
Contents = Callable[[Path], dict[str, bytes]]
REPORT = ["failures.csv", "index.html", "ledger.sqlite", "report.json", "sheet.jpg"]
SIGNS = st.characters(exclude_characters="/\0\\", exclude_categories=("Cs", "Cc"))
NAMES = st.text(SIGNS, min_size=1, max_size=40).filter(lambda name: name not in (".", ".."))
KINDS = pytest.mark.parametrize("name", ["out.zip", "out.tar"])


def interrupt(*words: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def here(run: Run, archive: Path, tmp_path: Path, contents: Contents) -> dict[str, bytes]:
    """Give what a folder gets."""
    run(archive, tmp_path / "folder")
    return contents(tmp_path / "folder")


@KINDS
def test_an_archive_has_what_a_folder_has(
    name: str, run: Run, archive: Path, here: dict[str, bytes], tmp_path: Path
) -> None:
    summary = run(archive, tmp_path / name)
    assert (counts(summary), summary.exit_code, summary.target) == ((4, 0, 1, 0), 0, str(tmp_path / name))
    assert results(tmp_path / name) == here
    found = list(members(tmp_path / name))
    assert found == [f".photochrom/{file}" for file in REPORT] + sorted(here)
    assert not (tmp_path / f"{name}.parts").exists()


@KINDS
def test_what_is_done_is_not_done_again_and_the_archive_is_not_touched(
    name: str, run: Run, archive: Path, tmp_path: Path
) -> None:
    run(archive, tmp_path / name)
    before = (tmp_path / name).stat()
    assert counts(run(archive, tmp_path / name)) == (0, 4, 1, 0)
    assert (tmp_path / name).stat().st_mtime_ns == before.st_mtime_ns
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "source"])


@KINDS
def test_what_is_new_or_changed_is_made_and_the_rest_is_kept(
    name: str, run: Run, draw: Draw, archive: Path, tmp_path: Path, contents: Contents
) -> None:
    run(archive, tmp_path / name)
    draw(archive / "b.png", 77)
    age(archive / "b.png")
    draw(archive / "0.png", 78)
    seen: list[str] = []
    real = ArchiveTarget.writer
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ArchiveTarget, "writer", lambda *words: (seen.append(words[2]), real(*words))[1])
        assert counts(run(archive, tmp_path / name)) == (2, 3, 1, 0)
    assert sorted(seen) == ["0.png", "b.png"]
    run(archive, tmp_path / "anew")
    assert results(tmp_path / name) == contents(tmp_path / "anew")
    assert list(results(tmp_path / name)) == sorted(contents(tmp_path / "anew"))


@KINDS
def test_a_run_that_was_cut_off_is_packed_by_the_next_one(
    name: str, run: Run, archive: Path, here: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ArchiveTarget, "pack", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(archive, tmp_path / name)
    assert not (tmp_path / name).exists()
    assert (tmp_path / f"{name}.parts" / "a.jpg").exists()
    assert counts(run(archive, tmp_path / name)) == (0, 4, 1, 0)
    assert results(tmp_path / name) == here
    assert not (tmp_path / f"{name}.parts").exists()


def test_a_limit_and_a_failure_are_kept_in_the_archive(run: Run, draw: Draw, archive: Path, tmp_path: Path) -> None:
    (archive / "bad.png").write_text("no photo")
    assert run(archive, tmp_path / "out.tar", limit=3).left == 3
    assert len(results(tmp_path / "out.tar")) == 2
    summary = run(archive, tmp_path / "out.tar")
    assert (summary.failed, summary.left, len(results(tmp_path / "out.tar"))) == (1, 0, 4)
    assert b"bad.png" in members(tmp_path / "out.tar")[".photochrom/failures.csv"]


@pytest.mark.parametrize(("name", "count"), [("out.zip", 5), ("out.tar", 6)])
def test_a_zip_takes_no_name_that_is_no_unicode(
    name: str, count: int, run: Run, draw: Draw, archive: Path, tmp_path: Path
) -> None:
    os.rename(draw(archive / "bytes.png"), os.fsencode(archive) + b"/\xff\xfe.png")
    draw(archive / ("häß/" + "n" * 200 + ".png"), 7)
    assert run(archive, tmp_path / name).done == count
    assert len(results(tmp_path / name)) == count
    assert run(archive, tmp_path / name).unchanged == count


def test_a_file_that_somebody_put_into_the_archive_is_not_replaced(
    run: Run, archive: Path, tmp_path: Path, toy_model: Path
) -> None:
    run(archive, tmp_path / "out.zip")
    found = members(tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in (found | {"a.jpg": b"somebody's", "more.txt": b"a note"}).items():
            file.writestr(name, content)
    summary = run(archive, tmp_path / "out.zip", order=Order(str(toy_model), saturation=2.0))
    assert summary.failed, "what was changed is left alone"
    after = results(tmp_path / "out.zip")
    assert (after["a.jpg"], after["more.txt"]) == (b"somebody's", b"a note")


def test_a_dry_run_knows_what_is_done_and_writes_nothing(
    campaign: Any, run: Run, archive: Path, tmp_path: Path
) -> None:
    from photochrom.archive.campaign import rehearse

    run(archive, tmp_path / "out.zip")
    before = (tmp_path / "out.zip").read_bytes()
    assert rehearse(campaign(archive, tmp_path / "out.zip"), print).unchanged == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.zip", "source"]
    assert (tmp_path / "out.zip").read_bytes() == before


def test_an_archive_among_the_photos_is_none_of_them(run: Run, archive: Path, tmp_path: Path) -> None:
    target = archive / "out.zip"
    assert counts(run(archive, target)) == (4, 0, 1, 0)
    assert counts(run(archive, target)) == (0, 4, 1, 0)
    assert counts(run(f"{archive}/*.*", target, moved=True)) == (0, 2, 0, 0)
    assert counts(run(target, tmp_path / "t")) == (4, 0, 0, 0), "the sheet and the ledger are no photos"


def test_two_runs_never_share_an_archive(run: Run, archive: Path, tmp_path: Path) -> None:
    run(archive, tmp_path / "out.zip")
    ledger = Ledger(tmp_path / "out.zip.parts" / ".photochrom" / WORKING)
    with pytest.raises(OptionError, match="another run at work"):
        run(archive, tmp_path / "out.zip")
    ledger.close()


def test_a_ledger_that_is_removed_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    ledger = Ledger(path)
    run = ledger.begin("s", "m", {})
    unlink, left = Path.unlink, []

    def removed(self: Path, missing_ok: bool = False) -> None:
        unlink(self, missing_ok)
        if self == path:  # another process comes at this moment
            left.extend(path.with_name(path.name + ending) for ending in ("-wal", "-journal", "-shm", ""))
            for file in left:
                file.write_text("of another run")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "unlink", removed)
        ledger.remove()
    ledger.close()
    assert run == 1
    assert [file.read_text() for file in left] == ["of another run"] * 4


@KINDS
def test_an_archive_that_is_damaged_or_a_strangers_is_left_alone(
    name: str, run: Run, draw: Draw, archive: Path, tmp_path: Path
) -> None:
    run(archive, tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(DataError, match="damaged or cut short"):
        run(archive, tmp_path / name)
    assert (tmp_path / name).read_bytes() == whole[: len(whole) * 2 // 3]
    (tmp_path / name).write_bytes(whole)
    assert run(archive, tmp_path / name).unchanged == 4, "another copy is all it needs"
    other = tmp_path / f"other{Path(name).suffix}"
    with (zipfile.ZipFile if name == "out.zip" else tarfile.open)(other, "w") as file:  # type: ignore[operator]
        (file.write if name == "out.zip" else file.add)(archive / "a.jpg", "a.jpg")
    before = other.read_bytes()
    with pytest.raises(OptionError, match="was not made by photochrom batch"):
        run(archive, other)
    assert other.read_bytes() == before


def test_an_archive_that_cannot_be_read_is_told(
    run: Run, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photochrom.archive import packing

    def refusing(path: Path, mode: str) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    run(archive, tmp_path / "out.zip")
    monkeypatch.setitem(packing.KINDS, ".zip", refusing)
    with pytest.raises(DataError, match=r"out\.zip: cannot be read \(Permission denied\); check its rights"):
        run(archive, tmp_path / "out.zip")


def test_targets_that_cannot_be_are_told(run: Run, archive: Path, tmp_path: Path) -> None:
    run(archive, tmp_path / "out.zip")
    for source, target, text in (
        (tmp_path / "out.zip", tmp_path / "out.zip", "the archive of the photos"),
        (archive, tmp_path / "out.tar.gz", "expected .zip or .tar"),
        (archive, "memory://x/out.zip", "on this computer only"),
        (archive, archive / "a.jpg", "expected a folder"),
    ):
        with pytest.raises(OptionError, match=text):
            run(source, target)
    (tmp_path / "strange.zip.parts").mkdir()
    (tmp_path / "strange.zip.parts" / "mine.txt").write_text("a note")
    with pytest.raises(OptionError, match="move this folder away"):
        run(archive, tmp_path / "strange.zip")
    (tmp_path / "folder.zip").mkdir()
    assert not local_target(str(tmp_path / "folder.zip")).is_archive


@pytest.mark.parametrize("name", ["x.zip", "x.tar"])
@settings(max_examples=30, deadline=None)
@given(
    files=st.dictionaries(NAMES, st.tuples(st.binary(max_size=2000), st.integers(-(10**18), 9 * 10**18)), max_size=6)
)
def test_what_is_packed_comes_out_as_it_was(
    name: str, files: dict[str, tuple[bytes, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("packing")
    (folder / "parts").mkdir()
    for file, (content, _) in files.items():
        (folder / "parts" / file).write_bytes(content)
    fresh = {file: Packed(file, len(content), even_seconds(time)) for file, (content, time) in files.items()}
    merge(folder / name, folder / name, (fresh, str(folder / "parts")))
    merge(folder / name, folder / f"again{name[-4:]}", ({}, ""))
    assert (folder / name).read_bytes() == (folder / f"again{name[-4:]}").read_bytes(), "order and times decide"
    assert {one.name: replace(one, place=0) for one in packed_in(folder / name)} == fresh
    assert members(folder / name) == {file: content for file, (content, _) in files.items()}
    assert all(FIRST_SECOND <= one.seconds <= LAST_SECOND and not one.seconds % 2 for one in fresh.values())
