"""One page that holds everything: tables, curves, best and worst photos, all photos; it loads nothing from anywhere."""

import base64
import io
import os
from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photochrom.evaluate.measures import MEASURES, Row, setting, shown
from photochrom.evaluate.plots import curves, legend
from photochrom.evaluate.score import Scores
from photochrom.evaluate.sheets import write_sheets
from photochrom.evaluate.tables import measured, notes, write_csv, write_json, write_markdown
from photochrom.evaluate.truth import BASELINES, in_threads

EXTREMES: Final = 4
"""How many best and how many worst photos of each model are shown."""
THUMB: Final = 112

_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_PLOTS: Final = {
    "psnr": "PSNR dB (more is better)",
    "ciede2000": "CIEDE2000 (less is better)",
    "auc_rebalanced": "rebalanced AuC %",
}
_AIMS: Final[dict[str, Callable[[float], float]]] = {
    "more": lambda value: -value,
    "less": lambda value: value,
    "1": lambda value: abs(value - 1),
}
"""What is least for the best row."""


def write_all(out: Path, scores: Scores) -> None:
    """Write scores.json, scores.csv, scores.md, report.html and contact sheets of every model into folder ``out``.

    All are written beside those of an older evaluation first, and replace them when all are whole.
    """
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".scores.", dir=out) as folder:
        fresh = Path(folder)
        write_json(fresh / "scores.json", scores)
        write_csv(fresh / "scores.csv", scores.rows)
        write_markdown(fresh / "scores.md", scores)
        for name in model_names(scores):
            write_sheets(fresh, scores, name)
        write_report(fresh / "report.html", scores)
        for path in sorted(fresh.iterdir()):
            os.replace(path, out / path.name)


def write_report(path: Path, scores: Scores) -> None:
    """Write the page: one file with style, script and pictures inside, for a browser without any network."""
    style, script = (files("photochrom.evaluate").joinpath(f"report.{end}").read_text("utf-8") for end in ("css", "js"))
    told = "".join(f"<li>{escape(note)}</li>" for note in notes(scores.about))
    names = escape(", ".join(model_names(scores)))
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>Photochrom: evaluation</title><style>{style}</style></head>
<body><header><h1>How good are the colors?</h1>
<p class="soft">{names} on {scores.about["photos"]} photos, beside gray and mean color.</p>
<nav><a href="#scores">Scores</a><a href="#trade-off">Trade-off</a><a href="#photos">Best and worst</a>
<a href="#all">All photos</a><a href="#protocol">Protocol</a></nav></header><main>
<h2 id="scores">Scores</h2>{_scores(scores.rows)}
<h2 id="trade-off">Accuracy against color</h2>{_trade_off(scores.rows)}
<section id="photos" class="before-gray"><h2>Best and worst photos</h2>{_extremes(scores)}</section>
<h2 id="all">All photos</h2>{_sheet(scores)}
<h2 id="protocol">Protocol</h2><ul>{told}</ul>{_meanings(scores.rows)}
</main><script>{script}</script></body></html>
"""
    path.write_text(page, encoding="utf-8")


def model_names(scores: Scores) -> list[str]:
    """Return the candidates that are no baselines."""
    return [name for name in scores.candidates if name not in BASELINES]


def _scores(rows: Sequence[Row]) -> str:
    measures = measured(rows)
    settings = list(dict.fromkeys(setting(row) for row in rows))
    options = "".join(f"<option>{escape(name)}</option>" for name in settings)
    looks = [MEASURES[measure] for measure in measures]
    heads = "".join(
        f'<th scope="col" title="{escape(look.meaning)}"><button>{escape(look.heading)}</button></th>' for look in looks
    )
    best = {measure: _best(rows, measure) for measure in measures}
    lines = []
    for row in rows:
        cells = "".join(_cell(row, measure, row in best[measure]) for measure in measures)
        lines.append(
            f'<tr data-setting="{escape(setting(row))}"><th scope="row">{escape(row.name)}'
            f"<small>{escape(setting(row))}</small></th>{cells}</tr>"
        )
    return (
        f'<div class="tools"><label>Show <select id="setting"><option value="">all settings</option>{options}</select>'
        '</label><span class="soft">Click a heading to sort; marked: best of its setting.</span></div>'
        '<div class="wide"><table class="scores"><thead><tr><th scope="col"><button>Candidate</button></th>'
        f"{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(row: Row, measure: str, is_best: bool) -> str:
    value = row.value(measure)
    if value is None:
        return "<td></td>"
    number, _, interval = shown(row, measure).partition(" ")
    small = f"<small>{escape(interval.strip('()'))}</small>" if interval else ""
    mark = ' class="best"' if is_best else ""
    return f'<td{mark} data-value="{value:.9g}">{number}{small}</td>'


def _best(rows: Sequence[Row], measure: str) -> list[Row]:
    """Return the best model of each setting by this measure; baselines do not compete."""
    aim, found = _AIMS.get(MEASURES[measure].better), []
    for name in {setting(row) for row in rows} if aim else ():
        group = [row for row in rows if setting(row) == name and row.name not in BASELINES]
        numbers = [(aim(value), row) for row in group if aim and (value := row.value(measure)) is not None]
        if len(numbers) > 1:
            found.append(min(numbers, key=lambda pair: pair[0])[1])
    return found


def _trade_off(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(row.name for row in rows))
    drawn = []
    for measure, title in _PLOTS.items():
        series = {
            name: [(row.colorfulness, row.value(measure) or 0.0) for row in rows if row.name == name] for name in names
        }
        drawn.append(curves(series, "mean colorfulness", title))
    return (
        '<p class="soft">Each model at its own setting and with its chroma scaled to shares of the truth\'s '
        "colorfulness. Leaving photos gray costs little accuracy: compare models at equal colorfulness, one above the "
        "other.</p>"
        f'{legend(names)}<div class="plots">{"".join(drawn)}</div>'
    )


def _extremes(scores: Scores) -> str:
    parts = [
        '<p class="soft">By CIEDE2000 at the own setting. Drag a photo: left of the line is gray or the truth, '
        "right of it the result.</p>"
        '<div class="tools"><label>Left of the line <select id="before"><option value="gray">gray</option>'
        '<option value="truth">the truth</option></select></label></div>'
    ]
    encoded: dict[tuple[str, int], str] = {}
    for name in model_names(scores):
        differences = scores.candidates[name].values["ciede2000"]
        order = np.argsort(differences, kind="stable")
        shown_count = min(EXTREMES, len(order) // 2)
        for title, chosen in (("best", order[:shown_count]), ("worst", order[::-1][:shown_count])):
            figures = [_slider(scores, name, int(place), encoded) for place in chosen]
            parts.append(f'<h3>{escape(name)}: {title}</h3><div class="pairs">{"".join(figures)}</div>')
    return "".join(parts)


def _slider(scores: Scores, name: str, place: int, encoded: dict[tuple[str, int], str]) -> str:
    """Return one photo with a line to drag; ``encoded`` keeps what several models share."""
    for kind, picture in (("gray", scores.candidates["gray"].pictures[place]), ("truth", _true(scores, place))):
        encoded.setdefault((kind, place), _inline(picture, quality=85))
    key, result = scores.truth.keys[place], _inline(scores.candidates[name].pictures[place], quality=85)
    difference = scores.candidates[name].values["ciede2000"][place]
    return (
        f'<figure><div class="stage"><img src="{result}" alt="colorized">'
        f'<img class="over gray" src="{encoded["gray", place]}" alt="gray">'
        f'<img class="over truth" src="{encoded["truth", place]}" alt="truth">'
        '<input type="range" min="0" max="100" value="50" '
        f'aria-label="{escape(key)}: how much of the left photo"></div>'
        f"<figcaption>{escape(key)} · CIEDE2000 {difference:.1f}</figcaption></figure>"
    )


def _sheet(scores: Scores) -> str:
    names = model_names(scores)
    heads = "".join(f"<th>{escape(name)}</th>" for name in ["photo", "gray", *names, "truth"])

    def line(place: int, key: str) -> str:
        pictures = [scores.candidates[name].pictures[place] for name in ("gray", *names)] + [_true(scores, place)]
        cells = "".join(f'<td><img loading="lazy" src="{_inline(picture, THUMB)}" alt=""></td>' for picture in pictures)
        return f"<tr><th>{escape(key)}</th>{cells}</tr>"

    lines = "".join(in_threads(line, range(len(scores.truth.keys)), scores.truth.keys))
    return f'<div class="wide sheet"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'


def _meanings(rows: Sequence[Row]) -> str:
    told = [
        f"<dt>{escape(MEASURES[name].heading)}</dt><dd>{escape(MEASURES[name].meaning)}</dd>" for name in measured(rows)
    ]
    return f"<details><summary>What the measures mean</summary><dl>{''.join(told)}</dl></details>"


def _true(scores: Scores, place: int) -> NDArray[np.uint8]:
    return np.rint(scores.truth.rgb[place] * 255).astype(np.uint8)


def _inline(picture: NDArray[Any], side: int | None = None, quality: int = 78) -> str:
    """Return a picture as the address of a JPEG inside the page, scaled to a square of ``side``."""
    image = Image.fromarray(picture)
    if side is not None:
        image = image.resize((side, side), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    image.save(held, "JPEG", quality=quality, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(held.getvalue()).decode("ascii")
