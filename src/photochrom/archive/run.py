"""One run on an open ledger: looks at the source, what is planned and done after each, and what is told of it."""

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.archive.cluster import ClusterEngine
from photochrom.archive.engine import Engine
from photochrom.archive.entry import Entry, Trouble
from photochrom.archive.ledger import NAME, Ledger
from photochrom.archive.page import write_page
from photochrom.archive.plan import Counts, plan
from photochrom.archive.report import Summary, summed, write_tables
from photochrom.archive.tasks import Report, Task
from photochrom.archive.watch import Rest, looks
from photochrom.errors import RunError

if TYPE_CHECKING:
    from photochrom.archive.campaign import Campaign


@dataclass(slots=True)
class Progress:
    """How far a run is: ``total`` photos to be done, ``done`` and ``failed`` so far.

    ``seen`` counts files while planning, ``packed`` while an archive is written.
    """

    seen: int = 0
    total: int = 0
    done: int = 0
    failed: int = 0
    packed: int = 0
    begun: float = field(default_factory=time.monotonic)

    @property
    def ended(self) -> int:
        """Photos that have ended."""
        return self.done + self.failed

    @property
    def rate(self) -> float:
        """Photos a second, failures too."""
        return self.ended / max(1e-9, time.monotonic() - self.begun)


Told = Callable[[Progress, Report | None], None]


class Run:
    """A run; ``told`` hears of every photo."""

    def __init__(self, ledger: Ledger, campaign: "Campaign", told: Told = lambda progress, report: None) -> None:
        """Begin it in the ledger; raises OptionError for the ledger of another source, ModelError without a model."""
        self._ledger, self._campaign, self._told = ledger, campaign, told
        self._rules, self._target, self._begun = campaign.rules, campaign.job.target, time.monotonic()
        job = campaign.job
        said = asdict(job.order) | {"source": job.source.identity, "target": self._target.identity}
        self.number = ledger.begin(job.source.identity, self._rules.made, said, campaign.moved)
        ledger.compare(self._target.standing())
        self._counts, self._progress, self._stopped = Counts(), Progress(), ""
        self._has_news = campaign.moved or not self._target.is_packed

    @property
    def is_packed(self) -> bool:
        """Whether the target is an archive that has all there is, so that nothing beside it is needed any more."""
        return self._target.is_archive and self._target.is_packed and not self._has_news

    def plan(self) -> Counts:
        """Plan only."""
        return plan(self._ledger, self._campaign.job.source.entries(), self._rules, self.number, self._seen)

    def work(self) -> None:
        """Do everything. Raises RunError where nothing at all can be done, and KeyboardInterrupt unless it watches."""
        rest, campaign = Rest(), self._campaign
        try:
            for entries in looks(campaign.job.source, campaign.watch):
                self._one_pass(entries)
                if campaign.watch is not None and self._target.is_archive and self._has_news and rest.is_over:
                    start = time.monotonic()
                    self.publish(self.summary())
                    rest.begin(time.monotonic() - start)
        except RunError as error:
            if not self._progress.ended:
                raise
            self._stopped = str(error)
        except KeyboardInterrupt:
            if campaign.watch is None:
                raise

    def summary(self) -> Summary:
        """Return what became of it so far."""
        found, (megapixels, retries) = self._ledger.counts(self.number), summed(self._ledger, self.number)
        left, seconds = found["waiting"] + found["begun"], time.monotonic() - self._begun
        return Summary(
            self._campaign.job.source.identity, self._target.identity,
            found["done"] + found["failed"] + found["skipped"] + left + self._counts.unchanged,
            found["done"], self._counts.unchanged, found["skipped"], found["failed"], left,
            round(seconds, 2), round(found["done"] / max(1e-9, seconds), 3), megapixels, retries, self._stopped or None,
        )  # fmt: skip

    def publish(self, summary: Summary) -> list[str]:
        """Write the report where the results are and return where; an archive is written, unless it has all already.

        A run that was stopped leaves an archive as it was, and what it did beside it.
        """
        if self.is_packed:
            return []
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            written = write_tables(self._ledger, self.number, summary, folder)
            written += write_page(self._ledger, self.number, summary, folder)
            if self._target.is_remote or self._target.is_archive:
                written.append(self._ledger.copy_to(folder / NAME))
            for path in written:
                self._target.keep(path.name, path)
        if not self._stopped:
            self._target.pack(self._packed)
            self._has_news = False
        return [self._target.place(path.name) for path in written]

    def _one_pass(self, entries: Iterable[Entry | Trouble]) -> None:
        """Plan what one look at the source shows, and do it."""
        campaign, progress = self._campaign, self._progress
        found = plan(self._ledger, entries, self._rules, self.number, self._seen)
        first = not self._counts.seen
        self._counts = found if first else self._counts
        waiting = found.waiting
        if campaign.limit is not None:
            waiting = min(waiting, max(0, campaign.limit - progress.ended))
        self._has_news = self._has_news or found.waiting > 0 or (first and found.failed > 0)
        progress.total, progress.packed = progress.ended + waiting, 0
        progress.begun = time.monotonic() if not progress.done else progress.begun
        job, place = campaign.job, campaign.cluster
        engine = (
            Engine(self._ledger, job, campaign.means, self._ended)
            if place is None
            else ClusterEngine(self._ledger, job, place, self._ended)
        )
        engine.work_off(self.number, waiting, campaign.previews)

    def _seen(self, number: int, reasons: list[str]) -> None:
        self._progress.seen = number
        self._told(self._progress, None)
        for reason in reasons:
            self._told(self._progress, Report("failed", reason=reason))

    def _ended(self, task: Task, report: Report) -> None:
        self._progress.done += report.state != "failed"
        self._progress.failed += report.state == "failed"
        self._told(self._progress, report)

    def _packed(self, number: int) -> None:
        self._progress.packed = number
        self._told(self._progress, None)
