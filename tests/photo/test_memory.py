"""Photos are never held whole: memory stays small whatever their size."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

# A process begins with the getrusage() peak of the one that started it, so Linux's own count of its pages is read.
CODE = """
import re, sys
from pathlib import Path
import numpy as np
from photochrom.photo import Photo, SaveOptions
photo = Photo.open(sys.argv[1])
photo.pages[0].lightness(256, 192)
photo.with_chroma([np.full((48, 64, 2), 12, np.float32)]).save(sys.argv[2])
print(int(re.search("VmHWM:[ \\t]*([0-9]+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's account of memory")
@pytest.mark.parametrize("name", ["large.jpg", "turned.jpg", "large.tif"])
def test_a_large_photo_takes_little_memory(name: str, make: Any) -> None:
    gray = pyvips.Image.new_from_array(make.gray(8, 300, 400)).resize(10).cast("uchar")
    image = gray.bandjoin([gray, gray]).copy(interpretation="srgb")
    if "turned" in name:
        image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    if "tif" in name:
        image = (image.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
    image.write_to_file(str(make.folder / name))
    command = [sys.executable, "-c", CODE, str(make.folder / name), str(make.folder / f"out-{name}")]
    megabytes = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert megabytes < 200
    result = pyvips.Image.new_from_file(str(Path(make.folder / f"out-{name}")))
    assert {result.width, result.height} == {4000, 3000}
    assert np.isfinite(result.avg())


@pytest.mark.slow
def test_alpha_of_a_large_streamed_photo_stays_with_its_pixels(make: Any) -> None:
    from photochrom.photo import Photo

    noise = np.random.default_rng(2).integers(0, 255, (1500, 2000, 2), dtype=np.uint8)
    path = make.vips("alpha.png", noise, "b-w", compression=1)
    photo = Photo.open(path).with_chroma([make.gentle()])
    saved = Photo.open(photo.save(make.folder / "out.png"))
    assert np.array_equal(saved.to_array()[..., 3], noise[..., 1])
