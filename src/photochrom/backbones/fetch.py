"""Fetches public encoder weights, where there is a network; the only module that goes there, and only when called.

Weights are known by address and by the beginning of their SHA-256, which the publisher states in the file's name. They
are published as a pickle, which is read as tensors only (nothing in it is run), and kept as safetensors.
"""

import hashlib
import os
import pickle
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from photochrom.errors import RunError

BODY = ("conv1.", "bn1.", "layer1.", "layer2.", "layer3.")
CHUNK, PATIENCE = 1 << 20, 30.0


class Published(NamedTuple):
    """A weight file on the network: its address and the first digits (hexadecimal) of its SHA-256."""

    url: str
    sha256: str


RESNET18 = Published("https://download.pytorch.org/models/resnet18-f37072fd.pth", "f37072fd")
"""ResNet-18 of torchvision, trained on ImageNet-1k (IMAGENET1K_V1), 45 MB."""


def fetch_encoder(cache: Path, weights: Published = RESNET18) -> Path:
    """Return the safetensors file with the weights of an encoder's body, fetched into ``cache`` unless it is there.

    The file has torchvision's key names, as far as the bodies of :mod:`photochrom.backbones.resnet` go (to stride 16),
    and is either whole or not there. The published file itself is used without a network where it lies in ``cache``.
    Raises RunError when it cannot be fetched, when its SHA-256 is another one, or when it holds no such weights.
    """
    name = weights.url.rpartition("/")[2]
    target = cache / f"{Path(name).stem}.safetensors"
    if target.exists():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _file_beside(target) as fresh:
            by_hand = cache / name
            if not by_hand.exists():
                _download(weights.url, fresh)
            source, called = (by_hand, str(by_hand)) if by_hand.exists() else (fresh, weights.url)
            _check(source, called, weights.sha256)
            save_file(_read_body(source, called), fresh)
            fresh.chmod(0o644)
            fresh.replace(target)
    except (OSError, HTTPException, SafetensorError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise RunError(
            f"{weights.url} could not be fetched into {cache} ({reason}); where there is no network, put {name} into "
            "that folder, or give a safetensors file with torchvision's key names by its path"
        ) from error
    return target


@contextmanager
def _file_beside(target: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    fresh = Path(name)
    try:
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


def _download(url: str, into: Path) -> None:
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer, into.open("wb") as file:
        while chunk := answer.read(CHUNK):
            file.write(chunk)


def _check(path: Path, called: str, sha256: str) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(sha256):
        raise RunError(
            f"{called} has the SHA-256 {digest[:16]}..., expected {sha256}...: it is damaged or another file; "
            "fetch it again, or give a safetensors file by its path"
        )


def _read_body(path: Path, called: str) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        body = {key: value.contiguous().clone() for key, value in state.items() if key.startswith(BODY)}
    except (RuntimeError, pickle.UnpicklingError, EOFError, AttributeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise RunError(f"{called} cannot be read as weights ({reason}); give a safetensors file by its path") from error
    if "conv1.weight" not in body:
        raise RunError(f"{called} has no conv1.weight, so it is no ResNet; give a safetensors file by its path")
    return body
