"""Hints for a film: for each shot the colors of places of its first frame; they go where the things go.

    {"shots": [{"shot": 3, "hints": {...}}, {"time": "1:20", "hints": "shot-0007.json"}]}

A shot is named by its number, from 1, or by a time within it; its hints are those of a photo (see
:mod:`photochrom.hints`), in place or in a file beside the script, or null for none.
"""

import json
from pathlib import Path
from typing import Any

from photochrom.errors import HintError
from photochrom.hints import Hints
from photochrom.video.clip import Clip
from photochrom.video.shots import Shots
from photochrom.video.span import seconds


def read_script(path: Path, clip: Clip, shots: Shots) -> dict[int, Hints]:
    """Return the hints of shots by number, from 0; raises HintError for a script that does not fit the film."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["shots"]
        found = {_shot(entry, clip, shots): _hints(entry["hints"], path) for entry in entries if entry["hints"]}
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise HintError(
            f'{path} is no script of hints ({reason}); expected {{"shots": [{{"shot": 1, "hints": ...}}]}}'
        ) from None
    for hints in found.values():
        hints.require_size(*clip.shown_size)
    return found


def _hints(entry: Any, path: Path) -> Hints:
    return Hints.from_json(path.parent / entry if isinstance(entry, str) else json.dumps(entry))


def _shot(entry: dict[str, Any], clip: Clip, shots: Shots) -> int:
    """Return the number of the shot, from 0, that an entry names."""
    if "shot" in entry:
        number = int(entry["shot"]) - 1
    else:
        moment = (seconds(str(entry["time"])) - clip.span.start) / clip.time_base
        number = sum(time <= moment for time in shots.times) - 1
    if not 0 <= number <= len(shots.cuts):
        raise HintError(f"the script names shot {number + 1}; the film has shots 1 to {len(shots.cuts) + 1}")
    return number
