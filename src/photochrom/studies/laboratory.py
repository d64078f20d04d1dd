"""The laboratory: trains what a study needs, once for all studies, and looks its models over."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from photochrom.backbones.fetch import RESNET18, Published, fetch_encoder
from photochrom.budget import Budget, Start
from photochrom.errors import RunError
from photochrom.evaluate.options import Options
from photochrom.evaluate.score import Scores, score_models
from photochrom.evaluate.truth import Truth, load_truth
from photochrom.export import export_run
from photochrom.studies.library import Library, Selection
from photochrom.studies.trial import Trained, Trial
from photochrom.train import Plan, train

CHECKS = 5
"""Looks at the validation photos in a budget of minutes."""
CHECK_MINUTES: Final = 1.0
"""Minutes between them in a budget of steps."""
MODEL = "model.onnx"
EYES: Final = "vgg16_conv3"
"""The backbone of perceptual losses."""
FETCHED: Final[Mapping[str, Published]] = {"resnet18_c4": RESNET18}
"""Backbones that are published, and can be fetched where there is a network."""

Report = Callable[[str, float], None]
"""Told what is being done and how much of it is done, 0..1."""


@dataclass(frozen=True)
class Laboratory:
    """Where photos, weights and runs are, and how long a trial trains.

    ``minutes``, or ``steps`` where these are given, are the budget of a trial of weight 1; ``backbones`` is a folder of
    encoder and classifier weights, ``legacy`` one of historic black-and-white photos.
    """

    library: Library
    runs: Path
    minutes: float
    backbones: Path | None = None
    legacy: Path | None = None
    precision: str = "no"
    report: Report = lambda what, share: None
    steps: int | None = None
    _truths: dict[Selection, Truth] = field(default_factory=dict)

    @property
    def budget(self) -> str:
        """The budget of a trial of weight 1, in words."""
        return f"{self.minutes:g} minutes" if self.steps is None else f"{self.steps} steps"

    @property
    def fairness(self) -> str:
        """What an equal budget means for networks that do not cost the same, in words."""
        return f"a light network {'sees more photos' if self.steps is None else 'needs less time'}"

    def require(self, trials: Sequence[Trial]) -> None:
        """Raise the error that a trial would meet, before anything is trained: photos, labels, weights, recipes."""
        for trial in trials:
            trial.recipe.check()
            self.library.select(trial.photos)
            self.library.select(trial.validation)
            if trial.encoder is not None:
                self.backbone(trial.encoder)
            if trial.recipe.needs_eyes:
                self.backbone(EYES)

    def backbone(self, name: str) -> Path:
        """Return the file of a backbone's weights, fetched where it is missing and :data:`FETCHED`.

        Raises RunError where it is missing and cannot be fetched.
        """
        path = (self.backbones or Path()) / f"{name}.safetensors"
        if self.backbones is not None and path.is_file():
            return path
        needed = f"this study needs {name}.safetensors; give the folder it is in with --backbones"
        if name not in FETCHED:
            raise RunError(needed)
        try:
            return fetch_encoder(self.runs / "backbones", FETCHED[name])
        except RunError as error:
            raise RunError(f"{needed} ({error})") from error

    def trained(self, trials: Sequence[Trial]) -> dict[str, Trained]:
        """Train the trials that have not been, one after the other, and return all by their names."""
        return {trial.name: self._trained(trial) for trial in trials}

    def truth(self, photos: Selection) -> Truth:
        """Return the true photos of a selection, loaded once; a classifier looks at them where there are weights."""
        if photos not in self._truths:
            self._truths[photos] = load_truth(self.library.select(photos), self.options())
        return self._truths[photos]

    def options(self) -> Options:
        """Return what can be measured with the weights at hand."""
        classifier = (self.backbones or Path()) / "mobilenet_v2.safetensors"
        return Options(features=classifier if self.backbones is not None and classifier.is_file() else None)

    def score(self, models: Mapping[str, Trained], photos: Selection) -> Scores:
        """Score models on a selection of photos, beside the baselines."""
        named: dict[str, Path] = {name: trained.model for name, trained in models.items()}
        return score_models(named, self.truth(photos), self.options(), lambda share: self.report("scoring", share))

    def _trained(self, trial: Trial) -> Trained:
        budget = self._budget(trial)
        amount = f"{budget.minutes:g}min" if budget.steps is None else f"{budget.steps}steps"
        run = self.runs / f"{trial.name}-{amount}-{fingerprint(trial)}"
        model = run / MODEL
        if not model.exists():
            run.mkdir(parents=True, exist_ok=True)
            train(trial.recipe, self._plan(trial, run), lambda now: self.report(trial.name, now.progress))
            export_run(run, model, trial.name, {"decode": trial.decode})
        return Trained(trial, run, model)

    def _budget(self, trial: Trial) -> Budget:
        if self.steps is not None:
            return Budget(steps=max(1, round(self.steps * trial.weight)), check_minutes=CHECK_MINUTES)
        minutes = self.minutes * trial.weight
        return Budget(minutes=minutes, check_minutes=minutes / CHECKS)

    def _plan(self, trial: Trial, run: Path) -> Plan:
        encoder = None if trial.encoder is None else self.backbone(trial.encoder)
        return Plan(
            run,
            self.library.select(trial.photos),
            self.library.select(trial.validation),
            self._budget(trial),
            Start(
                encoder=encoder, eyes=self.backbone(EYES) if trial.recipe.needs_eyes else None, precision=self.precision
            ),
        )


def fingerprint(trial: Trial) -> str:
    """Return a few letters that change with what is trained, so that no changed trial is taken for an older one."""
    text = f"{trial.recipe.to_json()}{trial.photos}{trial.encoder}{trial.decode}"
    return hashlib.sha256(text.encode()).hexdigest()[:6]
