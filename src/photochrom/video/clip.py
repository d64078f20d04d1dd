"""Reading a film: what it is, and its frames, one after the other, however it was damaged.

Times are ticks of the picture track's own time base, counted from the film's first moment (or from the start of the
wanted span). Every frame has a time after that of the frame before: where the file has none, or goes back, one is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from photochrom.errors import OptionError, PhotoUnreadable
from photochrom.video.container import (
    Decoded,
    decoded,
    decoded_all,
    decoded_near,
    files_of,
    opened,
    origin,
    picture_track,
)
from photochrom.video.planes import Coding, likely_matrix
from photochrom.video.span import Span
from photochrom.video.turning import Turn, matrix_of

FULL: Final = 2
"""The number of the range of all codes (FFmpeg's AVCOL_RANGE_JPEG)."""

USUAL_RATE: Final = Fraction(25)
BOTTOM_FIRST: Final = (3, 4)
"""The orders of fields (FFmpeg's AVFieldOrder) in which the bottom one is shown first."""

STUDIO_GRAY: Final = {"h264", "hevc", "av1", "vp9", "vp8", "mpeg2video", "mpeg1video", "mpeg4"}
"""Codecs whose gray pictures hold the studio range where no range is told; others hold all codes."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: its number from 0, its time and duration in ticks, and its planes."""

    number: int
    time: int
    duration: int
    picture: av.VideoFrame

    def plane(self, index: int = 0) -> NDArray[Any]:
        """Return a plane, (h, w) uint8 or uint16, without a copy: 0 is luma."""
        return plane_array(self.picture, index)


def plane_array(picture: av.VideoFrame, index: int) -> NDArray[Any]:
    """Return a plane of a planar picture, (h, w) uint8 or uint16; writing to it writes to the picture."""
    plane, wide = picture.planes[index], picture.format.components[0].bits > 8
    rows: NDArray[Any] = np.frombuffer(memoryview(plane), np.uint16 if wide else np.uint8).reshape(plane.height, -1)
    return rows[:, : plane.width]


@dataclass(frozen=True, eq=False)
class Clip:
    """A film that can be read: what its picture track is like.

    ``planar`` is the pixel format in which frames are given (theirs, or for packed and RGB ones the nearest planar
    one); ``coding`` says what its codes mean; ``aspect`` is the width of a pixel by its height; ``matrix`` the display
    matrix, if there is one; ``interlaced`` which field comes first, "tff" or "bff", or nothing; ``expected`` how many
    frames there may be, 0 where nobody knows.
    """

    path: Path
    index: int
    width: int
    height: int
    planar: str
    coding: Coding
    tags: tuple[int, int]
    aspect: Fraction
    matrix: tuple[int, ...] | None
    rate: Fraction
    time_base: Fraction
    origin: int
    interlaced: str
    from_rgb: bool
    expected: int
    span: Span

    @classmethod
    def open(cls, path: str | Path, span: Span = Span(), rate: Fraction | None = None) -> "Clip":  # noqa: B008 - immutable
        """Look at a film; raises PhotoNotFound, or PhotoUnreadable where no picture can be had.

        ``rate`` says how many numbered pictures are shown a second, 25 if not given; OptionError for a film with times.
        """
        path = Path(path)
        if rate is not None and path.is_file():
            raise OptionError(f"{path} has its own frame rate; give a rate with numbered pictures only")
        with opened(path) as container:
            stream = picture_track(container, path)
            first = next((picture for picture, _ in decoded(container, stream)), None)
            if first is None:
                raise PhotoUnreadable(f"{path}: no picture of the film can be decoded; the file is damaged or empty")
            clip = _described((path, span), container, stream, first)
            return clip if rate is None else replace(clip, rate=rate, time_base=1 / rate)  # a picture lasts a tick

    @property
    def turn(self) -> Turn:
        """How frames become upright."""
        return Turn() if self.matrix is None else Turn.from_matrix(self.matrix)

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height of the upright picture in square pixels of the stored height."""
        width, height = max(1, round(self.width * self.aspect)), self.height
        return (height, width) if self.turn.exchanged else (width, height)

    def frames(self, skip: int = 0, after: int | None = None) -> "Frames":
        """Return the frames of the span, from number ``skip`` on.

        ``after`` is the time of the frame before that one, where it is known: then those before need not be decoded.
        """
        return Frames(self, skip, after)


class Frames:
    """An iterator over a clip's frames; ``damaged`` counts the packets that could not be decoded so far.

    ``mended`` tells whether times had to be made so far, because the file has none or goes back.
    """

    def __init__(self, clip: Clip, skip: int = 0, after: int | None = None) -> None:
        self._clip, self._skip, self._after, self.damaged, self.mended = clip, skip, after, 0, False

    def __iter__(self) -> Iterator[Frame]:
        """Decode, repair times, leave out what is not wanted."""
        clip = self._clip
        number = 0 if self._after is None else self._skip
        step = max(1, round(1 / (clip.rate * clip.time_base)))
        clock = _Clock(step, clip.origin, max(1, round(1 / clip.time_base)))
        first = round(clip.span.first / clip.time_base)
        for picture, damaged in self._decoded(clip.origin + first):
            time = clock.tell(picture.pts) - first
            self.damaged, self.mended = damaged, clock.mended
            if clip.span.ends_before(time * clip.time_base):
                return
            if time < 0 or (self._after is not None and time <= self._after):
                continue
            if number >= self._skip:
                yield Frame(number, time, picture.duration or step, self._planar(picture))
            number += 1

    def _decoded(self, first: int) -> Iterator[Decoded]:
        """Give the pictures from some moment before the wanted ones on; ``first`` is the stamp of the span's start."""
        clip, moment = self._clip, first + (self._after or 0)
        if moment > clip.origin:
            return decoded_near(clip.path, clip.index, moment)
        return decoded_all(clip.path, clip.index)

    def _planar(self, picture: av.VideoFrame) -> av.VideoFrame:
        clip = self._clip
        if (picture.format.name, picture.width, picture.height) == (clip.planar, clip.width, clip.height):
            return picture
        if (picture.width, picture.height) != (clip.width, clip.height) and not clip.path.is_file():
            name = files_of(clip.path)[picture.pts or 0].name
            raise PhotoUnreadable(
                f"{name} has {picture.width} x {picture.height} pixels, the first one {clip.width} x {clip.height}; "
                "make all pictures of one size"
            )
        if not picture.format.is_rgb and not picture.format.has_palette:
            return picture.reformat(clip.width, clip.height, clip.planar)
        matrix, full = clip.coding.matrix, FULL if clip.coding.is_full else 1
        return picture.reformat(
            clip.width, clip.height, clip.planar, dst_colorspace=5 if matrix == 6 else matrix, dst_color_range=full
        )


class _Clock:
    """Makes times that only go forward; ``far`` is a second: who goes back further starts anew."""

    def __init__(self, step: int, start: int, far: int) -> None:
        self._step, self._shift, self._far = step, -start, far
        self._last: int | None = None
        self.mended = False

    def tell(self, stamp: int | None) -> int:
        last = self._last
        self.mended |= stamp is None or (last is not None and stamp + self._shift <= last)
        made_up = 0 if last is None else last + self._step
        time = made_up if stamp is None else stamp + self._shift
        if last is not None and time <= last:
            back = last - time
            time = last + (self._step if back > self._far else 1)
            self._shift += time - (last - back) if back > self._far else 0
        self._last = time
        return time


def _described(job: tuple[Path, Span], container: InputContainer, stream: av.VideoStream, first: av.VideoFrame) -> Clip:
    """Return what a film is from its track and its first picture."""
    path, span = job
    rate = stream.average_rate or stream.guessed_rate or USUAL_RATE
    rate = rate if 0 < rate <= 1000 else USUAL_RATE
    time_base = stream.time_base or 1 / rate
    aspect = stream.sample_aspect_ratio or Fraction(1)
    order = stream.codec_context.field_order
    expected = stream.frames or (round(stream.duration * time_base * rate) if stream.duration else 0)
    if span.end is not None:
        expected = min(expected or 10**9, round((span.end - span.start) * rate))
    return Clip(
        path=path,
        index=stream.index,
        width=first.width,
        height=first.height,
        planar=planar_format(first.format),
        coding=_coding(stream, first),
        tags=(first.color_primaries, first.color_trc),
        aspect=aspect if Fraction(1, 8) <= aspect <= 8 else Fraction(1),
        matrix=matrix_of(first.rotation) if first.rotation else None,
        rate=rate,
        time_base=time_base,
        origin=origin(container, time_base),
        interlaced="" if not first.interlaced_frame else "bff" if order in BOTTOM_FIRST else "tff",
        from_rgb=first.format.is_rgb or first.format.has_palette,
        expected=max(0, expected),
        span=span,
    )


def planar_format(format: av.VideoFormat) -> str:
    """Return the planar pixel format of Y, Cb and Cr, or of gray, that holds all luma of another one."""
    bits = max(component.bits for component in format.components)
    deep = "" if bits <= 8 else f"{bits if bits in (9, 10, 12, 14, 16) else 16}le"
    if format.is_rgb or format.has_palette:
        return f"yuv444p{deep}"
    if len(format.components) < 3:
        return f"gray{deep}"
    wide, high = format.chroma_width(64), format.chroma_height(64)
    if (wide, high) in {(16, 64), (16, 16), (64, 32)}:
        return {(16, 64): "yuv411p", (16, 16): "yuv410p", (64, 32): "yuv440p"}[wide, high]
    kind = {(32, 32): "420", (32, 64): "422"}.get((wide, high), "444")
    return f"yuv{'j' if format.name.startswith('yuvj') else ''}{kind}p{deep}"


def _coding(stream: av.VideoStream, first: av.VideoFrame) -> Coding:
    """Return what the codes of the planar pictures mean."""
    name = planar_format(first.format)
    bits = av.VideoFormat(name).components[0].bits
    matrix = likely_matrix(int(first.colorspace), first.width, first.height)
    if first.format.is_rgb or first.format.has_palette:
        return Coding(bits, False, 6 if matrix not in (1, 6) else matrix)
    is_full = int(first.color_range) == FULL or name.startswith("yuvj")
    if name.startswith("gray") and int(first.color_range) == 0:
        is_full = stream.codec_context.name not in STUDIO_GRAY
    return Coding(bits, is_full, matrix)
