"""Measures `photochrom album`: consistency across photos of one scene, and what it costs in accuracy.

Groups are made from color photos: overlapping crops at several scales, turned a little, darker or brighter, of more or
less contrast, so that it is known which places correspond; further photos are mixed in. Frames of films, one a second,
are groups, too; there no correspondence is known, and only accuracy is measured.

    variance   sum of the variances of a and b (Lab units squared) of one place of the scene over the photos that show
               it, mean over places and groups; of the true colors it is 0
    CIEDE2000  mean difference to the true colors, lightness being the photo's own
    PSNR       of sRGB, dB, against the true colors
    grouped    share of pairs of photos of one group that came into one scene; and of pairs of others
    false      share of shared places that join different groups, or places farther apart than two cells

Run as ``python -m benchmarks.albums --photos TAR [TAR ...] [--films FILE ...]``; prints Markdown.
"""

import argparse
import io
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from photochrom import Colorizer, Photo
from photochrom.album.album import Painter
from photochrom.album.member import Member, look_at
from photochrom.album.sharing import Plan, Rules, make_plan
from photochrom.color.difference import ciede2000
from photochrom.color.lab import lab_to_rgb, rgb_to_lab
from photochrom.color.resample import fit_gamut, upsample_chroma

GRID = 3
"""Places of a scene that are told apart: squares of so many pixels of its photo."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A photo of an album: its true colors, Lab (H, W, 3), its group, and which places (H, W, 2) of it are shown.

    Places are NaN where something else is shown. ``ab`` (H, W, 2) is as in the scene, even where sRGB has no such color
    at the photo's lightness.
    """

    lab: np.ndarray
    group: int
    ab: np.ndarray
    places: np.ndarray | None = None

    def photo(self) -> Photo:
        """Return it in gray."""
        gray = self.lab * np.array([1.0, 0.0, 0.0])
        return Photo.from_array(np.clip(lab_to_rgb(gray), 0, 1).astype(np.float32))


def crop(rgb: np.ndarray, group: int, random: np.random.Generator) -> Shot:
    """Return a made photo of a scene (H, W, 3), sRGB 0..1."""
    high, wide = rgb.shape[:2]
    aspect, scale = random.choice([1.0, 1.25, 0.8]), random.uniform(0.6, 0.9)
    angle, enlarged = np.radians(random.uniform(-6, 6)), random.uniform(0.9, 1.6)
    size = np.array([wide * min(1, aspect), high * min(1, 1 / aspect)]) * scale
    cos, sin = np.cos(angle), np.sin(angle)
    half = np.abs(np.array([[cos, sin], [sin, cos]])) @ size / 2
    fits = min(1.0, 0.99 * wide / 2 / half[0], 0.99 * high / 2 / half[1])
    size, half = size * fits, half * fits
    center = random.uniform(half, np.array([wide, high]) - half)
    width, height = (size * enlarged).astype(int)
    across, down = np.meshgrid((np.arange(width) + 0.5) / enlarged, (np.arange(height) + 0.5) / enlarged)
    across, down = across - size[0] / 2, down - size[1] / 2
    places = np.stack([center[0] + cos * across - sin * down, center[1] + sin * across + cos * down], axis=-1)
    lab = rgb_to_lab(sampled(rgb.astype(np.float64), places))
    light = (lab[..., 0] - 50) * random.uniform(0.8, 1.15) + 50 + random.uniform(-8, 8)
    lab[..., 0] = np.clip(light, 0, 100)
    return Shot(fit_gamut(lab), group, lab[..., 1:], places)


def sampled(rgb: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return colors at places (..., 2), pixels of the picture, bilinearly."""
    high, wide = rgb.shape[:2]
    point = np.clip(places - 0.5, 0, np.array([wide, high]) - 1.001)
    x, y = np.moveaxis(point.astype(int), -1, 0)
    u, v = np.moveaxis(point - point.astype(int), -1, 0)[..., None]
    top, bottom = (rgb[y + by, x] * (1 - u) + rgb[y + by, x + 1] * u for by in (0, 1))
    return np.asarray(top * (1 - v) + bottom * v)


def pictures(tars: Sequence[Path], count: int, seed: int) -> Iterator[np.ndarray]:
    """Yield color photos of 160 px or more on the short side, sRGB 0..1, drawn by the seed."""
    random = np.random.default_rng(seed)
    for tar in tars:
        with tarfile.open(tar) as shard:
            entries = [entry for entry in shard if entry.isfile()]
            for number in random.permutation(len(entries)):
                content = shard.extractfile(entries[number])
                picture = Image.open(io.BytesIO(content.read() if content else b"")).convert("RGB")
                if min(picture.size) >= 160:
                    yield np.asarray(picture, np.float32) / 255
                    count -= 1
                if count == 0:
                    return


def frames(film: Path, group: int, most: int) -> list[Shot]:
    """Return a frame a second of a film."""
    import av

    found: list[Shot] = []
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= len(found):
                lab = rgb_to_lab(frame.to_ndarray(format="rgb24") / 255.0)
                found.append(Shot(lab, group, lab[..., 1:]))
            if len(found) == most:
                break
    return found


def colored(colorizer: Colorizer, shots: Sequence[Shot], rules: Rules) -> tuple[Plan, list[Any], list[Any]]:
    """Return the plan, and each photo's colors (H, W, 2), Lab units, by itself and in the album."""
    members: list[Member] = []
    for number, shot in enumerate(shots):
        members.append(look_at(colorizer, shot.photo().pages[0], (Path(str(number)), 0)))
        sys.stderr.write(f"\rlooked at {number + 1} of {len(shots)} photos")
    plan = make_plan(members, rules=rules)
    alone: list[Any] = []
    shared: list[Any] = []
    for number, (shot, member) in enumerate(zip(shots, members, strict=True)):
        together = Painter(colorizer, [(member, plan.parts[number])]).colorize(shot.photo()).pages[0].chroma
        for ab, found in ((member.ab, alone), (together, shared)):
            found.append(upsample_chroma(np.asarray(ab), *shot.lab.shape[:2]))
        sys.stderr.write(f"\rcolorized {number + 1} of {len(shots)} photos")
    return plan, alone, shared


def accuracy(shots: Sequence[Shot], colors: Sequence[Any]) -> tuple[float, float, float]:
    """Return mean CIEDE2000, PSNR and chroma."""
    rows = []
    for shot, ab in zip(shots, colors, strict=True):
        lab = fit_gamut(np.concatenate([shot.lab[..., :1], ab], axis=-1).astype(np.float64))
        gap = np.clip(lab_to_rgb(lab), 0, 1) - np.clip(lab_to_rgb(shot.lab), 0, 1)
        rows.append(
            (ciede2000(lab, shot.lab).mean(), -10 * np.log10(max((gap**2).mean(), 1e-12)), np.hypot(*lab.T[1:]).mean())
        )
    difference, psnr, chroma = np.mean(rows, axis=0)
    return float(difference), float(psnr), float(chroma)


def variance(shots: Sequence[Shot], colors: Sequence[Any]) -> float:
    """Return the mean variance of the chroma of places that several photos of a group show."""
    found = []
    for group in sorted({shot.group for shot in shots if shot.places is not None}):
        seen: dict[int, list[Any]] = {}
        for shot, chroma in zip(shots, colors, strict=True):
            if shot.group != group or shot.places is None:
                continue
            known = np.isfinite(shot.places[..., 0])
            key = np.rint(shot.places[known] / GRID).astype(int) @ np.array([1, 100_000])
            keys, place, count = np.unique(key, return_inverse=True, return_counts=True)
            ab = np.stack([np.bincount(place, chroma[known, axis]) / count for axis in (0, 1)], axis=1)
            for one, color in zip(keys.tolist(), ab, strict=True):
                seen.setdefault(one, []).append(color)
        spread = [np.var(colors, axis=0, ddof=1).sum() for colors in seen.values() if len(colors) > 1]
        found += [np.mean(spread)] if spread else []
    return float(np.mean(found)) if found else float("nan")


def grouping(shots: Sequence[Shot], plan: Plan) -> tuple[float, float]:
    """Return which share of pairs of a group, and of other pairs, came into one scene."""
    scene_of = {number: scene for scene, members in enumerate(plan.scenes) for number in members}
    together: dict[bool, list[bool]] = {True: [], False: []}
    for one, other in combinations(range(len(shots)), 2):
        together[shots[one].group == shots[other].group].append(scene_of[one] == scene_of[other])
    return tuple(float(np.mean(together[same])) if together[same] else float("nan") for same in (True, False))  # type: ignore[return-value]


def false_matches(shots: Sequence[Shot], plan: Plan) -> float:
    """Return which share of pairs of places in a trace do not correspond."""
    wrong = []
    for trace in plan.traces:
        for (one, here), (other, there) in combinations(trace, 2):
            ends = [(shots[number], plan.members[number], cell) for number, cell in ((one, here), (other, there))]
            if any(shot.places is None for shot, _, _ in ends) and shots[one].group == shots[other].group:
                continue
            wrong.append(shots[one].group != shots[other].group or apart(ends) > 2)
    return float(np.mean(wrong)) if wrong else float("nan")


def apart(ends: Sequence[tuple[Shot, Member, int]]) -> float:
    """Return the distance of two cells in the scene, in cells."""
    points, sizes = [], []
    for shot, member, cell in ends:
        assert shot.places is not None
        x, y = member.center(cell)
        points.append(shot.places[int(y), int(x)])
        step = np.nanmedian(np.linalg.norm(np.diff(shot.places, axis=1), axis=-1))
        sizes.append(step * shot.places.shape[1] / member.columns)
    return float(np.linalg.norm(points[0] - points[1]) / max(sizes))


def table(name: str, shots: Sequence[Shot], result: tuple[Plan, list[Any], list[Any]]) -> list[str]:
    """Return the rows of one album."""
    plan, alone, shared = result
    rows = []
    for label, colors in (("by itself", alone), ("album", shared), ("true colors", [shot.ab for shot in shots])):
        difference, psnr, chroma = accuracy(shots, colors)
        error = f"{difference:.2f} | {psnr:.2f}" if colors[0] is not shots[0].ab else "0 | "
        rows.append(f"| {name} | {label} | {variance(shots, colors):.2f} | {error} | {chroma:.1f} |".replace("nan", ""))
    same, others = grouping(shots, plan)
    parts = [
        f"{name}: {len(shots)} photos, {plan.bytes / len(shots) / 1000:.0f} kB kept of each",
        f"grouped {same:.1%} of pairs of one group, {others:.2%} of others",
        f"{len(plan.traces)} places shared, {false_matches(shots, plan):.1%} of their pairs false",
    ]
    sys.stdout.write("; ".join(parts).replace("nan%", "-") + "\n\n")
    return rows


def main() -> None:
    """Measure and print."""
    options = _options()
    colorizer, rows, rules = Colorizer(options.model), [], Rules(options.similarity, recurring=options.recurring)
    random, shots = np.random.default_rng(options.seed), []
    for group, picture in enumerate(pictures(options.photos, options.groups + options.others, options.seed)):
        times = int(random.integers(3, 6)) if group < options.groups else 1
        shots += [crop(picture, group, random) for _ in range(times)]
    rows += table("crops", shots, colored(colorizer, shots, rules))
    for film in options.films:
        with np.errstate(all="ignore"):
            shots = frames(film, 0, options.frames)
            rows += table(film.name, shots, colored(colorizer, shots, rules))
    head = ["", "| photos | colors | variance | CIEDE2000 | PSNR | chroma |", "|---|---|--:|--:|--:|--:|"]
    sys.stdout.write("\n".join([*head, *rows]) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.albums", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="tar shards of color photos")
    parser.add_argument("--films", type=Path, nargs="*", default=[], help="films in color")
    parser.add_argument("--model", default="default", help="the model's name or file")
    parser.add_argument("--groups", type=int, default=40, help="photos that groups are made of")
    parser.add_argument("--others", type=int, default=40, help="photos that are mixed in, one crop of each")
    parser.add_argument("--frames", type=int, default=10, help="frames of a film")
    parser.add_argument("--similarity", type=float, default=Rules().similarity)
    parser.add_argument("--recurring", type=float, default=Rules().recurring)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
