"""What the tests of albums share: made-up members, whose cells show named materials, and a folder of photos."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from photochrom.album.member import Member
from photochrom.answer import Answer
from photochrom.card import Decode
from photochrom.chroma import Bins

COLORS = np.array([[0, 0], [60, 20], [-40, 30], [10, -50]], np.float32)
GRAY, RED, GREEN, BLUE = range(4)
Make = Callable[..., Member]

SIDE = 9
COAT = np.arange(400, 412).reshape(4, 3)
"""A thing of 4 x 3 cells, each of its own look."""


def scene(number: int) -> NDArray[np.int64]:
    """Return the materials (9, 9) of a scene, number 0 to 3, that has nothing in common with the others."""
    return np.arange(90).reshape(SIDE, 10)[:, :SIDE] + 100 * number


def wearing(number: int, thing: NDArray[np.int64], row: int, column: int) -> list[int]:
    """Return the materials of a scene with a thing in it, cell by cell."""
    cells = scene(number)
    cells[row : row + len(thing), column : column + thing.shape[1]] = thing
    return [int(cell) for cell in cells.ravel()]


@pytest.fixture(scope="session")
def make() -> Make:
    """Give ``make(name, materials, colors, sure, light)``: a page of as many rows of cells as columns.

    ``materials`` are numbers, one a cell: cells of one number look alike. ``colors`` say which color the network means
    for each cell, ``sure`` how sure it is of it, ``light`` the L of all.
    """

    def made(
        name: str, materials: list[int], colors: list[int] | int = RED, sure: float = 8, light: float = 50
    ) -> Member:
        side = math.isqrt(len(materials))
        random = np.random.default_rng(0)
        looks = random.uniform(0, 1, (500, 240)) ** 12 * 255
        scores = np.zeros((4, side**2), np.float16)
        scores[np.broadcast_to(colors, side**2), range(side**2)] = sure
        plane = np.full((side, side), light, np.float16)
        answer = Answer(
            scores.reshape(4, side, side), Bins(COLORS, np.zeros(4, np.float32)), Decode(1.0), plane, 100, 80, "m"
        )
        ab = np.repeat(np.repeat(answer.ab(), 2, axis=0), 2, axis=1).astype(np.float16)
        return Member(Path(name), 0, answer, looks[materials].round().astype(np.uint8), ab, {})

    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with two crops of one picture, another picture, a file that is no photo, and a text."""
    random = np.random.default_rng(1)
    coarse = [Image.fromarray(random.integers(0, 255, (9, 9), np.uint8)) for _ in range(2)]
    one, other = (picture.resize((160, 160), Image.Resampling.BICUBIC) for picture in coarse)
    photos = tmp_path / "photos"
    photos.mkdir()
    one.crop((0, 0, 128, 128)).save(photos / "a.png")
    one.crop((16, 16, 144, 144)).save(photos / "b.jpg", quality=95)
    other.save(photos / "c.tif")
    (photos / "d.jpg").write_bytes(b"junk")
    (photos / "notes.txt").write_text("no photo")
    return photos
