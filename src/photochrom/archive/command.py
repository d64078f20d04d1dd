"""The command for archives; ``cli`` loads it when it is typed."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from photochrom import terminal
from photochrom.errors import OptionError
from photochrom.jsonfile import read_object

if TYPE_CHECKING:
    from photochrom.archive.campaign import Campaign
    from photochrom.archive.order import Order
    from photochrom.archive.run import Progress
    from photochrom.archive.tasks import Report

SHOWN: Final = 20
"""Failures that are told one by one; all are in the report."""
PERIOD: Final = 60.0
"""Seconds between two lines about progress where there is no terminal."""


@Parameter(name="*")
@dataclass(frozen=True)
class Made:
    """What is made of every photo; what is not given is as the file of settings says, else as the model has it."""

    settings: Path | None = None
    "A JSON file with any of: model, temperature, saturation, warmth, effort, reference, look, seed, format, quality."
    model: str | None = None
    "A shipped model's name (see photochrom models) or the path of a model file."
    temperature: float | None = None
    "From 0 (vivid, the likeliest color) to 1 (careful, the mean color)."
    saturation: float | None = None
    "Factor on chroma: 0 is gray, 1 the model's own, 4 the most."
    warmth: float | None = None
    "From -1 (cold) through 0 (the model's own) to 1 (warm)."
    effort: str | None = None
    "fast: the small model; normal: one look at each photo; best: the consensus of six, about eight times the work."
    reference: str | None = None
    "A photo in color: the model's colors are moved toward its palette."
    look: str | None = None
    "natural, conservative, vivid, or sample-1 to sample-5."
    seed: int | None = None
    "For samples: another number draws others."
    format: str | None = None
    "jpeg, png, tiff, webp or avif; each photo's own if not given."
    quality: int | None = None
    "1 to 100, for results in lossy formats."

    def order(self) -> "Order":
        """Return the order; raises OptionError for what cannot be."""
        from photochrom.archive.order import Order

        names = [field.name for field in fields(self) if field.name != "settings"]
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return Order(**given) if self.settings is None else Order.read(self.settings, given)


@Parameter(name="*")
@dataclass(frozen=True)
class Chosen:
    """Which photos are taken."""

    include: tuple[str, ...] = ()
    "Only names that fit this pattern, such as '*.tif' or '1890/**'; may be repeated."
    exclude: tuple[str, ...] = ()
    "No names that fit this pattern; may be repeated."
    limit: int | None = None
    "Do so many photos at most; the same command again goes on."
    overwrite: bool = False
    "Replace files in the target that are none of ours, or were changed since."
    moved: bool = False
    "The source is the one that the target was made of, in another place."
    watch: bool = False
    "Go on with new files as they arrive, until Ctrl-C."
    every: float = 5.0
    "With --watch: seconds between two looks at the source."
    dry_run: bool = False
    "Print what would be done, and do nothing."


@Parameter(name="*")
@dataclass(frozen=True)
class Resources:
    """How the work is done."""

    jobs: int = 0
    "Photos computed at once, each by a process; 0 means one for every core."
    memory: int = 0
    "MB that all processes may take together; 0 means half of what there is."
    max_pixels: int = 500_000_000
    "Refuse photos with more pixels than this, before decoding them."
    retries: int = 4
    "How often a time-out, or an error of a busy server, is tried again."
    previews: int = 500
    "Small pictures for the page of results; 0 means none."
    ledger: Path | None = None
    "File that tells what is done; TARGET/.photochrom/ledger.sqlite, or in this user's data folder for a URL."
    source_options: Path | None = None
    "A JSON file for the source's file system: credentials, endpoint and on, as fsspec has them."
    target_options: Path | None = None
    "The same for the target."
    engine: str = "local"
    "local: processes of this computer; ray: a cluster of Ray."
    address: str | None = None
    "With --engine ray: auto, or HOST:6379; a cluster on this computer if not given."
    gpus: float = 0.0
    "With --engine ray: GPUs for each copy of the model."

    def __post_init__(self) -> None:
        """Raise OptionError for a value outside its range."""
        for name, least in (("jobs", 0), ("memory", 0), ("max_pixels", 1), ("retries", 0), ("previews", 0)):
            if getattr(self, name) < least:
                option = "--" + name.replace("_", "-")
                raise OptionError(f"{option} is {getattr(self, name)}; expected {least} or more")
        if self.engine not in ("local", "ray"):
            raise OptionError(f"--engine is {self.engine!r}; expected local or ray")
        if self.engine == "local" and (self.address or self.gpus):
            raise OptionError("--address and --gpus are for --engine ray; add it, or leave them out")


def batch(
    source: str,
    target: str,
    /,
    *,
    made: Made = Made(),
    chosen: Chosen = Chosen(),
    resources: Resources = Resources(),
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Colorize an archive: the same folders and names, formats and metadata; the same command again goes on.

    Args:
        source: Folder, glob, ZIP or TAR file, or a URL such as s3://bucket/folder.
        target: Folder for results, a ZIP or TAR file, or a URL.
        as_json: Print the summary as JSON.
    """
    from photochrom.archive.campaign import conduct, rehearse

    campaign = _campaign((source, target), made, chosen, resources)
    if chosen.dry_run:
        tell = _teller(lambda share, note: None)
        counts = rehearse(campaign, lambda photo, name: None if as_json else terminal.say(f"{photo} -> {name}"), tell)
        if as_json:
            terminal.say(json.dumps(asdict(counts)))
        found = f"{counts.unchanged:,} unchanged, {counts.failed:,} cannot be done, {counts.skipped:,} no photos"
        terminal.note(f"{counts.waiting:,} of {counts.seen:,} would be colorized, {found}; nothing was written")
        return 0 if counts.seen > counts.failed else 2
    with terminal.bar("colorizing") as bar:
        summary, written = conduct(campaign, _teller(bar))
    if as_json:
        terminal.say(json.dumps(asdict(summary) | {"exit_code": summary.exit_code, "report": written}))
    else:
        for line in (*summary.lines(), *written):
            terminal.say(line)
    if not summary.seen:
        terminal.note(f"photochrom: no photos in {summary.source}; check the name, --include and --exclude")
    return summary.exit_code


def _campaign(places: tuple[str, str], made: Made, chosen: Chosen, resources: Resources) -> "Campaign":
    """Check everything that can be checked before anything is read."""
    from photochrom.archive.campaign import Campaign, open_source, open_target, usual_ledger, with_lanes
    from photochrom.archive.cluster import Cluster
    from photochrom.archive.engine import Means
    from photochrom.archive.memory import usual_jobs, usual_memory
    from photochrom.archive.names import Globs
    from photochrom.archive.work import Job

    if chosen.limit is not None and chosen.limit < 1:
        raise OptionError(f"--limit is {chosen.limit}; expected 1 or more, or leave it out")
    if not 0.1 <= chosen.every <= 86400:
        raise OptionError(f"--every is {chosen.every}; expected 0.1 to 86400 seconds")
    if chosen.watch and chosen.dry_run:
        raise OptionError("both --watch and --dry-run were given; leave one of them out")
    order, globs = made.order(), Globs(chosen.include, chosen.exclude)
    target = open_target(places[1], _options(resources.target_options))
    if target.is_archive and resources.ledger is not None:
        raise OptionError(f"{target.identity}: the ledger of an archive is kept in it; leave out --ledger")
    source = open_source(places[0], target, _options(resources.source_options))
    means = Means(resources.jobs or usual_jobs(), resources.memory or usual_memory())
    threads = max(1, usual_jobs() // means.jobs)
    job = with_lanes(Job(source, target, order, threads, retries=resources.retries, max_pixels=resources.max_pixels))
    cluster = Cluster(resources.address, means.jobs, gpus=resources.gpus) if resources.engine == "ray" else None
    return Campaign(
        job, means, resources.ledger or usual_ledger(target), globs, chosen.overwrite, chosen.moved, chosen.limit,
        resources.previews, chosen.every if chosen.watch else None, cluster,
    )  # fmt: skip


def _options(path: Path | None) -> dict[str, Any]:
    return {} if path is None else read_object(path, OptionError, '{"anon": true}')


def _teller(bar: Callable[..., None]) -> "Callable[[Progress, Report | None], None]":
    """Return what tells progress: on a bar, or in a line now and then; and the first failures."""
    told, last = set[str](), time.monotonic()

    def tell(progress: "Progress", report: "Report | None") -> None:
        nonlocal last
        ended = progress.ended
        if report is not None and report.state == "failed" and len(told) < SHOWN and report.reason not in told:
            told.add(report.reason or "")
            terminal.note(f"photochrom: {report.reason}")
            if len(told) == SHOWN:
                terminal.note("photochrom: further failures are told in the report only")
        if progress.packed:
            bar(1, f"packing, {progress.packed:,} files")
            return
        if not progress.total:
            bar(0, f"{progress.seen:,} files seen")
            return
        left = (progress.total - ended) / max(1e-9, progress.rate)
        failed = f", {progress.failed:,} failed" if progress.failed else ""
        note = f"{ended:,} of {progress.total:,}, {progress.rate:.3g} a second{failed}"
        bar(ended / max(1, progress.total), note)
        if not terminal.is_watched() and time.monotonic() - last > PERIOD:
            last = time.monotonic()
            terminal.note(f"photochrom: {note}, {left / 60:.0f} min left")

    return tell
