"""Small films made up for tests: a bright square with a texture that wanders over a textured ground."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("av")
pytest.importorskip("cv2")
pytest.importorskip("scenedetect")

import av

from photochrom.colorizer import Colorizer

TICKS = Fraction(1, 12800)
STEP = 512  # 25 frames a second


def pictures(count: int, width: int = 64, height: int = 48, seed: int = 0) -> list[NDArray[np.uint8]]:
    """Give luma planes, (height, width), of one shot."""
    random = np.random.default_rng(seed)
    ground = random.integers(30, 120, (height // 8 + 2, width // 8 + 2)).repeat(8, 0).repeat(8, 1)[:height, :width]
    square = random.integers(150, 230, (4, 4)).repeat(4, 0).repeat(4, 1)
    found = []
    for number in range(count):
        picture = ground.copy()
        left = 2 + number % max(1, width - 20)
        hole = picture[8:24, left : left + 16]
        hole[:] = square[: hole.shape[0], : hole.shape[1]]
        found.append(picture.astype(np.uint8))
    return found


def make_film(  # noqa: PLR0913, PLR0917 - what tests vary
    path: Path,
    planes: Sequence[NDArray[Any]],
    format: str = "yuv420p",
    codec: str = "ffv1",
    times: Iterable[int] | None = None,
    dress: Callable[[Any, Any], None] = lambda container, stream: None,
    sound: bool = False,
) -> Path:
    """Write a film with these luma planes and neutral chroma; ``dress`` may change container and track first."""
    height, width = planes[0].shape
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec)
        stream.width, stream.height, stream.pix_fmt = width, height, format
        stream.codec_context.time_base = stream.time_base = TICKS
        stream.codec_context.framerate = Fraction(25)
        dress(container, stream)
        track = container.add_stream("aac", rate=8000) if sound else None
        if track is not None:
            track.metadata["language"] = "deu"
        for plane, time in zip(planes, times or range(0, STEP * len(planes), STEP), strict=True):
            container.mux(stream.encode(picture_of(plane, format, time)))
        container.mux(stream.encode(None))
        if track is not None:
            _add_sound(container, track, len(planes) / 25)
    return path


def picture_of(plane: NDArray[Any], format: str, time: int) -> Any:
    picture = av.VideoFrame(plane.shape[1], plane.shape[0], format)
    for index, target in enumerate(picture.planes):
        rows = np.frombuffer(target, plane.dtype).reshape(target.height, -1)
        rows[:] = 1 << (picture.format.components[0].bits - 1)
        if index == 0:
            rows[:, : plane.shape[1]] = plane
    picture.pts, picture.time_base = time, TICKS
    return picture


def chroma(path: Path) -> NDArray[Any]:
    """Give Cb and Cr of all frames, (frames, 2, h, w)."""
    found = []
    for picture in frames_of(path):
        kind = np.uint16 if picture.format.components[0].bits > 8 else np.uint8
        rows = [np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width] for plane in picture.planes[1:3]]
        found.append(np.stack(rows))
    return np.array(found)


def _add_sound(container: Any, track: Any, seconds: float) -> None:
    wave = np.sin(np.arange(int(8000 * seconds)) * 0.3).astype(np.float32)
    for start in range(0, len(wave) - 1024, 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, start, Fraction(1, 8000)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def frames_of(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def luma(picture: Any) -> NDArray[Any]:
    kind = np.uint16 if picture.format.components[0].bits > 8 else np.uint8
    rows: NDArray[Any] = np.frombuffer(picture.planes[0], kind).reshape(picture.height, -1)
    return rows[:, : picture.width].copy()


def packets_of(path: Path, kind: str) -> list[tuple[float, bytes]]:
    with av.open(str(path)) as container:
        track = next(track for track in container.streams if track.type == kind)
        return [
            (float(packet.pts * packet.time_base), bytes(packet)) for packet in container.demux(track) if packet.size
        ]


@pytest.fixture(scope="session")
def films() -> SimpleNamespace:
    """Give the functions that make small films and look into them."""
    made = (make_film, pictures, picture_of, frames_of, luma, packets_of, chroma)
    return SimpleNamespace(STEP=STEP, TICKS=TICKS, **{function.__name__: function for function in made})


@pytest.fixture(scope="session")
def toy(toy_model: Path) -> Colorizer:
    """Give a colorizer of one convolution; look, do not change."""
    return Colorizer(toy_model, threads=1)


@pytest.fixture
def stop_after() -> Callable[[int], Callable[[float, str], None]]:
    """Give what is told of progress and interrupts at the n-th colored frame."""

    def make(count: int) -> Callable[[float, str], None]:
        def tell(share: float, note: str) -> None:
            if note.startswith(f"frame {count} "):
                raise KeyboardInterrupt

        return tell

    return make
