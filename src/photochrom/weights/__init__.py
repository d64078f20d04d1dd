"""The shipped models: ONNX files, each with its card inside."""

from pathlib import Path

FOLDER = Path(__file__).parent
DEFAULT = "default"


def shipped() -> dict[str, Path]:
    """Return the shipped models by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.onnx"))}
