"""The commands that make model files: export, average and quantize; ``cli`` loads them when they are typed."""

from pathlib import Path

from photochrom.terminal import say


def export(run: Path, model: Path, /, *, name: str = "default", card: Path | None = None) -> None:
    """Write a run's averaged weights as a model file.

    Args:
        run: The folder that photochrom train wrote.
        model: The .onnx file to write; an existing one is replaced.
        name: The model's name, on its card and in the photos it colors.
        card: A JSON file with what the card says besides: description, decode, origins, metrics.
    """
    from photochrom.export import export_run, read_card_file

    export_run(run, model, name, read_card_file(card))
    say(model)


def average(models: list[Path], /, *, out: Path, name: str = "default", card: Path | None = None) -> None:
    """Write the mean of models that were trained on from the same weights: often better than each.

    Args:
        models: Two model files or more.
        out: The .onnx file to write; an existing one is replaced.
        name: The new model's name, on its card and in the photos it colors.
        card: A JSON file with what the card says otherwise than the first model's: description, decode, origins.
    """
    from photochrom.export import read_card_file
    from photochrom.soup import average_models

    average_models(models, out, {"name": name, **read_card_file(card)})
    say(out)


def quantize(model: Path, target: Path, /, *, photos: list[str], name: str = "small", card: Path | None = None) -> None:
    """Write a model file with int8 weights and arithmetic: half the size, about twice as fast.

    Args:
        model: The .onnx file to start from.
        target: The .onnx file to write; an existing one is replaced.
        photos: Color photos to calibrate with, 80 are enough: folders, tar shards, globs.
        name: The new model's name, on its card and in the photos it colors.
        card: A JSON file with what the card says otherwise than the model's: description, decode, origins, metrics.
    """
    from photochrom.data.catalog import list_entries
    from photochrom.export import read_card_file
    from photochrom.quantize import quantize_model

    quantize_model(model, target, list_entries(photos), {"name": name, **read_card_file(card)})
    say(target)
