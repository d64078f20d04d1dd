"""What the tests of the human test share: true color photos, a made test, and its application in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom.colorizer import Colorizer
from photochrom.data.catalog import list_entries
from photochrom.judge.pictures import make_plan
from photochrom.judge.rivals import FolderRival, ModelRival, Rival
from photochrom.judge.store import Answer, Store
from photochrom.judge.trials import Plan, Rules


@pytest.fixture(scope="session")
def color_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of 24 color photos, 320 x 272, large enough for every crop."""
    folder = tmp_path_factory.mktemp("colors")
    random = np.random.default_rng(3)
    down = np.linspace(0, 1, 272)[:, None, None]
    for number in range(24):
        top, bottom = random.uniform(0, 255, (2, 3))
        picture = top * (1 - down) + bottom * down + random.normal(0, 8, (272, 320, 1))
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / f"{number:02d}.png")
    return folder


@pytest.fixture(scope="session")
def result_folder(color_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give results of the same names, with another ending: the photos with red and blue exchanged."""
    folder = tmp_path_factory.mktemp("swapped")
    for path in sorted(color_folder.iterdir()):
        Image.fromarray(np.asarray(Image.open(path))[..., ::-1]).save(folder / f"{path.stem}.webp", lossless=True)
    return folder


@pytest.fixture(scope="session")
def rivals(toy_model: Path, result_folder: Path) -> dict[str, Rival]:
    return {"toy": ModelRival(Colorizer(toy_model)), "swapped": FolderRival(result_folder)}


@pytest.fixture(scope="session")
def plan(color_folder: Path, rivals: dict[str, Rival], tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Give a test of 12 trials and 2 sanity trials with two models; look, do not write."""
    folder = tmp_path_factory.mktemp("test")
    return make_plan(list_entries([str(color_folder)]), rivals, Rules(trials=12), folder, lambda share: None)


@pytest.fixture
def store(plan: Plan, tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "answers.sqlite", plan.identity)
    yield store
    store.close()


@pytest.fixture
def play(plan: Plan, store: Store) -> Callable[..., int]:
    """Give ``play(right, count, sane)``: a participant who answers ``count`` trials; rules say when rightly."""

    def played(right: Callable[[int], bool], count: int = 99, sane: bool = True) -> int:
        session = store.start()
        for trial in plan.trials_for(session.participant)[:count]:
            knows = sane if trial.model is None else right(trial.number)
            other = "right" if trial.true_side == "left" else "left"
            about = (session.participant, trial.number, trial.photo, trial.model, trial.true_side)
            store.record(Answer(*about, trial.true_side if knows else other, 700))
        return session.participant

    return played
