"""Hints for shots: written to be filled in, never lost, and given to the shots they are for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av")
pytest.importorskip("scenedetect")

from photochrom.colorizer import Colorizer
from photochrom.errors import HintError, OptionError, OutputExists
from photochrom.hints import Hint, Hints
from photochrom.video import Coder, Plan, Span, Steadiness, colorize_film
from photochrom.video.clip import Clip
from photochrom.video.command import Look, shots
from photochrom.video.script import Script
from photochrom.video.shots import Shots
from photochrom.video.stills import write_first_frames

RED = json.loads(Hints(64, 48, (Hint(((32, 40),), (1, 0, 0), radius=30),)).to_json())
LOSSLESS = Plan(coder=Coder("ffv1"), steadiness=Steadiness(4))


def test_a_script_with_hints_in_it_is_not_lost(films: Any, tmp_path: Path) -> None:
    from photochrom.video.clip import Clip

    source, folder = films.make_film(tmp_path / "a.mkv", films.pictures(5)), tmp_path / "shots"
    shots(source, output=folder)
    script = folder / "shots.json"
    script.write_text('{"shots": "my own"}')
    with pytest.raises(OutputExists, match=r"shots\.json exists, perhaps with your hints.*--overwrite"):
        shots(source, output=folder)
    with pytest.raises(OutputExists):
        write_first_frames(Clip.open(source), Shots(frames=5), folder)
    assert script.read_text() == '{"shots": "my own"}'
    shots(source, output=folder, overwrite=True)
    assert json.loads(script.read_text())["shots"][0]["shot"] == 1
    assert sorted(path.name for path in folder.iterdir()) == ["shot-0001.png", "shots.json"]


@pytest.fixture
def two_shots(films: Any, tmp_path: Path) -> Path:
    """Give a film of two shots of 12 frames each: the second begins at 0.48 s."""
    planes = films.pictures(12, seed=1) + [255 - plane for plane in films.pictures(12, seed=2)]
    path: Path = films.make_film(tmp_path / "a.mkv", planes)
    return path


def hinted(film: Path, script: Path, start: float = 0, end: float | None = None, **values: Any) -> dict[int, Hints]:
    """Return the hints of a script, with ``values``, for a part of a film of two shots that begin at 0 and 0.48 s."""
    script.write_text(json.dumps(values))
    clip = Clip.open(film, Span(start, end))
    second = round((0.48 - start) / clip.time_base)
    last = round((0.96 - start) / clip.time_base)
    found = Shots([12], [], 24, [0, second], end=last) if start < 0.48 else Shots(frames=12, times=[0], end=last)
    return Script.read(script, clip).hints(clip, found)


def test_the_hints_of_the_whole_film_fit_its_parts(two_shots: Path, tmp_path: Path) -> None:
    script = tmp_path / "shots.json"
    entries = [{"shot": 1, "time": 0, "hints": RED}, {"shot": 2, "time": 0.48, "hints": RED}]
    assert list(hinted(two_shots, script, start=0, shots=entries)) == [0, 1]
    assert list(hinted(two_shots, script, 0.4, shots=entries)) == [1]
    assert list(hinted(two_shots, script, 0.48, shots=entries)) == [0]
    assert list(hinted(two_shots, script, 0, 0.3, shots=entries)) == [0]


def test_shots_are_counted_in_the_part_that_is_colored(two_shots: Path, tmp_path: Path) -> None:
    script = tmp_path / "shots.json"
    assert list(hinted(two_shots, script, 0.4, shots=[{"shot": 2, "hints": RED}])) == [1]
    entry = {"shot": 1, "time": 0.4, "hints": RED}  # made by photochrom shots --start 0.4
    assert Script.read(_written(script, start=0.4, shots=[entry]), Clip.open(two_shots)).start == 0.4
    found = Script.read(script, Clip.open(two_shots)).hints(Clip.open(two_shots), Shots([12], [], 24, [0, 480]))
    assert list(found) == [0]


def _written(path: Path, **values: Any) -> Path:
    path.write_text(json.dumps(values))
    return path


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([{"shot": 3, "hints": RED}], "shot 3; the film has shots 1 to 2"),
        ([{"shot": 0, "hints": RED}], "shot 0; the film has shots 1 to 2"),
        ([{"shot": 1, "hints": RED}, {"time": 0.2, "hints": RED}], "shot 1 twice"),
        ([{"hints": RED}], 'entry 1: it names neither "shot" nor "time"'),
        ([{"time": "0:09", "hints": RED}], r"a shot at 9 seconds; the film ends at 0\.960"),
        ([{"time": "soon", "hints": RED}], r"shots\.json, entry 1 \(time soon\): the time is 'soon'"),
        ([{"shot": 1, "hints": None}, {"shot": 2, "hnts": 3}], r'entry 2 \(shot 2\): it has no "hints"'),
        ([{"shot": "one", "hints": RED}], "the shot is 'one'"),
        ([{"shot": 1, "hints": "none.json"}], r"none\.json cannot be read"),
        ([{"shot": 1, "hints": {**RED, "photo": {"width": 65, "height": 48}}}], "65 x 48 pixels, this one has 64 x 48"),
        (["shot 1"], 'entry 1: it has no "hints"'),
    ],
)
def test_a_script_that_does_not_fit_says_why(two_shots: Path, tmp_path: Path, entries: Any, says: str) -> None:
    with pytest.raises(HintError, match=says):
        hinted(two_shots, tmp_path / "shots.json", shots=entries)


def _fails(share: float, note: str) -> None:
    pytest.fail("it began")


def test_a_bad_script_is_refused_before_the_work(two_shots: Path, tmp_path: Path, toy: Colorizer) -> None:
    script = _written(tmp_path / "shots.json", shots=[{"shot": 1, "hints": "none.json"}])
    with pytest.raises(HintError):
        colorize_film(
            two_shots, tmp_path / "b.mkv", toy, plan=Plan(script=script), tell=lambda *_: pytest.fail("began")
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "shots.json"]


def test_hints_that_changed_in_their_file_begin_the_film_anew(
    films: Any, tmp_path: Path, toy: Colorizer, stop_after: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from photochrom.video import film

    monkeypatch.setattr(film, "SEGMENT", 4)
    source = films.make_film(tmp_path / "a.mkv", films.pictures(16))
    script, hints = _written(tmp_path / "shots.json", shots=[{"shot": 1, "hints": "1.json"}]), tmp_path / "1.json"
    plan = Plan(coder=Coder("ffv1"), steadiness=Steadiness(4), script=script)
    _written(hints, **RED)
    with pytest.raises(KeyboardInterrupt):
        colorize_film(source, tmp_path / "b.mkv", toy, plan=plan, tell=stop_after(14))
    _written(hints, **{**RED, "hints": [{**RED["hints"][0], "color": "#0000ff"}]})
    colorize_film(source, tmp_path / "b.mkv", toy, plan=plan)
    colorize_film(source, tmp_path / "whole.mkv", toy, plan=plan)
    assert (films.chroma(tmp_path / "b.mkv") == films.chroma(tmp_path / "whole.mkv")).all()


def test_the_effort_fast_is_the_small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    import photochrom.colorizer

    loaded: list[str] = []
    monkeypatch.setattr(photochrom.colorizer, "Colorizer", loaded.append)
    _, settings = Look(effort="fast").painter()
    assert (loaded, settings.effort) == (["small"], "normal")
    with pytest.raises(OptionError, match="fast means the small model"):
        Look(model="other.onnx", effort="fast").settings()
    with pytest.raises(OptionError, match="expected fast, normal, best"):
        Look(effort="slow").settings()
