"""Where the time goes, measured inside a fresh process: start, decode, network, recompose, encode.

libvips decodes, recomposes and encodes strip by strip at the same time, so the last stages have no clock of their own.
They are told apart by running the pipeline three times, each time with one stage more and everything thrown away:

    decode     the small lightness for the network, and the full photo decoded into /dev/null
    recompose  the full photo decoded and recomposed into /dev/null, less the full decode
    encode     the whole of Photo.save, less the pipeline without it (for TIFF: mostly the disk)

Run as ``python -m benchmarks.stages STARTED PHOTO MODEL TARGET``; prints seconds as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def seconds(job: Callable[[], Any]) -> float:
    """Return how long ``job`` takes."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def main(started: str, source: str, model: str, target: str) -> None:
    """Measure one photo and print the result; ``started`` is the time at which the process was asked for."""
    from photochrom import Colorizer, Photo, SaveOptions

    colorizer = Colorizer(model)
    Photo.open(source)
    start = time.time() - float(started)

    from photochrom.photo.writing import color_and_alpha

    photo = Photo.open(source)
    page = photo.pages[0]
    clock = time.perf_counter()
    lightness = page.lightness(*colorizer.working_size(page.width, page.height))
    photo.is_colored  # noqa: B018 - what the command line looks at, too
    look = time.perf_counter() - clock
    clock = time.perf_counter()
    chroma = colorizer.chroma(lightness)
    network = time.perf_counter() - clock
    colored = photo.with_chroma([chroma])

    decode = seconds(lambda: photo.origin.load(page.header).rawsave("/dev/null"))
    pipeline = seconds(lambda: color_and_alpha(photo.origin, (page.header, chroma), photo.bits)[0].rawsave("/dev/null"))
    whole = seconds(lambda: colored.save(Path(target), options=SaveOptions(overwrite=True)))
    found = {
        "start": start,
        "decode": look + decode,
        "network": network,
        "recompose": max(0.0, pipeline - decode),
        "encode": max(0.0, whole - pipeline),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
