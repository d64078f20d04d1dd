import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("av")
pytest.importorskip("scenedetect")

import av

from photochrom.colorizer import Colorizer
from photochrom.errors import HintError, OptionError, OutputExists, OutputUnwritable
from photochrom.hints import Hint, Hints
from photochrom.video import Coder, Plan, Span, Steadiness, colorize_film, film

LOSSLESS = Plan(coder=Coder("ffv1"), steadiness=Steadiness(4))


@pytest.mark.parametrize(
    ("format", "full", "wanted"),
    [
        ("yuv420p", 1, "yuv420p"),
        ("yuv420p", 2, "yuv420p"),
        ("yuv422p10le", 1, "yuv422p10le"),
        ("gray", 2, "yuv420p"),
        ("gray16le", 2, "yuv420p16le"),
    ],
)
def test_the_luma_survives_to_the_last_bit(
    films: Any, tmp_path: Path, toy: Colorizer, format: str, full: int, wanted: str
) -> None:
    bits = av.VideoFormat(format).components[0].bits
    planes = [plane.astype(np.uint16) << (bits - 8) if bits > 8 else plane for plane in films.pictures(6)]

    def dress(container: Any, stream: Any) -> None:
        stream.codec_context.color_range, stream.codec_context.colorspace = full, 1

    source = films.make_film(tmp_path / "a.mkv", planes, format, dress=dress)
    colorize_film(source, tmp_path / "b.mkv", toy, plan=LOSSLESS)
    found = films.frames_of(tmp_path / "b.mkv")
    assert [picture.format.name for picture in found] == [wanted] * 6
    assert all((films.luma(picture) == plane).all() for picture, plane in zip(found, planes, strict=True))
    assert {(picture.color_range, picture.colorspace) for picture in found} == {(full, 1)}
    assert np.ptp(films.chroma(tmp_path / "b.mkv")) > 20 << (bits - 8)


@pytest.mark.parametrize("size", [(33, 21), (64, 35), (51, 48)])
def test_odd_sides_are_kept(films: Any, tmp_path: Path, toy: Colorizer, size: tuple[int, int]) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(3, *size))
    for name in ("b.mp4", "b.webm"):
        colorize_film(source, tmp_path / name, toy)
        found = films.frames_of(tmp_path / name)
        assert [(picture.width, picture.height) for picture in found] == [size] * 3


def test_uneven_times_sound_and_notes_are_kept(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    def dress(container: Any, stream: Any) -> None:
        container.metadata["title"] = "At the sea"
        stream.codec_context.sample_aspect_ratio = Fraction(16, 15)
        stream.codec_context.colorspace, stream.codec_context.color_primaries = 5, 5
        stream.set_display_rotation(90)

    times = np.cumsum([0, 512, 512, 1500, 100, 512, 3000, 512, 512, 512, 700, 512]).tolist()
    source = films.make_film(
        tmp_path / "a.mp4", films.pictures(12), codec="libx264", times=times, dress=dress, sound=True
    )
    made = colorize_film(source, tmp_path / "b.mp4", toy)
    assert (made.frames, made.notes) == (12, ())
    assert films.packets_of(source, "audio") == films.packets_of(made.target, "audio")
    with av.open(str(source)) as old, av.open(str(made.target)) as new:
        (one, sound), (other, same) = old.streams, new.streams
        assert new.metadata["title"] == "At the sea"
        assert same.metadata["language"] == sound.metadata["language"] == "deu"
        assert other.sample_aspect_ratio == one.sample_aspect_ratio == Fraction(16, 15)
        assert [frame.pts * frame.time_base for frame in new.decode(other)] == [time * films.TICKS for time in times]
        assert abs(new.duration - old.duration) <= 50_000
    (first, *_), (color, *_) = films.frames_of(source), films.frames_of(made.target)
    assert (color.rotation, color.colorspace, color.color_primaries) == (first.rotation, 5, 5)


def test_an_interrupted_film_goes_on_and_comes_out_the_same(
    films: Any, tmp_path: Path, toy: Colorizer, monkeypatch: pytest.MonkeyPatch, stop_after: Callable[[int], Any]
) -> None:
    monkeypatch.setattr(film, "SEGMENT", 6)
    planes = films.pictures(16, seed=1) + [255 - plane for plane in films.pictures(9, seed=2)]
    source = films.make_film(tmp_path / "a.mkv", planes)
    whole = colorize_film(source, tmp_path / "whole.mkv", toy, plan=LOSSLESS)
    with pytest.raises(KeyboardInterrupt):
        colorize_film(source, tmp_path / "b.mkv", toy, plan=LOSSLESS, tell=stop_after(19))
    assert not (tmp_path / "b.mkv").exists()
    rest = colorize_film(source, tmp_path / "b.mkv", toy, plan=LOSSLESS)
    assert rest.asked < whole.asked
    assert rest.frames == whole.frames == 25
    assert (films.chroma(tmp_path / "b.mkv") == films.chroma(tmp_path / "whole.mkv")).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "b.mkv", "whole.mkv"]


def test_other_settings_begin_anew(
    films: Any, tmp_path: Path, toy: Colorizer, stop_after: Callable[[int], Any]
) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(9))
    with pytest.raises(KeyboardInterrupt):
        colorize_film(source, tmp_path / "b.mkv", toy, plan=LOSSLESS, tell=stop_after(5))
    plan = Plan(coder=Coder("ffv1"), steadiness=Steadiness(3))
    assert colorize_film(source, tmp_path / "b.mkv", toy, plan=plan).asked == 4


def test_pictures_come_out_upright_and_numbered(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    from photochrom.photo import Photo

    def dress(container: Any, stream: Any) -> None:
        stream.set_display_rotation(-90)

    source = films.make_film(tmp_path / "a.mp4", films.pictures(3), codec="libx264", dress=dress)
    made = colorize_film(source, tmp_path / "out", toy)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["000001.png", "000002.png", "000003.png"]
    photo = Photo.open(tmp_path / "out" / "000002.png")
    assert (photo.width, photo.height, photo.is_colored) == (48, 64, True)
    again = colorize_film(made.target, tmp_path / "again.mkv", toy)
    assert again.frames == 3
    with pytest.raises(OutputExists, match=r"000001\.png exists"):
        colorize_film(source, tmp_path / "out", toy)


def test_a_part_of_a_film_has_its_part_of_the_sound(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(50), sound=True)
    made = colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(Span(0.4, 1.2), Coder("ffv1"), Steadiness(20)))
    assert made.frames == 20
    assert [frame.time for frame in films.frames_of(made.target)][:2] == [0, pytest.approx(0.04)]
    sound = films.packets_of(made.target, "audio")
    assert sound[0][0] < 0.15
    assert 0.6 < sound[-1][0] < 0.85
    assert {data for _, data in sound} <= {data for _, data in films.packets_of(source, "audio")}


def test_hints_of_a_shot_color_that_shot_only(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    planes = films.pictures(9, seed=1) + [255 - plane for plane in films.pictures(9, seed=2)]
    source = films.make_film(tmp_path / "a.mkv", planes)
    hints = Hints(64, 48, (Hint(((32, 40),), (1, 0, 0), radius=30),))
    script = tmp_path / "script.json"
    entries = [{"shot": 1, "hints": None}, {"time": "0:00.5", "hints": json.loads(hints.to_json())}]
    script.write_text(json.dumps({"shots": entries}))
    colorize_film(source, tmp_path / "plain.mkv", toy, plan=LOSSLESS)
    plan = Plan(coder=Coder("ffv1"), steadiness=Steadiness(4), script=script)
    colorize_film(source, tmp_path / "red.mkv", toy, plan=plan)
    plain, red = films.chroma(tmp_path / "plain.mkv").astype(int), films.chroma(tmp_path / "red.mkv").astype(int)
    assert (plain[:9] == red[:9]).all()
    assert (red[9:, 1].mean(axis=(1, 2)) > plain[9:, 1].mean(axis=(1, 2)) + 3).all()


@pytest.mark.parametrize("text", ["", "{}", '{"shots": [{"shot": 2, "hints": {"a": 1}}]}', '{"shots": [{"shot": 1}]}'])
def test_a_script_that_does_not_fit_is_refused(films: Any, tmp_path: Path, toy: Colorizer, text: str) -> None:
    source, script = films.make_film(tmp_path / "a.mkv", films.pictures(3)), tmp_path / "script.json"
    script.write_text(text)
    with pytest.raises(HintError):
        colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(script=script))


def test_a_damaged_film_is_colored_as_far_as_it_goes(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    path = films.make_film(tmp_path / "a.mkv", films.pictures(30, 96, 80), codec="libx264", sound=True)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(300)
    path.write_bytes(bytes(data))
    made = colorize_film(path, tmp_path / "b.mkv", toy)
    assert 5 <= len(films.frames_of(made.target)) == made.frames <= 30


def test_one_frame_is_a_film(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    made = colorize_film(films.make_film(tmp_path / "a.mkv", films.pictures(1)), tmp_path / "b.mp4", toy)
    assert (made.frames, made.shots, len(films.frames_of(made.target))) == (1, 1, 1)


def test_frames_without_times_get_some(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    path = tmp_path / "a.h264"  # bare pictures, without a container
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number, plane in enumerate(films.pictures(12)):
            container.mux(stream.encode(films.picture_of(plane, "yuv420p", number * films.STEP)))
        container.mux(stream.encode(None))
    made = colorize_film(path, tmp_path / "b.mp4", toy)
    times = [frame.time for frame in films.frames_of(made.target)]
    assert len(times) == 12
    assert np.allclose(np.diff(times), 0.04, atol=1e-3)


def test_what_cannot_be_written_is_refused_before_the_work(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(3), sound=True)
    refused = {
        tmp_path / "b.webm": (OptionError, "cannot hold the audio track 1"),
        tmp_path / "b.nothing": (OptionError, "no kind of film"),
        tmp_path / "none" / "b.mp4": (OutputUnwritable, "no folder"),
        tmp_path / "a.mkv": (OutputUnwritable, "the film itself"),
        tmp_path / "%03d.doc": (OptionError, "no pattern of pictures"),
        tmp_path / "b.tif": (OptionError, r"b\.tif is one picture; .* such as b-%06d\.tif"),
    }
    for target, (error, text) in refused.items():
        with pytest.raises(error, match=text):
            colorize_film(source, target, toy, tell=lambda share, note: pytest.fail("it began"))
    with pytest.raises(OutputUnwritable, match="the film itself"):
        colorize_film(source, source, toy, plan=Plan(overwrite=True))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


@pytest.mark.parametrize("wrong", [{"codec": "divx"}, {"quality": 99.0}, {"codec": "ffv1", "quality": 3.0}])
def test_unknown_codecs_and_qualities_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Coder(**wrong)


def test_the_commands_write_a_film_a_strip_and_first_frames(films: Any, tmp_path: Path, toy_model: Path) -> None:
    from cyclopts import App

    from photochrom.video.command import shots, video

    app = App(result_action="return_value")
    app.command(video)
    app.command(shots)
    planes = films.pictures(12, seed=1) + [255 - plane for plane in films.pictures(12, seed=2)]
    source = films.make_film(tmp_path / "a.mkv", planes)
    words = ["--model", toy_model, "--codec", "h264", "--quality", "20", "--preview", "0.8", "--strip"]
    app(["video", *map(str, [source, tmp_path / "b.mp4", *words, tmp_path / "s.png"])])
    assert len(films.frames_of(tmp_path / "b.mp4")) == 20
    assert (tmp_path / "s.png").stat().st_size > 1000
    app(["shots", str(source), "-o", str(tmp_path / "shots")])
    entries = json.loads((tmp_path / "shots" / "shots.json").read_text())["shots"]
    assert [entry["time"] for entry in entries] == [0, 0.48]
    assert sorted(path.name for path in (tmp_path / "shots").glob("*.png")) == ["shot-0001.png", "shot-0002.png"]
