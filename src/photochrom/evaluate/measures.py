"""The measures of an evaluation: what one row holds and what each number means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from photochrom.evaluate.intervals import Interval


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate at one chroma factor, over ``photos`` photos; None is a measure that was not taken.

    ``share`` is the colorfulness reached as a share of the truth's mean; None is the candidate's own setting, for which
    alone everything is measured. ``intervals`` holds the 95% bootstrap interval of every measure that is a mean over
    photos, by the measure's name. :data:`MEASURES` says what each number is.
    """

    name: str
    share: float | None
    factor: float
    photos: int
    mse: float
    psnr: float
    ciede2000: float
    colorfulness: float
    colorfulness_difference: float
    auc: float
    auc_rebalanced: float
    ssim: float | None = None
    bleeding: float | None = None
    lpips: float | None = None
    frechet: float | None = None
    fid: float | None = None
    recognition_top1: float | None = None
    recognition_top5: float | None = None
    agreement_top1: float | None = None
    agreement_top5: float | None = None
    two_sample: float | None = None
    stability_512: float | None = None
    stability_1024: float | None = None
    stability_2048: float | None = None
    photos_per_second: float | None = None
    peak_memory: float | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)

    def value(self, measure: str) -> float | None:
        """Return the number of one of :data:`MEASURES`, None where it was not taken."""
        found: float | None = getattr(self, measure)
        return found


class Measure(NamedTuple):
    """How a number is shown: heading, digits, a factor, which way is better ("more", "less", "1" or ""), meaning."""

    heading: str
    digits: int
    scale: float
    better: str
    meaning: str


MEASURES: Final[Mapping[str, Measure]] = {
    "colorfulness": Measure("Colorfulness", 1, 1, "", "Signed Hasler-Süsstrunk colorfulness, mean over photos."),
    "colorfulness_difference": Measure("Δ colorfulness", 1, 1, "", "Colorfulness less the truth's; below 0 is timid."),
    "factor": Measure("Chroma ×", 2, 1, "", "The factor on all chroma of this row."),
    "psnr": Measure("PSNR dB", 2, 1, "more", "Peak signal-to-noise ratio of RGB, mean over photos."),
    "ciede2000": Measure("CIEDE2000", 2, 1, "less", "Color difference, mean over pixels and photos."),
    "mse": Measure("MSE", 5, 1, "less", "Mean squared error of RGB in 0..1."),
    "ssim": Measure("SSIM", 3, 1, "more", "Structural similarity of RGB, Gaussian window of 11 px."),
    "auc": Measure("AuC %", 1, 1, "more", "Area under the curve of pixels within an ab distance of 0..150."),
    "auc_rebalanced": Measure(
        "AuC rebal. %", 1, 1, "more", "The same, pixels weighted by the inverse probability of their true color's bin."
    ),
    "bleeding": Measure(
        "Bleeding", 2, 1, "1", "Share of chroma gradient energy where lightness has no edge, over the truth's share."
    ),
    "lpips": Measure("LPIPS", 3, 1, "less", "LPIPS 0.1 with AlexNet."),
    "frechet": Measure("Fréchet", 1, 1, "less", "Fréchet distance on the classifier's features; no FID."),
    "fid": Measure("FID", 1, 1, "less", "Fréchet distance on Inception-v3's pool3 features; biased for few photos."),
    "recognition_top1": Measure("Recognized %", 1, 100, "more", "The label is the classifier's first answer."),
    "recognition_top5": Measure("… top 5 %", 1, 100, "more", "The label is among the classifier's first five answers."),
    "agreement_top1": Measure(
        "Agrees %", 1, 100, "more", "The classifier's first answer is the one it gives for the true photo; no labels."
    ),
    "agreement_top5": Measure(
        "Agrees, top 5 %", 1, 100, "more", "Its first answer for the true photo is among its first five; no labels."
    ),
    "two_sample": Measure(
        "Told apart %", 1, 100, "less", "Cross-validated accuracy of telling results from true photos; 50 is chance."
    ),
    "stability_512": Measure("Size 512", 2, 1, "less", "CIEDE2000 between the photo as given and enlarged to 512 px."),
    "stability_1024": Measure("Size 1024", 2, 1, "less", "The same, enlarged to 1024 px."),
    "stability_2048": Measure("Size 2048", 2, 1, "less", "The same, enlarged to 2048 px."),
    "photos_per_second": Measure("Photos/s", 1, 1, "more", "Photos of 256 px a second, in a process of its own."),
    "peak_memory": Measure("Memory MB", 0, 1, "less", "Highest resident memory of that process."),
}
"""Every number of a row, in the order of the tables."""


def shown(row: Row, measure: str) -> str:
    """Return a row's number as text, with its interval where there is one; "" where it was not taken."""
    value, look = row.value(measure), MEASURES[measure]
    if value is None:
        return ""
    text = f"{value * look.scale:.{look.digits}f}"
    if measure not in row.intervals:
        return text
    low, high = (f"{end * look.scale:.{look.digits}f}" for end in row.intervals[measure])
    return f"{text} ({low}..{high})"


def setting(row: Row) -> str:
    """Return at which chroma a row was measured, in words."""
    return "own setting" if row.share is None else f"at {row.share:.0%}"
