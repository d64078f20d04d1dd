"""What lies where in a tar file, from its headers alone."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import BinaryIO

from photochrom.errors import DataError

TAR_SUFFIX = ".tar"

Member = tuple[str, int, int]
"""The name of a regular file in a shard, its first byte, and its size in bytes."""


def list_members(file: BinaryIO, total: int, name: str) -> Iterator[Member]:
    """Yield the regular files of an uncompressed tar file of ``total`` bytes; only headers are read.

    Raises DataError, with the shard's ``name``, where it is no complete tar file.
    """
    try:
        with tarfile.open(fileobj=file, mode="r:") as shard:
            for member in shard:
                if not member.isreg():
                    continue
                if member.offset_data + member.size > total:
                    raise tarfile.ReadError("it ends inside a file")
                yield member.name.removeprefix("./"), member.offset_data, member.size
    except tarfile.TarError as error:
        raise DataError(
            f"{name}: not a complete, uncompressed tar file ({error}); copy it again or unpack it."
        ) from error
