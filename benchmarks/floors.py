"""What cannot be done without, measured bare inside a fresh process.

    start     Python, NumPy, libvips and ONNX Runtime imported, the model file loaded
    vips      libvips alone: decode, to CIE Lab and back, encode with the same settings
    forward   ONNX Runtime alone: one pass of the network at the working size (median of five after the first)

Run as ``python -m benchmarks.floors STARTED PHOTO MODEL TARGET``; prints seconds as JSON.
"""

import json
import statistics
import sys
import time


def main(started: str, source: str, model: str, target: str) -> None:
    """Measure one photo and print the result; ``started`` is the time at which the process was asked for."""
    import numpy as np
    import onnxruntime
    import pyvips

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    start = time.time() - float(started)

    pyvips.cache_set_max(0)
    clock = time.perf_counter()
    image = pyvips.Image.new_from_file(source, access="sequential")
    deep = image.format == "ushort"
    back = image.colourspace("lab").colourspace("rgb16" if deep else "srgb")
    if deep:
        back.tiffsave(target, compression="none")
    else:
        back.jpegsave(target, Q=95, subsample_mode="off")
    vips = time.perf_counter() - clock

    side = json.loads(session.get_modelmeta().custom_metadata_map["card"])["decode"]["working_size"]
    across, down = (max(16, round(side * factor / 16) * 16) for factor in _sides(image.width / image.height))
    feeds = {
        "lightness": np.full((1, 1, down, across), 50, np.float32),
        "hints": np.zeros((1, 3, down, across), np.float32),
    }
    passes = []
    for _ in range(6):
        clock = time.perf_counter()
        session.run(None, feeds)
        passes.append(time.perf_counter() - clock)
    sys.stdout.write(json.dumps({"start": start, "vips": vips, "forward": statistics.median(passes[1:])}))


def _sides(aspect: float) -> tuple[float, float]:
    return aspect**0.5, aspect**-0.5


if __name__ == "__main__":
    main(*sys.argv[1:])
