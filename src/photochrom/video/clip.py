"""Reading a film: what it is, and its frames, one after the other, however it was damaged.

Times are ticks of the picture track's own time base, counted from the film's first moment (or from the start of the
wanted span). Every frame has a time after that of the frame before: where the file has none, or goes back, one is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoNotFound, PhotoUnreadable
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
    interlaced: str
    from_rgb: bool
    expected: int
    span: Span

    @classmethod
    def open(cls, path: str | Path, span: Span = Span()) -> "Clip":  # noqa: B008 - immutable
        """Look at a film; raises PhotoNotFound, or PhotoUnreadable where no picture can be had."""
        path = Path(path)
        with opened(path) as container:
            stream = _picture_track(container, path)
            first = next((picture for picture, _ in _decoded(container, stream)), None)
            if first is None:
                raise PhotoUnreadable(f"{path}: no picture of the film can be decoded; the file is damaged or empty")
            return _described(path, stream, first, span)

    @property
    def turn(self) -> Turn:
        """How frames become upright."""
        return Turn() if self.matrix is None else Turn.from_matrix(self.matrix)

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height of the upright picture in square pixels of the stored height."""
        width, height = max(1, round(self.width * self.aspect)), self.height
        return (height, width) if self.turn.exchanged else (width, height)

    def frames(self, skip: int = 0) -> "Frames":
        """Return the frames of the span, from number ``skip`` on."""
        return Frames(self, skip)


class Frames:
    """An iterator over a clip's frames; ``damaged`` counts the packets that could not be decoded so far."""

    def __init__(self, clip: Clip, skip: int) -> None:
        self._clip, self._skip, self.damaged = clip, skip, 0

    def __iter__(self) -> Iterator[Frame]:
        """Decode, repair times, leave out what is not wanted."""
        clip, number = self._clip, 0
        step = max(1, round(1 / (clip.rate * clip.time_base)))
        with opened(clip.path) as container:
            stream = container.streams[clip.index]
            assert isinstance(stream, av.VideoStream)
            clock = _Clock(step, origin(container, clip.time_base), max(1, round(1 / clip.time_base)))
            first = round(clip.span.first / clip.time_base)
            for picture, self.damaged in _decoded(container, stream):
                time = clock.tell(picture.pts) - first
                if clip.span.ends_before(time * clip.time_base):
                    return
                if time < 0:
                    continue
                if number >= self._skip:
                    yield Frame(number, time, picture.duration or step, self._planar(picture))
                number += 1

    def _planar(self, picture: av.VideoFrame) -> av.VideoFrame:
        clip = self._clip
        if (picture.format.name, picture.width, picture.height) == (clip.planar, clip.width, clip.height):
            return picture
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

    def tell(self, stamp: int | None) -> int:
        last = self._last
        made_up = 0 if last is None else last + self._step
        time = made_up if stamp is None else stamp + self._shift
        if last is not None and time <= last:
            back = last - time
            time = last + (self._step if back > self._far else 1)
            self._shift += time - (last - back) if back > self._far else 0
        self._last = time
        return time


def opened(path: Path) -> "av.container.InputContainer":
    """Return an opened container; raises PhotoNotFound or PhotoUnreadable."""
    if "%" not in path.name and not path.is_file():
        raise PhotoNotFound(f"there is no film {path}; give the path of a video file")
    try:
        return av.open(str(path), "r", metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PhotoUnreadable(f"{path} cannot be read as a film ({reason}); give a video file") from error


def origin(container: "av.container.InputContainer", time_base: Fraction) -> int:
    """Return the film's first moment, as ticks of ``time_base``."""
    return round(Fraction(container.start_time or 0, 1_000_000) / time_base)


def _picture_track(container: "av.container.InputContainer", path: Path) -> av.VideoStream:
    """Return the first track of moving pictures; a cover picture is none."""
    tracks = [track for track in container.streams.video if not track.disposition & av.stream.Disposition.attached_pic]
    if not tracks:
        kinds = ", ".join(sorted({track.type for track in container.streams})) or "nothing"
        raise PhotoUnreadable(f"{path} has no video track, only {kinds}; give a film with pictures")
    if tracks[0].codec_context is None:
        raise PhotoUnreadable(f"{path}: there is no decoder for its video track; convert it to another codec first")
    tracks[0].thread_type = "AUTO"
    return tracks[0]


def _decoded(container: "av.container.InputContainer", stream: av.VideoStream) -> Iterator[tuple[av.VideoFrame, int]]:
    """Give every picture that can be decoded, with the number of packets that could not be so far."""
    stream.thread_type = "AUTO"
    damaged, packets = 0, container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.error.FFmpegError, OSError):  # the file ends in the middle
            return
        try:
            pictures = packet.decode()
        except av.error.FFmpegError:
            damaged += 1
            continue
        for picture in pictures:
            yield picture, damaged


def _described(path: Path, stream: av.VideoStream, first: av.VideoFrame, span: Span) -> Clip:
    """Return what a film is from its track and its first picture."""
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
