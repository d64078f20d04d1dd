"""The documentation is true: links lead somewhere, commands exist and fit, snippets run.

Snippets run in a folder with ``examples/``, ``photo.jpg``, ``photo.tif`` and ``photos/``. Shell blocks each
have a fresh one; the Python snippets of a page share one, top to bottom. ``no-run`` in a fence: only checked.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "examples" / "SOURCES.md"])
QUICK = {"colorize", "info", "models", "sheet", "--help", "--version"}  # lines of these are really run
OPERATORS = {"|", "||", "&&", ";", ">", ">>", "<"}
SHELLS = {"sh", "bash", "shell", "console"}


@dataclass(frozen=True)
class Snippet:
    page: Path
    line: int
    language: str
    run: bool
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def snippets(languages: set[str]) -> list[Snippet]:
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for fence in re.finditer(r"^```(\w+)([^\n]*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, fence.start()) + 1
            found.append(Snippet(page, line, fence[1], "no-run" not in fence[2], fence[3]))
    return [snippet for snippet in found if snippet.language in languages]


def shell_lines(snippet: Snippet) -> list[str]:
    """Give what is to be typed: continued lines joined; of a console only what follows a prompt."""
    lines = [line.strip() for line in snippet.text.replace("\\\n", " ").splitlines()]
    typed = [line.removeprefix("$ ") for line in lines if snippet.language != "console" or line.startswith("$ ")]
    return [line for line in typed if line and not line.startswith("#")]


def words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    return list(lexer)


def after(command: str, line: str) -> list[str] | None:
    """Give the words that a command gets in a shell line, or None where it is not called."""
    typed = words(line)
    starts = [index for index, word in enumerate(typed) if ":" not in word and word.rpartition("/")[2] == command]
    if not starts:
        return None
    rest = typed[starts[0] + 1 :]
    ends = [index for index, word in enumerate(rest) if word in OPERATORS]
    return rest[: ends[0]] if ends else rest


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ +(.+?) *$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


SHELL_LINES = [(snippet, line) for snippet in snippets(SHELLS) for line in shell_lines(snippet)]
CALLS = [(snippet, call) for snippet, line in SHELL_LINES if (call := after("photochrom", line)) is not None]


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    """Give a folder with the files that snippets may use."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "photos").mkdir()
    for name in ("horses", "coffee"):
        shutil.copy(ROOT / "examples" / f"{name}.jpg", tmp_path / "photos")
    shutil.copy(ROOT / "examples" / "great-wall.jpg", tmp_path / "photo.jpg")
    Image.open(tmp_path / "photo.jpg").save(tmp_path / "photo.tif")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)", text) + re.findall(r"(?:src|href)=\"([^\"]+)\"", text)
    for link in (link for link in links if not re.match(r"[a-z]+:", link)):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), f"{link}: there is no such file"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


def test_the_readme_shows_a_shell_line_and_a_python_snippet() -> None:
    readme = ROOT / "README.md"
    assert [snippet for snippet, _ in CALLS if snippet.page == readme]
    assert [snippet for snippet in snippets({"python"}) if snippet.page == readme]


def test_every_command_is_documented() -> None:
    from photochrom.cli import app

    manual = [page for page in PAGES if page.name == "README.md" or ROOT / "docs" in page.parents]
    text = "\n".join(page.read_text("utf-8") for page in manual)
    commands = [name for name in app if not name.startswith("-")]
    assert commands
    assert not [name for name in commands if f"photochrom {name}" not in text]


@pytest.mark.parametrize(("snippet", "call"), CALLS, ids=lambda value: str(value) if value else "")
def test_photochrom_lines_fit_the_command_line(snippet: Snippet, call: list[str]) -> None:
    from photochrom.cli import app

    app.parse_args(call, exit_on_error=False, print_error=False)


@pytest.mark.parametrize(("snippet", "line"), SHELL_LINES, ids=str)
def test_make_lines_name_a_target(snippet: Snippet, line: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for word in after("make", line) or []:
        assert word in targets or "=" in word, f"{snippet}: make has no target {word}"


@pytest.mark.slow
@pytest.mark.parametrize("snippet", [snippet for snippet in snippets(SHELLS) if snippet.run], ids=str)
def test_shell_snippets_run(snippet: Snippet, workshop: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in shell_lines(snippet):
        call = after("photochrom", line)
        if call is not None and (not call or call[0] in QUICK):
            command = ["bash", "-o", "pipefail", "-c", line]
            run = subprocess.run(
                command, cwd=workshop, env={**os.environ, "PATH": path}, capture_output=True, check=False
            )
            assert run.returncode == 0, f"{snippet}: {line}\n{run.stderr.decode(errors='replace')}"


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({s.page for s in snippets({"python"})}), ids=lambda page: page.name)
def test_python_snippets_run(page: Path, workshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workshop)
    names: dict[str, object] = {"__name__": "__main__"}
    for snippet in (snippet for snippet in snippets({"python"}) if snippet.page == page):
        code = compile("\n" * snippet.line + snippet.text, str(snippet.page.relative_to(ROOT)), "exec")
        if snippet.run:
            exec(code, names)
