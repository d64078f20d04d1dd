"""Measures what `photochrom album` makes of a thing that recurs: one person, coat or piece in photos of other scenes.

Things are made from color photos, so that it is known what corresponds: the middle of a photo, with a soft border, is
put into photos that have nothing else in common with it or each other, at other sizes and places, turned, mirrored,
bent as cloth bends, and lit from the side, lighter or darker, harder or softer. Further photos are mixed in.

    found      share of pairs of photos with one thing in which it was found; and of other pairs, in which it was not
    right      share of pairs of places, in traces over several scenes, that are within two cells of each other's thing
    variance   sum of the variances of a and b (Lab units squared) of one place of a thing over the photos that show it
    CIEDE2000  mean difference to the true colors, lightness being the photo's own: on things, and on whole photos

Run as ``python -m benchmarks.recurring --photos TAR [TAR ...]``; prints Markdown. ``--sheet FILE`` shows the photos.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.albums import Shot, accuracy, apart, colored, pictures, sampled, variance
from photochrom import Colorizer, Photo
from photochrom.album.sharing import Plan, Rules
from photochrom.color.difference import ciede2000
from photochrom.color.lab import lab_to_rgb, rgb_to_lab
from photochrom.color.resample import fit_gamut

TILE = 200
"""Pixels of a photo on the sheet."""


def put(thing: np.ndarray, scene: np.ndarray, group: int, random: np.random.Generator) -> Shot:
    """Return a photo of a scene with a thing in it, both sRGB (H, W, 3), 0..1; places are those of the thing."""
    places = _placed(thing.shape[:2], scene.shape[:2], random)
    high, wide = thing.shape[:2]
    radius = min(high, wide) * 0.36
    away = np.abs((places[..., 0] - wide / 2) / radius) ** 3 + np.abs((places[..., 1] - high / 2) / radius / 1.25) ** 3
    inside = (places >= 0).all(axis=-1) & (places[..., 0] <= wide) & (places[..., 1] <= high)
    cover = np.clip((1 - away) * 8, 0, 1) * inside
    lab = rgb_to_lab(sampled(thing.astype(np.float64), places))
    light = (lab[..., 0] - 50) * random.uniform(0.85, 1.12) + 50 + random.uniform(-8, 8)
    lab[..., 0] = np.clip(light + random.uniform(-12, 12) * (places[..., 0] / wide - 0.5), 0, 100)
    whole = lab * cover[..., None] + rgb_to_lab(scene.astype(np.float64)) * (1 - cover[..., None])
    places[cover < 0.5] = np.nan
    return Shot(fit_gamut(whole), group, whole[..., 1:], places)


def _placed(thing: tuple[int, int], scene: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """Return which place of a thing each pixel of a scene shows, (H, W, 2): turned, mirrored and bent."""
    (high, wide), short = scene, min(thing)
    scale = random.uniform(0.6, 1.0) * min(scene) / short
    angle, side = np.radians(random.uniform(-6, 6)), random.choice([-1, 1])
    middle = np.array([wide * random.uniform(0.35, 0.65), high * random.uniform(0.4, 0.65)])
    across, down = np.meshgrid(np.arange(wide) + 0.5, np.arange(high) + 0.5)
    across, down = (across - middle[0]) / scale, (down - middle[1]) / scale
    x = side * (np.cos(angle) * across - np.sin(angle) * down) + thing[1] / 2
    y = np.sin(angle) * across + np.cos(angle) * down + thing[0] / 2
    phase, wave = random.uniform(0, 2 * np.pi, 2), random.uniform(0.6, 1.2, 2) * 2 * np.pi / short
    x = x + 0.05 * short * np.sin(wave[0] * y + phase[0])
    return np.stack([x, y + 0.05 * short * np.sin(wave[1] * x + phase[1])], axis=-1)


def album(tars: Sequence[Path], things: int, others: int, seed: int) -> Iterator[Shot]:
    """Yield three photos of each thing, and other photos, of which each is a group of its own."""
    random, found = np.random.default_rng(seed), pictures(tars, 4 * things + others, seed)
    shown = [next(found) for _ in range(things)]
    for number in range(3 * things):
        yield put(shown[number // 3], next(found), number // 3, random)
    for number, picture in enumerate(found):
        lab = rgb_to_lab(picture.astype(np.float64))
        yield Shot(lab, things + number, lab[..., 1:], np.full((*lab.shape[:2], 2), np.nan))


def encounters(shots: Sequence[Shot], plan: Plan) -> tuple[float, float]:
    """Return in which share of pairs with one thing, and of other pairs, photos of two scenes share a place."""
    met = {(one, other) for trace in plan.traces for (one, _), (other, _) in combinations(trace, 2)}
    rows: dict[bool, list[bool]] = {True: [], False: []}
    for one, other in combinations(range(len(shots)), 2):
        rows[shots[one].group == shots[other].group].append((one, other) in met)
    return float(np.mean(rows[True])), float(np.mean(rows[False]))


def right(shots: Sequence[Shot], plan: Plan) -> float:
    """Return which share of pairs of places in a trace correspond."""
    rows = []
    for trace in plan.traces:
        for (one, here), (other, there) in combinations(trace, 2):
            ends = [(shots[number], plan.members[number], cell) for number, cell in ((one, here), (other, there))]
            rows.append(shots[one].group == shots[other].group and apart(ends) <= 2)
    return float(np.mean(rows)) if rows else float("nan")


def on_things(shots: Sequence[Shot], colors: Sequence[Any]) -> float:
    """Return the mean CIEDE2000 on things."""
    rows = []
    for shot, ab in zip(shots, colors, strict=True):
        if shot.places is not None and (known := np.isfinite(shot.places[..., 0])).any():
            lab = fit_gamut(np.concatenate([shot.lab[..., :1], ab], axis=-1).astype(np.float64))
            rows.append(ciede2000(lab[known], shot.lab[known]).mean())
    return float(np.mean(rows))


def write_sheet(shots: Sequence[Shot], looks: Sequence[Sequence[Any]], target: Path) -> None:
    """Write the first 24 photos, in true colors and in those of each look, one below the other."""
    rows = []
    for start in range(0, min(24, len(shots)), 6):
        part = slice(start, start + 6)
        rows += [[_tile(*one) for one in zip(shots[part], colors[part], strict=True)] for colors in looks]
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows if len(row) == len(rows[0])])
    Photo.from_array(sheet).save(target)


def _tile(shot: Shot, ab: Any) -> np.ndarray:
    high, wide = shot.lab.shape[:2]
    places = (np.arange(TILE) * max(high, wide) / TILE).astype(int)
    lab = np.concatenate([shot.lab[..., :1], ab], axis=-1)[np.ix_(places[places < high], places[places < wide])]
    tile = np.full((TILE, TILE, 3), 255, np.uint8)
    tile[: lab.shape[0], : lab.shape[1]] = np.rint(np.clip(lab_to_rgb(fit_gamut(lab.astype(np.float64))), 0, 1) * 255)
    return tile


def main() -> None:
    """Measure and print."""
    options = _options()
    shots = list(album(options.photos, options.things, options.others, options.seed))
    plan, alone, shared = colored(Colorizer(options.model), shots, Rules(recurring=options.recurring))
    same, others = encounters(shots, plan)
    sys.stdout.write(
        f"{len(shots)} photos; found in {same:.1%} of pairs with one thing, {others:.2%} of others; "
        f"{len(plan.recurring)} things; {len(plan.traces)} places, {right(shots, plan):.1%} of their pairs right\n\n"
        "| colors | variance on things | CIEDE2000 on things | CIEDE2000 | PSNR | chroma |\n|---|--:|--:|--:|--:|--:|\n"
    )
    for name, colors in (("by itself", alone), ("album", shared)):
        difference, psnr, chroma = accuracy(shots, colors)
        own = f"{variance(shots, colors):.2f} | {on_things(shots, colors):.2f}"
        sys.stdout.write(f"| {name} | {own} | {difference:.2f} | {psnr:.2f} | {chroma:.1f} |\n")
    if options.sheet is not None:
        write_sheet(shots, ([shot.ab for shot in shots], alone, shared), options.sheet)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.recurring", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="tar shards of color photos")
    parser.add_argument("--model", default="default", help="the model's name or file")
    parser.add_argument("--things", type=int, default=20, help="things, each put into three photos")
    parser.add_argument("--others", type=int, default=20, help="photos without any of them that are mixed in")
    parser.add_argument("--recurring", type=float, default=Rules().recurring)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sheet", type=Path, help="write the photos as a contact sheet: true, by itself, in the album")
    return parser.parse_args()


if __name__ == "__main__":
    main()
