"""What each part of the default model is worth: leave one out, or put one in, at equal time."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.resample import upsample_chroma
from photochrom.data.augment import age
from photochrom.evaluate.candidate import Scored, score_candidate
from photochrom.evaluate.intervals import Interval, bootstrap_interval
from photochrom.evaluate.pixel import TooPale
from photochrom.evaluate.truth import Truth, colorized, gray, in_threads
from photochrom.objectives import Adversarial, Supervised
from photochrom.photo import Photo
from photochrom.recipe import Stage
from photochrom.recipes import RECIPES
from photochrom.studies import figures
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.study import Study
from photochrom.studies.trial import Trained, Trial
from photochrom.studies.trials import DEFAULT

Floats = NDArray[np.floating[Any]]

PHOTOS: Final = Selection("val", limit=150)
SHARES: Final = (0.6, 1.0)
SHOWN: Final = 8
TILE: Final = 118
SAID: Final = {"better": "better than", "worse": "worse than", "no difference shown": "not shown to differ from"}
SMALLEST: Final = 0.005
"""A difference of CIEDE2000 that the table shows as 0.00 is none."""
SEED: Final = 0
"""Of the dice that age photos."""

_EARLY, _MIDDLE, _LATE = DEFAULT.recipe.stages


def _part(name: str, encoder: str | None = DEFAULT.encoder, **changes: Any) -> Trial:
    """Return the default's trial with something changed."""
    return replace(DEFAULT, name=name, recipe=replace(RECIPES["default"], name=name, **changes), encoder=encoder)


def _options(**changes: Any) -> dict[str, Any]:
    return {**DEFAULT.recipe.network_options, **changes}


def _ending(objective: Supervised | Adversarial) -> tuple[Stage, ...]:
    """Return the default's stages, the last two with another objective."""
    return (_EARLY, *(replace(stage, objective=objective) for stage in (_MIDDLE, _LATE)))


_LOSSES: Final = Supervised()

CHANGES: Final[dict[str, tuple[str, Trial]]] = {
    "no_pretraining": ("the encoder starts from random weights", _part("no_pretraining", encoder=None)),
    "resnet18_body": (
        "a ResNet-18 body, 3 million parameters for 9",
        _part("resnet18_body", encoder="resnet18_c4", network_options=_options(encoder="resnet18")),
    ),
    "no_context": ("no attention over the whole photo", _part("no_context", network_options=_options(blocks=0))),
    "color_queries": (
        "32 color queries that look at three scales, beside the context",
        _part("color_queries", network_options=_options(queries=32)),
    ),
    "no_rebalancing": ("lambda 1: all colors weigh the same", _part("no_rebalancing", mix=1.0)),
    "half_rebalancing": ("lambda 0.5, as published", _part("half_rebalancing", mix=0.5)),
    "cross_entropy_alone": (
        "no Huber and no gradient loss",
        _part(
            "cross_entropy_alone",
            stages=tuple(
                replace(stage, objective=replace(_LOSSES, huber=0.0, gradient=0.0)) for stage in DEFAULT.recipe.stages
            ),
        ),
    ),
    "perceptual": (
        "a perceptual loss (VGG-16, weight 2) in the last two stages",
        _part("perceptual", stages=_ending(replace(_LOSSES, perceptual=2.0))),
    ),
    "adversarial": (
        "a critic (PatchGAN, weight 0.1) in the last two stages",
        _part(
            "adversarial",
            critic="patch_critic",
            critic_options={"layers": 1},
            stages=_ending(Adversarial(l1=0.0, gan=0.1, beside=_LOSSES)),
        ),
    ),
    "clean_only": ("no old-photo augmentation", _part("clean_only", aged=False)),
    "small_only": (f"all at {_EARLY.size} px", _part("small_only", stages=(replace(_EARLY, share=1.0),))),
    "large_only": (f"all at {_LATE.size} px", _part("large_only", stages=(replace(_LATE, share=1.0),))),
}
"""What is changed, in words, and the trial."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A trial's results at its own setting and at shares of the truth's colorfulness."""

    own: Scored
    at: Mapping[float, Scored]

    def lead(self, base: "Compared", measure: str, share: float = SHARES[0]) -> tuple[float, Interval]:
        """Return the mean difference of a measure from another's, photo by photo, and its interval."""
        difference = self.at[share].values[measure] - base.at[share].values[measure]
        return float(difference.mean()), bootstrap_interval(difference)


def compare(name: str, predictions: Sequence[Floats], truth: Truth) -> Compared:
    """Score predictions at their own setting and at those shares that they are not too pale for."""
    at = {}
    for share in SHARES:
        with suppress(TooPale):
            at[share] = score_candidate(name, predictions, truth, share)
    return Compared(score_candidate(name, predictions, truth), at)


def verdict(found: tuple[float, Interval]) -> str:
    """Say whether a change of CIEDE2000 can be told from luck."""
    mean, (low, high) = found
    if abs(mean) < SMALLEST:
        return "no difference shown"
    return "better" if high < 0 else "worse" if low > 0 else "no difference shown"


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    truth = laboratory.truth(PHOTOS)
    found = {}
    for number, (name, one) in enumerate(trained.items()):
        laboratory.report("scoring", number / len(trained))
        found[name] = compare(name, colorized(one.colorizer, truth), truth)
    page.heading("What each part is worth")
    _worth(laboratory, page, truth, found)
    page.heading("Old photos")
    _old(page, trained, truth)
    page.heading("How they learn")
    page.figure("curves", figures.curves(trained.values(), ["psnr"], "check"), "PSNR of the mean color while training.")
    page.heading("The same photos by all")
    places = figures.spread(len(truth.rgb), SHOWN)
    caption = "Validation photos at even distances, at each model's own setting."
    page.picture("sheet", figures.sheet(figures.results(trained, truth, places), TILE), caption)


def _worth(laboratory: Laboratory, page: Page, truth: Truth, found: Mapping[str, Compared]) -> None:
    """Write the table of changes and the sentence about what they did."""
    base = found[DEFAULT.name]
    page.text(
        f"{len(truth.rgb)} validation photos, 256 px center squares; every row is the default with one thing changed, "
        f"trained for {laboratory.budget}; {laboratory.fairness}. Compared at {SHARES[0]:.0%} of the truth's mean "
        f"colorfulness ({truth.colorfulness:.1f}), photo by photo; in brackets: 95% bootstrap intervals of the "
        f"difference. Fréchet distance on {truth.eyes.classifier.name if truth.eyes.classifier else 'no network'}, "
        f"n = {len(truth.rgb)}: compare it within this table only."
    )
    nothing = score_candidate("gray", gray(truth), truth)
    rows: list[list[object]] = [
        ["gray", "", "0%", f"{nothing.row.psnr:.2f}", "", f"{nothing.row.ciede2000:.2f}", "", _frechet(nothing), ""]
    ]
    rows += [_row(name, one, base, truth) for name, one in found.items()]
    page.table(
        ["trial", "change", "own colorfulness", "PSNR", "difference", "CIEDE2000", "difference", "Fréchet 60%",
         "Fréchet 100%"],
        rows,
    )  # fmt: skip
    able = {name: one for name, one in found.items() if one is not base and SHARES[0] in one.at}
    verdicts = {name: verdict(one.lead(base, "ciede2000")) for name, one in able.items()}
    for said, text in SAID.items():
        names = [name for name, one in verdicts.items() if one == said]
        page.text(f"By CIEDE2000, {text} the default: {', '.join(names) or 'none'}.")


def _row(name: str, one: Compared, base: Compared, truth: Truth) -> list[object]:
    """Return a trial's line; numbers are missing where it is too pale for them."""
    what = "" if one is base else CHANGES[name][0]
    line: list[object] = [name, what, f"{one.own.row.colorfulness / truth.colorfulness:.0%}"]
    if SHARES[0] not in one.at:
        return [*line, *["too pale"] * 6]
    row = one.at[SHARES[0]].row
    leads = ["", ""] if one is base else [_text(one.lead(base, measure)) for measure in ("psnr", "ciede2000")]
    line += [f"{row.psnr:.2f}", leads[0], f"{row.ciede2000:.2f}", leads[1]]
    return [*line, *(_frechet(one.at.get(share)) for share in SHARES)]


def _frechet(one: Scored | None) -> str:
    return "" if one is None or one.row.frechet is None else f"{one.row.frechet:.1f}"


def _text(found: tuple[float, Interval]) -> str:
    value, (low, high) = found
    return f"{value:+.2f} ({low:+.2f}..{high:+.2f})"


def _old(page: Page, trained: Mapping[str, Trained], truth: Truth) -> None:
    """Compare training with and without aged inputs on aged inputs."""
    chosen = [trained[name] for name in (DEFAULT.name, "clean_only")]
    found = [compare(one.trial.name, colored_from_old(one, truth), truth) for one in chosen]
    page.text(
        "The same photos as old prints: other weights of red, green and blue, faded, blurred, grainy, scratched. The "
        "network sees those, its colors are put on the true lightness."
    )
    rows = [[name, *(f"{value:.2f}" for value in (one.at[0.6].row.psnr, one.at[0.6].row.ciede2000))]
            for name, one in zip((one.trial.name for one in chosen), found, strict=True)]  # fmt: skip
    page.table(["trained on", "PSNR at 60%", "CIEDE2000 at 60%"], rows)
    lead = found[1].lead(found[0], "ciede2000")
    page.text(f"Without old-photo augmentation CIEDE2000 on old prints changes by {_text(lead)}: {verdict(lead)}.")


def colored_from_old(one: Trained, truth: Truth) -> list[Floats]:
    """Return a model's Lab (256, 256, 3) for photos that it sees as old prints, on their true lightness."""

    def color(place: int) -> Floats:
        lab, colorizer = truth.lab[place], one.colorizer
        print_HW = age(np.rint(truth.rgb[place] * 255).astype(np.uint8), np.random.default_rng((SEED, place)))
        page = Photo.from_array(print_HW).pages[0]
        ab = colorizer.chroma(page.lightness(*colorizer.working_size(*print_HW.shape[::-1])))
        return np.concatenate([lab[..., :1], upsample_chroma(ab, *print_HW.shape)], axis=-1).astype(np.float32)

    return list(in_threads(color, range(len(truth.rgb))))


STUDY: Final = Study(
    name="default_parts",
    title="What each part of the default model is worth",
    question=(
        "The default model is a U-Net on a pre-trained body, with attention, rebalanced bins, several losses, aged "
        "inputs and growing sizes. Does each of them earn its place, and would color queries, a perceptual loss or a "
        "critic?"
    ),
    trials=(DEFAULT, *(trial for _, trial in CHANGES.values())),
    write=write,
    photos=(PHOTOS,),
)
