"""From a film's frames to frames in color: luma as it came, chroma from the steady colors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import av
import cv2
import numpy as np

from photochrom.answer import Settings
from photochrom.color.lab import rgb_to_lab
from photochrom.colorizer import Colorizer
from photochrom.hints import Hints
from photochrom.video.clip import FULL, Clip, Frame, plane_array
from photochrom.video.planes import (
    Coding,
    Floats,
    at_depth,
    chroma_codes,
    chroma_differences,
    in_coding,
    levels,
    lightness_of,
    rgb_of,
    smaller,
)
from photochrom.video.shots import Shots
from photochrom.video.steady import Key, Steadiness, SteadyColors


@dataclass(frozen=True, eq=False)
class Colored:
    """A frame and its colors: ab (h, w, 2) of the upright picture in Lab units, on a grid of any size.

    ``key`` is there where everything up to this frame is decided: from it the film can go on.
    """

    frame: Frame
    ab: Floats
    key: Key | None


class FilmColors:
    """Gives the frames of a clip their colors, shot by shot."""

    def __init__(
        self,
        clip: Clip,
        shots: Shots,
        colorizer: Colorizer,
        settings: Settings,
        steadiness: Steadiness,
        hints: Mapping[int, Hints] | None = None,
    ) -> None:
        """Prepare; ``hints`` are for shots by number, from 0, and mark places of their first frames."""
        self._clip, self._shots, self._hints = clip, shots, hints or {}
        self._colorizer, self._settings = colorizer, settings
        self._firsts, self._flashes = {0, *shots.cuts}, set(shots.flashes)
        self._steady = SteadyColors(self._ask, steadiness)
        self._shot = 0

    @property
    def asked(self) -> int:
        """How often the network was asked."""
        return self._steady.asked

    def of(self, frames: Iterator[Frame], key: Key | None = None) -> Iterator[Colored]:
        """Give the colors of frames, in order; ``key`` is where an earlier run was broken off, right before them."""
        waiting: list[Frame] = []
        self._steady.key = key
        last = self._shots.frames - 1
        for frame in frames:
            number = frame.number
            self._shot = self._shots.of(number)
            waiting.append(frame)
            if number in self._firsts or self._steady.key is None:
                found = self._steady.begin(self._small(frame), self._first_marks())
            else:
                is_last = number + 1 in self._firsts or number >= last
                found = self._steady.show(self._small(frame), is_last, number in self._flashes)
            for place, ab in enumerate(found):
                yield Colored(waiting[place], ab, self._steady.key if place == len(waiting) - 1 else None)
            del waiting[: len(found)]
        if waiting:  # fewer frames came than were counted
            for frame in waiting:
                assert self._steady.key is not None
                yield Colored(frame, self._steady.key.ab, None)

    def _small(self, frame: Frame) -> Floats:
        """Return a frame's upright levels, 0..1, at the network's working size."""
        clip = self._clip
        width, height = self._colorizer.working_size(*clip.shown_size)
        if clip.turn.exchanged:
            width, height = height, width
        return clip.turn.upright(levels(smaller(frame.plane(), width, height), clip.coding))

    def _first_marks(self) -> Floats:
        """Return the places of all points of the shot's hints, (n, 2) in 0..1."""
        hints = self._hints.get(self._shot)
        points = [point for hint in hints.items for point in hint.points] if hints is not None else []
        size = (hints.photo_width, hints.photo_height) if hints is not None else (1, 1)
        return np.asarray(np.array(points, np.float32).reshape(-1, 2) / np.array(size, np.float32), np.float32)

    def _ask(self, small: Floats, marks: Floats) -> Floats:
        hints = self._hints.get(self._shot)
        settings = self._settings if hints is None else replace(self._settings, hints=moved(hints, marks))
        return self._colorizer.chroma(lightness_of(small), settings)


def moved(hints: Hints, marks: Floats) -> Hints | None:
    """Return hints with their points at marks (n, 2) in 0..1, in order; those of lost marks are left out."""
    items, start = [], 0
    size = np.array([hints.photo_width, hints.photo_height])
    for hint in hints.items:
        places = marks[start : start + len(hint.points)] * size
        start += len(hint.points)
        kept = tuple((float(x), float(y)) for x, y in places if np.isfinite([x, y]).all())
        if kept:
            items.append(replace(hint, points=kept))
    return Hints(hints.photo_width, hints.photo_height, tuple(items)) if items else None


def painted(frame: Frame, ab: Floats, clip: Clip, format: str, is_full: bool | None = None) -> av.VideoFrame:
    """Return a frame in color, in a planar pixel format: its own luma plane, and chroma of ab (h, w, 2), upright.

    ``is_full`` is the range of its codes, if that is to be another one than the film's.
    """
    picture, bits = av.VideoFrame(clip.width, clip.height, format), av.VideoFormat(format).components[0].bits
    luma, coding = frame.plane(), clip.coding
    wanted = Coding(bits, coding.is_full if is_full is None else is_full, coding.matrix)
    plane_array(picture, 0)[:] = in_coding(luma, coding, wanted)
    rows = plane_array(picture, 1)
    height, width = rows.shape
    spread, small = _spread(ab, clip, width, height), smaller(luma, width, height, bool(clip.interlaced))
    if coding.is_full == wanted.is_full:  # chroma gets its new depth as luma does
        codes = [at_depth(plane, coding.bits, bits) for plane in chroma_codes(spread, small, coding)]
    else:
        codes = list(chroma_codes(spread, small, coding, wanted))
    for index, plane in enumerate(codes, 1):
        plane_array(picture, index)[:] = plane
    picture.pts, picture.time_base = frame.time, clip.time_base
    picture.color_range, picture.colorspace = FULL if wanted.is_full else 1, coding.matrix
    picture.color_primaries, picture.color_trc = clip.tags
    return picture


def painted_rgb(frame: Frame, ab: Floats, clip: Clip) -> Floats:
    """Return a frame in color as upright RGB (H, W, 3) in 0..1, with the same luma."""
    luma = frame.plane()
    spread = _spread(ab, clip, clip.width, clip.height)
    cb, cr = chroma_differences(spread, levels(luma, clip.coding), clip.coding.matrix)
    return clip.turn.upright(rgb_of(luma, cb, cr, clip.coding))


def tint_of(frame: Frame, clip: Clip) -> float:
    """Return the mean chroma C*ab that a frame has already, measured at about 2000 places."""
    if frame.picture.format.name.startswith("gray"):
        return 0.0
    coding, planes = clip.coding, [frame.plane(index) for index in (1, 2)]
    rows, columns = (max(1, side // 45) for side in planes[0].shape)
    neutral, span = np.float32(coding.neutral), np.float32(coding.chroma_span)
    cb, cr = ((plane[::rows, ::columns].astype(np.float32) - neutral) / span for plane in planes)
    luma = smaller(frame.plane(), *planes[0].shape[::-1])[::rows, ::columns]
    return float(np.hypot(*np.moveaxis(rgb_to_lab(rgb_of(luma, cb, cr, coding))[..., 1:], -1, 0)).mean())


def _spread(ab: Floats, clip: Clip, width: int, height: int) -> Floats:
    """Return upright colors (h, w, 2) as the film stores its pictures, at another size."""
    found: Any = cv2.resize(clip.turn.stored(ab), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(found, np.float32)
