from pathlib import Path

import pytest

from photochrom.errors import HintError, OptionError
from photochrom.jsonfile import read_object


def test_an_object_is_read_with_the_mark_that_some_editors_begin_with(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for start in ("", "\ufeff"):
        path.write_text(start + '{"a": "ä"}', encoding="utf-8")
        assert read_object(path, HintError, "{}") == {"a": "ä"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe{}", "is not JSON"),
        (b"[]", "holds no JSON object but a list"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_anything_else_is_an_error_that_shows_what_was_expected(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(OptionError, match=rf"a\.json .*{says}.*such as \{{\"a\": 1\}}"):
        read_object(path, OptionError, '{"a": 1}')


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(HintError, match=r"none\.json cannot be read \(No such file"):
        read_object(tmp_path / "none.json", HintError, "{}")
