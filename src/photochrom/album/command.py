"""The command ``photochrom album``; ``cli`` loads it when it is typed."""

import json
from collections.abc import Sequence
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
    from photochrom.album.sharing import Plan
    from photochrom.many import Outcome


@Parameter(name="*")
@dataclass(frozen=True)
class Sharing:
    """What photos share."""

    similarity: float = 0.25
    "How much of two photos must show the same for them to be one scene, from 0 (all are) to 1 (copies only)."
    recurring: float = 0.75
    "How certain it must be that a thing in photos of other scenes is the same one, from 0 to 1 (none is)."
    thing: tuple[str, ...] = ()
    "A thing's color for the whole album, as NAME=#RRGGBB@PHOTO:X,Y, shown on one photo; may be repeated."
    things: Path | None = None
    "A JSON file of such things."
    found: float = 0.85
    "How alike a place in photos of other scenes must be to a named thing to be it, from 0 to 1."
    plan: Path | None = None
    "Write scenes, matches and hints into this JSON file, and beside it a contact sheet for each scene and thing."


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
    from photochrom.album.sharing import Rules
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
        rules = Rules(sharing.similarity, sharing.found, sharing.recurring)
        seen = look_through(colorizer, sources, things, rules, settings(1, 1), (ahead, bar))  # type: ignore[arg-type]
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
        raise OptionError(f"--similarity is {sharing.similarity}; expected 0 (one scene) to 1 (copies only)")
    for name, value in (("--found", sharing.found), ("--recurring", sharing.recurring)):
        if not 0 <= value <= 1:
            raise OptionError(f"{name} is {value}; expected 0 to 1")
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
    groups, things = (plan.parent.glob(f"{escape(plan.stem)}-{kind}-*.jpg") for kind in ("group", "recurring"))
    for path in (plan, *sorted(groups), *sorted(things)):
        refuse_unusable(path, output.overwrite)


def _tell_groups(seen: "Album") -> None:
    """Note which photos are one scene, what recurs in several scenes, and where named things were found."""
    plan = seen.plan
    for number, group in enumerate(plan.groups, 1):
        terminal.note(f"scene {number}: {_names(plan, group)}; {len(plan.within(group))} places shared")
    for number, one in enumerate(plan.recurring, 1):
        places = f"{len(one.traces)} places shared, certainty {one.certainty:.2f}"
        terminal.note(f"recurring {number}: {_names(plan, one.members)}; {places}")
    for thing, finds in plan.things:
        where = ", ".join(f"{plan.members[one.member].source.name} {one.score:.2f}" for one in finds)
        terminal.note(f"{thing.name}: {where}")


def _names(plan: "Plan", numbers: Sequence[int]) -> str:
    return ", ".join(dict.fromkeys(plan.members[number].source.name for number in numbers))


def _tell(outcome: "Outcome", seen: "Album", as_json: bool, told: dict[Path, Path]) -> bool:
    """Print what became of one photo; returns whether it failed."""
    if outcome.target is not None:
        told[outcome.source] = outcome.target
    return terminal.tell(outcome, as_json, _shared(outcome.source, seen))


def _shared(source: Path, seen: "Album") -> dict[str, Any]:
    """Return what the album says of a photo: its scene, what recurs, how many places it shares, its things."""
    own = set(seen.numbers.get(source, []))
    scenes = [number for number, group in enumerate(seen.plan.groups, 1) if own & set(group)]
    again = [number for number, one in enumerate(seen.plan.recurring, 1) if own & set(one.members)]
    parts = [seen.plan.parts[number] for number in own]
    things = sorted({thing.name for part in parts for thing in part.named.values()})
    return {
        "scene": scenes[0] if scenes else None,
        "recurring": again,
        "shared": sum(len(part.colors) - len(part.named) for part in parts),
        "things": things,
    }
