"""Frames from the middle of a film are those that decoding it from the beginning gives, to the last bit."""

from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("av")

from photochrom.errors import PhotoNotFound
from photochrom.video import container
from photochrom.video.clip import Clip, Frame
from photochrom.video.container import decoded_near, files_of
from photochrom.video.span import Span

UNEVEN = np.cumsum([0, *np.random.default_rng(2).integers(100, 950, 119)]).tolist()
KINDS = {
    "open groups, uneven times": ("a.mp4", "libx264", {"x264-params": "keyint=20:bframes=3:open-gop=1"}, UNEVEN),
    "many references": ("a.mkv", "libx264", {"x264-params": "keyint=24:bframes=6:ref=5:b-pyramid=normal"}, None),
    "refreshed bit by bit": ("a.mkv", "libx264", {"x264-params": "keyint=20:intra-refresh=1"}, None),
    "one key frame": ("a.mp4", "libx264", {"x264-params": "keyint=infinite:scenecut=0"}, None),
    "h265": ("a.mkv", "libx265", {"x265-params": "keyint=20:open-gop=1:log-level=none"}, UNEVEN),
    "vp8 with hidden pictures": ("a.webm", "libvpx", {"g": "20", "deadline": "realtime", "lag-in-frames": "8"}, None),
    "without an index": ("a.ts", "mpeg2video", {"g": "12", "bf": "2"}, None),
    "a disc": ("a.mpg", "mpeg2video", {"g": "12", "bf": "2"}, None),
    "stamped as decoded": ("a.avi", "mpeg4", {"g": "20", "bf": "2"}, None),
    "lossless": ("a.mkv", "ffv1", {"g": "1"}, UNEVEN),
}


def made(films: Any, path: Path, codec: str, options: dict[str, str], times: list[int] | None = None) -> Path:
    random = np.random.default_rng(1)
    planes = [plane + random.integers(0, 25, plane.shape).astype(np.uint8) for plane in films.pictures(120)]

    def dress(container: Any, stream: Any) -> None:
        stream.codec_context.options = options
        if codec.startswith("mpeg"):
            stream.codec_context.time_base = Fraction(1, 25)

    return films.make_film(path, planes, codec=codec, times=times, dress=dress)


def told(frame: Frame, first: int = 0) -> tuple[int, int, int]:
    return frame.time - first, frame.duration, hash(frame.plane().tobytes())


@pytest.mark.parametrize("kind", KINDS)
def test_frames_from_the_middle_are_the_same_as_from_the_beginning(films: Any, tmp_path: Path, kind: str) -> None:
    name, *how = KINDS[kind]
    path = made(films, tmp_path / name, *how)
    whole = list(Clip.open(path).frames())
    for start in (0.3, 2.9, 4.0, 4.17):
        clip = Clip.open(path, Span(start))
        first = round(clip.span.first / clip.time_base)
        assert list(map(told, clip.frames())) == [told(frame, first) for frame in whole if frame.time >= first]
    rest = list(Clip.open(path).frames(101, whole[100].time))
    assert [frame.number for frame in rest] == [frame.number for frame in whole[101:]]
    assert list(map(told, rest)) == list(map(told, whole[101:]))


@pytest.mark.parametrize(("kind", "way"), [("many references", "_sought"), ("without an index", "_skipped")])
def test_what_comes_before_is_not_decoded(films: Any, tmp_path: Path, kind: str, way: str) -> None:
    name, *how = KINDS[kind]
    path = made(films, tmp_path / name, *how)
    clip = Clip.open(path)
    moment = clip.origin + round(4 / clip.time_base)
    stamps = [picture.pts for picture, _ in getattr(container, way)(path, clip.index, moment)]
    assert 1 < (stamps[0] - clip.origin) * clip.time_base <= 2
    assert len(stamps) < 95
    assert next(decoded_near(path, clip.index, moment))[0].pts == stamps[0]


def test_a_film_whose_times_start_anew_is_decoded_from_its_beginning(films: Any, tmp_path: Path) -> None:
    path = made(films, tmp_path / "a.ts", "mpeg2video", {"g": "12"})
    path.write_bytes(path.read_bytes() * 2)
    whole = list(Clip.open(path).frames())
    assert len(whole) > 200
    clip = Clip.open(path, Span(7))
    first = round(clip.span.first / clip.time_base)
    assert list(map(told, clip.frames())) == [told(frame, first) for frame in whole if frame.time >= first]


def test_a_film_that_cannot_be_sought_is_decoded_from_its_beginning(
    films: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import av

    path = made(films, tmp_path / "a.mkv", "libx264", {"x264-params": "keyint=20"})
    expected = list(map(told, Clip.open(path, Span(4)).frames()))
    real = container.opened

    class Stubborn:
        def __init__(self, film: Path) -> None:
            self._own = real(film)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._own, name)

        def __enter__(self) -> "Stubborn":
            return self

        def __exit__(self, *problem: object) -> None:
            self._own.close()

        def seek(self, *words: Any, **more: Any) -> None:
            raise av.error.PermissionError(1, "no seeking here")

    monkeypatch.setattr(container, "opened", Stubborn)
    monkeypatch.setattr(container, "_last_key", lambda packets, latest, far: 0)
    assert list(map(told, Clip.open(path, Span(4)).frames())) == expected


def test_the_last_pictures_of_a_film_that_breaks_off_are_not_lost(
    films: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import av

    path = made(films, tmp_path / "a.mkv", "libx264", {"x264-params": "bframes=5:b-pyramid=normal"})

    class Broken:
        def __init__(self, real: Any) -> None:
            self._packets = islice(real.demux(video=0), 40)

        def demux(self, stream: Any) -> Any:
            yield from self._packets
            raise av.error.InvalidDataError(1, "broken")

    with av.open(str(path)) as real:
        pictures = list(container.decoded(Broken(real), real.streams.video[0]))
    assert len(pictures) == 40


def test_numbered_pictures_begin_with_any_number_and_have_no_gap(films: Any, tmp_path: Path) -> None:
    from PIL import Image

    for number in range(86400, 86410):
        Image.fromarray(np.full((32, 48), number - 86400, np.uint8)).save(tmp_path / f"scan-{number:07d}.png")
    clip = Clip.open(tmp_path / "scan-%07d.png")
    assert [int(frame.plane().min()) for frame in clip.frames()] == list(range(10))
    (tmp_path / "scan-0086404.png").unlink()
    with pytest.raises(PhotoNotFound, match=r"scan-0086404\.png is missing"):
        Clip.open(tmp_path / "scan-%07d.png")
    with pytest.raises(PhotoNotFound, match="there are no pictures"):
        files_of(tmp_path / "other-%d.png")
