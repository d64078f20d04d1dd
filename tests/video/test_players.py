"""What players expect of a file, and what is told where a file cannot be as they expect it."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("av")
pytest.importorskip("scenedetect")

import av

from photochrom.colorizer import Colorizer
from photochrom.errors import OptionError, OutputUnwritable
from photochrom.hints import Hint, Hints
from photochrom.video import Coder, Plan, Span, colorize_film, stills, writing


def sound(codec: str, rate: int = 48000) -> Any:
    """Give what dresses a film with a short silence of another codec."""

    def dress(container: Any, stream: Any) -> None:
        track = container.add_stream(codec, rate=rate, layout="mono")
        form = track.codec_context.format.name
        silence = np.zeros((1, 1152), np.int16 if form.startswith("s16") else np.float32)
        frame = av.AudioFrame.from_ndarray(silence, form, "mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        container.mux(track.encode(frame))
        container.mux(track.encode(None))

    return dress


@pytest.mark.parametrize("name", ["b.mp4", "b.mov", "b.m4v"])
def test_h265_is_marked_as_the_players_of_apple_know_it(films: Any, tmp_path: Path, toy: Colorizer, name: str) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(4))
    if name == "b.m4v":
        with pytest.raises(OptionError, match=r"a file \.m4v holds no h265"):
            colorize_film(source, tmp_path / name, toy, plan=Plan(coder=Coder("h265")))
        return
    made = colorize_film(source, tmp_path / name, toy, plan=Plan(coder=Coder("h265")))
    with av.open(str(made.target)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
    assert len(films.frames_of(made.target)) == 4


@pytest.mark.parametrize(
    ("name", "codec", "says"),
    [
        ("b.ts", "av1", r"a file \.ts holds no av1 that players find; it holds h264, h265, mpeg4, mpeg2"),
        ("b.m2ts", "prores", "holds no prores"),
        ("b.ts", "ffv1", "holds no ffv1"),
        ("b.mpg", "h264", r"a file \.mpg holds no h264 that players find; it holds mpeg2"),
        ("b.vob", "vp9", "holds no vp9"),
        ("b.mov", "ffv1", r"a file \.mov holds no ffv1; give another --codec or ending"),
        (
            "b.mov",
            "vp9",
            r"b\.mov cannot be written with the codec vp9 \(Invalid argument\); give a name",
        ),
    ],
)
def test_a_film_that_players_would_not_find_is_refused(
    films: Any, tmp_path: Path, toy: Colorizer, name: str, codec: str, says: str
) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(3))
    with pytest.raises(OptionError, match=says):
        colorize_film(source, tmp_path / name, toy, plan=Plan(coder=Coder(codec)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


@pytest.mark.parametrize(
    ("codec", "name", "says"),
    [
        ("flac", "b.ts", r"a file \.ts cannot hold the audio track 1 \(flac\)"),
        ("pcm_s16le", "b.m2ts", r"a file \.m2ts cannot hold the audio track 1 \(pcm_s16le\)"),
        ("flac", "b.mov", r"a file \.mov cannot hold the film's sound or its other tracks \(Invalid argument\)"),
        ("flac", "b.mpg", "cannot hold the film's sound"),
    ],
)
def test_sound_that_players_would_not_find_is_refused(
    films: Any, tmp_path: Path, toy: Colorizer, codec: str, name: str, says: str
) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(3), dress=sound(codec))
    with pytest.raises(OptionError, match=says + ".*ending in .mkv"):
        colorize_film(source, tmp_path / name, toy)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_sound_of_transport_streams_comes_along(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(12), dress=sound("mp2"))
    made = colorize_film(source, tmp_path / "b.ts", toy)
    assert [data for _, data in films.packets_of(made.target, "audio")] == [
        data for _, data in films.packets_of(source, "audio")
    ]
    back = colorize_film(made.target, tmp_path / "c.mp4", toy)
    assert len(films.packets_of(back.target, "audio")) == len(films.packets_of(source, "audio"))


@pytest.mark.parametrize("codec", [None, "h264", "ffv1", "vp9"])
@pytest.mark.parametrize("late", [0, 250])
def test_the_pictures_of_an_avi_are_even_beside_sound_that_begins_early(
    films: Any, tmp_path: Path, toy: Colorizer, codec: str | None, late: int
) -> None:
    times = [late + number * films.STEP for number in range(12)]
    source = films.make_film(tmp_path / "a.mp4", films.pictures(12), codec="libx264", times=times, sound=True)
    made = colorize_film(source, tmp_path / "b.avi", toy, plan=Plan(coder=Coder(codec)))
    found = np.array([frame.time for frame in films.frames_of(made.target)])
    assert np.allclose(found - found[0], np.arange(12) / 25, atol=2e-3)


@pytest.mark.parametrize(("height", "format"), [(48, "yuv420p"), (54, "yuv422p")])
def test_fields_are_kept_whatever_the_number_of_rows(
    films: Any, tmp_path: Path, toy: Colorizer, height: int, format: str
) -> None:
    def dress(container: Any, stream: Any) -> None:
        stream.codec_context.options = {"flags": "+ildct+ilme"}
        stream.codec_context.framerate = Fraction(25)
        stream.codec_context.time_base = Fraction(1, 25)

    source = films.make_film(tmp_path / "a.ts", films.pictures(6, 64, height), codec="mpeg2video", dress=dress)
    assert films.frames_of(source)[0].interlaced_frame
    made = colorize_film(source, tmp_path / "b.mkv", toy)
    found = films.frames_of(made.target)
    assert {(picture.interlaced_frame, picture.format.name, picture.height) for picture in found} == {
        (True, format, height)
    }
    assert made.notes == ()
    told = colorize_film(source, tmp_path / "c.mkv", toy, plan=Plan(coder=Coder("ffv1"))).notes
    assert told == ("the film is interlaced, but ffv1 does not say so; h264 does",)


@pytest.mark.parametrize(
    ("name", "coder", "says"),
    [
        ("b.mp4", Coder(quality=55), r"the quality is 55 for h264; expected 0 \(best\) to 51"),
        ("b.mpg", Coder(quality=40), r"the quality is 40 for mpeg2; expected 0 \(best\) to 31"),
        ("b.mp4", Coder(preset="warp"), "cannot be written with the codec h264.*another --preset"),
    ],
)
def test_a_quality_that_the_codec_does_not_know_is_refused(
    films: Any, tmp_path: Path, toy: Colorizer, name: str, coder: Coder, says: str
) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(3))
    with pytest.raises(OptionError, match=says):
        colorize_film(source, tmp_path / name, toy, plan=Plan(coder=coder))
    webm = colorize_film(source, tmp_path / "b.webm", toy, plan=Plan(coder=Coder(quality=60)))
    assert webm.frames == 3


@pytest.mark.parametrize(
    ("name", "codec", "told"),
    [
        ("b.webm", "vp9", False),
        ("b.mkv", "ffv1", False),
        ("b.mkv", "av1", False),
        ("b.mkv", "prores", False),
        ("b.mp4", "av1", True),
        ("b.mov", "prores", True),
        ("b.mkv", "h264", True),
        ("b.avi", "mpeg4", True),
    ],
)
def test_a_lost_shape_of_pixels_is_told(
    films: Any, tmp_path: Path, toy: Colorizer, name: str, codec: str, *, told: bool
) -> None:
    def dress(container: Any, stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)

    source = films.make_film(tmp_path / "a.mp4", films.pictures(3, 96, 80), codec="libx264", dress=dress)
    made = colorize_film(source, tmp_path / name, toy, plan=Plan(coder=Coder(codec)))
    with av.open(str(made.target)) as container:
        assert (container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)) is told
    assert bool([note for note in made.notes if "not square, 4/3 as wide as high" in note]) is not told


def test_av1_writes_nothing_to_the_terminal(
    films: Any, tmp_path: Path, toy: Colorizer, capfd: pytest.CaptureFixture[str]
) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(3, 96, 80))
    colorize_film(source, tmp_path / "b.mp4", toy, plan=Plan(coder=Coder("av1")))
    assert capfd.readouterr().err == ""


def test_a_film_in_color_is_told(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    red = Hints(64, 48, (Hint(((32, 24),), (1, 0, 0), radius=60),))
    script = tmp_path / "shots.json"
    script.write_text(json.dumps({"shots": [{"shot": 1, "hints": json.loads(red.to_json())}]}))
    source = films.make_film(tmp_path / "a.mkv", films.pictures(4))
    made = colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(script=script))
    assert made.notes == ()
    again = colorize_film(made.target, tmp_path / "c.mkv", toy)
    assert again.notes[0].startswith("the film has color already (mean chroma ")


def test_hints_that_nothing_comes_of_are_told(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    source, script = films.make_film(tmp_path / "a.mkv", films.pictures(12)), tmp_path / "shots.json"
    script.write_text('{"shots": [{"shot": 1, "time": 0, "hints": null}]}')
    made = colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(script=script))
    assert made.notes == (f"no hints of {script} are for this film",)
    red = json.loads(Hints(64, 48, (Hint(((32, 24),), (1, 0, 0)),)).to_json())
    script.write_text(json.dumps({"shots": [{"shot": 1, "time": 0, "hints": red}]}))
    made = colorize_film(source, tmp_path / "c.mkv", toy, plan=Plan(Span(0.2), script=script))
    assert made.notes == (f"no hints of {script} are for the wanted part",)


def test_a_strip_whose_folder_is_not_writable_is_refused_before_the_work(
    films: Any, tmp_path: Path, toy: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(3))
    monkeypatch.setattr(stills.os, "access", lambda *_: False)
    with pytest.raises(OutputUnwritable, match="its folder cannot be written to"):
        colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(strip=tmp_path / "s.png"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk to try")
def test_a_full_disk_is_no_matter_of_the_codec(
    films: Any, tmp_path: Path, toy: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(3))
    full = tmp_path / "full.mkv"
    full.symlink_to("/dev/full")
    monkeypatch.setattr(writing, "unfinished", lambda target: full)
    with pytest.raises(OutputUnwritable, match=r"No space left on device\); make room"):
        colorize_film(source, tmp_path / "b.mkv", toy)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]
