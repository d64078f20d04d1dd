"""Hands what was trained over the wall: one ONNX file with its card inside, checked against torch.

Weights are stored as float16 and cast to float32 when the file is loaded (the cast is folded then): half the size,
full speed on a CPU, float32 arithmetic. Tensors keep their names from torch, so that a model file is also a
checkpoint: :func:`read_model` gives the weights back.
"""

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from photochrom.card import Card, Decode
from photochrom.checkpoint import find_checkpoint, load_checkpoint
from photochrom.chroma import chroma_from_card
from photochrom.errors import ModelError, OutputUnwritable, RunError
from photochrom.jsonfile import read_object
from photochrom.recipe import Recipe
from photochrom.trainee import build_painter, load_weights

SMALLEST_HALVED = 256
PARITY = 1e-3
DEEPEST = "deep.weight"
"""Weights of the layer that takes the deepest features of the default network's encoder."""

EXAMPLE = 64
"""Sides of the photos that export and parity check use are the multiples of the network's from here on."""


def export_run(run: Path, target: Path, name: str, more: Mapping[str, Any]) -> Card:
    """Write the averaged weights of a run's checkpoint as an ONNX file and return its card.

    ``more`` are fields of the card that a run cannot know (see :func:`read_card_file`). Raises RunError when
    the folder holds no checkpoint, or when the file does not reproduce torch within :data:`PARITY` Lab units of ab.
    """
    folder = find_checkpoint(run)
    if folder is None:
        raise RunError(f"there is no checkpoint in {run}; expected the folder that photochrom train --run wrote")
    tensors, state = load_checkpoint(folder)
    recipe = Recipe.from_json(state["recipe"])
    chroma = chroma_from_card(state["chroma"])
    painter = build_painter(recipe, chroma)
    load_weights(painter, {key: as_kept(key, value) for key, value in tensors["averaged"].items()})
    position = state["position"]
    own = Card(
        name=name,
        description=f"{recipe.network} trained as {recipe.name}",
        chroma=chroma.to_card(),
        decode=Decode(**state["decode"]),
        multiple=painter.multiple,  # type: ignore[arg-type]
        recipe=json.loads(state["recipe"]),
        training={
            "steps": position["step"],
            "photos_in_set": state["photos"],
            "photo_passes": position["photos"],
            "minutes": round(position["seconds"] / 60, 1),
            "parameters": sum(value.numel() for value in painter.parameters()),
        },
        origins=tuple(state["origins"]),
    )
    card = replace(own, **more)
    write_model(painter.eval(), card, target)
    return card


def read_card_file(path: Path | None) -> dict[str, Any]:
    """Read a JSON file with fields for a card: description, decode, guess, license, metrics, origins; None gives none.

    Raises RunError for a file that cannot be read or a field that a card does not have or a run knows better.
    """
    if path is None:
        return {}
    values = read_object(path, RunError, '{"description": "...", "decode": {"temperature": 0.5}}')
    try:
        if "decode" in values:
            values["decode"] = Decode(**values["decode"])
    except TypeError as error:
        raise RunError(f"{path} has a decode that cannot be read ({error}); see photochrom.card.Decode") from error
    unknown = set(values) - {"description", "decode", "guess", "license", "metrics", "origins"}
    if unknown:
        raise RunError(f"{path} has the unknown card fields {', '.join(sorted(unknown))}; see photochrom.card")
    if "origins" in values:
        values["origins"] = tuple(values["origins"])
    return values


def write_model(painter: nn.Module, card: Card, target: Path) -> None:
    """Export a painter with its card, check it, and move it into place."""
    model = with_features(_with_half_weights(to_onnx(painter, card.multiple)))
    write_card(model, card)
    save_model(model, target, lambda path: _check_parity(painter, card, path))


def to_onnx(painter: nn.Module, multiple: int) -> onnx.ModelProto:
    """Return a painter as an ONNX model, float32, for photos of any sides that are multiples of ``multiple``."""
    cells = max(2, -(-EXAMPLE // multiple))  # torch takes an innermost map of one place for a constant
    example = _example(painter, cells * multiple, (cells + 1) * multiple)
    high, wide = torch.export.Dim("high", min=1, max=4096), torch.export.Dim("wide", min=1, max=4096)
    size = {2: multiple * high, 3: multiple * wide}
    with _silence():
        program = torch.onnx.export(
            painter,
            example,
            input_names=["lightness", "hints"][: len(example)],
            output_names=["raw"],
            dynamic_shapes=(size,) * len(example),
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    if program is None:
        raise RunError("torch gave no ONNX program; is onnxscript installed?")
    return program.model_proto


@contextmanager
def _silence() -> Iterator[None]:
    """Keep from users what torch's exporter says to its own developers."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def with_features(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let the model of a file give its encoder's deepest map, too, as the output "features" (B, C, H/16, W/16).

    That is what goes into the layer of :data:`DEEPEST`. Nothing else changes; a model without that layer, or with the
    output, stays as it is. Quantized models do as well.
    """
    graph = model.graph
    takers = [node for node in graph.node if node.op_type == "Conv" and node.input[1].startswith(DEEPEST)]
    if not takers or any(port.name == "features" for port in graph.output):
        return model
    made_by = next(node for node in graph.node if takers[0].input[0] in node.output)
    if made_by.op_type == "DequantizeLinear":  # a reading of its own: integer arithmetic elsewhere needs the other
        graph.node.append(helper.make_node(made_by.op_type, made_by.input, ["features"], name="features"))
    else:
        graph.node.append(helper.make_node("Identity", [takers[0].input[0]], ["features"], name="features"))
    shape = ["batch", "deep", "down", "across"]
    graph.output.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, shape))
    return model


def rewrite_card(path: Path, card: Card) -> None:
    """Replace the card inside a model file, atomically."""
    model = onnx.load(path)
    write_card(model, card)
    save_model(model, path, lambda _: None)


def write_card(model: onnx.ModelProto, card: Card) -> None:
    """Put a card into a model's metadata, replacing the one there."""
    del model.metadata_props[:]
    model.metadata_props.add(key="card", value=card.to_json())


def read_model(path: Path) -> tuple[dict[str, Tensor], Card]:
    """Return the named weights, float32, and the card of an exported model, to train on from there.

    Raises ModelError when the file is not one of ours.
    """
    try:
        model = onnx.load(path)
    except Exception as error:  # onnx passes on the errors of protobuf, which have no common root
        raise ModelError(
            f"{path} cannot be read as an ONNX model ({error}); expected a file of photochrom export"
        ) from error
    cards = [prop.value for prop in model.metadata_props if prop.key == "card"]
    if not cards:
        raise ModelError(f"{path} has no card inside; expected a file that photochrom export wrote")
    if any(entry.data_type == TensorProto.INT8 for entry in model.graph.initializer):
        raise ModelError(f"{path} is quantized, which cannot be trained on; give the model that it was made from")
    weights = {
        entry.name.removesuffix(_HALF): torch.from_numpy(numpy_helper.to_array(entry).astype(np.float32))
        for entry in model.graph.initializer
    }
    return weights, Card.from_json(cards[0])


_HALF = ".half"


def as_kept(name: str, value: Tensor) -> Tensor:
    """Round a weight to what the file keeps of it, so that torch and the file hold the same numbers."""
    return value.half().float() if _is_halved(name, value.numel()) else value


def _is_halved(name: str, size: int) -> bool:
    """Tell whether float16 is enough: not worth it for small tensors, and variances may be too large for it."""
    return size >= SMALLEST_HALVED and not name.endswith("running_var")


def with_full_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model of a file with float32 weights and no casts, as it was before it was stored."""
    graph = model.graph
    for entry in graph.initializer:
        if entry.name.endswith(_HALF):
            values = numpy_helper.to_array(entry).astype(np.float32)
            entry.CopyFrom(numpy_helper.from_array(values, entry.name.removesuffix(_HALF)))
    nodes = [node for node in graph.node if not (node.op_type == "Cast" and node.input[0].endswith(_HALF))]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def _with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = model.graph
    casts = []
    for entry in list(graph.initializer):
        values = numpy_helper.to_array(entry)
        if entry.data_type != TensorProto.FLOAT or not _is_halved(entry.name, values.size):
            continue
        name = entry.name
        entry.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + _HALF))
        casts.append(helper.make_node("Cast", [name + _HALF], [name], to=TensorProto.FLOAT, name=f"cast {name}"))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(casts + nodes)
    del graph.value_info[:]
    return model


def save_model(model: onnx.ModelProto, target: Path, check: Callable[[Path], None]) -> None:
    """Write a model to a temporary name, let ``check`` look at it, and move it into place.

    Raises OutputUnwritable where that cannot be done, and what ``check`` raises; nothing is left behind then.
    """
    fresh = None
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".onnx")
        os.close(handle)
        fresh = Path(name)
        onnx.save(model, name)
        check(fresh)
        fresh.chmod(0o644)
        fresh.replace(target)
    except OSError as error:
        reason = error.strerror or error
        raise OutputUnwritable(f"{target} cannot be written ({reason}); give a file in a folder with room") from error
    finally:
        if fresh is not None:
            fresh.unlink(missing_ok=True)


def _example(painter: nn.Module, height: int, width: int) -> tuple[Tensor, ...]:
    """Return a random photo's lightness, and hints where the painter takes any."""
    random = torch.Generator().manual_seed(height * 10_000 + width)
    lightness = torch.rand(1, 1, height, width, generator=random) * 100
    if not painter.takes_hints:
        return (lightness,)
    hints = torch.zeros(1, 3, height, width)
    hints[:, :, :8, :8] = torch.tensor([1.0, 40.0, -30.0])[None, :, None, None]
    return lightness, hints


def _check_parity(painter: nn.Module, card: Card, path: Path) -> None:
    """Compare decoded ab of torch and ONNX Runtime on random photos with hints, at sizes unlike the example's."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    chroma = chroma_from_card(card.chroma)
    cells = -(-EXAMPLE // card.multiple)
    for height, width in ((cells + 1, cells), (cells, cells + 2)):
        example = _example(painter, height * card.multiple, width * card.multiple)
        with torch.no_grad():
            expected = painter(*example).numpy()
        feeds = {port.name: value.numpy() for port, value in zip(session.get_inputs(), example, strict=True)}
        got = session.run(None, feeds)[0]
        both = [chroma.decode(raw, replace(card.decode, temperature=1.0), axis=1) for raw in (expected, got)]
        worst = float(np.abs(both[0] - both[1]).max())
        if not worst <= PARITY:
            raise RunError(f"the exported model is {worst:.2g} Lab units from torch, at most {PARITY} is allowed")
