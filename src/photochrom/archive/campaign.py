"""A run from its beginning to its end: plan, work, look again where a folder is watched, report."""

import hashlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from photochrom.archive.cluster import Cluster, ClusterEngine
from photochrom.archive.engine import Engine, Means
from photochrom.archive.entry import STATE_FOLDER, Entry, Trouble
from photochrom.archive.ledger import NAME, Ledger
from photochrom.archive.names import Globs
from photochrom.archive.page import write_page
from photochrom.archive.places import LocalSource, LocalTarget, Source, Target, local_source
from photochrom.archive.plan import Counts, Rules, plan
from photochrom.archive.remote import RemoteSource, RemoteTarget, Store, is_url
from photochrom.archive.report import Summary, summed, write_tables
from photochrom.archive.tasks import Report, Task
from photochrom.archive.work import Job
from photochrom.errors import OptionError, RunError

PREVIEWS: Final = 500
SETTLED: Final = 2.0
"""Seconds for which a watched file must not have changed before it is taken: it may be on its way still."""


@dataclass(frozen=True)
class Campaign:
    """Everything a run needs to know; ``ledger`` is the path of its file.

    ``watch`` is the number of seconds between two looks at the source, None for one look only. ``moved`` allows a
    ledger of another source. Where a ``cluster`` is given, it does the work.
    """

    job: Job
    means: Means
    ledger: Path
    globs: Globs = field(default_factory=Globs)
    overwrite: bool = False
    moved: bool = False
    limit: int | None = None
    previews: int = PREVIEWS
    watch: float | None = None
    cluster: Cluster | None = None

    @property
    def rules(self) -> Rules:
        """What a plan needs to know; raises ModelError where there is no such model."""
        source, target = self.job.source, self.job.target
        made = self.job.order.fingerprint()
        return Rules(made, self.globs, self.job.order.format, self.overwrite, inside(source, target))


@dataclass(slots=True)
class Progress:
    """How far a run is: ``total`` photos to be done, ``done`` and ``failed`` so far; ``seen`` files while planning."""

    seen: int = 0
    total: int = 0
    done: int = 0
    failed: int = 0
    begun: float = field(default_factory=time.monotonic)

    @property
    def rate(self) -> float:
        """Photos a second, failures too."""
        return (self.done + self.failed) / max(1e-9, time.monotonic() - self.begun)


Told = Callable[[Progress, Report | None], None]


def rehearse(campaign: Campaign, told: Callable[[str, str], None]) -> Counts:
    """Plan without doing or writing anything; ``told`` hears each photo that would be done, and its target."""
    ledger = Ledger(None, campaign.ledger)
    try:
        run = _begin(ledger, campaign)
        counts = plan(ledger, campaign.job.source.entries(), campaign.rules, run)
        query = "SELECT source, target FROM photos WHERE run = ? AND state = 'waiting' ORDER BY number LIMIT ?"
        for row in ledger.ask(query, (run, -1 if campaign.limit is None else campaign.limit)):
            told(row["source"], row["target"])
        return counts
    finally:
        ledger.close()


def conduct(campaign: Campaign, told: Told = lambda progress, report: None) -> tuple[Summary, list[str]]:
    """Do a run and return what became of it, with the places of its report; ``told`` hears of every photo.

    Raises OptionError, ModelError or DataError where it cannot begin. Ctrl-C ends a run that watches as if it were
    over; any other is ended in order and KeyboardInterrupt goes on.
    """
    ledger = _open_ledger(campaign)
    try:
        rules, begun = campaign.rules, time.monotonic()
        _tidy(ledger, campaign.job.target)
        run = _begin(ledger, campaign)
        counts, stopped, progress = Counts(), None, Progress()
        try:
            for entries in _looks(campaign):
                _one_pass(ledger, campaign, (run, rules, entries), (counts, progress, told))
        except RunError as error:
            if not progress.done and not progress.failed:
                raise
            stopped = str(error)
        except KeyboardInterrupt:
            if campaign.watch is None:
                raise
        ledger.end(run)
        summary = _summary(ledger, run, campaign, (counts, time.monotonic() - begun, stopped))
        return summary, _report(ledger, run, campaign, summary)
    finally:
        _tidy(ledger, campaign.job.target)
        ledger.close()


def _tidy(ledger: Ledger, target: Target) -> None:
    """Remove what killed processes left half written."""
    if isinstance(target, LocalTarget):
        target.tidy(ledger.begun())


def _one_pass(
    ledger: Ledger,
    campaign: Campaign,
    look: tuple[int, Rules, Iterator[Entry | Trouble]],
    state: tuple[Counts, Progress, Told],
) -> None:
    """Plan what one look at the source shows, and do it."""
    (run, rules, entries), (counts, progress, told) = look, state

    def seen(number: int) -> None:
        progress.seen = number
        told(progress, None)

    def ended(task: Task, report: Report) -> None:
        progress.done += report.state != "failed"
        progress.failed += report.state == "failed"
        told(progress, report)

    found = plan(ledger, entries, rules, run, seen)
    if not counts.seen:
        counts.seen, counts.unchanged = found.seen, found.unchanged
    waiting = found.waiting
    if campaign.limit is not None:
        waiting = min(waiting, max(0, campaign.limit - progress.done - progress.failed))
    progress.total = progress.done + progress.failed + waiting
    progress.begun = time.monotonic() if not progress.done else progress.begun
    place, job = campaign.cluster, campaign.job
    engine = Engine(ledger, job, campaign.means, ended) if place is None else ClusterEngine(ledger, job, place, ended)
    engine.work_off(run, waiting, campaign.previews)


SHARE: Final = 4.0
"""A look at a source that took long is not followed by another one before so many times as long."""


def _looks(campaign: Campaign) -> Iterator[Iterator[Entry | Trouble]]:
    """Give the entries of the source, again and again where it is watched."""
    if campaign.watch is None:
        yield campaign.job.source.entries()
        return
    while True:
        fresh: list[Entry] = []
        start = time.monotonic()
        yield _settled(campaign.job.source.entries(), fresh)
        took = time.monotonic() - start
        time.sleep(max(campaign.watch, min(3600.0, SHARE * took)) if not fresh else min(campaign.watch, SETTLED))


def _settled(entries: Iterator[Entry | Trouble], fresh: list[Entry]) -> Iterator[Entry | Trouble]:
    """Leave out files that may be on their way, which go to ``fresh``: changed a moment ago."""
    for entry in entries:
        if isinstance(entry, Entry) and _is_fresh(entry):
            fresh.append(entry)
        else:
            yield entry


def _is_fresh(entry: Entry) -> bool:
    """Tell whether a local file was changed within the last seconds; objects of a store appear whole."""
    return entry.stamp.isdigit() and abs(time.time() - int(entry.stamp) / 1e9) < SETTLED


def _begin(ledger: Ledger, campaign: Campaign) -> int:
    job = campaign.job
    said = asdict(job.order) | {"source": job.source.identity, "target": job.target.identity}
    run = ledger.begin(job.source.identity, job.order.fingerprint(), said, campaign.moved)
    ledger.compare(job.target.standing())
    return run


def _summary(ledger: Ledger, run: int, campaign: Campaign, told: tuple[Counts, float, str | None]) -> Summary:
    counts, seconds, stopped = told
    found, (megapixels, retries) = ledger.counts(run), summed(ledger, run)
    left = found["waiting"] + found["begun"]
    return Summary(
        campaign.job.source.identity, campaign.job.target.identity,
        found["done"] + found["failed"] + found["skipped"] + left + counts.unchanged,
        found["done"], counts.unchanged, found["skipped"], found["failed"], left,
        round(seconds, 2), round(found["done"] / max(1e-9, seconds), 3), megapixels, retries, stopped,
    )  # fmt: skip


def _report(ledger: Ledger, run: int, campaign: Campaign, summary: Summary) -> list[str]:
    """Write the report where the results are; with those of a store goes a copy of the ledger."""
    target = campaign.job.target
    if isinstance(target, LocalTarget):
        folder = Path(target.root, STATE_FOLDER)
        written = [*write_tables(ledger, run, summary, folder), *write_page(ledger, run, summary, folder)]
        return [str(path) for path in written]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        written = [*write_tables(ledger, run, summary, folder), *write_page(ledger, run, summary, folder)]
        written.append(ledger.copy_to(folder / NAME))
        return [target.keep(path.name, path) for path in written]


def _open_ledger(campaign: Campaign) -> Ledger:
    """Open the ledger; one that is not here, but was left with the results, is fetched first."""
    target = campaign.job.target
    if isinstance(target, RemoteTarget) and not campaign.ledger.exists():
        content = target.kept(NAME)
        if content is not None:
            campaign.ledger.parent.mkdir(parents=True, exist_ok=True)
            part = campaign.ledger.with_name(f".{campaign.ledger.name}.part")
            part.write_bytes(content)
            os.replace(part, campaign.ledger)
    return Ledger(campaign.ledger)


def open_source(name: str, target: Target, options: dict[str, Any]) -> Source:
    """Return a source by its name; raises OptionError where there is none, or it is the target itself."""
    if is_url(name):
        source: Source = RemoteSource(Store(name, options), _below(name, target))
    else:
        source = local_source(name, target.root if isinstance(target, LocalTarget) else None)
    if inside(source, target) == "":
        raise OptionError(f"{name}: the target is the folder of the photos; choose another, also one inside it")
    return source


def open_target(name: str, options: dict[str, Any]) -> Target:
    """Return a target by its name; raises OptionError for a file."""
    if is_url(name):
        return RemoteTarget(Store(name, options))
    if os.path.exists(name) and not os.path.isdir(name):
        raise OptionError(f"{name}: a file, expected a folder for results or a URL; choose another name")
    return LocalTarget(os.path.abspath(name))


def usual_ledger(target: Target) -> Path:
    """Return where the ledger of a target lies if nothing is said: with the results, or in this user's data folder."""
    if isinstance(target, LocalTarget):
        return Path(target.root, STATE_FOLDER, NAME)
    home, system = Path.home(), sys.platform
    kept = {"darwin": "Library/Application Support/Photochrom", "win32": "AppData/Local/Photochrom"}
    name = re.sub(r"[^A-Za-z0-9]+", "-", target.identity).strip("-")[-60:]
    mark = hashlib.sha256(target.identity.encode()).hexdigest()[:12]
    return home / kept.get(system, ".local/share/photochrom") / "batch" / f"{name}-{mark}" / NAME


def inside(source: Source, target: Target) -> str | None:
    """Return the place of a source in a target that holds it, with a slash; "" where both are one; else None."""
    if isinstance(source, LocalSource) and isinstance(target, LocalTarget):
        root, above = os.path.realpath(source.root), os.path.realpath(target.root)
        if root == above:
            return ""
        return os.path.relpath(root, above) + "/" if Path(root).is_relative_to(above) else None
    if isinstance(source, RemoteSource) and isinstance(target, RemoteTarget):
        root, above = source.folder, target.identity
        if root == above:
            return ""
        return root[len(above) + 1 :] + "/" if root.startswith(above + "/") else None
    return None


def _below(name: str, target: Target) -> str | None:
    """Return where in a source at a URL the target lies, with a slash; None where it does not."""
    root, folder = target.identity, RemoteSource(Store(name)).folder
    return root[len(folder) + 1 :] + "/" if root.startswith(folder + "/") else None


def with_lanes(job: Job) -> Job:
    """Return the job with as many photos in hand as it takes to hide the way to a store and back."""
    is_remote = job.source.is_remote or job.target.is_remote
    return replace(job, lanes=6 if is_remote else 2)
