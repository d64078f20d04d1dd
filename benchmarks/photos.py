"""Photos to measure with: enlarged sample photos with grain, so that codecs have as much to do as with a scan."""

from dataclasses import dataclass
from pathlib import Path

import pyvips

EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True, slots=True)
class Case:
    """A photo to measure: 8-bit RGB JPEG with neutral colors, as scanners save them, or 16-bit gray TIFF."""

    megapixels: int
    name: str
    sample: str
    width: int
    height: int

    @property
    def is_tiff(self) -> bool:
        """Whether the photo is a 16-bit TIFF; else an 8-bit JPEG."""
        return self.name.endswith(".tif")


CASES = {
    1: Case(1, "1mp.jpg", "great-wall.jpg", 1152, 868),
    12: Case(12, "12mp.jpg", "castle-clinton.jpg", 4000, 3000),
    100: Case(100, "100mp.tif", "horses.jpg", 12000, 8334),
}
"""Every photo by its megapixels."""


def make_photo(case: Case, folder: Path) -> Path:
    """Return the photo's file in ``folder``, made if it is not there yet."""
    path = folder / case.name
    if path.exists():
        return path
    sample = pyvips.Image.new_from_file(str(EXAMPLES / case.sample)).colourspace("b-w")
    large = sample.resize(case.width / sample.width, vscale=case.height / sample.height, kernel="cubic")
    large = large.crop(0, 0, min(case.width, large.width), min(case.height, large.height))
    grainy = large.cast("float") + pyvips.Image.gaussnoise(large.width, large.height, sigma=5, mean=0, seed=1)
    part = path.with_name(f"part-{path.name}")
    if case.is_tiff:
        (grainy * 257).cast("ushort").copy(interpretation="grey16").tiffsave(str(part), compression="none")
    else:
        gray = grainy.cast("uchar").copy(interpretation="b-w")
        gray.bandjoin([gray, gray]).copy(interpretation="srgb").jpegsave(str(part), Q=92)
    part.replace(path)
    return path
