"""The report for reading: Markdown, and one HTML page that shows the pictures of the test beside their rates."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from photochrom.judge.trials import FOLDER

if TYPE_CHECKING:
    from photochrom.judge.report import Rate, Report

TITLE: Final = "Which one is the real photo?"
RULE: Final = (
    "The fool rate is the share of trials in which the colorized picture was chosen as the real photo; 50% means that "
    "nobody can tell. Intervals: 95%, Wilson, all answers taken as independent. A participant who was right in fewer "
    "than 75% of the sanity trials, or answered none, is excluded."
)
VIEWINGS: Final = {
    "second": "each picture shown for one second, left then right; center squares of 256 px",
    "free": "both pictures shown as long as wanted; whole photos of 512 px at most",
}
HEADINGS: Final = ("fool rate", "95% interval", "fooled", "trials")

_STYLE: Final = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: 0.35rem 0.75rem; text-align: right; border-bottom: 1px solid #8886; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
img { width: 8rem; height: 8rem; object-fit: contain; background: #8883; vertical-align: middle; }
"""


def as_markdown(report: "Report") -> str:
    """Return the report as Markdown: protocol, counts, models, photos."""
    model_rows = [[_cell(rate.model), *_numbers(rate), _seconds(rate.seconds)] for rate in report.models]
    photo_rows = [[_cell(rate.photo), _cell(rate.model), *_numbers(rate)] for rate in report.photos]
    parts = [
        f"# {TITLE}",
        RULE,
        "\n".join(f"- {line}" for line in _facts(report)),
        "## Models",
        _markdown_table(["model", *HEADINGS, "median seconds"], model_rows, 1),
        "## Photos",
        _markdown_table(["photo", "model", *HEADINGS], photo_rows, 2),
    ]
    return "\n\n".join(parts) + "\n"


def as_html(report: "Report") -> str:
    """Return the report as one page; its pictures lie in the test's folder, beside which it is to be put."""
    model_rows = [[escape(rate.model), *_numbers(rate), _seconds(rate.seconds)] for rate in report.models]
    photo_rows = [
        [escape(rate.photo), _img(rate.truth), _img(rate.colorized), escape(rate.model), *_numbers(rate)]
        for rate in report.photos
    ]
    facts = "".join(f"<li>{escape(line)}</li>" for line in _facts(report))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{TITLE}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n<h1>{TITLE}</h1>\n<p>{RULE}</p>\n<ul>{facts}</ul>\n<h2>Models</h2>\n"
        + _html_table(["model", *HEADINGS, "median seconds"], model_rows)
        + "<h2>Photos</h2>\n<p>Those that fooled most come first.</p>\n"
        + _html_table(["photo", "true", "colorized", "model", *HEADINGS], photo_rows)
        + "</html>\n"
    )


def _facts(report: "Report") -> list[str]:
    """Return how the test was made and what was counted, a line each."""
    excluded = "".join(
        f"; number {one.participant} was right in {one.right} of {one.sanity} sanity trials" for one in report.excluded
    )
    left = "" if report.left_share is None else f"; the left one was chosen in {report.left_share:.0%}"
    return [
        f"Viewing: {VIEWINGS[report.viewing]}.",
        f"Each participant: {report.trials} trials and the sanity trials among them; seed {report.seed}.",
        f"Participants: {report.participants}, {report.finished} of them to the end; "
        f"excluded: {len(report.excluded)}{excluded}.",
        f"Answers counted: {report.answers}{left}.",
        f"Sanity trials: right in {report.sanity_right} of {report.sanity_answers}, all participants.",
    ]


def _numbers(rate: "Rate") -> list[str]:
    share = "none yet" if rate.fool_rate is None else f"{rate.fool_rate:.1%}"
    return [share, f"{rate.low:.1%} to {rate.high:.1%}", str(rate.fooled), str(rate.trials)]


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _img(name: str) -> str:
    return f'<img loading="lazy" alt="" src="{FOLDER}/{quote(name)}">'


def _markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> str:
    """Return a table whose first ``texts`` columns are texts, the others numbers."""
    rule = ["---"] * texts + ["--:"] * (len(headings) - texts)
    return "\n".join(f"| {' | '.join(row)} |" for row in [headings, rule, *rows])


def _html_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n'
