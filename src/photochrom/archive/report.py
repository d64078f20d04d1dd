"""What is told at the end: counts, rate, every failure, and a page to look at."""

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from photochrom.archive.ledger import Ledger

FAILURES: Final = "failures.csv"
SUMMARY: Final = "report.json"
_COLUMNS: Final = ("source", "target", "kind", "reason", "retries")
_FAILURES: Final = """
SELECT source, target, kind, reason, COALESCE(retries, 0) AS retries FROM photos WHERE run = ? AND state = 'failed'
UNION ALL SELECT source, NULL, kind, reason, 0 FROM troubles WHERE run = ? AND failed"""


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a run.

    ``seen`` files were asked for: ``done`` now, ``unchanged`` since an earlier run, ``skipped`` as no photos,
    ``failed``, or ``left`` for another run by a limit. ``rate`` is in photos a second, ``megapixels`` of all that were
    done; ``stopped`` says why a run ended early.
    """

    source: str
    target: str
    seen: int
    done: int
    unchanged: int
    skipped: int
    failed: int
    left: int
    seconds: float
    rate: float
    megapixels: float
    retries: int
    stopped: str | None = None

    @property
    def exit_code(self) -> int:
        """0 where all was done, 1 where some failed, 2 where nothing could be done."""
        if self.stopped is None and not self.failed:
            return 0 if self.done or self.unchanged or self.left or self.skipped else 2
        return 1 if self.done or self.unchanged else 2

    def lines(self) -> list[str]:
        """Return what is printed."""
        counted = {"unchanged": self.unchanged, "failed": self.failed, "no photos": self.skipped, "left": self.left}
        more = "".join(f", {count:,} {name}" for name, count in counted.items() if count)
        lines = [f"{self.done:,} of {self.seen:,} colorized{more}"]
        if self.done:
            lines.append(f"{span(self.seconds)}, {self.rate:.3g} photos a second, {self.megapixels:,.0f} megapixels")
        return lines + ([self.stopped] if self.stopped else [])


def failures(ledger: Ledger, run: int) -> Iterator[dict[str, Any]]:
    """Give every failure of a run: source, target (None where there is no name for it), kind, reason, retries."""
    yield from ledger.ask(_FAILURES, (run, run))


def summed(ledger: Ledger, run: int) -> tuple[float, int]:
    """Return the megapixels and the retries of a run."""
    query = "SELECT SUM(width * height) / 1e6 AS pixels, SUM(retries) AS retries FROM photos WHERE run = ?"
    (row,) = ledger.ask(query + " AND seconds NOT NULL", (run,))
    return round(row["pixels"] or 0, 1), row["retries"] or 0


def write_tables(ledger: Ledger, run: int, summary: Summary, folder: Path) -> list[Path]:
    """Write the failures as CSV, and the summary with them as JSON; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    table, plain = folder / FAILURES, folder / SUMMARY
    with table.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS)
        writer.writeheader()
        writer.writerows(failures(ledger, run))
    with plain.open("w", encoding="utf-8") as file:
        told = asdict(summary) | {"exit_code": summary.exit_code, "written": _now(), "run": run}
        file.write(json.dumps(told, indent=1)[:-2] + ',\n "failures": [')
        for number, failure in enumerate(failures(ledger, run)):
            file.write(("," if number else "") + "\n  " + json.dumps(failure))
        file.write("\n ]\n}\n")
    return [table, plain]


def span(seconds: float) -> str:
    """Return a time as people say it: "3 h 20 min"."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def style() -> str:
    """Return the style of the page."""
    return files("photochrom.archive").joinpath("page.css").read_text(encoding="utf-8")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
