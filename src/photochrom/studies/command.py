"""The command that runs a study; ``cli`` loads it when it is typed."""

import shlex
from typing import Annotated

from cyclopts import Parameter

from photochrom import terminal
from photochrom.errors import OptionError
from photochrom.studies.options import Options


def study(
    name: str | None = None,
    /,
    *,
    list: bool = False,
    options: Annotated[Options, Parameter(name="*")] = Options(),  # noqa: B008 - immutable
) -> None:
    """Train, compare and explain the systems of the field; writes a page.

    Args:
        name: Which study.
        list: Show the studies and the trials that each one trains.
    """
    from photochrom.studies import STUDIES

    if list:
        for one in STUDIES.values():
            terminal.say(f"{one.name}: {one.title}\n    {', '.join(trial.name for trial in one.trials)}")
        return
    if name not in STUDIES:
        raise OptionError(f"there is no study {name!r}; choose one of: {', '.join(STUDIES)}")
    terminal.say(_run(name, options))


def _run(name: str, options: Options) -> object:
    from photochrom.studies import STUDIES
    from photochrom.studies.laboratory import Laboratory
    from photochrom.studies.library import Library
    from photochrom.studies.study import run_study

    if options.photos is None:
        raise OptionError("a study needs photos; give the folder of a photo library with --photos")
    with terminal.bar(name) as bar:
        laboratory = Laboratory(
            Library(options.photos),
            options.run,
            options.minutes,
            options.backbones,
            options.legacy,
            options.precision,
            lambda what, share: bar(share, what),
            options.steps,
        )
        return run_study(STUDIES[name], laboratory, options.out, _typed(name, options))


def _typed(name: str, options: Options) -> str:
    """Return the command that repeats the study, with folders named by what they hold."""
    parts = ["photochrom", "study", name, "--photos", "PHOTOS"]
    parts += ["--steps", str(options.steps)] if options.steps else ["--minutes", f"{options.minutes:g}"]
    parts += ["--backbones", "BACKBONES"] if options.backbones else []
    parts += ["--legacy", "LEGACY"] if options.legacy else []
    parts += ["--precision", options.precision] if options.precision != "no" else []
    return shlex.join(parts)
