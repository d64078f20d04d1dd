"""Options and encoder settings: how a photo is written."""

from dataclasses import dataclass
from typing import Any

from photochrom.errors import OptionError
from photochrom.photo.engine import Image
from photochrom.photo.formats import FORMATS, Format, written_as
from photochrom.photo.tiff_tags import COMPRESSION, TILE_LENGTH, TILE_WIDTH, Entries

_ALIASES = {"jpg": "jpeg", "tif": "tiff"}
_TIFF_KEPT = {1: "none", 5: "lzw", 8: "deflate", 32946: "deflate", 32773: "packbits"}
_FULL = {"uchar": 255, "ushort": 65535, "float": 1.0}
_PIXELS = {8: "uchar", 16: "ushort", 32: "float"}
BIG_TIFF_BYTES = 3_900_000_000


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """How a photo is written.

    ``format`` is "jpeg", "png", "tiff", "webp" or "avif"; None keeps the photo's own (GIF becomes PNG). ``quality``
    is 1..100 and for lossy formats only; where None, JPEG has 95 (full chroma resolution), WebP 92, AVIF 85, and a
    lossless WebP stays lossless. ``overwrite`` allows a target that exists.
    """

    format: str | None = None
    quality: int | None = None
    overwrite: bool = False


def resolve(options: SaveOptions, own: str) -> Format:
    """Return the format to write; raises OptionError for an unknown one or a quality that does not apply."""
    name = written_as(own).name if options.format is None else options.format.lower().lstrip(".")
    chosen = FORMATS.get(_ALIASES.get(name, name))
    if chosen is None or not chosen.save:
        writable = ", ".join(known.name for known in FORMATS.values() if known.save)
        raise OptionError(f"format {options.format!r}: expected one of {writable}; choose one of these")
    if options.quality is not None and not chosen.quality:
        raise OptionError(f"quality {options.quality}: {chosen.name} is lossless and has none; leave it out")
    if options.quality is not None and not 1 <= options.quality <= 100:
        raise OptionError(f"quality {options.quality}: expected 1 to 100; 95 is hard to tell from lossless")
    return chosen


def written_bits(target: Format, bits: int) -> int:
    """Return the bits a channel of a photo of ``bits`` (8, 16, 32) gets in this format: as many as it can hold."""
    fitting = [depth for depth in target.depths if depth <= bits]
    return max(fitting, default=min(target.depths))


def at_depth(image: Image, bits: int) -> Image:
    """Return ``image`` with 8 or 16 bits or floats (32); other depths, such as 10, count as 16."""
    wanted = _PIXELS.get(bits, "ushort")
    have = "float" if image.format == "double" else image.format
    if have == wanted:
        return image if have == image.format else image.cast("float")
    scaled = image.linear(_FULL[wanted] / _FULL[have], 0.0 if wanted == "float" else 0.5)
    return scaled.cast(wanted)


def encoder_settings(target: Format, bits: int, options: SaveOptions, lossless: bool, tags: Entries) -> dict[str, Any]:
    """Return libvips' arguments for a format; ``tags`` are the TIFF tags of the page, if it came from one."""
    settings: dict[str, Any] = {"Q": options.quality or target.quality} if target.quality else {}
    if target.name == "jpeg":
        return settings | {"subsample_mode": "off"}
    if target.name == "webp" and lossless and options.quality is None:
        return {"lossless": True, "exact": True}
    if target.name == "avif":
        return settings | {"compression": "av1", "bitdepth": bits, "subsample_mode": "off"}
    if target.name == "tiff":
        return settings | _tiff_settings(bits, tags)
    return settings


def _tiff_settings(bits: int, tags: Entries) -> dict[str, Any]:
    """Keep lossless compression and tiles; JPEG, fax and unknown compressions become Deflate."""
    was = tags[COMPRESSION].number() if COMPRESSION in tags else 1
    settings: dict[str, Any] = {"compression": _TIFF_KEPT.get(was, "deflate")}
    if settings["compression"] in ("lzw", "deflate"):
        settings["predictor"] = "float" if bits == 32 else "horizontal"
    if TILE_WIDTH in tags and TILE_LENGTH in tags:
        width, length = tags[TILE_WIDTH].number(), tags[TILE_LENGTH].number()
        if all(16 <= side <= 2048 and side % 16 == 0 for side in (width, length)):
            settings |= {"tile": True, "tile_width": width, "tile_height": length}
    return settings
