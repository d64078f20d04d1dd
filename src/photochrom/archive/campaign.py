"""A run from its beginning to its end, and the places that it is told: sources, targets and ledgers by their names."""

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from photochrom.archive.cluster import Cluster
from photochrom.archive.engine import Means
from photochrom.archive.entry import STATE_FOLDER
from photochrom.archive.ledger import NAME, Ledger
from photochrom.archive.members import is_archive
from photochrom.archive.names import Globs
from photochrom.archive.places import LocalSource, Source, Target, local_source
from photochrom.archive.plan import Counts, Rules
from photochrom.archive.remote import RemoteSource, RemoteTarget
from photochrom.archive.report import Summary
from photochrom.archive.run import Run, Told
from photochrom.archive.store import Store
from photochrom.archive.targets import WORKING, ArchiveTarget, LocalTarget, local_target
from photochrom.archive.work import Job
from photochrom.errors import OptionError
from photochrom.urls import is_url

PREVIEWS: Final = 500


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


def rehearse(
    campaign: Campaign, told: Callable[[str, str], None], hears: Told = lambda progress, report: None
) -> Counts:
    """Plan without doing or writing anything; ``told`` hears each photo that would be done, and its target.

    ``hears`` hears how many files were seen, and why some cannot be done.
    """
    with tempfile.TemporaryDirectory() as made:
        copied = campaign.ledger
        if not copied.exists():
            copied = Path(made, NAME)
            campaign.job.target.restore(NAME, copied)
        ledger = Ledger(None, copied)
    try:
        run = Run(ledger, campaign, hears)
        counts = run.plan()
        query = "SELECT source, target FROM photos WHERE run = ? AND state = 'waiting' ORDER BY number LIMIT ?"
        for row in ledger.ask(query, (run.number, -1 if campaign.limit is None else campaign.limit)):
            told(row["source"], row["target"])
        return counts
    finally:
        ledger.close()


def conduct(campaign: Campaign, told: Told = lambda progress, report: None) -> tuple[Summary, list[str]]:
    """Do a run and return what became of it, with the places of its report; ``told`` hears of every photo.

    Raises OptionError, ModelError or DataError where it cannot begin. Ctrl-C ends a run that watches as if it were
    over; any other is ended in order and KeyboardInterrupt goes on.
    """
    ledger, target, run = _open_ledger(campaign), campaign.job.target, None
    try:
        target.tidy(ledger.begun())
        run = Run(ledger, campaign, told)
        run.work()
        ledger.end(run.number)
        summary = run.summary()
        return summary, run.publish(summary)
    finally:
        target.tidy(ledger.begun())
        if run is not None and run.is_packed:
            ledger.remove()
            target.clear()
        ledger.close()


def _open_ledger(campaign: Campaign) -> Ledger:
    """Open the ledger; a new one begins as that which was left with the results, if there is one."""
    ledger = Ledger(campaign.ledger)
    try:
        if ledger.is_new:
            with tempfile.TemporaryDirectory() as made:
                copied = Path(made, NAME)
                if campaign.job.target.restore(NAME, copied):
                    ledger.load(copied)
    except BaseException:
        ledger.close()
        raise
    return ledger


def open_source(name: str, target: Target, options: dict[str, Any]) -> Source:
    """Return a source by its name; raises OptionError where there is none, or it is the target itself."""
    if is_url(name):
        source: Source = RemoteSource(Store(name, options), _below(name, target))
    else:
        source = local_source(name, target.paths if isinstance(target, LocalTarget) else ())
    if inside(source, target) == "":
        raise OptionError(f"{name}: the target is the folder of the photos; choose another, also one inside it")
    if isinstance(target, ArchiveTarget) and os.path.realpath(name) == os.path.realpath(target.path):
        raise OptionError(f"{name}: the target is the archive of the photos; choose another")
    return source


def open_target(name: str, options: dict[str, Any]) -> Target:
    """Return a target by its name; raises OptionError for a file that is no archive, and for an archive at a URL."""
    if not is_url(name):
        return local_target(name)
    target = RemoteTarget(Store(name, options))
    if is_archive(target.identity):
        raise OptionError(f"{target.identity}: archives are written on this computer only; give a folder, or a file")
    return target


def usual_ledger(target: Target) -> Path:
    """Return where the ledger of a target lies if nothing is said: with the results, or in this user's data folder."""
    if isinstance(target, LocalTarget):
        return Path(target.root, STATE_FOLDER, WORKING if isinstance(target, ArchiveTarget) else NAME)
    from platformdirs import user_data_path  # comes with what URLs need

    name = re.sub(r"[^A-Za-z0-9]+", "-", target.identity).strip("-")[-60:]
    mark = hashlib.sha256(target.identity.encode()).hexdigest()[:12]
    return user_data_path("photochrom", appauthor=False) / "batch" / f"{name}-{mark}" / NAME


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
