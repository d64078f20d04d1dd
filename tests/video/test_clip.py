from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("av")
pytest.importorskip("scenedetect")

from photochrom.errors import OptionError, PhotoNotFound, PhotoUnreadable
from photochrom.video.clip import Clip, _Clock
from photochrom.video.film import find_shots
from photochrom.video.shots import ShotFinder, Shots
from photochrom.video.span import Span, seconds


def told(stamps: list[int | None], step: int = 10, start: int = 0, far: int = 1000) -> list[int]:
    clock = _Clock(step, start, far)
    return [clock.tell(stamp) for stamp in stamps]


def test_good_times_are_left_alone_but_for_the_start() -> None:
    assert told([100, 110, 125, 140], start=100) == [0, 10, 25, 40]


def test_missing_times_are_made_up() -> None:
    assert told([None, None, None]) == [0, 10, 20]
    assert told([0, None, 20]) == [0, 10, 20]


def test_times_only_go_forward() -> None:
    assert told([0, 10, 10, 20]) == [0, 10, 11, 20]


def test_a_clock_that_starts_anew_goes_on() -> None:
    assert told([0, 5000, 0, 10], far=1000) == [0, 5000, 5010, 5020]


@pytest.mark.parametrize(("text", "value"), [("90", 90), ("1:30", 90), ("0:01:30.5", 90.5), ("2:00:00", 7200)])
def test_times_are_seconds_or_clock_times(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4", "-5"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="expected seconds"):
        seconds(text)


def test_a_preview_ends_the_span_early() -> None:
    assert Span.parse("10", None, 5) == Span(10, 15)
    assert Span.parse("10", "12", 5) == Span(10, 12)
    with pytest.raises(OptionError, match="start before its end"):
        Span.parse("10", "9", None)


def test_a_film_says_what_it_is(films: Any, tmp_path: Path) -> None:
    def dress(container: Any, stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
        stream.set_display_rotation(-90)

    clip = Clip.open(films.make_film(tmp_path / "a.mp4", films.pictures(5), codec="libx264", dress=dress))
    assert (clip.width, clip.height, clip.planar, clip.expected) == (64, 48, "yuv420p", 5)
    assert clip.aspect == Fraction(4, 3)
    assert clip.shown_size == (48, 85)
    assert (clip.coding.matrix, clip.coding.is_full, clip.coding.bits) == (1, False, 8)
    assert clip.turn.exchanged
    assert [frame.time for frame in clip.frames()] == [films.STEP * number for number in range(5)]
    assert [frame.number for frame in clip.frames(3)] == [3, 4]


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoNotFound, match="there is no film"):
        Clip.open(tmp_path / "none.mp4")
    (tmp_path / "text.mp4").write_text("not a film")
    with pytest.raises(PhotoUnreadable, match="cannot be read as a film"):
        Clip.open(tmp_path / "text.mp4")


def test_sound_alone_is_no_film(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.wav"), "w") as container:
        track = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(track.encode(frame))
    with pytest.raises(PhotoUnreadable, match="no video track, only audio"):
        Clip.open(tmp_path / "a.wav")


def test_a_film_without_a_whole_picture_is_refused(films: Any, tmp_path: Path) -> None:
    path = films.make_film(tmp_path / "a.mkv", films.pictures(3))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(PhotoUnreadable, match=r"no picture|cannot be read"):
        Clip.open(path)


def test_a_cut_is_found_and_a_flash_is_none(films: Any) -> None:
    def cuts(*parts: list[np.ndarray]) -> Shots:
        finder = ShotFinder()
        for part in parts:
            for picture in part:
                finder.show(picture)
        return finder.end()

    one, other = films.pictures(24, seed=1), [255 - picture for picture in films.pictures(12, seed=2)]
    flash = [np.full_like(one[0], 250)] * 2
    found = cuts(one[:12], other, one[12:])
    assert (found.cuts, found.flashes, found.frames) == ([12, 24], [], 36)
    assert [found.of(number) for number in (0, 11, 12, 23, 24)] == [0, 0, 1, 1, 2]
    found = cuts(one[:12], flash, one[12:])
    assert (found.cuts, found.flashes) == ([], [12, 13])


def test_shots_know_their_times(films: Any, tmp_path: Path) -> None:
    planes = films.pictures(10, seed=1) + [255 - picture for picture in films.pictures(10, seed=2)]
    clip = Clip.open(films.make_film(tmp_path / "a.mkv", planes))
    shots, damaged = find_shots(clip)
    assert (shots.cuts, shots.frames, damaged) == ([10], 20, 0)
    assert [float(time * clip.time_base) for time in shots.times] == [0, pytest.approx(0.4)]


def test_a_span_without_frames_is_refused(films: Any, tmp_path: Path) -> None:
    path = films.make_film(tmp_path / "a.mkv", films.pictures(3))
    with pytest.raises(OptionError, match="no frame between"):
        find_shots(Clip.open(path, Span(5)))
