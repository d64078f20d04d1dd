"""The page of a run: results beside their photos, and failures; one file that loads nothing."""

import base64
import html
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from photochrom.archive.ledger import Ledger
from photochrom.archive.previews import make_sheet
from photochrom.archive.report import FAILURES, Summary, failures, style

PAGE: Final = "index.html"
SHEET: Final = "sheet.jpg"
MOST: Final = 500
"""Pairs, and failures, on the page."""
ON_SHEET: Final = 60
_PREVIEWS: Final = """
SELECT source, target, width, height, tint, preview FROM (
    SELECT *, ROW_NUMBER() OVER (ORDER BY number) AS place FROM photos WHERE state = 'done' AND preview NOT NULL
) WHERE (place - 1) % ? = 0 ORDER BY number"""
_COUNT: Final = "SELECT COUNT(*) AS number FROM photos WHERE state = 'done' AND preview NOT NULL"


def write_page(ledger: Ledger, run: int, summary: Summary, folder: Path) -> list[Path]:
    """Write page and contact sheet into a folder and return the files; no sheet where there are no small pictures."""
    chosen = _chosen(ledger, MOST)
    page, sheet = folder / PAGE, folder / SHEET
    with page.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(_head(summary))
        if chosen:
            file.write('<h2>Photos and results</h2>\n<ul class="photos">\n')
            file.writelines(_figure(one) for one in chosen)
            file.write("</ul>\n")
        file.write(_table(ledger, run, summary.failed))
        file.write("</body></html>\n")
    if not chosen:
        return [page]
    step = -(-len(chosen) // ON_SHEET)
    sheet.write_bytes(make_sheet([one["preview"] for one in chosen[::step]]))
    return [page, sheet]


def _chosen(ledger: Ledger, most: int) -> list[dict[str, Any]]:
    """Return results that have small pictures, evenly chosen where there are more than ``most``."""
    (count,) = ledger.ask(_COUNT)
    return list(ledger.ask(_PREVIEWS, (max(1, -(-count["number"] // most)),)))


def _head(summary: Summary) -> str:
    title = html.escape(f"Photochrom: {summary.source}")
    lines = "<br>".join(html.escape(line) for line in summary.lines())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width">\n<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>\n{style()}</style></head>\n<body><h1>{title}</h1>\n"
        f"<p>Results in {html.escape(summary.target)}</p>\n<p>{lines}</p>\n"
    )


def _figure(one: dict[str, Any]) -> str:
    data = base64.b64encode(one["preview"]).decode("ascii")
    name = html.escape(one["target"])
    link = html.escape("../" + quote(one["target"].encode("utf-8", "surrogateescape")))
    tint = "" if one["tint"] is None else ", was colored already"
    return (
        f'<li><a href="{link}"><img alt="photo and result" loading="lazy" src="data:image/jpeg;base64,{data}">'
        f"{name}</a><br><small>{one['width']} x {one['height']}{tint}</small></li>\n"
    )


def _table(ledger: Ledger, run: int, count: int) -> str:
    if not count:
        return ""
    rows = []
    for number, failure in enumerate(failures(ledger, run)):
        if number == MOST:
            break
        cells = (failure["source"], failure["kind"], failure["reason"])
        rows.append("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells) + "</tr>\n")
    more = f"<p>{count - MOST:,} more are in {FAILURES}.</p>\n" if count > MOST else ""
    head = "<tr><th>photo</th><th>failure</th><th>reason</th></tr>\n"
    return f"<h2>{count:,} failed</h2>\n<table>\n{head}{''.join(rows)}</table>\n{more}"
