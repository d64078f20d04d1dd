"""Weights from the network: checked by their hash, kept whole or not at all, a clear word when there is no network."""

import hashlib
import http.server
import pickle
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from photochrom.backbones import fetch
from photochrom.backbones.fetch import RESNET18, Published, fetch_encoder
from photochrom.backbones.resnet import build_encoder, load_gray_encoder
from photochrom.errors import RunError

SRC = Path(fetch.__file__).parents[1]
USE_HALF = ["color", "photo", "weights"]
USE_HALF += [
    f"{name}.py" for name in ("__init__", "__main__", "card", "chroma", "hints", "colorizer", "many", "options")
]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def torchvision_weights() -> dict[str, Tensor]:
    """Make random weights under the keys of torchvision's ResNet-18, with batch norm, last layer and classifier."""
    torch.manual_seed(0)
    state: dict[str, Tensor] = {}
    for key, value in build_encoder("resnet18", 3).state_dict().items():
        if key.endswith(".weight"):
            state[key] = torch.randn(value.shape) * 0.05
            norm = key.removesuffix(".weight").replace("conv", "bn").replace("downsample.0", "downsample.1")
            state |= {f"{norm}.{part}": torch.rand(len(value)) + 0.5 for part in ("weight", "bias")}
            state |= {f"{norm}.running_{part}": torch.rand(len(value)) + 0.5 for part in ("mean", "var")}
            state[f"{norm}.num_batches_tracked"] = torch.tensor(5)
    return {**state, "layer4.0.conv1.weight": torch.zeros(8, 8, 3, 3), "fc.weight": torch.zeros(10, 8)}


@pytest.fixture(scope="module")
def published_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("publisher") / "resnet18-made-up.pth"
    torch.save(torchvision_weights(), path)
    return path


@pytest.fixture(scope="module")
def published(published_file: Path) -> Iterator[Published]:
    """Serve the weights on this machine only."""
    digest = hashlib.sha256(published_file.read_bytes()).hexdigest()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(published_file.parent))

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Published(f"http://127.0.0.1:{server.server_port}/{published_file.name}", digest[:8])
        server.shutdown()


def nowhere() -> Published:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return Published(f"http://127.0.0.1:{port}/resnet18-made-up.pth", "00")


def test_the_known_address_states_its_own_hash() -> None:
    assert RESNET18.url.startswith("https://download.pytorch.org/models/")
    assert RESNET18.url.endswith(f"-{RESNET18.sha256}.pth")


def test_fetched_weights_are_the_published_ones_as_far_as_our_body_goes(published: Published, tmp_path: Path) -> None:
    path = fetch_encoder(tmp_path / "new" / "cache", published)
    assert path == tmp_path / "new" / "cache" / "resnet18-made-up.safetensors"
    assert list(path.parent.iterdir()) == [path]
    kept, given = load_file(path), torchvision_weights()
    assert kept.keys() == {key for key in given if not key.startswith(("layer4", "fc"))}
    assert all(torch.equal(kept[key], given[key]) for key in kept)


def test_fetched_weights_fit_the_body_of_the_networks(published: Published, tmp_path: Path) -> None:
    encoder = build_encoder("resnet18", 1)
    load_gray_encoder(encoder, load_file(fetch_encoder(tmp_path, published)))
    assert encoder.conv1.weight.std() > 0
    assert torch.isfinite(encoder(torch.rand(1, 1, 32, 32))[2]).all()


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    there = tmp_path / "resnet18-made-up.safetensors"
    there.write_bytes(b"kept")
    assert fetch_encoder(tmp_path, nowhere()) == there
    assert there.read_bytes() == b"kept"


def test_a_published_file_put_into_the_cache_by_hand_needs_no_network(published_file: Path, tmp_path: Path) -> None:
    by_hand = tmp_path / published_file.name
    by_hand.write_bytes(published_file.read_bytes())
    digest = hashlib.sha256(by_hand.read_bytes()).hexdigest()
    path = fetch_encoder(tmp_path, nowhere()._replace(sha256=digest))
    assert "conv1.weight" in load_file(path)
    assert by_hand.exists()


def test_a_local_address_works_too(published_file: Path, published: Published, tmp_path: Path) -> None:
    assert fetch_encoder(tmp_path, Published(published_file.as_uri(), published.sha256)).exists()


@pytest.mark.parametrize("by_hand", [False, True])
def test_another_hash_is_an_error_and_leaves_nothing(
    published: Published, published_file: Path, tmp_path: Path, by_hand: bool
) -> None:
    called = published.url
    if by_hand:
        called = str(tmp_path / published_file.name)
        Path(called).write_bytes(b"another file")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(RunError) as raised:
        fetch_encoder(tmp_path, published._replace(sha256="0123abcd"))
    assert str(raised.value).startswith(f"{called} has the SHA-256 ")
    assert "expected 0123abcd...: it is damaged or another file; fetch it again, or give a safetensors" in str(
        raised.value
    )
    assert sorted(tmp_path.iterdir()) == before


def test_no_connection_is_an_error_that_says_what_to_do_instead(tmp_path: Path) -> None:
    with pytest.raises(RunError) as raised:
        fetch_encoder(tmp_path, nowhere())
    text = str(raised.value)
    assert "resnet18-made-up.pth could not be fetched into" in text
    assert "refused" in text
    assert "put resnet18-made-up.pth into that folder, or give a safetensors file with torchvision's key names" in text
    assert "\n" not in text
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_not_there_is_an_error(published: Published, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"could not be fetched into [^;]*\(File not found\)"):
        fetch_encoder(tmp_path, published._replace(url=published.url + ".gone"))
    assert not list(tmp_path.iterdir())


def test_a_cache_that_cannot_be_a_folder_is_an_error(published: Published, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match="could not be fetched into"):
        fetch_encoder(tmp_path / "file", published)


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (str(self.mark),)

    def __init__(self, mark: Path) -> None:
        self.mark = mark


@pytest.mark.parametrize("content", ["pickle", "noise", "list", "other_weights"])
def test_what_is_not_weights_is_an_error_and_nothing_in_it_runs(tmp_path: Path, content: str) -> None:
    source, mark = tmp_path / "resnet18-odd.pth", tmp_path / "it ran"
    match content:
        case "pickle":
            source.write_bytes(pickle.dumps(Malicious(mark)))
        case "noise":
            source.write_bytes(b"no weights at all")
        case "list":
            torch.save([torch.zeros(3)], source)
        case "other_weights":
            torch.save({"features.0.weight": torch.zeros(3)}, source)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    with pytest.raises(RunError, match=r"(cannot be read as weights|has no conv1\.weight).*by its path") as raised:
        fetch_encoder(tmp_path / "cache", Published(source.as_uri(), digest))
    assert "\n" not in str(raised.value)
    assert not mark.exists()
    assert not list((tmp_path / "cache").iterdir())


def test_the_use_half_never_goes_to_the_network() -> None:
    files = [
        file for name in USE_HALF for file in ([SRC / name] if name.endswith(".py") else (SRC / name).rglob("*.py"))
    ]
    assert len(files) > 20
    assert not [file.name for file in files if "backbones.fetch" in file.read_text("utf-8")]
