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

from photochrom.errors import HintError
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
        try:
            entries = [entry for entry in stored["shots"] if entry["hints"] is not None]
            found = cls(float(stored.get("start", 0)), tuple(_cue(entry, path) for entry in entries))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise HintError(f"{path} is no script of hints ({reason}); expected such as {EXAMPLE}") from None
        for cue in found.cues:
            cue.hints.require_size(*clip.shown_size)
        return found

    @property
    def fingerprint(self) -> str:
        """What tells this script from others, hints in files included."""
        told = [(self.start, cue.shot, cue.time, cue.hints.to_json()) for cue in self.cues]
        return sha256(repr(told).encode()).hexdigest()

    def hints(self, clip: Clip, shots: Shots) -> dict[int, Hints]:
        """Return the hints of shots by number, from 0; raises HintError for a shot that there is not, or is twice."""
        found: dict[int, Hints] = {}
        for cue in self.cues:
            number = self._number(cue, clip, shots)
            if number is None:
                continue
            if not 0 <= number <= len(shots.cuts):
                raise HintError(f"the script names shot {number + 1}; the film has shots 1 to {len(shots.cuts) + 1}")
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
        return max(0, sum(first <= moment for first in shots.times) - 1)


def _cue(entry: dict[str, Any], path: Path) -> Cue:
    """Return what an entry says; raises KeyError where it names no shot."""
    told, shot = entry["hints"], entry.get("shot")
    time = None if entry.get("time") is None else seconds(str(entry["time"]))
    if shot is None and time is None:
        raise KeyError("shot")
    if isinstance(shot, bool) or not isinstance(shot, int | None):
        raise TypeError(f"the shot is {shot!r}")
    return Cue(shot, time, Hints.from_json(path.parent / told if isinstance(told, str) else json.dumps(told)))
