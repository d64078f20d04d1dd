"""Hints for a film: for each shot the colors of places of its first frame; they go where the things go.

    {"start": 0, "shots": [{"shot": 3, "hints": {...}}, {"time": "1:20", "hints": "shot-0007.json"}]}

A shot is named by its number, from 1, or by a time within it; its hints are those of a photo (see
:mod:`photochrom.hints`), in place or in a file beside the script, or null for none. ``start`` says in seconds from
where on shots were counted: where only another part of the film is wanted, the times count and not the numbers, and
shots outside of that part are left alone.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from photochrom.errors import HintError, OptionError
from photochrom.hints import Hints
from photochrom.jsonfile import read_object
from photochrom.video.clip import Clip
from photochrom.video.shots import Shots
from photochrom.video.span import seconds

EXAMPLE: Final = '{"shots": [{"shot": 1, "hints": "shot-0001.json"}]}'

ROUNDED: Final = 0.001
"""Times are written to the millisecond: so much later a shot may seem to begin, in seconds."""


@dataclass(frozen=True, slots=True)
class Cue:
    """The hints of one shot: its number, from 1, or a time within it in seconds, or both."""

    shot: int | None
    time: float | None
    hints: Hints


@dataclass(frozen=True, slots=True)
class Script:
    """All cues, and from where on their shots were counted, in seconds."""

    start: float
    cues: tuple[Cue, ...]

    @classmethod
    def read(cls, path: Path, clip: Clip) -> "Script":
        """Read a script and the files that it names; raises HintError for what does not fit the film's frames."""
        stored = read_object(path, HintError, EXAMPLE)
        entries, start = stored.get("shots"), stored.get("start", 0)
        if not isinstance(entries, list):
            raise HintError(f'{path} has no list of "shots"; expected such as {EXAMPLE}')
        if isinstance(start, bool) or not isinstance(start, int | float):
            raise HintError(f'{path}: "start" is {start!r}; expected seconds, such as 0')
        cues = []
        for number, entry in enumerate(entries, 1):
            try:
                cue = _cue(entry, path)
                if cue is not None:
                    cue.hints.require_size(*clip.shown_size)
                    cues.append(cue)
            except (HintError, OptionError) as error:
                raise HintError(f"{path}, {_name_of(entry, number)}: {error}") from None
        return cls(float(start), tuple(cues))

    @property
    def fingerprint(self) -> str:
        """What tells this script from others, hints in files included."""
        told = [(self.start, cue.shot, cue.time, cue.hints.to_json()) for cue in self.cues]
        return sha256(repr(told).encode()).hexdigest()

    def hints(self, clip: Clip, shots: Shots) -> dict[int, Hints]:
        """Return the hints of shots by number, from 0; raises HintError for a shot that there is not, or is twice."""
        found: dict[int, Hints] = {}
        part, last = "the film" if clip.span.is_whole else "the wanted part", len(shots.cuts) + 1
        for cue in self.cues:
            number = self._number(cue, clip, shots)
            if number is None:
                continue
            if not 0 <= number < last:
                raise HintError(f"the script names shot {number + 1}; {part} has shots 1 to {last}, name one of them")
            if number in found:
                raise HintError(f"the script has hints for shot {number + 1} twice; put them into one")
            found[number] = cue.hints
        return found

    def _number(self, cue: Cue, clip: Clip, shots: Shots) -> int | None:
        """Return the number of a cue's shot, from 0; None where the shot begins outside the wanted part."""
        span, time = clip.span, cue.time
        if time is not None and (time < span.start - ROUNDED or (span.end is not None and time >= span.end)):
            return None
        if cue.shot is not None and (time is None or abs(self.start - span.start) < ROUNDED):
            return cue.shot - 1
        moment = ((time or 0) + ROUNDED - span.start) / clip.time_base
        if moment >= shots.end > 0:
            end = span.start + float(shots.end * clip.time_base)
            raise HintError(f"the script names a shot at {time:g} seconds; the film ends at {end:.3f}")
        return max(0, sum(first <= moment for first in shots.times) - 1)


def _cue(entry: Any, path: Path) -> Cue | None:
    """Return what an entry says, None where its hints are null; raises HintError, or OptionError for its time."""
    if not isinstance(entry, dict) or "hints" not in entry:
        raise HintError(f'it has no "hints"; expected such as {EXAMPLE}')
    told, shot = entry["hints"], entry.get("shot")
    if told is None:
        return None
    time = None if entry.get("time") is None else seconds(str(entry["time"]))
    if shot is None and time is None:
        raise HintError('it names neither "shot" nor "time"; say which shot the hints are for')
    if isinstance(shot, bool) or not isinstance(shot, int | None):
        raise HintError(f"the shot is {shot!r}; expected its number, from 1")
    return Cue(shot, time, Hints.from_json(path.parent / told if isinstance(told, str) else json.dumps(told)))


def _name_of(entry: Any, number: int) -> str:
    """Return how an entry is found in its file."""
    told = [f"{key} {entry[key]}" for key in ("shot", "time") if isinstance(entry, dict) and entry.get(key) is not None]
    return f"entry {number}" + (f" ({', '.join(told)})" if told else "")
