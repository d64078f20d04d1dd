"""What users may rely on: the public names and the error tree, kept as golden files."""

import inspect
from collections.abc import Callable

import photochrom
from photochrom import errors

Golden = Callable[[str, str], None]


def tree(error: type[Exception], depth: int = 0) -> list[str]:
    lines = ["    " * depth + error.__name__]
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            lines += tree(child, depth + 1)
    return lines


def test_the_public_names_are_these(golden: Golden) -> None:
    golden("public_names.txt", "\n".join(sorted(photochrom.__all__)) + "\n")


def test_every_public_name_exists_and_is_listed_by_dir() -> None:
    assert len(photochrom.__all__) == len(set(photochrom.__all__))
    assert not [name for name in photochrom.__all__ if getattr(photochrom, name, None) is None]
    assert set(photochrom.__all__) <= set(dir(photochrom))


def test_every_public_function_and_class_is_documented() -> None:
    things = [getattr(photochrom, name) for name in photochrom.__all__]
    assert not [thing for thing in things if callable(thing) and not inspect.getdoc(thing)]


def test_the_error_tree_is_this(golden: Golden) -> None:
    golden("errors.txt", "\n".join(tree(errors.PhotochromError)) + "\n")


def test_every_error_belongs_to_the_tree_and_to_the_public_names() -> None:
    names = [name for name, thing in vars(errors).items() if inspect.isclass(thing)]
    assert sorted(names) == sorted(line.strip() for line in tree(errors.PhotochromError))
    assert set(names) <= set(photochrom.__all__)


def test_the_error_tree_is_drawn_in_its_docstring() -> None:
    drawing = (errors.__doc__ or "").splitlines()
    drawn = [line.lstrip("│├└─ ").split()[0] for line in drawing if line.startswith("    ")]
    assert drawn == [line.strip() for line in tree(errors.PhotochromError)]
