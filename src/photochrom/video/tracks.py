"""What stands in a film beside its pictures: tracks that are copied as they are, notes and chapters."""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, Final

import av.error

from photochrom.errors import OptionError
from photochrom.video.clip import Clip
from photochrom.video.coders import TRANSPORT

UNTRUE: Final = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "alpha_mode"}
UNTRUE_PICTURES: Final = {"bps", "number_of_bytes", "number_of_frames"}
"""Notes of the old container that are not true of the new one, and statistics that are not of the new pictures."""

SOUNDS: Final = {"aac", "aac_latm", "mp1", "mp2", "mp3", "ac3", "eac3", "dts", "truehd", "opus"}
TITLES: Final = {"dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle"}
"""What players find in transport streams, into which FFmpeg writes anything, readable or not."""


def notes_of(old: Mapping[str, str], clip: Clip, untrue: Set[str] = UNTRUE) -> dict[str, str]:
    """Return the notes that stay true: ``TITLE`` and ``BPS-eng`` are compared as title and bps."""
    gone = untrue | ({"timecode"} if clip.span.start else set())
    return {key: text for key, text in old.items() if key.lower().partition("-")[0] not in gone}


def chapters_of(source: Any, clip: Clip) -> list[dict[str, Any]]:
    """Return the chapters of the wanted part, with its times."""
    found = []
    for chapter in source.chapters():
        start, length = round(clip.span.first / chapter["time_base"]), chapter["end"] - chapter["start"]
        begins = chapter["start"] - start
        if begins + length > 0 and not clip.span.ends_before(begins * chapter["time_base"]):
            found.append({**chapter, "start": max(0, begins), "end": begins + length})
    return found


def add_others(container: Any, source: Any, clip: Clip, target: Path) -> tuple[dict[int, Any], list[str]]:
    """Add the tracks that are copied; returns them by their number in the source, and what is left out."""
    found: dict[int, Any] = {}
    notes = []
    for track in source.streams:
        if track.index == clip.index:
            continue
        name = track.codec_context.name if track.codec_context is not None else "unknown codec"
        if track.type not in ("audio", "subtitle", "video", "attachment"):
            notes.append(f"track {track.index} ({track.type}) was left out")
            continue
        try:
            if target.suffix.lower() in TRANSPORT and _kind_of(track) not in SOUNDS | TITLES:
                raise ValueError(name)
            copy = container.add_stream_from_template(track, opaque=True)
        except (ValueError, av.error.FFmpegError) as error:
            if track.type in ("audio", "subtitle"):
                raise OptionError(
                    f"a file {target.suffix} cannot hold the {track.type} track {track.index} ({name}); "
                    "give a name ending in .mkv, or in the film's own ending"
                ) from error
            notes.append(f"track {track.index} ({track.type}, {name}) was left out: {target.suffix} cannot hold it")
            continue
        copy.metadata.update(notes_of(track.metadata, clip, UNTRUE if clip.span.is_whole else UNTRUE | UNTRUE_PICTURES))
        copy.disposition = track.disposition
        if track.type != "attachment":
            found[track.index] = copy
    return found, notes


def _kind_of(track: Any) -> str:
    """Return the codec's name, whichever decoder there is for it."""
    return track.codec_context.codec.canonical_name if track.codec_context is not None else ""
