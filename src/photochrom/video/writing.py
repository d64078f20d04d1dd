"""Writing a film: pictures encoded a segment at a time, and in the end put together with all that was beside them.

Sound and subtitles go from file to file as they are, packet by packet, so that nothing is lost, and a track that
cannot be decoded to its end is no obstacle. The new file has another name until it is whole.
"""

import errno
import heapq
import os
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import av
import av.error

from photochrom.errors import OptionError, OutputUnwritable
from photochrom.video.clip import Clip
from photochrom.video.coders import OF_APPLE, Coder, add_picture_track
from photochrom.video.container import opened, origin
from photochrom.video.segments import Record, read_records
from photochrom.video.tracks import UNTRUE, UNTRUE_PICTURES, add_others, chapters_of, notes_of

OPTIONS: Final = {
    **{suffix: {"movflags": "+faststart"} for suffix in OF_APPLE},
    ".avi": {"avoid_negative_ts": "disabled"},  # sound that begins early would move the pictures by part of a frame
}

FULL_DISK: Final = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}

LATE: Final = 15
"""When all sound has come to so many seconds after the end of the wanted part, nothing of it comes any more."""

Timed = tuple[Fraction, Any]


class Encoder:
    """Encodes the pictures of one segment, as the whole film will have them; ``is_full`` is the range of their luma."""

    def __init__(self, clip: Clip, coder: Coder, target: Path, keep: Callable[[Record], None]) -> None:
        """Open the encoder; raises OptionError where it refuses the film. ``keep`` gets what it gives."""
        self._keep, self._counts = keep, coder.kind(target).counts
        self.is_full = coder.is_full(clip, target)
        self._container = open_target(unfinished(target), target)
        self._stream = add_picture_track(self._container, clip, coder, target)
        self._stream.codec_context.thread_type = "FRAME"
        self._times: dict[int, tuple[int, int]] = {}

    @property
    def format(self) -> str:
        """The pixel format that it takes."""
        return self._stream.codec_context.pix_fmt or ""

    def add(self, picture: av.VideoFrame, number: int, duration: int) -> None:
        """Encode a picture, with its number in the film, that is shown for so many ticks."""
        assert picture.pts is not None
        time = picture.pts
        if self._counts:
            picture.pts, picture.time_base = number, self._stream.codec_context.time_base
        self._times[picture.pts] = time, duration
        self._pass_on(self._stream.encode(picture))

    def end(self) -> None:
        """Give away the pictures that are still held back: all come in the order of decoding."""
        self._pass_on(self._stream.encode(None))

    def _pass_on(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            stamp = int(packet.pts or 0)
            time, duration = self._times.pop(stamp, (stamp, 0))
            self._keep(Record(time, duration, packet.is_keyframe, bytes(packet)))


def unfinished(target: Path) -> Path:
    """Return the name that a film has until it is whole."""
    return target.with_name(f".{target.stem}.unfinished{target.suffix}")


def open_target(path: Path, target: Path) -> Any:
    """Return a container to be written; its file is made with its header. Raises OptionError for an unknown ending."""
    options = OPTIONS.get(target.suffix.lower(), {})
    try:
        return av.open(str(path), "w", container_options=options)
    except (ValueError, av.error.FFmpegError) as error:
        raise OptionError(
            f"{target.name}: no kind of film has this ending; give one such as .mp4, .mkv or .mov"
        ) from error


def write_film(target: Path, clip: Clip, coder: Coder, segments: Sequence[Path], model: str) -> list[str]:
    """Put a film together and move it into place; returns what had to be left out.

    Raises OptionError where the container cannot hold a track, OutputUnwritable where the file cannot be written.
    """
    temporary = unfinished(target)
    try:
        with opened(clip.path) as source:
            container = open_target(temporary, target)
            try:
                notes = _fill(container, source, clip, coder, (target, segments, model))
            finally:
                container.close()
        os.replace(temporary, target)
    except (av.error.FFmpegError, OSError) as error:
        raise OutputUnwritable(
            f"{target} cannot be written ({error.strerror}); see whether the disk is full"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return notes


def check_target(target: Path, clip: Clip, coder: Coder) -> None:
    """Raise now what :func:`write_film` would raise after hours: for a container, codec or folder that will not do."""
    temporary = unfinished(target)
    try:
        with opened(clip.path) as source:
            reason = _refusal(temporary, target, clip, coder, source)
            if reason is not None and _refusal(temporary, target, clip, coder, None) is None:
                raise OptionError(
                    f"a file {target.suffix} cannot hold the film's sound or its other tracks ({reason}); give a name "
                    "ending in .mkv, or in the film's own ending"
                )
        if reason is not None:
            raise OptionError(
                f"{target.name} cannot be written with the codec {coder.name(target)} ({reason}); "
                "give a name ending in .mkv, another --codec, or another --preset"
            )
    except OSError as error:
        raise OutputUnwritable(f"{target} cannot be written ({error.strerror}); write to another folder") from error
    finally:
        temporary.unlink(missing_ok=True)


def _refusal(temporary: Path, target: Path, clip: Clip, coder: Coder, source: Any | None) -> str | None:
    """Return why a container takes no pictures of this coder beside the tracks of ``source``, None where it does."""
    try:
        with open_target(temporary, target) as container:
            add_picture_track(container, clip, coder, target)
            if source is not None:
                add_others(container, source, clip, target)
            container.start_encoding()
    except av.error.FFmpegError as error:
        if error.errno in FULL_DISK:
            raise OutputUnwritable(
                f"{target} cannot be written ({error.strerror}); make room or choose another place"
            ) from error
        return str(error.strerror)
    return None


def _fill(container: Any, source: Any, clip: Clip, coder: Coder, job: tuple[Path, Sequence[Path], str]) -> list[str]:
    """Write header, packets and end; returns what had to be left out."""
    target, segments, model = job
    stream = add_picture_track(container, clip, coder, target)
    shift = _shift(segments, clip) if target.suffix.lower() == ".avi" else None
    if shift is not None:
        stream.time_base = 1 / clip.rate  # its ticks are its frame rate, and a frame that was not shown takes room
    others, notes = add_others(container, source, clip, target)
    old = source.streams[clip.index]
    stream.metadata.update(notes_of(old.metadata, clip, UNTRUE | UNTRUE_PICTURES))
    stream.disposition = old.disposition
    container.metadata.update(notes_of(source.metadata, clip))
    container.metadata.setdefault("comment", f"Colors by Photochrom, model {model}")
    if chapters := chapters_of(source, clip):
        container.set_chapters(chapters)
    container.start_encoding()
    lost = 0
    pictures = _pictures(segments, clip, stream, shift or 0)
    for _, packet in heapq.merge(pictures, _packets(source, others, clip), key=lambda timed: timed[0]):
        try:
            container.mux_one(packet)
        except (av.error.InvalidDataError, av.error.ArgumentError):
            if packet.stream is stream:
                raise
            lost += 1
    return notes + ([f"{lost} packets of sound or subtitles are damaged and were left out"] if lost else [])


def _shift(segments: Sequence[Path], clip: Clip) -> int | None:
    """Return how many ticks after a multiple of a frame's duration pictures are shown, None where they are uneven."""
    ticks = sorted(record.time for path in segments for record in read_records(path, True))
    step = 1 / (clip.rate * clip.time_base)
    shift = ticks[0] - round(round(ticks[0] / step) * step)
    times = [float((tick - shift) / step) for tick in ticks]
    even = len({round(time) for time in times}) == len(times) and all(abs(time - round(time)) < 0.1 for time in times)
    return shift if even else None


def _pictures(segments: Sequence[Path], clip: Clip, stream: Any, shift: int) -> Iterator[Timed]:
    """Give the encoded pictures with times of decoding: the n-th is decoded when the picture D before it is shown.

    D is the least that lets no picture be shown before it is decoded. All are shown ``shift`` ticks earlier.
    """
    times = [record.time - shift for path in segments for record in read_records(path, heads_only=True)]
    shown = sorted(times)
    rank = {time: number for number, time in enumerate(shown)}
    delay = max((number - rank[time] for number, time in enumerate(times)), default=0)
    step = max(1, min((b - a for a, b in pairwise(shown[: delay + 1])), default=1))
    records = (record for path in segments for record in read_records(path))
    for number, record in enumerate(records):
        packet = av.Packet(record.data)
        packet.stream, packet.time_base = stream, clip.time_base
        packet.pts, packet.duration, packet.is_keyframe = record.time - shift, record.duration, record.is_key
        packet.dts = shown[number - delay] if number >= delay else shown[0] - (delay - number) * step
        yield packet.dts * clip.time_base, packet


def _packets(source: Any, others: dict[int, Any], clip: Clip) -> Iterator[Timed]:
    """Give the packets of other tracks within the span, in the order of the file, with times that only go forward."""
    if not others:
        return
    last: dict[int, int] = {}
    starts = {index: _start(source, index, clip) for index in others}
    sounding = {index for index in others if source.streams[index].type == "audio"}
    for packet in _demuxed(source, [source.streams[index] for index in others]):
        index, stamp = packet.stream.index, packet.dts if packet.dts is not None else packet.pts
        if not packet.size or (stamp is None and not _is_cover(packet.stream)):
            continue
        time_base = packet.time_base or packet.stream.time_base
        packet.dts = max((stamp or 0) - starts[index], last.get(index, -(1 << 62)) + 1)
        packet.pts = packet.dts if packet.pts is None else max(packet.pts - starts[index], packet.dts)
        seconds = packet.pts * time_base
        outside = clip.span.ends_before(seconds) or (clip.span.start and seconds < 0)
        if outside and not _is_cover(packet.stream):
            if index in sounding and clip.span.ends_before(seconds - LATE):
                sounding.remove(index)
                if not sounding:
                    return
            continue
        last[index] = packet.dts
        packet.stream = others[index]
        yield max(Fraction(0), packet.dts * time_base), packet


def _demuxed(source: Any, tracks: list[Any]) -> Iterator[Any]:
    """Give packets as far as the file can be read."""
    packets = source.demux(tracks)
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.error.FFmpegError, OSError):
            return


def _start(source: Any, index: int, clip: Clip) -> int:
    """Return the first wanted moment in ticks of a track."""
    time_base = source.streams[index].time_base or Fraction(1, 1000)
    return origin(source, time_base) + round(clip.span.first / time_base)


def _is_cover(track: Any) -> bool:
    return bool(track.disposition & av.stream.Disposition.attached_pic)
