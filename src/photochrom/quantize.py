"""Makes a model file small and quick: int8 weights and int8 arithmetic, calibrated on photos.

Each weight and each activation of a convolution or a matrix product becomes scale * (q - zero point) with an 8-bit q
(Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
equation 1): weights by output channel, activations by tensor, with the range that they take on the calibration photos.
Weights use 7 bits, so that processors without 8-bit dot products cannot overflow.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from photochrom.batch import make_batch
from photochrom.card import Card
from photochrom.chroma import chroma_from_card
from photochrom.data.augment import centered, clean_gray
from photochrom.data.catalog import Entry, decode
from photochrom.errors import DataError, RunError
from photochrom.export import read_model, save_model, with_full_weights, write_card

CALIBRATED: Final = 64
CHECKED: Final = 16
"""Photos that ranges are taken from, and photos that the result is checked on."""

LARGEST_CHANGE: Final = 2.5
"""Mean distance in ab, Lab units, that the colors of the check's photos may move by."""

QUANTIZED: Final = ("Conv", "MatMul", "Gemm", "Add", "MaxPool")
Feeds = dict[str, NDArray[np.float32]]


class Calibration(CalibrationDataReader):  # type: ignore[misc]
    """Photos for the calibration, one after the other."""

    def __init__(self, feeds: Iterator[Feeds]) -> None:
        self.feeds = feeds

    def get_next(self) -> Feeds | None:
        """Return the next photo, None after the last."""
        return next(self.feeds, None)


def quantize_model(source: Path, target: Path, photos: Sequence[Entry], changes: Mapping[str, Any]) -> Card:
    """Write an int8 version of a model file and return its card, with some fields changed, such as its name.

    ``photos`` are color photos, 80 are enough: calibration takes 64 at even distances, three in ten with hints, and 16
    others are colored by both models. Raises DataError for fewer than two photos, ModelError for a file that is not one
    of ours, RunError when colors move by more than :data:`LARGEST_CHANGE`.
    """
    if len(photos) < 2:
        raise DataError(f"{len(photos)} photos are too few to quantize with; give {CALIBRATED + CHECKED} or more")
    _, card = read_model(source)
    card = replace(card, **changes, training={**card.training, "weights": "int8"})
    places = np.unique(np.linspace(0, len(photos) - 1, CALIBRATED + CHECKED).round().astype(int))
    checked = set(places[:: max(2, len(places) // CHECKED)])
    learned = [photos[place] for place in places if place not in checked]
    with tempfile.TemporaryDirectory() as folder:
        full, ready, small = (Path(folder) / f"{stem}.onnx" for stem in ("full", "ready", "small"))
        onnx.save(with_full_weights(onnx.load(source)), full)
        quant_pre_process(full, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            small,
            Calibration(_feeds(learned, card, _inputs(full))),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(QUANTIZED),
        )
        model = onnx.load(small)
    write_card(model, card)
    save_model(model, target, lambda path: _check(source, path, card, [photos[place] for place in sorted(checked)]))
    return card


def _inputs(model: Path) -> list[str]:
    return [port.name for port in onnxruntime.InferenceSession(model).get_inputs()]


def _feeds(photos: Sequence[Entry], card: Card, inputs: Sequence[str]) -> Iterator[Feeds]:
    """Yield what a network is given of each photo, at the working size; photos that cannot be read are left out."""
    side = card.multiple * max(1, round(card.decode.working_size / card.multiple))
    random = torch.Generator().manual_seed(0)
    for entry in photos:
        try:
            photo = centered(decode(entry), side)
        except DataError:
            continue
        rgb, gray = torch.tensor(photo).permute(2, 0, 1)[None], torch.tensor(clean_gray(photo))[None, None]
        batch = make_batch(rgb, gray, random, "hints" in inputs)
        yield {name: value.contiguous().numpy() for name, value in zip(inputs, batch.inputs, strict=True)}


def _check(source: Path, target: Path, card: Card, photos: Sequence[Entry]) -> None:
    """Raise RunError when the colors of photos move too far."""
    before, after = (onnxruntime.InferenceSession(path) for path in (source, target))
    chroma = chroma_from_card(card.chroma)
    moved = []
    for feeds in _feeds(photos, card, [port.name for port in before.get_inputs()]):
        one, other = (chroma.decode(session.run(None, feeds)[0], card.decode, axis=1) for session in (before, after))
        moved.append(_distance(one, other))
    mean = float(np.mean(moved)) if moved else float("nan")
    if not mean <= LARGEST_CHANGE:
        raise RunError(
            f"int8 moves the colors of {len(moved)} photos by {mean:.2f} Lab units, at most {LARGEST_CHANGE} are "
            "allowed; calibrate with more photos, of the kind that the model is for"
        )


def _distance(one: Any, other: Any) -> float:
    return float(np.hypot(*np.moveaxis(np.asarray(one - other), 1, 0)).mean())
