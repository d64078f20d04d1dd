"""What old and other containers need: codecs that count frames, notes that are still true, chapters that move."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("av")
pytest.importorskip("scenedetect")

import av

from photochrom.colorizer import Colorizer
from photochrom.errors import OptionError, OutputExists, OutputUnwritable
from photochrom.video import Coder, Plan, Span, colorize_film
from photochrom.video.coders import KINDS, told_rate
from photochrom.video.span import frame_rate


@pytest.mark.parametrize(
    ("name", "codec"), [("b.mpg", None), ("b.avi", None), ("b.mkv", "mpeg2"), ("b.mp4", "mpeg4"), ("b.mov", "mpeg2")]
)
def test_codecs_that_count_frames_keep_times(
    films: Any, tmp_path: Path, toy: Colorizer, name: str, codec: str | None
) -> None:
    source = films.make_film(tmp_path / "a.mp4", films.pictures(12), codec="libx264")
    made = colorize_film(source, tmp_path / name, toy, plan=Plan(coder=Coder(codec)))
    times = [frame.time for frame in films.frames_of(made.target)]
    assert np.allclose(np.array(times) - times[0], np.arange(12) / 25, atol=2e-3)
    assert np.ptp(films.chroma(made.target)[-1]) > 20


def test_uneven_times_are_kept_by_codecs_that_count(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    times = np.cumsum([0, 512, 512, 1500, 300, 512, 3000, 512]).tolist()
    source = films.make_film(tmp_path / "a.mkv", films.pictures(8), times=times)
    made = colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(coder=Coder("mpeg2")))
    found = [frame.time for frame in films.frames_of(made.target)]
    assert np.allclose(found, [float(time * films.TICKS) for time in times], atol=2e-3)


def test_an_avi_says_its_frame_rate(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    made = colorize_film(films.make_film(tmp_path / "a.mkv", films.pictures(5)), tmp_path / "b.avi", toy)
    with av.open(str(made.target)) as container:
        assert container.streams.video[0].time_base == Fraction(1, 25)


@pytest.mark.parametrize(("rate", "told"), [("24000/1001", "24000/1001"), ("18", "24000/1001"), ("100", "50")])
def test_mpeg_2_is_told_a_rate_that_it_can_name(rate: str, told: str) -> None:
    assert told_rate(KINDS["mpeg2"], Fraction(rate)) == Fraction(told)
    assert told_rate(KINDS["mpeg4"], Fraction(1_000_000, 41_667)) == Fraction(24)
    assert told_rate(KINDS["h264"], Fraction(rate)) == Fraction(rate)


def test_notes_that_are_no_longer_true_are_left_out(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    def dress(container: Any, stream: Any) -> None:
        stream.metadata.update({"title": "reel 1", "alpha_mode": "1", "BPS-eng": "1000", "NUMBER_OF_FRAMES": "7"})

    source = films.make_film(tmp_path / "a.mkv", films.pictures(4), dress=dress)
    made = colorize_film(source, tmp_path / "b.mkv", toy)
    with av.open(str(made.target)) as container:
        notes = {key.lower() for key in container.streams[0].metadata}
    assert "title" in notes
    assert not notes & {"alpha_mode", "bps-eng", "bps", "number_of_frames"}


def test_chapters_of_a_part_begin_where_it_begins(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    def dress(container: Any, stream: Any) -> None:
        base = Fraction(1, 1000)
        spans = ("one", 0, 500), ("two", 500, 1000), ("three", 1000, 2000)
        container.set_chapters(
            [
                {"id": number, "start": start, "end": end, "time_base": base, "metadata": {"title": title}}
                for number, (title, start, end) in enumerate(spans, 1)
            ]
        )

    source = films.make_film(tmp_path / "a.mkv", films.pictures(50), dress=dress)
    made = colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(Span(0.6, 1.5)))
    with av.open(str(made.target)) as container:
        found = [(one["metadata"]["title"], float(one["start"] * one["time_base"])) for one in container.chapters()]
    assert found == [("two", 0), ("three", pytest.approx(0.4))]


def test_a_strip_that_cannot_be_written_is_refused_before_the_work(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    source, taken = films.make_film(tmp_path / "a.mkv", films.pictures(3)), tmp_path / "taken.png"
    taken.write_text("mine")
    refused = {tmp_path / "no" / "s.png": OutputUnwritable, tmp_path / "s.mp4": OptionError, taken: OutputExists}
    for strip, error in refused.items():
        with pytest.raises(error):
            colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(strip=strip))
    assert taken.read_text() == "mine"
    assert not (tmp_path / "b.mkv").exists()
    colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(strip=taken, overwrite=True))
    assert taken.stat().st_size > 100


def test_a_short_part_of_a_long_film_does_not_read_all_of_its_sound(
    films: Any, tmp_path: Path, toy: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photochrom.video import writing

    read: list[float] = []
    real = writing._demuxed

    def noted(source: Any, tracks: list[Any]) -> Any:
        for packet in real(source, tracks):
            read.append(float((packet.pts or 0) * packet.time_base))
            yield packet

    monkeypatch.setattr(writing, "_demuxed", noted)
    source = films.make_film(tmp_path / "a.mp4", films.pictures(900), codec="libx264", sound=True)
    made = colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(Span(0.5, 1.5)))
    assert 16 < max(read) < 20
    sound = films.packets_of(made.target, "audio")
    assert 0.8 < sound[-1][0] < 1.05
    wanted = [data for time, data in films.packets_of(source, "audio") if 0.5 <= time < 1.5]
    assert [data for _, data in sound] == wanted


def test_a_run_that_found_nothing_leaves_nothing(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(5))
    with pytest.raises(OptionError, match="no frame between"):
        colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(Span(100)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_numbered_pictures_are_shown_at_the_rate_that_is_said(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    from PIL import Image

    (tmp_path / "in").mkdir()
    for number, plane in enumerate(films.pictures(36)):
        Image.fromarray(plane).save(tmp_path / "in" / f"{number + 7:03d}.png")
    pattern = tmp_path / "in" / "%03d.png"
    made = colorize_film(pattern, tmp_path / "a.mkv", toy, plan=Plan(Span(1, 2), rate=Fraction(16)))
    times = [frame.time for frame in films.frames_of(made.target)]
    assert times == pytest.approx(np.arange(16) / 16, abs=1e-3)
    with pytest.raises(OptionError, match="has its own frame rate"):
        colorize_film(made.target, tmp_path / "b.mkv", toy, plan=Plan(rate=Fraction(16)))


@pytest.mark.parametrize(("text", "rate"), [("16", "16"), ("23.976", "2997/125"), ("24000/1001", "24000/1001")])
def test_rates_are_numbers_or_fractions(text: str, rate: str) -> None:
    assert frame_rate(text) == pytest.approx(Fraction(rate), abs=1e-5)


@pytest.mark.parametrize("text", ["", "0", "-5", "fast", "1/0", "5000", "nan"])
def test_other_rates_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="expected frames a second"):
        frame_rate(text)
