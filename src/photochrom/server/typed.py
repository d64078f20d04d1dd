"""The command line that makes the same result as a choice; and the names that results get."""

import shlex
from pathlib import Path

from photochrom.colorizer import ending_for
from photochrom.photo.formats import FORMATS
from photochrom.server.jobs import Job
from photochrom.server.painters import count_for
from photochrom.server.schema import Choice, HintIn


def result_name(job: Job, choice: Choice) -> str:
    """Return the name of a result, NAME-color.EXT, or NAME-LOOK.EXT for another look than the natural."""
    name = Path(job.name)
    ending = FORMATS[choice.format].suffixes[0] if choice.format else ending_for(name, job.photo["format"])
    return f"{name.stem}-{'color' if choice.look == 'natural' else choice.look}{ending}"


def hints_name(job: Job) -> str:
    """Return the name of the file of a job's hints."""
    return f"{Path(job.name).stem}-hints.json"


def command_line(job: Job, choice: Choice, usual_model: str) -> str:
    """Return what to type where the photo lies; strokes and many hints go into the file that /hints gives."""
    words = ["photochrom", "colorize", f"./{job.name}" if job.name.startswith("-") else job.name]
    if choice.colors == "transplant":
        words += ["--transplant", "TRANSPLANT"]
    else:
        words += _look_words(job, choice, usual_model)
    if choice.format is not None:
        words += ["--format", choice.format]
    if choice.quality is not None:
        words += ["--quality", str(choice.quality)]
    return shlex.join(words)


def _look_words(job: Job, choice: Choice, usual_model: str) -> list[str]:
    words = []
    if (choice.model or usual_model) != "default":
        words += ["--model", choice.model or usual_model]
    if choice.temperature is not None:
        words += ["--temperature", f"{choice.temperature:.12g}"]
    if choice.saturation != 1:
        words += ["--saturation", f"{choice.saturation:.12g}"]
    if choice.warmth != 0:
        words += ["--warmth", f"{choice.warmth:.12g}"]
    if choice.effort != "normal":
        words += ["--effort", choice.effort]
    if any(len(hint.points) > 1 for hint in choice.hints) or len(choice.hints) > 8:
        words += ["--hints", hints_name(job)]
    else:
        words += [word for hint in choice.hints for word in ("--hint", _hint_word(hint))]
    if choice.colors == "reference":
        words += ["--reference", "REFERENCE"]
    if choice.look != "natural":
        words += ["--looks", str(count_for(choice.look)), "--seed", str(choice.seed)]
    return words


def _hint_word(hint: HintIn) -> str:
    numbers = [*hint.points[0], *(() if hint.radius is None else (hint.radius,))]
    return ",".join(f"{number:.12g}" for number in numbers) + f"={hint.color}"
