"""Tables that several studies write."""

from collections.abc import Sequence

from photochrom.evaluate.measures import MEASURES, Row, shown
from photochrom.evaluate.score import Scores
from photochrom.evaluate.tables import measured
from photochrom.studies.page import Page


def scored(
    page: Page, scores: Scores, measures: Sequence[str], shares: Sequence[float | None] = (None, 0.6, 1.0)
) -> None:
    """Write the protocol and a table of scores: every candidate at its own setting and at shares of colorfulness."""
    about = scores.about
    page.text(
        f"{about['photos']} photos, {about['crop']}; the truth's mean signed colorfulness is "
        f"{about['colorfulness_of_truth']:.1f}. In brackets: 95% bootstrap intervals over photos. Fréchet distance: "
        f"{about['frechet_features'] or 'not measured'}, n = {about['photos']}."
    )
    rows = [
        [row.name, "own" if row.share is None else f"{row.share:.0%}", *(shown(row, measure) for measure in measures)]
        for row in scores.rows
        if row.share in shares
    ]
    page.table(["model", "colorfulness at", *(MEASURES[measure].heading for measure in measures)], rows)


def compared(page: Page, rows: Sequence[Row], measures: Sequence[str]) -> None:
    """Write a table of rows, of those measures that at least one of them has."""
    taken = measured(rows, measures)
    cells = [[row.name, *(shown(row, measure) for measure in taken)] for row in rows]
    page.table(["model", *(MEASURES[measure].heading for measure in taken)], cells)
