"""The file formats that photochrom reads and writes: a literal list, told apart by content and not by name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """One file format.

    ``load`` and ``save`` are the libvips operations (without their ``_source`` and ``_buffer`` endings); an empty
    ``save`` means that results are written as PNG. ``depths`` are the bits a channel can have when written;
    ``quality`` is the default of lossy formats, 0 where there is none; ``longest`` the longest side in pixels.
    """

    name: str
    suffixes: tuple[str, ...]
    load: str
    save: str
    depths: tuple[int, ...]
    quality: int = 0
    alpha: bool = True
    longest: int = 1_000_000


FORMATS = {
    "jpeg": Format("jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"), "jpegload", "jpegsave", (8,), 95, False, 65_500),
    "png": Format("png", (".png",), "pngload", "pngsave", (8, 16)),
    "tiff": Format("tiff", (".tif", ".tiff"), "tiffload", "tiffsave", (8, 16, 32)),
    "webp": Format("webp", (".webp",), "webpload", "webpsave", (8,), 92, longest=16_383),
    "avif": Format("avif", (".avif",), "heifload", "heifsave", (8, 10, 12), 85, longest=16_384),
    "gif": Format("gif", (".gif",), "gifload", "", ()),
}

_STARTS = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
}
_AVIF_BRANDS = (b"avif", b"avis")
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
HEADER_BYTES = 64


def sniff(header: bytes) -> str | None:
    """Tell the format from the first bytes of a file: a key of FORMATS, "heic" (known, not readable) or None."""
    for start, name in _STARTS.items():
        if header.startswith(start):
            return name
    if header[:4] == b"RIFF" and header[8:12] == b"WEBP":
        return "webp"
    if header[4:8] == b"ftyp":
        brands = (header[8:12], *(header[at : at + 4] for at in range(16, min(len(header), 64), 4)))
        if any(brand in _AVIF_BRANDS for brand in brands):
            return "avif"
        if any(brand in _HEIF_BRANDS for brand in brands):
            return "heic"
    return None


def written_as(name: str) -> Format:
    """Return the format a photo of format ``name`` is written in when nothing else is asked for."""
    known = FORMATS[name]
    return known if known.save else FORMATS["png"]


def by_suffix(suffix: str) -> Format | None:
    """Return the writable format that files ending in ``suffix`` (".jpg") have, or None."""
    for candidate in FORMATS.values():
        if candidate.save and suffix.lower() in candidate.suffixes:
            return candidate
    return None


def is_lossless_webp(start: bytes) -> bool:
    """Tell from the first bytes of a WebP file whether its (first) picture is compressed without loss."""
    at = 12
    while at + 8 <= len(start):
        kind, size = start[at : at + 4], int.from_bytes(start[at + 4 : at + 8], "little")
        if kind in (b"VP8 ", b"VP8L"):
            return kind == b"VP8L"
        at += 8 + 16 if kind == b"ANMF" else 8 + size + size % 2
    return False
