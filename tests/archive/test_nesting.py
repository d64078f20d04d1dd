"""Sources and targets that lie in each other, and targets of another source: nothing is mixed up or replaced."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.archive.conftest import counts, failures

from photochrom import Photo
from photochrom.errors import OptionError

Run = Callable[..., Any]
Draw = Callable[..., Path]
Contents = Callable[[Path], dict[str, bytes]]


def test_a_target_inside_the_source_is_no_source(run: Run, archive: Path) -> None:
    assert counts(run(archive, archive / "1890" / "out")) == (4, 0, 1, 0)
    assert counts(run(archive, archive / "1890" / "out")) == (0, 4, 1, 0)


def test_a_source_inside_the_target_stays_as_it_is(run: Run, draw: Draw, tmp_path: Path, contents: Contents) -> None:
    draw(tmp_path / "s" / "a.png", 1)
    draw(tmp_path / "s" / "s" / "b.png", 2)
    before = contents(tmp_path / "s")
    assert counts(run(tmp_path / "s", tmp_path, overwrite=True)) == (1, 0, 0, 1)
    assert failures(tmp_path) == {"s/b.png": "AmongSources"}
    assert (contents(tmp_path / "s"), Photo.open(tmp_path / "a.png").is_colored) == (before, True)


def test_the_source_itself_is_no_target(run: Run, archive: Path) -> None:
    (archive.parent / "link").symlink_to(archive)
    for target in (archive, archive.parent / "link", f"{archive}/1890/.."):
        with pytest.raises(OptionError, match="choose another"):
            run(archive, target, overwrite=True)


def test_another_source_does_not_mix_with_the_first(run: Run, draw: Draw, archive: Path, target: Path) -> None:
    run(archive, target)
    other = draw(archive.parent / "other" / "a.jpg", 50).parent
    with pytest.raises(OptionError, match="another target"):
        run(other, target)
    archive.rename(archive.parent / "elsewhere")
    assert counts(run(archive.parent / "elsewhere", target, moved=True))[:2] == (0, 4)
