"""The rules of the house that can be read from the source: import direction, sizes, names, habits."""

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "photochrom"

# A part is a module or package directly under photochrom.
# It may import what it stands on, at any depth, and nothing else.
STANDS_ON = {
    "errors": [],
    "color": ["errors"],
    "card": ["color"],
    "chroma": ["card"],
    # use: no torch
    "hints": ["color"],
    "alignment": ["color"],
    "reference": ["color"],
    "settling": ["color"],
    "consensus": ["color"],
    "photo": ["chroma"],
    "weights": ["errors"],
    "answer": ["chroma", "hints", "reference", "settling", "consensus"],
    "regions": ["answer"],
    "looks": ["regions"],
    "guess": ["answer", "photo"],
    "alternatives": ["regions"],
    "session": ["weights", "chroma"],
    "colorizer": ["session", "photo", "hints", "looks", "guess", "alternatives", "reference"],
    "transplanter": ["photo", "answer", "alignment"],
    "questions": ["colorizer", "terminal"],
    "many": ["colorizer", "transplanter"],
    "options": ["many", "transplanter"],
    "progress": ["errors"],
    "terminal": ["progress", "many"],
    "jsonfile": ["errors"],
    "urls": ["errors"],
    "budget": ["errors"],
    "__init__": ["colorizer", "reference", "transplanter"],
    # make
    "backbones": ["chroma"],
    "networks": ["backbones"],
    "losses": ["color"],
    "data": ["chroma", "urls"],
    "batch": ["color"],
    "encoding": ["batch", "chroma"],
    "objectives": ["networks", "losses", "encoding"],
    "recipe": ["objectives", "networks"],
    "recipes": ["recipe"],
    "prior": ["recipe", "data"],
    "checkpoint": ["errors"],
    "runlog": ["errors"],
    "preview": ["objectives"],
    "trainee": ["recipe", "checkpoint"],
    "train": ["trainee", "prior", "preview", "runlog", "budget"],
    "export": ["train", "jsonfile"],
    "launch": ["export", "weights"],
    "quantize": ["export"],
    "soup": ["export"],
    "packing": ["quantize", "soup", "terminal"],
    "judge": ["colorizer", "data", "terminal"],
    "studies": ["evaluate", "launch", "recipes", "terminal"],
    # serve
    "server": ["colorizer", "transplanter", "terminal"],
    "client": [],
    # many at once
    "archive": ["options", "terminal", "jsonfile", "urls"],
    "album": ["many", "options", "terminal", "jsonfile"],
    "video": ["options", "terminal", "jsonfile"],
    # judge
    "evaluate": ["colorizer", "export"],
    # face
    "cli": [
        "__init__",
        "packing",
        "questions",
        "transplanter",
        "judge",
        "studies",
        "server",
        "album",
        "archive",
        "video",
        "options",
        "terminal",
    ],
    "__main__": ["cli"],
}
USE_HALF = {"errors", "color", "card", "chroma", "hints", "photo", "weights", "colorizer", "many", "__init__"}
USE_HALF |= {
    "alignment",
    "reference",
    "settling",
    "consensus",
    "answer",
    "session",
    "regions",
    "looks",
    "guess",
    "alternatives",
    "transplanter",
    "questions",
}
USE_HALF |= {"album", "budget", "options", "progress", "cli", "__main__"}
USE_LIBRARIES = {"array_api_compat", "cyclopts", "numpy", "onnxruntime", "pyvips", "rich"}
ON_DEMAND = {"PIL", "sklearn"}  # inside functions only: for a caller who has them anyway

MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_ARGUMENTS = 300, 30, 6
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}
# A paper's title and names of libvips.
BRITISH_QUOTES = ("Measuring colourfulness in natural images", "colourspace", "grey16")
FOR_CLI_ONLY = {"print", "exit", "quit", "input"}
FOR_CLI_ONLY |= {"sys.exit", "sys.stdout", "sys.stderr", "os.environ", "os.getenv"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
TEXTS = {path.relative_to(SRC).as_posix(): path.read_text("utf-8") for path in sorted(SRC.rglob("*.py"))}
TREES = {name: ast.parse(text, name) for name, text in TEXTS.items()}


def part_of(name: str) -> str:
    return name.partition("/")[0].removesuffix(".py")


PARTS = sorted({part_of(name) for name in TREES})
every_file = pytest.mark.parametrize("name", TREES)


def below(part: str) -> set[str]:
    return {part}.union(*(below(lower) for lower in STANDS_ON[part]))


def imports(tree: ast.AST) -> Iterator[list[str]]:
    """Give what is imported below a node as split dotted names; ``from x import y`` gives [x, y]."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import, write the full name"
            yield from (f"{node.module}.{alias.name}".split(".") for alias in node.names)


def libraries(tree: ast.AST) -> set[str]:
    return {dotted[0] for dotted in imports(tree)} - {"photochrom"} - sys.stdlib_module_names


def own_parts(tree: ast.AST) -> set[str]:
    """Give the parts of photochrom that a module imports; ``__version__`` is free for all."""
    names = {[*dotted, "__init__"][1] for dotted in imports(tree) if dotted[0] == "photochrom"}
    return {name if name in PARTS else "__init__" for name in names - {"__version__"}}


class WithoutFunctions(ast.NodeTransformer):
    """Leaves of a module what runs when it is imported."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        return None

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        return None


def functions() -> dict[str, Function]:
    return {
        f"{name}:{node.lineno} {node.name}": node
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, Function)
    }


def length(function: Function) -> int:
    """Count a function's lines without its docstring and decorators."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or 0) - docstring.lineno + 1)


def arguments(function: Function) -> list[str]:
    spec = function.args
    stars = [star for star in (spec.vararg, spec.kwarg) if star]
    everything = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *stars]
    return [argument.arg for argument in everything if argument.arg not in {"self", "cls"}]


def test_every_part_has_its_place() -> None:
    missing = [part for part in PARTS if part not in STANDS_ON]
    assert not missing, f"say in STANDS_ON what these parts stand on: {missing}"
    TopologicalSorter(STANDS_ON).prepare()


def test_the_architecture_page_names_every_part() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert not [part for part in PARTS if not part.startswith("__") and not re.search(rf"\b{part}\b", page)]


@every_file
def test_imports_point_one_way(name: str) -> None:
    allowed = below(part_of(name))
    upward = own_parts(TREES[name]) - allowed
    assert not upward, f"{name} imports {sorted(upward)}, but stands on {sorted(allowed)} only"


@pytest.mark.parametrize("name", [name for name in TREES if part_of(name) in USE_HALF])
def test_the_use_half_needs_only_its_own_libraries(name: str) -> None:
    anywhere = libraries(TREES[name]) - USE_LIBRARIES - ON_DEMAND
    assert not anywhere, f"{name} imports {anywhere}"
    at_import = libraries(WithoutFunctions().visit(ast.parse(TEXTS[name]))) - USE_LIBRARIES
    assert not at_import, f"{name} imports {at_import} at once, which may be imported inside functions only"


def test_the_use_half_stands_on_itself() -> None:
    assert below("__init__") <= USE_HALF


def test_only_photo_knows_libvips() -> None:
    assert {part_of(name) for name, tree in TREES.items() if "pyvips" in libraries(tree)} <= {"photo"}


def test_no_file_is_over_300_lines() -> None:
    files = [*SRC.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    sizes = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in files}
    assert not {name: size for name, size in sizes.items() if size > MAX_FILE_LINES}


def test_nine_functions_in_ten_have_30_lines_or_less() -> None:
    sizes = {where: length(function) for where, function in functions().items()}
    long = {where: size for where, size in sizes.items() if size > MAX_FUNCTION_LINES}
    assert len(long) <= len(sizes) / 10, f"{len(long)} of {len(sizes)} are longer: {long}"


def test_functions_take_six_arguments_at_most() -> None:
    many = {where: arguments(function) for where, function in functions().items()}
    assert not {where: names for where, names in many.items() if len(names) > MAX_ARGUMENTS}


def test_no_public_function_takes_kwargs() -> None:
    public = {where: function for where, function in functions().items() if not function.name.startswith("_")}
    assert not [where for where, function in public.items() if function.args.kwarg]


@pytest.mark.parametrize("name", [name for name in TREES if part_of(name) not in {"cli", "terminal", "__main__"}])
def test_only_cli_prints_exits_and_reads_the_environment(name: str) -> None:
    nodes = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.Name | ast.Attribute)]
    assert not [f"{name}:{node.lineno}" for node in nodes if ast.unparse(node) in FOR_CLI_ONLY]


@every_file
def test_names_say_something(name: str) -> None:
    definitions = [node for node in ast.walk(TREES[name]) if isinstance(node, Function | ast.ClassDef)]
    for text in [name.removesuffix(".py"), *(node.name for node in definitions)]:
        words = {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", text)}
        assert not words & EMPTY_NAMES, f"{name}: {text} says nothing"


@every_file
def test_color_is_rgb_and_spelled_the_american_way(name: str) -> None:
    text = re.sub("|".join(BRITISH_QUOTES), "", TEXTS[name])
    found = re.findall(r"(?i)(?<![a-z])bgr(?![a-z])|colour|(?<![a-z])grey", text)
    assert not found, f"{name}: {found}"
