"""The command ``photochrom album``; ``cli`` loads it when it is typed."""

import json
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import Parameter

from photochrom import terminal
from photochrom.errors import OptionError, OutputUnwritable
from photochrom.options import STREAM, Look, Output
from photochrom.progress import interruptible

if TYPE_CHECKING:
    from photochrom.album.album import Album
    from photochrom.many import Outcome


@Parameter(name="*")
@dataclass(frozen=True)
class Sharing:
    """What photos share."""

    similarity: float = 0.72
    "How alike photos must be to be one scene, from 0 (all are) to 1 (none)."
    thing: tuple[str, ...] = ()
    "A thing's color for the whole album, as NAME=#RRGGBB@PHOTO:X,Y, shown on one photo; may be repeated."
    things: Path | None = None
    "A JSON file of such things."
    found: float = 0.85
    "How alike a place in photos of other scenes must be to a thing to be it, from 0 to 1."
    plan: Path | None = None
    "Write groups, matches and hints into this JSON file, and beside it a contact sheet for each group."


def album(
    folder: Path,
    /,
    *,
    sharing: Sharing = Sharing(),
    look: Look = Look(),  # noqa: B008 - immutable
    output: Output = Output(),  # noqa: B008 - immutable
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Colorize the photos of a folder as one album: what several of them show gets the same colors in all.

    Args:
        folder: The folder with the photos; folders in it are not looked into.
        as_json: Print one JSON object a photo instead of its name.
    """
    from photochrom.album.album import look_through, photos_in
    from photochrom.album.pictures import write_sheets
    from photochrom.album.things import read_things
    from photochrom.many import ReadAhead, plan_targets
    from photochrom.photo.target import write_atomically

    options = output.options()
    _check(folder, sharing, look, output)
    if sharing.plan is not None:
        _check_plan(sharing.plan, output)
    things = read_things(sharing.thing, sharing.things)
    sources, ahead = photos_in(folder), ReadAhead(output.max_pixels)
    colorizer, settings = look.painter()
    pairs = plan_targets(sources, output.output, options.format)
    with interruptible(), terminal.bar("looking") as bar:
        rules = (sharing.similarity, settings(1, 1), sharing.found)
        seen = look_through(colorizer, sources, things, rules, (ahead, bar))  # type: ignore[arg-type]
    _tell_groups(seen)
    told: dict[Path, Path] = {}
    failed = 0
    with interruptible() as check, terminal.bar("colorizing") as bar:
        for done, outcome in enumerate(seen.colorize(colorizer, pairs, settings, options, ahead), 1):  # type: ignore[arg-type]
            failed += _tell(outcome, seen, as_json, told)
            bar(done / len(pairs), outcome.source.name)
            check()
    code = terminal.end(len(pairs), failed)
    if sharing.plan is not None:
        text = json.dumps(seen.plan.to_dict(), ensure_ascii=False) + "\n"
        write_atomically(sharing.plan, output.overwrite, lambda part: cast(None, part.write_text(text, "utf-8")))
        write_sheets(seen.plan, told, sharing.plan.with_suffix(""), output.overwrite)
    return code


def _check(folder: Path, sharing: Sharing, look: Look, output: Output) -> None:
    """Raise OptionError for what makes no sense for an album."""
    look.check()
    if look.hint or look.hints or look.transplant:
        raise OptionError("--hint, --hints and --transplant are for one photo; say --thing NAME=#RRGGBB@PHOTO:X,Y here")
    if not 0 <= sharing.similarity <= 1:
        raise OptionError(
            f"--similarity is {sharing.similarity}; expected 0 (one scene) to 1 (no photo is like another)"
        )
    if not 0 <= sharing.found <= 1:
        raise OptionError(f"--found is {sharing.found}; expected 0 to 1")
    if output.output in (None, STREAM):
        raise OptionError("an album needs a folder for its results; say -o FOLDER")
    if output.looks is not None or output.guess_map:
        raise OptionError("--looks and --guess-map are for photochrom colorize; an album is one look across photos")
    if Path(str(output.output)).resolve() == folder.resolve():
        raise OptionError(f"the results would go to {folder}, where the photos are; choose another folder with -o")


def _check_plan(plan: Path, output: Output) -> None:
    """Raise now what would be raised after all the work: where the plan or a contact sheet cannot be written."""
    from photochrom.photo.target import refuse_unusable

    if plan.suffix.lower() != ".json":
        raise OptionError(f"--plan is {plan}; expected a file of JSON, such as {plan.stem or 'plan'}.json")
    if not plan.parent.is_dir() and plan.parent.resolve() != Path(str(output.output)).resolve():
        raise OutputUnwritable(f"{plan}: its folder does not exist; create the folder first")
    for path in (plan, *sorted(plan.parent.glob(f"{escape(plan.stem)}-group-*.jpg"))):
        refuse_unusable(path, output.overwrite)


def _tell_groups(seen: "Album") -> None:
    """Note which photos are one scene, and where things were found."""
    plan = seen.plan
    counts = [0] * len(plan.members)
    for trace in plan.traces:
        counts[trace[0][0]] += 1
    for number, group in enumerate(plan.groups, 1):
        names = ", ".join(dict.fromkeys(plan.members[one].source.name for one in group))
        terminal.note(f"scene {number}: {names}; {sum(counts[one] for one in group)} places shared")
    for thing, finds in plan.things:
        where = ", ".join(f"{plan.members[one.member].source.name} {one.score:.2f}" for one in finds)
        terminal.note(f"{thing.name}: {where}")


def _tell(outcome: "Outcome", seen: "Album", as_json: bool, told: dict[Path, Path]) -> bool:
    """Print what became of one photo; returns whether it failed."""
    if outcome.target is not None:
        told[outcome.source] = outcome.target
    return terminal.tell(outcome, as_json, _shared(outcome.source, seen))


def _shared(source: Path, seen: "Album") -> dict[str, Any]:
    """Return what the album says of a photo: the number of its scene, how many places it shares, its things."""
    own = set(seen.numbers.get(source, []))
    scenes = [number for number, group in enumerate(seen.plan.groups, 1) if own & set(group)]
    parts = [seen.plan.parts[number] for number in own]
    things = sorted({thing.name for part in parts for thing in part.named.values()})
    return {
        "scene": scenes[0] if scenes else None,
        "shared": sum(len(part.colors) - len(part.named) for part in parts),
        "things": things,
    }
