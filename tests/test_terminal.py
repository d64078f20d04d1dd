"""What commands tell."""

import json
from pathlib import Path

import pytest

from photochrom import terminal
from photochrom.errors import PhotoError
from photochrom.many import Outcome

NASTY = "a\x1b[31mb\x9bc\udcffd\u2028e"


def test_results_go_to_stdout_and_notes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say(Path("out") / "a.jpg")
    terminal.note("a remark")
    assert capsys.readouterr() == (f"{Path('out') / 'a.jpg'}\n", "a remark\n")


def test_names_cannot_steer_a_terminal_or_break_its_encoding(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    terminal.say(NASTY)
    assert capsysbinary.readouterr().out == rb"a\u001b[31mb\u009bc\udcffd\u2028e" + b"\n"


def test_json_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say(json.dumps({"name": NASTY, "städte": "\U000e0001"}, ensure_ascii=False, indent=1))
    assert json.loads(capsys.readouterr().out) == {"name": NASTY, "städte": "\U000e0001"}


def test_an_error_is_one_line_without_a_period(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.note_error(PhotoError("it is broken\nat byte 3."))
    assert capsys.readouterr().err == "photochrom: it is broken at byte 3\n"


@pytest.mark.parametrize("as_json", [True, False])
def test_what_became_of_a_photo(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    source, target, second = Path("a.jpg"), Path("a.color.jpg"), Path("a.guess.png")
    done = Outcome(source, target, more=(second,), tint=12.4)
    assert not terminal.tell(done, as_json, {"scene": 3})
    out, err = capsys.readouterr()
    if as_json:
        assert json.loads(out) == done.to_dict() | {"scene": 3}
    else:
        assert out.split() == [str(target), str(second)]
    assert "a.jpg has color already (mean chroma 12)" in err
    assert terminal.tell(Outcome(source, None, error=PhotoError("no")), as_json)
    assert capsys.readouterr().err == "photochrom: no\n"


@pytest.mark.parametrize(
    ("count", "failed", "code", "said"),
    [
        (1, 0, 0, ""),
        (1, 1, 2, ""),
        (3, 0, 0, "3 of 3 photos colorized\n"),
        (3, 1, 1, "2 of 3 photos colorized, 1 failed\n"),
        (3, 3, 2, "0 of 3 photos colorized, 3 failed\n"),
    ],
)
def test_the_end_tells_how_many(
    count: int, failed: int, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.end(count, failed) == code
    assert capsys.readouterr().err == said


def test_a_bar_that_nobody_would_see_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.bar("working") as bar:
        bar(0.5, "half")
    assert capsys.readouterr() == ("", "")
