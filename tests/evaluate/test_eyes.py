"""The networks that look: LPIPS against torchmetrics, and what is said when a weight file is not there or not right."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchmetrics.functional.image import lpips as oracle

from photochrom.backbones.mobilenet_v2 import MobileNetV2
from photochrom.errors import ModelError, OptionError
from photochrom.evaluate.eyes import Eyes, inception_eye, mobilenet_eye, open_eyes
from photochrom.evaluate.lpips import Lpips
from photochrom.evaluate.options import Options


def alexnet() -> nn.Sequential:
    """The layers of AlexNet that LPIPS looks at, in torchvision's order, with random weights."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, 1, 1), nn.ReLU(), nn.Conv2d(384, 256, 3, 1, 1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, 1, 1), nn.ReLU(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "alexnet.pth"
    tensors = {f"features.{key}": value for key, value in alexnet().state_dict().items()}
    torch.save(tensors | {"classifier.1.bias": torch.zeros(3)}, path)
    return path


def test_lpips_is_that_of_torchmetrics(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "_get_tv_model_features", lambda net, pretrained: alexnet())
    expected = oracle._LPIPS(net="alex")
    first, second = torch.rand(2, 3, 96, 80), torch.rand(2, 3, 96, 80)
    found = Lpips.from_file(weights)(first, second)
    torch.testing.assert_close(found, expected(first, second, normalize=True).flatten())
    assert found.min() > 0
    assert not Lpips.from_file(weights)(first, first).any()


def test_lpips_reads_safetensors_too(weights: Path) -> None:
    target = weights.with_suffix(".safetensors")
    save_file(torch.load(weights), target)
    photos = torch.rand(2, 1, 3, 64, 64)
    assert Lpips.from_file(target)(*photos) == Lpips.from_file(weights)(*photos)


def test_weights_that_are_missing_or_others_are_named_with_what_was_expected(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pth"
    torch.save({"features.0.weight": torch.zeros(3)}, wrong)
    text = tmp_path / "text.pth"
    text.write_text("Dear diary,")
    for path, says in ((tmp_path / "gone.pth", "no such file"), (wrong, "another shape"), (text, "cannot be read")):
        with pytest.raises(ModelError, match=rf"{says}.*alexnet-owt-7be5be79\.pth"):
            open_eyes(Options(lpips=path))


def test_inception_says_which_file_or_package_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"no such file; expected pt_inception-2015-12-05-6726825d\.pth"):
        open_eyes(Options(inception=tmp_path / "gone.pth"))
    file = tmp_path / "weights.pth"
    file.write_bytes(b"Dear diary,")
    with pytest.raises(ModelError, match="cannot be read as Inception-v3"):
        inception_eye(file)
    torch.save({}, file)
    monkeypatch.setattr("torchmetrics.image.fid._TORCH_FIDELITY_AVAILABLE", False)
    with pytest.raises(ModelError, match="needs torch-fidelity"):
        inception_eye(file)


def test_inception_gets_eight_bits_and_gives_its_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FakeInception:
        def __init__(self, name: str, features: list[str], path: str) -> None:
            assert (name, features, Path(path).name) == ("inception-v3-compat", ["2048"], "w.pth")

        def __call__(self, rgb_B3HW: torch.Tensor) -> torch.Tensor:
            assert rgb_B3HW.dtype == torch.uint8
            return rgb_B3HW.float().mean(dim=(2, 3))

    monkeypatch.setattr("torchmetrics.image.fid.NoTrainInceptionV3", FakeInception)
    torch.save({}, tmp_path / "w.pth")
    eye = inception_eye(tmp_path / "w.pth")
    assert eye.features(torch.full((1, 3, 4, 4), 0.5)).tolist() == [[128, 128, 128]]
    assert "FID" in eye.name


def test_the_classifiers_scores_are_those_of_the_whole_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = MobileNetV2()
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    eye, photos = mobilenet_eye(tmp_path / "w.safetensors"), torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        expected = network.eval()(photos).numpy()
        found = eye.scores(eye.features(photos).double().numpy())
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_without_files_nothing_is_loaded_and_labels_need_a_classifier(tmp_path: Path) -> None:
    assert open_eyes(Options()) == Eyes()
    with pytest.raises(OptionError, match="without --features"):
        Options(labels=tmp_path)
    with pytest.raises(OptionError, match="without --labels"):
        Options(class_names=tmp_path)
    with pytest.raises(OptionError, match="2 photos or more"):
        Options(limit=1)
