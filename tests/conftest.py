"""What all tests share: golden files that can be written anew, made-up photos, one trained run, slow tests last."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch comes: toy networks are fastest, and alike, on one thread

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="session", autouse=True)
def nobodys_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what photochrom keeps for its user, ledgers and shards, out of the folders of who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name.lower())))
        yield


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Give ``golden(name, text)``: text must equal tests/golden/name, or becomes it under --update-golden."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"there is no {path.name} yet: run this test with --update-golden"
        assert text == path.read_text(encoding="utf-8"), (
            f"{path.name} differs: if that is meant, run with --update-golden"
        )

    return check


@pytest.fixture
def golden_numbers(request: pytest.FixtureRequest) -> Callable[[str, Sequence[float], float], None]:
    """Give ``golden_numbers(name, numbers, rtol)``: as ``golden``, for numbers that differ a little by machine."""

    def check(name: str, numbers: Sequence[float], rtol: float) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.write_text(json.dumps(list(numbers), indent=1) + "\n", encoding="utf-8")
        assert path.exists(), f"there is no {path.name} yet: run this test with --update-golden"
        assert list(numbers) == pytest.approx(json.loads(path.read_text(encoding="utf-8")), rel=rtol), (
            f"{path.name} differs: if that is meant, run with --update-golden"
        )

    return check


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Give Chromium, driven by Playwright: one for all, as a process can run Playwright only once at a time."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def one_table() -> Iterator[None]:
    """Work out the neighbor table of the 313 bins once for all tests that train: it takes two seconds."""
    from photochrom.chroma import Bins

    real, table = Bins.neighbor_table, Bins.published().neighbor_table()

    def known(bins: Bins, neighbors: int = 5) -> Any:
        return table if bins.outputs == 313 and neighbors == 5 else real(bins, neighbors)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bins, "neighbor_table", known)
        yield


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of 24 small made-up color photos: 20 PNG and 4 JPEG of 80 x 64 pixels."""
    import numpy as np
    from PIL import Image

    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(7)
    across, down = np.meshgrid(np.linspace(0, 1, 80), np.linspace(0, 1, 64))
    for number in range(24):
        sky, ground, thing = random.uniform(0, 255, (3, 3))
        picture = sky * (1 - down[..., None]) + ground * down[..., None]
        place = (abs(across - random.uniform(0.3, 0.7)) < 0.2) & (abs(down - 0.6) < 0.25)
        picture = np.where(place[..., None], thing, picture) + random.normal(0, 6, (64, 80, 1))
        ending = "jpg" if number % 6 == 5 else "png"
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(folder / f"{number:02d}.{ending}")
    return folder


@pytest.fixture(scope="session")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file of a VGG-16 with random weights; look, do not write."""
    import torch
    from safetensors.torch import save_file

    from photochrom.backbones.vgg16 import Vgg16

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("eyes") / "vgg.safetensors"
    save_file(Vgg16().state_dict(), path)
    return path


@pytest.fixture(scope="session")
def trained_run(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory, one_table: None) -> Path:
    """Give the folder of a run of default_tiny: 20 steps on the made-up photos; look, do not write."""
    from photochrom.budget import Budget, Start
    from photochrom.data.catalog import list_entries
    from photochrom.recipes import find_recipe
    from photochrom.train import Plan, train

    entries = list_entries([str(photo_folder)])
    run = tmp_path_factory.mktemp("run")
    origins = ({"what": "photos", "name": "made up"},)
    plan = Plan(run, entries, entries[:6], Budget(steps=20), Start(workers=0), origins=origins)
    return train(find_recipe("default_tiny"), plan)


@pytest.fixture(scope="session")
def exported_model(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the model file of ``trained_run``, named "made_up"; look, do not write."""
    from photochrom.export import export_run

    target = tmp_path_factory.mktemp("model") / "model.onnx"
    export_run(trained_run, target, "made_up", {"description": "a model of made-up photos"})
    return target


@pytest.fixture(scope="session")
def toy_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a model file of one convolution: dark places blue, then green, then red; hints pull toward their color."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper, save

    from photochrom.card import Card

    colors = np.array([[10, -40], [-30, 30], [50, 40], [5, 10]], np.float32)
    lightness = np.array([10, 35, 60, 85], np.float32)
    weight = np.zeros((4, 4, 4, 4), np.float32)
    weight[:, 0] = (0.006 * lightness / 16)[:, None, None]  # -0.003 (L - center)^2, without the term all share
    weight[:, 2:] = (0.02 * colors / 16)[..., None, None]
    graph = helper.make_graph(
        [
            helper.make_node("Concat", ["lightness", "hints"], ["both"], axis=1),
            helper.make_node("Conv", ["both", "weight", "bias"], ["raw"], strides=[4, 4]),
        ],
        "toy",
        [
            helper.make_tensor_value_info("lightness", TensorProto.FLOAT, [1, 1, "H", "W"]),
            helper.make_tensor_value_info("hints", TensorProto.FLOAT, [1, 3, "H", "W"]),
        ],
        [helper.make_tensor_value_info("raw", TensorProto.FLOAT, [1, 4, "h", "w"])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(-0.003 * lightness**2, "bias")],
    )
    chroma = {"kind": "bins", "colors": colors.tolist(), "log_weights": [0.0] * 4}
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    model.metadata_props.add(key="card", value=Card("toy", "For tests.", chroma).to_json())
    path = tmp_path_factory.mktemp("models") / "toy.onnx"
    save(model, path)
    return path
