"""Shards in an object store, made up: photos with a small file beside each, as WebDataset writes them."""

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from photochrom.data.shelf import Shelf

SHARDS, IN_SHARD = 6, 4


def encoded(number: int) -> bytes:
    from PIL import Image

    pixels = np.random.default_rng(number).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def sharded(number: int) -> bytes:
    """Give the bytes of a shard."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for photo in range(number * IN_SHARD, (number + 1) * IN_SHARD):
            for name, content in ((f"{photo:03}.png", encoded(photo)), (f"{photo:03}.cls", b"7")):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def photo() -> Callable[[int], bytes]:
    """Give ``photo(number)``: the bytes of a photo in the shards."""
    return encoded


@pytest.fixture(scope="session")
def shard() -> Callable[[int], bytes]:
    """Give ``shard(number)``: the bytes of a shard of four photos."""
    return sharded


@pytest.fixture(scope="session")
def contents() -> list[bytes]:
    """Give the bytes of six shards."""
    return [sharded(number) for number in range(SHARDS)]


@pytest.fixture
def url(tmp_path: Path, contents: list[bytes]) -> Iterator[str]:
    """Give a folder of six shards in memory://."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    for number, content in enumerate(contents):
        system.pipe_file(f"/{tmp_path.name}/train-{number:03}.tar", content)
    yield f"memory://{tmp_path.name}"
    system.rm(f"/{tmp_path.name}", recursive=True)


@pytest.fixture
def kept(tmp_path: Path) -> "Shelf":
    """Give an empty shelf."""
    from photochrom.data.shelf import Shelf

    return Shelf(tmp_path / "shelf")
