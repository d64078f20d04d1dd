"""A film's file, opened, and its pictures decoded: all of them, or those from a key frame shortly before a moment.

Three ways lead to a moment, and all give the same pictures from there on:

    seek     the container's index names a key frame                                                 at once
    skip     packets are read and thrown away up to a key frame, where the index is missing or odd   as quick as reading
    decode   everything, where packets are not stamped or their times start anew                     slow

Decoding begins well before the moment, at a picture that stands by itself, and what comes before the moment is dropped
by the caller: pictures that lean on ones before the key frame (open groups of pictures) are never shown.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import av
import av.error
from av.container import InputContainer
from av.video.frame import PictureType

from photochrom.errors import PhotoNotFound, PhotoUnreadable

AHEAD: Final = (2, 15, 90)
"""Decoding begins so many seconds before the wanted moment, or earlier; the next is tried where one lands too late."""

ODD: Final = 0x0080 | 0x0200
"""Formats with FFmpeg's flags AVFMT_NOTIMESTAMPS or AVFMT_TS_DISCONT: times may be missing or start anew."""

TRIES: Final = 3
"""How often reading fails at one place before the file is taken to end there."""

NUMBER: Final = re.compile(r"%(0\d+)?d")

Decoded = tuple[av.VideoFrame, int]
"""A picture, and how many packets could not be read or decoded so far."""


def files_of(path: Path) -> list[Path]:
    """Return the files that a film is: itself, or the pictures of a pattern such as ``scans/%05d.tif``, in order.

    Raises PhotoNotFound where there are none, or where one is missing between others.
    """
    if path.is_file():
        return [path]
    if not NUMBER.search(path.name):
        raise PhotoNotFound(_no_film(path))
    numbers = numbers_of(path)
    if not numbers:
        raise PhotoNotFound(f"there are no pictures {path}; give the names of numbered pictures, such as scan-%05d.png")
    missing = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
    if missing:
        more = f", as are {len(missing) - 1} more" if len(missing) > 1 else ""
        raise PhotoNotFound(f"{numbered(path, missing[0])} is missing{more}; a row of pictures has no gaps, fill them")
    return [numbered(path, number) for number in numbers]


def numbers_of(pattern: Path) -> list[int]:
    """Return the numbers of a pattern's pictures that are there, ascending."""
    wanted = NUMBER.search(pattern.name)
    assert wanted is not None
    before, after = pattern.name[: wanted.start()], pattern.name[wanted.end() :]
    found = re.compile(rf"{re.escape(before)}(\d+){re.escape(after)}")
    numbers = {int(match[1]) for match in map(found.fullmatch, _names(pattern.parent)) if match}
    return sorted(number for number in numbers if numbered(pattern, number).is_file())


def _no_film(path: Path) -> str:
    pattern = (path if path.is_dir() else path.parent) / "%06d.png"
    if path.is_dir():
        return f"{path} is a folder, expected a film; of numbered pictures give the names, such as {pattern}"
    if "*" in path.name:
        return f"there is no film {path}; give numbered pictures as a pattern of their names, such as {pattern}"
    return f"there is no film {path}; give the path of a video file"


def numbered(pattern: Path, number: int) -> Path:
    """Return the file of a pattern that has this number."""
    return pattern.with_name(NUMBER.sub(lambda found: f"{number:{found[1] or ''}d}", pattern.name, count=1))


def _number_of(pattern: Path, name: Path) -> int:
    wanted = NUMBER.search(pattern.name)
    assert wanted is not None
    return int(name.name[wanted.start() : len(name.name) - (len(pattern.name) - wanted.end())])


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def opened(path: Path) -> InputContainer:
    """Return an opened container; raises PhotoNotFound or PhotoUnreadable."""
    first, options = files_of(path)[0], dict[str, str]()
    if first != path:
        options["start_number"] = str(_number_of(path, first))
    try:
        return av.open(str(path), "r", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PhotoUnreadable(f"{path} cannot be read as a film ({reason}); give a video file") from error


def origin(container: InputContainer, time_base: Fraction) -> int:
    """Return the film's first moment, as ticks of ``time_base``."""
    return round(Fraction(container.start_time or 0, 1_000_000) / time_base)


def picture_track(container: InputContainer, path: Path) -> av.VideoStream:
    """Return the first track of moving pictures; a cover picture is none."""
    tracks = [track for track in container.streams.video if not track.disposition & av.stream.Disposition.attached_pic]
    if not tracks:
        kinds = ", ".join(sorted({track.type for track in container.streams})) or "nothing"
        raise PhotoUnreadable(f"{path} has no video track, only {kinds}; give a film with pictures")
    if tracks[0].codec_context is None:
        raise PhotoUnreadable(f"{path}: there is no decoder for its video track; convert it to another codec first")
    return tracks[0]


def decoded(container: InputContainer, stream: av.VideoStream, skip: int = 0) -> Iterator[Decoded]:
    """Give every picture that can be decoded, from packet number ``skip`` on."""
    stream.thread_type = "AUTO"
    damaged, ended = 0, False
    for number, packet in enumerate(_packets(container, stream)):
        if packet is None:
            damaged += 1
            continue
        ended = not packet.size
        if not ended and number < skip:
            continue
        try:
            pictures = packet.decode()
        except av.error.FFmpegError:
            damaged += 1
            continue
        for picture in pictures:
            yield picture, damaged
    with suppress(av.error.FFmpegError):
        for picture in [] if ended else stream.decode(None):  # what the decoder still holds of a file that broke off
            yield picture, damaged


def _packets(container: InputContainer, stream: av.VideoStream) -> Iterator[Any]:
    """Give all packets, at the file's end an empty one, and None where the file is damaged."""
    fails = 0
    while fails < TRIES:
        try:
            for packet in container.demux(stream):
                fails = 0
                yield packet
                if not packet.size:
                    return
            return
        except (av.error.FFmpegError, OSError):
            fails += 1
        if fails == 1:
            yield None


def decoded_near(path: Path, index: int, moment: int) -> Iterator[Decoded]:
    """Give the pictures of the track ``index`` from a key frame well before the stamp ``moment`` on, in ticks."""
    for way in (_sought, _skipped):
        pictures = way(path, index, moment)
        first = next(pictures, None)
        if first is not None:
            yield first
            yield from pictures
            return
    yield from decoded_all(path, index)


def decoded_all(path: Path, index: int) -> Iterator[Decoded]:
    """Give all pictures of the track ``index``."""
    with opened(path) as container:
        yield from decoded(container, _track(container, index))


def _sought(path: Path, index: int, moment: int) -> Iterator[Decoded]:
    """Give the pictures after seeking; none where the file does not lend itself to it."""
    for ahead in AHEAD:
        with opened(path) as container:
            stream = _track(container, index)
            latest = moment - _ticks(stream, ahead)
            if container.format.flags & ODD or latest <= origin(container, stream.time_base or Fraction(1)):
                return
            try:
                container.seek(latest, stream=stream)
            except (av.error.FFmpegError, OSError):
                return
            if any(later.timestamp < earlier.timestamp for earlier, later in pairwise(stream.index_entries)):
                return
            pictures = _from_key(decoded(container, stream), latest)
            first = next(pictures, None)
            if first is not None:
                yield first
                yield from pictures
                return


def _skipped(path: Path, index: int, moment: int) -> Iterator[Decoded]:
    """Give the pictures after reading so far; none where packets have no stamps, or their times start anew."""
    with opened(path) as container:
        stream = _track(container, index)
        latest = moment - _ticks(stream, AHEAD[0])
        number = _last_key(_packets(container, stream), latest, _ticks(stream, 1))
    if number:
        with opened(path) as container:
            stream = _track(container, index)
            yield from _from_key(decoded(container, stream, number), latest)


def _last_key(packets: Iterator[Any], latest: int, far: int) -> int:
    """Return the number of the last packet up to a stamp with which decoding may begin, 0 where there is none."""
    found, highest = 0, None
    for number, packet in enumerate(packets):
        if packet is None or not packet.size:
            continue
        if packet.pts is None or (highest is not None and packet.pts < highest - far):
            return 0
        highest = packet.pts if highest is None else max(highest, packet.pts)
        if packet.is_keyframe and packet.pts <= latest:
            found = number
        if packet.pts > latest + far:
            break
    return found


def _from_key(pictures: Iterator[Decoded], latest: int) -> Iterator[Decoded]:
    """Give pictures from the first one on that stands by itself; none where that is later than a stamp, or has none."""
    for picture, damaged in pictures:
        if picture.key_frame and picture.pict_type == PictureType.I:
            if picture.pts is not None and picture.pts <= latest:
                yield picture, damaged
                break
            return
    yield from pictures


def _track(container: InputContainer, index: int) -> av.VideoStream:
    track = container.streams[index]
    assert isinstance(track, av.VideoStream)
    return track


def _ticks(stream: av.VideoStream, seconds: int) -> int:
    return max(1, round(seconds / (stream.time_base or Fraction(1, 1000))))
