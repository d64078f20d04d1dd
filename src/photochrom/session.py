"""Model files opened for use: the session of ONNX Runtime, checked, with the card and the chroma inside."""

from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.card import Card
from photochrom.chroma import Chroma, chroma_from_card
from photochrom.errors import ModelError
from photochrom.weights import shipped

if TYPE_CHECKING:
    import onnxruntime


def open_model(model: str | Path, threads: int = 0) -> "tuple[onnxruntime.InferenceSession, Card, Chroma]":
    """Open a shipped model by name, or a model file by path; ``threads`` 0 means all cores.

    Raises ModelError when there is no such model or the file is not one of ours.
    """
    path = _find(model)
    session = _load(path, threads)
    card = _card(session, path)
    chroma = chroma_from_card(card.chroma)
    _check_ports(session, chroma.outputs, path)
    return session, card, chroma


def _find(model: str | Path) -> Path:
    models = shipped()
    if str(model) in models:
        return models[str(model)]
    path = Path(model)
    if not path.is_file():
        known = ", ".join(models)
        raise ModelError(f"there is no model {str(model)!r}; give the path of an .onnx file or one of: {known}")
    return path


def _load(path: Path, threads: int) -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting would take cores from libvips
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(path, options, providers=providers)
    except Exception as error:  # onnxruntime raises a dozen classes of its own
        why = reason(error)
        raise ModelError(f"{path} cannot be loaded as a model ({why}); expected a file of photochrom export") from error


def _card(session: "onnxruntime.InferenceSession", path: Path) -> Card:
    cards = session.get_modelmeta().custom_metadata_map
    if "card" not in cards:
        raise ModelError(f"{path} has no card inside; expected a model file that photochrom export wrote")
    return Card.from_json(cards["card"])


def _check_ports(session: "onnxruntime.InferenceSession", outputs: int, path: Path) -> None:
    """Raise ModelError unless the model takes lightness, and hints perhaps, and gives ``outputs`` channels."""
    taken = {port.name for port in session.get_inputs()}
    given, names = zip(*((port.shape, port.name) for port in session.get_outputs()), strict=True)
    if taken - {"hints"} != {"lightness"} or names[1:] not in {(), ("features",)} or len(given[0]) != 4:
        raise ModelError(f"{path} takes {', '.join(sorted(taken))}; expected a model of lightness and hints")
    if isinstance(given[0][1], int) and given[0][1] != outputs:
        raise ModelError(f"{path} gives {given[0][1]} scores, its card names {outputs}; export the model again")


def reason(error: Exception) -> str:
    """Return what ONNX Runtime said, on one line and without its "[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : "."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0].rpartition(" : ")[2].strip().removesuffix(".")
