"""The first baselines on landscapes: an RGB autoencoder against an RGB U-Net, then the U-Net in Lab and with a GAN."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from photochrom.card import Decode
from photochrom.color.colorfulness import colorfulness
from photochrom.evaluate.intervals import bootstrap_interval
from photochrom.recipes import RECIPES
from photochrom.studies import figures
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.study import Study
from photochrom.studies.tables import scored
from photochrom.studies.trial import Trained, Trial
from photochrom.studies.views import Judged, Views, gray_error, judge, view

LANDSCAPES: Final = Selection("train", sources=("intel_scenes",), labels=("forest", "glacier", "mountain", "sea"))
JUDGED: Final = replace(LANDSCAPES, collection="val")
UNLIKE: Final = Selection("test", limit=32)
SIZE: Final = 64
RATES: Final = {"1e-2": 1e-2, "1e-3": 1e-3, "1e-4": 1e-4}
PUBLISHED: Final = {"autoencoder": 0.01020, "unet": 0.00652}
SHOWN: Final = 6


def landscape(name: str, recipe: str, rate: float = 1e-3) -> Trial:
    """Return the trial of a recipe on landscapes at a learning rate."""
    return Trial(
        f"landscape_{name}",
        replace(RECIPES[recipe], rate=rate),
        photos=LANDSCAPES,
        validation=replace(JUDGED, limit=16),
        decode=Decode(working_size=SIZE),
    )


AUTOENCODERS: Final = {text: landscape(f"autoencoder_{text}", "rgb_autoencoder", rate) for text, rate in RATES.items()}
UNETS: Final = {text: landscape(f"unet_{text}", "rgb_unet", rate) for text, rate in RATES.items()}
LAB_UNET: Final = landscape("unet_lab", "lab_unet")
GAN_UNET: Final = landscape("unet_gan", "rgb_unet_gan")


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    views = view(laboratory.library.select(JUDGED), SIZE, len(laboratory.library.select(JUDGED)))
    judged = {name: judge(one.colorizer, views) for name, one in trained.items()}
    page.text(
        f"Trained on {len(laboratory.library.select(LANDSCAPES))} photos of forests, glaciers, mountains and the sea: "
        "random views, flipped half the time, cut alike for the gray input and the target. Judged on "
        f"{len(views)} other photos of the same kinds, as squares of {SIZE} pixels, the size of training. A network of "
        "red, green and blue paints lightness, too: the error is first that of the picture that it paints itself."
    )
    page.heading("Learning rates")
    autoencoder, unet = _rates(page, trained, judged)
    page.heading("Autoencoder against U-Net")
    _duel(page, trained, judged, views, {"autoencoder": autoencoder, "unet": unet})
    _galleries(page, judged[autoencoder], judged[unet], views)
    page.heading("Does Lab help? Does a critic?")
    _changes(page, trained, judged, views)
    page.heading("Photos unlike the training set")
    _unlike(laboratory, page, {name: trained[name] for name in (autoencoder, unet, LAB_UNET.name, GAN_UNET.name)})


def _rates(page: Page, trained: Mapping[str, Trained], judged: Mapping[str, Judged]) -> tuple[str, str]:
    """Compare the learning rates; returns the names of the best autoencoder and the best U-Net."""
    best, rows, texts = [], [], []
    for kind, trials in {"autoencoder": AUTOENCODERS, "U-Net": UNETS}.items():
        errors = {rate: float(judged[trial.name].own_error.mean()) for rate, trial in trials.items()}
        for rate, trial in trials.items():
            last = trained[trial.name].last("l2")
            rows.append([kind, rate, _five(None if last is None else last / 4), _five(errors[rate])])
        first = min(errors, key=errors.__getitem__)
        worst = max(errors, key=errors.__getitem__)
        texts.append(
            f"The {kind} does best at {first} (MSE {errors[first]:.5f}), worst at {worst} ({errors[worst]:.5f})."
        )
        best.append(trials[first].name)
        chosen = [trained[trial.name] for trial in trials.values()]
        name = "autoencoder" if trials is AUTOENCODERS else "unet"
        caption = f"Training loss of the {kind} at three learning rates (four times the MSE of RGB in 0..1)."
        page.figure(f"rates_{name}", figures.curves(chosen, ["l2"], log=True), caption)
    page.table(["network", "learning rate", "MSE in training, last 5% of steps", "MSE on other photos"], rows)
    page.text(
        " ".join(texts),
        "Every run rises to its rate over the first 3% of the budget and falls to a hundredth of it along a cosine. A "
        "rate too low leaves a short run unfinished, one too high makes it jump about or kills units for good.",
    )
    return best[0], best[1]


def _duel(
    page: Page, trained: Mapping[str, Trained], judged: Mapping[str, Judged], views: Views, names: Mapping[str, str]
) -> None:
    """Compare the best autoencoder with the best U-Net: error, blur, and what keeping the lightness does."""
    rows = []
    for kind, name in names.items():
        one = judged[name]
        low, high = bootstrap_interval(one.own_error)
        rows.append([
            name, f"{trained[name].card.training['parameters'] / 1e6:.1f}",
            f"{one.own_error.mean():.5f} ({low:.5f}..{high:.5f})", _five(PUBLISHED[kind]),
            _five(one.finished_error.mean()), f"{one.energy:.2f}", f"{one.kept:.2f}",
        ])  # fmt: skip
    gray = gray_error(views)
    rows.append(["photos left gray", "", _five(gray), "", _five(gray), "", ""])
    columns = ["network", "parameters (M)", "MSE, own picture", "published", "MSE, photo's lightness"]
    page.table([*columns, "gradient energy", "gradients kept"], rows)
    autoencoder, unet = (judged[name] for name in names.values())
    page.text(
        f"{_lower(autoencoder, unet)} The published values are of another set of landscapes and a longer training at "
        "another size, so only their order can be compared.",
        f"{_blurred(autoencoder, unet)} What the autoencoder paints has passed a quarter of the photo's size; the "
        "U-Net carries detail across by its skips.",
        _against_gray(names, judged, gray),
    )


def _lower(autoencoder: Judged, unet: Judged) -> str:
    """Say which of the two has the lower error, and how sure that is."""
    excess = autoencoder.own_error - unet.own_error
    low, high = bootstrap_interval(excess)
    sure = "more than chance" if low * high > 0 else "which may be chance"
    winner = "U-Net" if excess.mean() > 0 else "autoencoder"
    return (
        f"The {winner} has the lower error: photo by photo the autoencoder's less the U-Net's is {excess.mean():.5f} "
        f"({low:.5f}..{high:.5f}), {sure}."
    )


def _blurred(autoencoder: Judged, unet: Judged) -> str:
    """Say which of the two is blurred, by the gradient energy of their own pictures."""
    more = "autoencoder" if autoencoder.kept < unet.kept else "U-Net"
    blurred = f"the {more} is the more blurred" if min(autoencoder.kept, unet.kept) < 1 else "neither is blurred"
    return (
        "Gradient energy is the mean squared difference of neighboring pixels of a network's own picture, as a share "
        f"of the truth's: {autoencoder.energy:.2f} for the autoencoder and {unet.energy:.2f} for the U-Net. It counts "
        "patterns that are not in the photo, too, such as the checkerboard of transposed convolutions; of the true "
        f"gradients themselves the share kept is {autoencoder.kept:.2f} and {unet.kept:.2f}, so that {blurred}."
    )


def _against_gray(names: Mapping[str, str], judged: Mapping[str, Judged], gray: float) -> str:
    """Say what painting costs against leaving the photo gray, and against keeping its lightness."""
    below = [kind for kind, name in names.items() if judged[name].own_error.mean() < gray]
    kept = {kind: judged[name].finished_error.mean() for kind, name in names.items()}
    costs = [kind for kind, name in names.items() if judged[name].own_error.mean() > kept[kind]]
    return (
        f"A photo left gray, with all its detail and no color, has an MSE of {gray:.5f}; below that with their own "
        f"pictures: {' and '.join(below) or 'neither'}. With the photo's own lightness under the network's "
        f"chroma the errors are {' and '.join(f'{error:.5f} ({kind})' for kind, error in kept.items())}. Painting the "
        f"lightness anew, which is known, costs accuracy: {' and '.join(costs) or 'neither'}."
    )


def _galleries(page: Page, autoencoder: Judged, unet: Judged, views: Views) -> None:
    """Show the photos of which the U-Net's error is lowest and highest."""
    order = np.argsort(unet.own_error)
    for name, places in {"lowest": order[:SHOWN], "highest": order[::-1][:SHOWN]}.items():
        columns = {
            "gray": [views.grays[place] for place in places],
            "autoencoder": [autoencoder.own[place] for place in places],
            "U-Net": [unet.own[place] for place in places],
            "truth": [views.rgb[place] for place in places],
        }
        caption = (
            f"The {len(places)} photos with the {name} MSE of the U-Net, from {unet.own_error[places[0]]:.5f} to "
            f"{unet.own_error[places[-1]]:.5f}; the autoencoder has {autoencoder.own_error[places].mean():.5f} there."
        )
        page.picture(name, figures.sheet(columns), caption)


def _changes(page: Page, trained: Mapping[str, Trained], judged: Mapping[str, Judged], views: Views) -> None:
    """Change one thing at a time about the U-Net: the color space, then the loss."""
    names = {"RGB": UNETS["1e-3"].name, "Lab": LAB_UNET.name, "RGB and critic": GAN_UNET.name}
    truth = float(np.mean([colorfulness(photo) for photo in views.rgb]))
    rows = []
    for what, name in names.items():
        one = judged[name]
        errors = _five(one.own_error.mean()), _five(one.finished_error.mean())
        rows.append([what, *errors, f"{one.energy:.2f}", f"{one.kept:.2f}", f"{one.color:.1f}"])
    rows.append(["truth", "", "", "1.00", "1.00", f"{truth:.1f}"])
    page.text(
        "The same U-Net at a learning rate of 1e-3 and the same budget, with one thing changed at a time. In Lab it "
        "answers a and b alone and the photo keeps its lightness; with a critic the last 40% of the budget are a game "
        "(as in pix2pix: 100 x L1, the critic's opinion of patches, a first beta of 0.5 for Adam)."
    )
    columns = ["U-Net", "MSE, own picture", "MSE, photo's lightness", "gradient energy", "gradients kept"]
    page.table([*columns, "colorfulness"], rows)
    rgb, lab, gan = (judged[name] for name in names.values())
    page.text(
        _help("Lab", rgb, lab, truth),
        _help("The critic", rgb, gan, truth),
    )
    places = figures.spread(len(views), SHOWN)
    shown = {"gray": [views.grays[place] for place in places]}
    shown |= {what: [judged[name].own[place] for place in places] for what, name in names.items()}
    shown["truth"] = [views.rgb[place] for place in places]
    caption = "Photos at even distances of those judged, as each network shows them."
    page.picture("changes", figures.sheet(shown), caption)
    game = figures.curves([trained[GAN_UNET.name]], ["l2", "D", "G GAN", "G L1"])
    page.figure("game", game, "The run with a critic: squared error, then the game's losses by their usual names.")


def _help(what: str, before: Judged, after: Judged, truth: float) -> str:
    """Say whether a change helps, by error and by color."""
    now, then = (float(one.own_error.mean()) for one in (after, before))
    low, high = bootstrap_interval(after.own_error - before.own_error)
    sure = "more than chance" if low * high > 0 else "which may be chance"
    nearer = "nearer to" if abs(after.color - truth) < abs(before.color - truth) else "no nearer to"
    kept, kept_then = (float(one.finished_error.mean()) for one in (after, before))
    return (
        f"{what} {'lowers' if now < then else 'raises'} the error of the picture shown from {then:.5f} to {now:.5f} (a "
        f"difference of {low:.5f}..{high:.5f}, {sure}) and takes colorfulness from {before.color:.1f} to "
        f"{after.color:.1f}, {nearer} the truth's {truth:.1f}. On the photo's own lightness the error goes from "
        f"{kept_then:.5f} to {kept:.5f}: for color alone it {'helps' if kept < kept_then else 'does not help'}."
    )


def _unlike(laboratory: Laboratory, page: Page, models: Mapping[str, Trained]) -> None:
    """Show what networks that have seen nothing but landscapes make of other photos."""
    page.text("Test photos of all kinds; of people, streets, rooms and animals these networks have seen none in color.")
    scores = laboratory.score(models, UNLIKE)
    scored(page, scores, ("psnr", "ciede2000", "colorfulness", "auc"), (None, 0.6))
    psnr = {row.name: row.psnr for row in scores.rows if row.share is None}
    better = [name for name in models if psnr[name] > psnr["gray"]]
    best = max(models, key=psnr.__getitem__)
    page.text(
        f"{'Of these, ' + ', '.join(better) if better else 'None of them'} "
        f"{'score' if len(better) > 1 or not better else 'scores'} above photos left gray ({psnr['gray']:.2f} dB); the "
        f"best, {best}, has {psnr[best]:.2f} dB."
    )
    truth = laboratory.truth(UNLIKE)
    columns = figures.results(models, truth, figures.spread(len(truth.rgb), SHOWN + 2))
    shown = {name.removeprefix("landscape_"): photos for name, photos in columns.items()}
    page.picture("unlike", figures.sheet(shown), "Test photos at even distances, with their own lightness.")


def _five(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}"


STUDY: Final = Study(
    name="rgb_baseline",
    title="The first baselines: RGB autoencoder and RGB U-Net",
    question=(
        "The simplest way to color a photo is to paint red, green and blue from gray. How far does an autoencoder "
        "come, which squeezes the photo through a bottleneck, and how far a U-Net, whose skips carry detail? Which "
        "learning rate suits them, how blurred are they, what happens on photos unlike those of training, and does it "
        "help to answer in Lab, or to add a critic?"
    ),
    trials=(*AUTOENCODERS.values(), *UNETS.values(), LAB_UNET, GAN_UNET),
    write=write,
    photos=(JUDGED, UNLIKE),
)
