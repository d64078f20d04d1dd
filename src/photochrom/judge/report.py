"""How often people took colorized photos for real ones.

The fool rate of a model is the share of its trials in which the colorized picture was chosen as the real photo: 50% is
what nobody can tell apart, 0% what everybody can; Zhang et al. 2016 reached 32.3%. A participant who was right in
fewer than three quarters of the sanity trials, or answered none, is excluded with all answers. Of those who stopped
early the answers count that they gave.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from photochrom.errors import DataError, OutputUnwritable
from photochrom.judge.report_page import as_html, as_markdown
from photochrom.judge.store import FILE, Answer, Store
from photochrom.judge.trials import Plan

SANITY_SHARE: Final = 0.75
Z_95: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Rate:
    """Trials, those in which the colorized picture was taken for real, their share, and its 95% Wilson interval."""

    model: str
    trials: int
    fooled: int
    fool_rate: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ModelRate(Rate):
    """A model's rate over all participants and photos; seconds are the median response time, None without trials."""

    seconds: float | None


@dataclass(frozen=True, slots=True)
class PhotoRate(Rate):
    """A model's rate on one photo; ``truth`` and ``colorized`` are picture files of the plan."""

    photo: str
    truth: str
    colorized: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A participant whose answers do not count: right in so many of the sanity trials."""

    participant: int
    right: int
    sanity: int


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a test. Counted answers are those of participants not excluded, sanity trials left out."""

    viewing: str
    seed: int
    trials: int
    participants: int
    finished: int
    excluded: tuple[Exclusion, ...]
    answers: int
    sanity_answers: int
    sanity_right: int
    left_share: float | None
    models: tuple[ModelRate, ...]
    photos: tuple[PhotoRate, ...]


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Return the score interval of a share, 0..1; (0, 1) without trials. ``z`` = 1.96 is 95% confidence.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference", with p = successes / n:

        (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

    Raises DataError unless 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise DataError(f"{successes} successes in {trials} trials; expected 0 to {trials}")
    if trials == 0:
        return 0.0, 1.0
    share, squared = successes / trials, z * z / trials
    center = share + squared / 2
    half = math.sqrt(squared * (share * (1 - share) + squared / 4))
    low, high = (center - half) / (1 + squared), (center + half) / (1 + squared)
    return (0.0 if successes == 0 else low), (1.0 if successes == trials else high)


def make_report(plan: Plan, participants: Sequence[int], answers: Sequence[Answer]) -> Report:
    """Count the answers of all participants."""
    excluded = tuple(left_out for number in participants if (left_out := _exclusion(number, answers)) is not None)
    numbers = {exclusion.participant for exclusion in excluded}
    counted = [answer for answer in answers if answer.participant not in numbers and answer.model is not None]
    sanity = [answer for answer in answers if answer.model is None]
    given = [sum(answer.participant == number for answer in answers) for number in participants]
    return Report(
        viewing=plan.rules.viewing,
        seed=plan.rules.seed,
        trials=plan.rules.trials,
        participants=len(participants),
        finished=sum(count == plan.length for count in given),
        excluded=excluded,
        answers=len(counted),
        sanity_answers=len(sanity),
        sanity_right=sum(answer.right for answer in sanity),
        left_share=sum(answer.answer == "left" for answer in counted) / len(counted) if counted else None,
        models=tuple(_model_rate(model, counted) for model in plan.models),
        photos=tuple(sorted(_photo_rates(plan, counted), key=_most_fooling_first)),
    )


def write_report(folder: Path) -> Report:
    """Write report.json, report.csv, report-photos.csv, report.md and report.html into a test's folder.

    Works while the test is served. Raises DataError where the folder holds no test or no answer yet, OutputUnwritable
    when it cannot be written.
    """
    plan = Plan.load(folder)
    if not (folder / FILE).exists():
        raise DataError(f"{folder} holds no answers yet; serve the test with photochrom judge and answer it first")
    store = Store(folder / FILE, plan.identity)
    try:
        report = make_report(plan, store.participants(), store.answers())
    finally:
        store.close()
    if not report.answers and not report.sanity_answers:
        raise DataError(f"{folder} holds no answers yet; serve the test with photochrom judge and answer it first")
    texts = {
        "report.json": json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n",
        "report.csv": as_csv(report.models),
        "report-photos.csv": as_csv(report.photos),
        "report.md": as_markdown(report),
        "report.html": as_html(report),
    }
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise OutputUnwritable(f"{folder}: {error.strerror}; check the folder's rights and room") from error
    return report


def as_csv(rates: Iterable[Rate]) -> str:
    """Return rates as CSV, a row each under their names."""
    rows: list[dict[str, Any]] = [asdict(rate) for rate in rates]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _exclusion(participant: int, answers: Sequence[Answer]) -> Exclusion | None:
    """Return why a participant's answers do not count; None where they do, or where there are none."""
    own = [answer for answer in answers if answer.participant == participant]
    sanity = [answer.right for answer in own if answer.model is None]
    if not own or (sanity and sum(sanity) >= SANITY_SHARE * len(sanity)):
        return None
    return Exclusion(participant, sum(sanity), len(sanity))


def _model_rate(model: str, counted: Sequence[Answer]) -> ModelRate:
    own = [answer for answer in counted if answer.model == model]
    seconds = median(answer.response_ms for answer in own) / 1000 if own else None
    return ModelRate(model, *_counts(own), seconds)


def _photo_rates(plan: Plan, counted: Sequence[Answer]) -> Iterable[PhotoRate]:
    for subject in plan.subjects:
        for model in plan.models:
            own = [answer for answer in counted if (answer.photo, answer.model) == (subject.photo, model)]
            if own:
                yield PhotoRate(model, *_counts(own), subject.photo, subject.truth, subject.rivals[model])


def _counts(answers: Sequence[Answer]) -> tuple[int, int, float | None, float, float]:
    """Return trials, fooled, their share and its interval."""
    fooled = sum(not answer.right for answer in answers)
    share = fooled / len(answers) if answers else None
    return len(answers), fooled, share, *wilson_interval(fooled, len(answers))


def _most_fooling_first(rate: PhotoRate) -> tuple[float, int, str, str]:
    return -(rate.fool_rate or 0.0), -rate.trials, rate.photo, rate.model
