"""The shipped model, honestly: beside every family, on photos that nobody chose, with its faults and its card."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from photochrom import weights
from photochrom.data.catalog import list_entries, read_bytes
from photochrom.errors import PhotoError
from photochrom.evaluate.calibration import calibrate
from photochrom.evaluate.candidate import Scored, score_candidate
from photochrom.evaluate.hinting import measure_hints
from photochrom.evaluate.measures import MEASURES, Row, setting, shown
from photochrom.evaluate.pixel import TooPale
from photochrom.evaluate.stability import size_differences
from photochrom.evaluate.truth import BASELINES, Truth, colorized
from photochrom.photo import Photo
from photochrom.studies import figures
from photochrom.studies.faults import HUES, KINDS, NEUTRAL, find_faults
from photochrom.studies.gallery import square
from photochrom.studies.goals import SHARES, Evidence, by_setting, judge_goals
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.study import Study
from photochrom.studies.trial import Trained
from photochrom.studies.trials import DEFAULT, FAMILIES

Floats = NDArray[np.floating[Any]]

PHOTOS: Final = Selection("test")
GUESSED: Final = Selection("val", limit=150)
SHIPPED: Final = "shipped"
SMALL: Final = "small"
SHOWN: Final = 60
HINTED: Final = 60
SEED: Final = 2026
TILE: Final = 104
DOWN: Final = 15
EACH: Final = 6
COLUMNS: Final = ("colorfulness", "psnr", "ciede2000", "frechet", "auc_rebalanced")


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    truth = laboratory.truth(PHOTOS)
    models = {**trained, SMALL: _shipped(SMALL, SMALL), SHIPPED: _shipped(SHIPPED, weights.DEFAULT)}
    scored = {name: [score_candidate(name, baseline(truth), truth)] for name, baseline in BASELINES.items()}
    for number, (name, model) in enumerate(models.items()):
        laboratory.report("scoring", number / len(models))
        scored[name] = score_at(name, colorized(model.colorizer, truth), truth)
    page.heading("Beside every family and baseline")
    _table(page, truth, scored)
    page.heading("What it was to reach")
    _goals(laboratory, page, truth, models, by_setting(scored))
    own = scored[SHIPPED][0]
    page.heading(f"{SHOWN} test photos that nobody chose")
    _test_photos(page, truth, own)
    page.heading(f"{SHOWN} historic photos that nobody chose")
    _historic(laboratory, page, models[SHIPPED])
    page.heading("What goes wrong")
    _faults(page, truth, own)
    page.heading("Does it know where it is guessing?")
    _guesses(laboratory, page, models[SHIPPED])
    page.heading("The card")
    _card(page, models[SHIPPED])


def _shipped(name: str, model: str) -> Trained:
    path = weights.shipped()[model]
    return Trained(replace(DEFAULT, name=name), path.parent, path)


def score_at(name: str, predictions: Sequence[Floats], truth: Truth) -> list[Scored]:
    """Score predictions at their own setting, then at those :data:`SHARES` that they are not too pale for."""
    scored = [score_candidate(name, predictions, truth)]
    for share in SHARES:
        with suppress(TooPale):
            scored.append(score_candidate(name, predictions, truth, share))
    return scored


def _table(page: Page, truth: Truth, scored: Mapping[str, Sequence[Scored]]) -> None:
    eye = truth.eyes.classifier
    page.text(
        f"{len(truth.rgb)} test photos, 256 px center squares; the truth's mean colorfulness is "
        f"{truth.colorfulness:.1f}. Every model at its own setting, and at equal colorfulness where it is not too pale "
        "for it. In brackets: 95% bootstrap intervals over photos. Fréchet distance: "
        f"{eye.name if eye else 'not measured'}, n = {len(truth.rgb)}, no FID. The families had the same photos and "
        f"the same few minutes each; {DEFAULT.name} is the shipped network after those minutes, so no rival of its own."
    )
    rows = [
        [one.row.name, setting(one.row), *(shown(one.row, measure) for measure in COLUMNS)]
        for many in scored.values()
        for one in many
    ]
    page.table(["model", "colorfulness at", *(MEASURES[measure].heading for measure in COLUMNS)], rows)


def _goals(
    laboratory: Laboratory,
    page: Page,
    truth: Truth,
    models: Mapping[str, Trained],
    rows: Mapping[tuple[str, float | None], Row],
) -> None:
    """Measure what scores do not tell and write the table of goals."""
    laboratory.report("hints and sizes", 0.5)
    colorizer = models[SHIPPED].colorizer
    differences = size_differences(colorizer, truth.rgb)
    evidence = Evidence(
        rows,
        [name for name in models if name not in (SHIPPED, SMALL, DEFAULT.name)],
        models[SHIPPED],
        models[SMALL],
        measure_hints(colorizer, truth.part(figures.spread(len(truth.rgb), HINTED))),
        max(float(np.mean(values)) for values in differences.values()),
    )
    goals = judge_goals(evidence)
    page.table(
        ["number", "to reach", "measured", "reached"],
        [[goal.what, goal.wanted, goal.measured, "yes" if goal.reached else "no"] for goal in goals],
    )
    page.text(f"{sum(goal.reached for goal in goals)} of {len(goals)} are reached.")


def thrown(count: int, wanted: int) -> list[int]:
    """Return up to ``wanted`` places of ``count``, by dice of a fixed seed, in rising order."""
    dice = np.random.default_rng(SEED)
    return sorted(int(place) for place in dice.permutation(count)[:wanted])


def wide(columns: Mapping[str, Sequence[Floats]], down: int) -> dict[str, list[Floats]]:
    """Break columns of photos into several blocks side by side, each ``down`` photos high; the last may be cut off."""
    longest = max(len(photos) for photos in columns.values())
    return {
        f"{name} {start + 1}": list(photos[start : start + down])
        for start in range(0, longest, down)
        for name, photos in columns.items()
    }


def _test_photos(page: Page, truth: Truth, own: Scored) -> None:
    places = thrown(len(truth.rgb), SHOWN)
    results: list[Floats] = [own.pictures[place].astype(np.float32) / 255 for place in places]
    grays: list[Floats] = [np.repeat(truth.grays[place][..., None] / np.float32(255), 3, axis=-1) for place in places]
    columns: dict[str, list[Floats]] = {
        "gray": grays,
        "result": results,
        "truth": [truth.rgb[place] for place in places],
    }
    for half, start in enumerate(range(0, len(places), 2 * DOWN), 1):
        part = {name: photos[start : start + 2 * DOWN] for name, photos in columns.items()}
        caption = f"Gray, result at the shipped setting, truth; chosen by dice (seed {SEED}), part {half}."
        page.picture(f"test-{half}", figures.sheet(wide(part, DOWN), TILE), caption)


def _historic(laboratory: Laboratory, page: Page, model: Trained) -> None:
    assert laboratory.legacy is not None, "run_study makes sure of it"
    entries = list_entries([str(laboratory.legacy)])
    before, after = [], []
    for number, place in enumerate(thrown(len(entries), SHOWN)):
        laboratory.report("historic photos", number / SHOWN)
        with suppress(PhotoError):
            photo = Photo.open(read_bytes(entries[place]))
            before.append(square(photo.to_array()))
            after.append(square(model.colorizer.colorize(photo).to_array()))
    sheet = figures.sheet(wide({"before": before, "after": after}, DOWN), TILE)
    page.picture("historic", sheet, f"{len(before)} historic photos, center squares, chosen by dice (seed {SEED}).")


def _faults(page: Page, truth: Truth, own: Scored) -> None:
    """Write where the error lies, what becomes of each hue, and show the worst of each kind."""
    found = find_faults(own.pictures, truth.lab)
    page.text(
        f"Every place of the {len(truth.rgb)} results falls into one kind; the error is the squared distance in ab. A "
        f"chroma below {NEUTRAL:g} counts as gray."
    )
    rows = [
        [kind, meaning, f"{pixels:.0%}", f"{error:.0%}"]
        for (kind, meaning), pixels, error in zip(KINDS.items(), found.pixels.mean(axis=0), found.share(), strict=True)
    ]
    page.table(["kind", "what", "places", "of the error"], rows)
    page.text("What becomes of each true hue (chroma: the part in the true direction):")
    sums = found.hues.sum(axis=0)
    lines = [
        [hue, f"{share / len(truth.rgb):.1%}", f"{chroma / share:.0f}", f"{along / chroma:.0%}", f"{kept / share:.0%}"]
        for hue, (share, chroma, along, kept) in zip(HUES, sums.tolist(), strict=True)
        if share > 0
    ]
    page.table(["true hue", "places", "true chroma", "chroma kept", "hue kept"], lines)
    columns: dict[str, list[Floats]] = {}
    for kind in list(KINDS)[1:]:
        places = found.worst(kind, EACH)
        columns[kind] = [own.pictures[place].astype(np.float32) / 255 for place in places]
        columns[f"truth ({kind})"] = [truth.rgb[place] for place in places]
    page.picture("faults", figures.sheet(columns, TILE), f"The {EACH} photos with the most error of each kind.")


def _guesses(laboratory: Laboratory, page: Page, model: Trained) -> None:
    """Draw the reliability diagram on validation photos and tell the rank correlations."""
    laboratory.report("guesses", 0.9)
    scales = int(model.card.guess.get("scales", 1))
    found = calibrate(model.colorizer, laboratory.truth(GUESSED), scales)
    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    panel = figure.subplots()
    panel.plot(*zip(*found.deciles, strict=True), marker="o", label="deciles of places")
    ends = [found.deciles[0][0], found.deciles[-1][0]]
    panel.plot(ends, ends, linestyle="--", label="as expected")
    panel.set(xlabel="expected CIEDE2000", ylabel="real CIEDE2000")
    panel.legend()
    page.figure("guesses", figure, "Expected against real error; each half of the photos judged by the other's table.")
    page.text(
        "The guess map's doubt is the spread of the color bins"
        + (" and the disagreement of two scales" if scales > 1 else "")
        + f". On {GUESSED.limit} validation photos its rank correlation (Spearman) with the real error is "
        f"{found.correlation:.2f} over places and {found.photo_correlation:.2f} over photos. The tenth of all places "
        f"with the least expected error ({found.deciles[0][0]:.1f}) has a real one of {found.deciles[0][1]:.1f}, the "
        f"tenth with the most ({found.deciles[-1][0]:.1f}) one of {found.deciles[-1][1]:.1f}."
    )


def _card(page: Page, model: Trained) -> None:
    card = model.card
    told = {
        **asdict(card.decode),
        **{key: value for key, value in card.training.items() if not isinstance(value, dict)},
    }
    page.text(card.description + ".", f"License of the weights: {card.license}.")
    page.table(["what", "value"], [[name.replace("_", " "), str(value)] for name, value in told.items()])
    page.text("Ingredients and their terms:")
    keys = list(dict.fromkeys(key for origin in card.origins for key in origin))
    page.table(keys, [[origin.get(key, "") for key in keys] for origin in card.origins])


STUDY: Final = Study(
    name="default",
    title="The shipped model, honestly",
    question=(
        "How good is the model that comes with the package, beside every family of this laboratory and beside what it "
        "was meant to reach? What does it do to photos that nobody chose, and what does it do wrong?"
    ),
    trials=FAMILIES,
    write=write,
    backbones=("mobilenet_v2",),
    legacy=True,
    photos=(PHOTOS, GUESSED),
)
