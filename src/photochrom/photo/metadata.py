"""What travels from the old file to the new one beside pixels: EXIF, IPTC, XMP, resolution, comments, profile."""

import struct
from functools import cache
from typing import Any

from photochrom.photo.color_management import PROFILE, has_srgb_profile
from photochrom.photo.engine import GValue, Image, VipsError
from photochrom.photo.jpeg_segments import LIBVIPS_LIMIT, SEGMENT_LIMIT
from photochrom.photo.provenance import with_provenance
from photochrom.photo.tiff_pages import exif_from_tags, tags_from_exif, without_preview
from photochrom.photo.tiff_tags import CARRIED, IPTC, RESOLUTION, Entries, Value, swapped

Note = tuple[str, str | None]
"""Software and model."""

_EXIF, _XMP, _IPTC, _PHOTOSHOP = "exif-data", "xmp-data", "iptc-data", "photoshop-data"
_KEPT = (_PHOTOSHOP, "image-description", "resolution-unit")
_KEPT_PREFIXES = ("exif-", "png-comment-")
_PREVIEW_PREFIX = "exif-ifd1-"
_JPEG_SEGMENT = 65_000
_RESOURCES = b"Photoshop 3.0\0"
_IPTC_RESOURCE = 0x0404
_IPTC_MARK = b"\x1c"


def finished(image: Image, loaded: Image, tags: Entries, target: str, note: Note | None) -> Image:
    """Return ``image`` with the metadata of ``loaded``, an sRGB profile and, if given, a provenance note.

    ``tags`` are those of the TIFF directory the page came from; ``target`` is the format to be written.
    """
    xres, yres = loaded.xres, loaded.yres
    image = image.copy(xres=xres, yres=yres)
    for name in image.get_fields():
        if _removable(name):
            image.remove(name)
    _copy_fields(image, loaded)
    carried = {tag: value for tag, value in tags.items() if tag in CARRIED and tag != IPTC}
    if carried and target != "tiff" and _EXIF not in loaded.get_fields():
        _set_exif(image, exif_from_tags(carried))
    image.set_type(GValue.gint_type, "orientation", 1)
    if "exif-ifd2-ColorSpace" in image.get_fields():
        image.set_type(GValue.gstr_type, "exif-ifd2-ColorSpace", "1")
    _set_iptc(image, loaded, tags, target)
    _set_xmp(image, loaded, target, note)
    keeps = loaded.bands >= 3 and has_srgb_profile(loaded)
    image.set_type(GValue.blob_type, PROFILE, loaded.get(PROFILE) if keeps else _srgb_profile())
    return image


def tags_for_tiff(loaded: Image, tags: Entries, turned: bool) -> Entries:
    """Return the tags to write into a TIFF page: its own, or those of the EXIF and IPTC blocks of another format.

    ``turned``: by a quarter, so that the two resolutions changed places.
    """
    if not tags and _EXIF in loaded.get_fields():
        tags = tags_from_exif(bytes(loaded.get(_EXIF)))
    record = iptc_record(loaded, tags)
    kept = CARRIED if turned else (*CARRIED, *RESOLUTION)
    tags = {tag: value for tag, value in tags.items() if tag in kept}
    return tags | {IPTC: Value(7, len(record), record)} if record else tags


def _removable(name: str) -> bool:
    core = ("width", "height", "bands", "format", "coding", "interpretation", "xoffset", "yoffset", "xres", "yres")
    return name not in (*core, "filename")


def _copy_fields(image: Image, loaded: Image) -> None:
    for name in loaded.get_fields():
        if name == _EXIF:
            image.set_type(GValue.blob_type, name, without_preview(bytes(loaded.get(name))))
        elif name in _KEPT or (name.startswith(_KEPT_PREFIXES) and not name.startswith(_PREVIEW_PREFIX)):
            image.set_type(loaded.get_typeof(name), name, loaded.get(name))


def _set_exif(image: Image, exif: bytes) -> None:
    """Set an EXIF block, and the fields libvips would have made of it: entries without a field are not written."""
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    if len(exif) > _JPEG_SEGMENT:
        return
    jpeg = bytes(Image.black(8, 8).jpegsave_buffer(keep="none"))
    try:
        carrier = Image.jpegload_buffer(jpeg[:2] + segment + jpeg[2:])
    except VipsError:
        return
    for name in carrier.get_fields():
        if name.startswith("exif-") and "Resolution" not in name:
            image.set_type(carrier.get_typeof(name), name, carrier.get(name))


def _set_iptc(image: Image, loaded: Image, tags: Entries, target: str) -> None:
    """Keep IPTC data in JPEG: the Photoshop resources it came in, or resources around the record of a TIFF file."""
    if target != "jpeg":
        return
    data = bytes(loaded.get(_IPTC)) if _IPTC in loaded.get_fields() else b""
    if not data.startswith(_RESOURCES):
        record = iptc_record(loaded, tags)
        block = b"8BIM" + struct.pack(">HHI", _IPTC_RESOURCE, 0, len(record)) + record + b"\0" * (len(record) % 2)
        data = _RESOURCES + block if record else b""
    if 0 < len(data) <= _JPEG_SEGMENT:
        image.set_type(GValue.blob_type, _IPTC, data)


def iptc_record(loaded: Image, tags: Entries) -> bytes:
    """Return the IPTC record of a photo, empty if there is none.

    libvips confuses numbers with bytes when it reads and writes the TIFF tag, so that it is not asked there.
    """
    if IPTC in tags:
        value = tags[IPTC]
        return value.data if value.data[:1] == _IPTC_MARK else swapped(value.data, value.kind)
    data = bytes(loaded.get(_IPTC)) if _IPTC in loaded.get_fields() else b""
    return _unwrapped(data) if data.startswith(_RESOURCES) else b""


def _unwrapped(resources: bytes) -> bytes:
    """Return the IPTC record within Photoshop resources, empty if there is none."""
    at = len(_RESOURCES)
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        kind, name_size = struct.unpack_from(">HB", resources, at + 4)
        size_at = at + 6 + (name_size + 2) // 2 * 2
        if size_at + 4 > len(resources):
            break
        (size,) = struct.unpack_from(">I", resources, size_at)
        if kind == _IPTC_RESOURCE:
            return resources[size_at + 4 : size_at + 4 + size]
        at = size_at + 4 + size + size % 2
    return b""


def _set_xmp(image: Image, loaded: Image, target: str, note: Note | None) -> None:
    packet: Any = bytes(loaded.get(_XMP)) if _XMP in loaded.get_fields() else None
    if note is not None:
        merged = with_provenance(packet, *note)
        if target == "jpeg" and len(merged) > SEGMENT_LIMIT:
            merged = packet or merged  # a JPEG segment has no room for more
        packet = merged
    if packet:
        image.set_type(GValue.blob_type, _XMP, packet)


def oversized_xmp(image: Image) -> bytes:
    """Return the XMP packet if libvips would leave it out of a JPEG file, else nothing."""
    packet = bytes(image.get(_XMP)) if _XMP in image.get_fields() else b""
    return packet if LIBVIPS_LIMIT < len(packet) <= SEGMENT_LIMIT else b""


@cache
def _srgb_profile() -> bytes:
    return bytes(Image.profile_load("srgb"))
