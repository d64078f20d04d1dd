"""The use half stands alone: `photochrom colorize` works where nothing but its own dependencies is installed.

Making such an environment takes the network and a minute. Here every installed package that `pip install
photochrom` would not have brought is made impossible to import, in a process of its own.
"""

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PHOTOCHROM = str(Path(sys.executable).with_name("photochrom"))
EXAMPLE = str(Path(__file__).parents[1] / "examples" / "great-wall.jpg")
MUST_BE_HIDDEN = {
    *("torch", "accelerate", "safetensors", "sklearn", "skimage", "torchmetrics", "webdataset"),
    *("matplotlib", "onnx", "onnxscript", "PIL", "scipy"),
}
SITECUSTOMIZE = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden}:
            raise ModuleNotFoundError(f"No module named {{name!r}} (hidden)", name=name)

sys.meta_path.insert(0, Hidden())
"""


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def brought_by(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """Give the distributions that `pip install name[extras]` installs, as far as they are here."""
    found: set[str] = set()
    waiting = [(plain(name), extras)]
    seen = set(waiting)
    while waiting:
        distribution, wanted = waiting.pop()
        found.add(distribution)
        for line in metadata.requires(distribution) or []:
            need = Requirement(line)
            applies = need.marker is None or any(need.marker.evaluate({"extra": e}) for e in ("", *wanted))
            following = (plain(need.name), frozenset(need.extras))
            if applies and following not in seen:
                seen.add(following)
                waiting.append(following)
    return found


def hidden_modules() -> set[str]:
    own = brought_by("photochrom")
    modules = metadata.packages_distributions()
    return {module for module, owners in modules.items() if not own & {plain(owner) for owner in owners}}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the environment variables of a process that sees the use half's packages only."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE.format(hidden=hidden_modules()), encoding="utf-8")
    return {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}


def test_the_make_half_is_hidden(bare: dict[str, str]) -> None:
    assert hidden_modules() >= MUST_BE_HIDDEN
    code = "import importlib.util, numpy, pyvips, onnxruntime, photochrom; import torch"
    run = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=False)
    assert "No module named 'torch' (hidden)" in run.stderr


def test_colorize_works_without_torch(bare: dict[str, str], tmp_path: Path) -> None:
    result = str(tmp_path / "colored.jpg")
    command = [PHOTOCHROM, "colorize", EXAMPLE, "-o", result]
    run = subprocess.run(command, env=bare, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    code = "import sys; from photochrom import Photo; print(Photo.open(sys.argv[1]).is_colored)"
    look = [sys.executable, "-c", code, result]
    assert subprocess.run(look, env=bare, capture_output=True, text=True, check=True).stdout.strip() == "True"


def test_colorize_leaves_nothing_in_the_folders_of_its_user(bare: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    own = {name: value for name, value in bare.items() if not name.startswith(("XDG_", "ORT_"))} | {"HOME": str(home)}
    command = [PHOTOCHROM, "colorize", EXAMPLE, "-o", str(tmp_path / "colored.jpg")]
    subprocess.run(command, env=own, capture_output=True, check=True)
    assert list(home.rglob("*")) == [], "ids and reports of a library, perhaps"


@pytest.mark.parametrize("command", ["--help", "models", "info"])
def test_the_other_commands_of_the_use_half_work_without_torch(bare: dict[str, str], command: str) -> None:
    line = [PHOTOCHROM, command, *([EXAMPLE] if command == "info" else [])]
    run = subprocess.run(line, env=bare, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
