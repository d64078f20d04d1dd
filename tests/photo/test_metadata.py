"""What a file says beside its pixels is still said by the result."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image as Pillow
from PIL import IptcImagePlugin

from photochrom.photo import Photo, SaveOptions
from photochrom.photo.provenance import SOURCE_TYPE

EXIF, GPS = 0x8769, 0x8825
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:a="http://example.org/" a:shelf="B12"/></rdf:RDF></x:xmpmeta>'
)


def exif_block(orientation: int = 1) -> Any:
    exif = Pillow.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B] = "Kodak", "Brownie", "Grandmother"
    exif[0x0132], exif[0x8298] = "1931:07:04 12:00:00", "(c) family"
    exif[0x0112] = orientation
    exif.get_ifd(EXIF).update({0x9003: "1931:07:04 12:00:00", 0x829A: (1, 25), 0xA001: 65535})
    exif.get_ifd(GPS).update({1: "N", 2: (48.0, 51.0, 30.0)})
    loaded = Pillow.Exif()
    loaded.load(exif.tobytes())
    return loaded


def saved(photo: Photo, model: str | None = None, **options: Any) -> bytes:
    chroma = [np.full((3, 4, 2), 6, np.float32) for _ in photo.pages]
    return photo.with_chroma(chroma, model=model).encode(SaveOptions(**options))


def read(data: bytes) -> Any:
    return Pillow.open(BytesIO(data))


@pytest.mark.parametrize("suffix", ["jpg", "webp", "png"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_exif_is_kept(suffix: str, mode: str, make: Any) -> None:
    path = make.pillow(f"in.{suffix}", make.color(), mode, exif=exif_block())
    exif = read(saved(Photo.open(path))).getexif()
    assert (exif[0x010F], exif[0x0110], exif[0x013B]) == ("Kodak", "Brownie", "Grandmother")
    assert exif.get_ifd(EXIF)[0x9003] == "1931:07:04 12:00:00"
    assert exif.get_ifd(GPS)[1] == "N"


@pytest.mark.parametrize("suffix", ["jpg", "webp", "png", "tif"])
def test_orientation_is_applied_and_not_stated_any_more(suffix: str, make: Any) -> None:
    path = make.pillow(f"in.{suffix}", make.gray(), exif=exif_block(6))
    image = read(saved(Photo.open(path)))
    assert image.size == (96, 128)
    assert image.getexif().get(0x0112, 1) == 1


def test_a_file_that_says_another_color_space_says_srgb_afterwards(make: Any) -> None:
    image = read(saved(Photo.open(make.jpeg(make.gray(), exif=exif_block()))))
    assert image.getexif().get_ifd(EXIF)[0xA001] == 1


def test_the_small_gray_preview_inside_exif_does_not_stay(make: Any) -> None:
    preview = BytesIO()
    Pillow.fromarray(make.gray()).resize((32, 24)).save(preview, "JPEG")
    tiff = bytearray(exif_block().tobytes()[6:])
    (order,) = {b"MM": ">", b"II": "<"}[bytes(tiff[:2])]
    first = struct.unpack_from(order + "I", tiff, 4)[0]
    link = first + 2 + 12 * struct.unpack_from(order + "H", tiff, first)[0]
    struct.pack_into(order + "I", tiff, link, len(tiff))
    data_at = len(tiff) + 2 + 3 * 12 + 4
    rows = ((0x103, 3, 6 << 16 if order == ">" else 6), (0x201, 4, data_at), (0x202, 4, len(preview.getvalue())))
    tiff += struct.pack(order + "H", 3) + b"".join(
        struct.pack(order + "HHII", tag, kind, 1, v) for tag, kind, v in rows
    )
    tiff += b"\0" * 4 + preview.getvalue()
    path = make.jpeg(make.gray(), exif=b"Exif\0\0" + bytes(tiff))
    assert "jpeg-thumbnail-data" in pyvips.Image.new_from_file(str(path)).get_fields()
    data = saved(Photo.open(path))
    assert "jpeg-thumbnail-data" not in pyvips.Image.new_from_buffer(data, "").get_fields()
    assert preview.getvalue()[200:400] not in data
    assert read(data).getexif()[0x010F] == "Kodak"


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_resolution_is_kept(suffix: str, make: Any) -> None:
    path = make.pillow(f"in.{suffix}", make.gray(), dpi=(600, 300))
    image = pyvips.Image.new_from_buffer(saved(Photo.open(path)), "")
    assert (image.xres * 25.4, image.yres * 25.4) == pytest.approx((600, 300), rel=1e-3)


def test_resolution_turns_with_the_picture(make: Any) -> None:
    path = make.jpeg(make.gray(), exif=exif_block(6), dpi=(600, 300))
    image = pyvips.Image.new_from_buffer(saved(Photo.open(path)), "")
    assert (image.xres * 25.4, image.yres * 25.4) == pytest.approx((300, 600), rel=1e-3)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif", "avif"])
def test_xmp_is_kept_and_the_note_added(suffix: str, make: Any) -> None:
    image = pyvips.Image.new_from_array(make.color()).copy(interpretation="srgb")
    image.set_type(pyvips.GValue.blob_type, "xmp-data", XMP)
    image.write_to_file(str(make.folder / f"in.{suffix}"))
    data = saved(Photo.open(make.folder / f"in.{suffix}"), model="tiny")
    packet = bytes(pyvips.Image.new_from_buffer(data, "").get("xmp-data")).decode()
    assert 'a:shelf="B12"' in packet
    assert SOURCE_TYPE in packet
    assert "model tiny" in packet
    assert "Photochrom" in packet


def test_a_photo_that_was_not_colored_gets_no_note(make: Any) -> None:
    assert SOURCE_TYPE.encode() not in Photo.open(make.jpeg(make.gray())).encode()


@pytest.mark.parametrize(("letters", "noted"), [(61_000, True), (64_900, False)])
def test_large_xmp_in_jpeg_stays_and_is_noted_if_there_is_room(letters: int, noted: bool, make: Any) -> None:
    body = b"http://ns.adobe.com/xap/1.0/\0" + XMP.replace(b"B12", b"B" * letters)
    plain = make.jpeg(make.gray()).read_bytes()
    data = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + plain[2:]
    result = saved(Photo.open(data))
    packet = bytes(pyvips.Image.new_from_buffer(result, "").get("xmp-data"))
    assert b"B" * letters in packet
    assert (SOURCE_TYPE.encode() in packet) == noted
    assert read(result).getexif() is not None
    assert Photo.open(result).to_array().shape == (96, 128, 3)


IIM = b"\x1c\x02\x78\x00\x09A caption" + b"\x1c\x02\x50\x00\x06Author"
RESOURCES = (
    b"Photoshop 3.0\0" + b"8BIM\x04\x28\0\0\0\0\0\x02ab" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IIM)) + IIM
)


def with_iptc(make: Any, suffix: str) -> Path:
    if suffix != "jpg":
        padded = IIM + b"\0" * (-len(IIM) % 4)
        kind, count = {"tif": ("I", len(padded) // 4), "byte.tif": ("B", len(padded))}[suffix]
        value = struct.unpack(f"<{count}{kind}", padded)
        return Path(make.tiff(make.gray(), extratags=[(33723, kind, count, value, True)]))
    image = pyvips.Image.new_from_array(make.gray())
    image.set_type(pyvips.GValue.blob_type, "iptc-data", RESOURCES)
    image.write_to_file(str(make.folder / "iptc.jpg"))
    return Path(make.folder / "iptc.jpg")


@pytest.mark.parametrize("source", ["jpg", "tif", "byte.tif"])
@pytest.mark.parametrize("target", ["jpeg", "tiff"])
def test_iptc_is_kept_also_from_one_format_to_the_other(source: str, target: str, make: Any) -> None:
    image = read(saved(Photo.open(with_iptc(make, source)), format=target))
    assert IptcImagePlugin.getiptcinfo(image)[(2, 120)] == b"A caption"
    if source == "jpg" and target == "jpeg":
        assert b"8BIM\x04\x28" in saved(Photo.open(with_iptc(make, source)))


TAGS = [(271, "s", 0, "Kodak", True), (315, "s", 0, "Grandmother", True), (33432, "s", 0, "(c) family", True)]


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_tiff_tags_are_kept(byteorder: str, bigtiff: bool, make: Any) -> None:
    details = {"description": "On the beach", "datetime": "1931:07:04 12:00:00", "software": "ScanMaster 3"}
    path = make.tiff(make.gray(16), extratags=TAGS, byteorder=byteorder, bigtiff=bigtiff, metadata=None, **details)
    with tifffile.TiffFile(BytesIO(saved(Photo.open(path)))) as after:
        tags = after.pages[0].tags
        assert [tags[code].value for code in (270, 271, 305, 315, 33432)] == [
            "On the beach",
            "Kodak",
            "ScanMaster 3",
            "Grandmother",
            "(c) family",
        ]
        assert tags[306].value == "1931:07:04 12:00:00"
        assert np.array_equal(after.pages[0].asarray(), Photo.open(saved(Photo.open(path))).to_array())


def test_exif_inside_tiff_is_kept(make: Any) -> None:
    path = make.pillow("in.tif", make.gray(), exif=exif_block())
    exif = read(saved(Photo.open(path))).getexif()
    assert exif[0x013B] == "Grandmother"
    assert exif.get_ifd(EXIF)[0x9003] == "1931:07:04 12:00:00"
    assert exif.get_ifd(EXIF)[0x829A] in (0.04, (1, 25))
    assert exif.get_ifd(GPS)[2] == (48.0, 51.0, 30.0)


@pytest.mark.parametrize("source", ["jpg", "tif", "png"])
@pytest.mark.parametrize("target", ["jpeg", "tiff", "png", "webp"])
def test_exif_survives_a_change_of_format(source: str, target: str, make: Any) -> None:
    path = make.pillow(f"in.{source}", make.color(), exif=exif_block())
    exif = read(saved(Photo.open(path), format=target)).getexif()
    assert exif[0x013B] == "Grandmother"
    assert exif.get_ifd(EXIF)[0x9003] == "1931:07:04 12:00:00"


@pytest.mark.parametrize("junk", [b"Exif\0\0" + b"\xff" * 200, b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0"])
def test_broken_exif_does_no_harm(junk: bytes, make: Any) -> None:
    plain = make.jpeg(make.gray()).read_bytes()
    data = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(junk) + 2) + junk + plain[2:]
    for target in ("jpeg", "tiff", "png"):
        assert Photo.open(saved(Photo.open(data), format=target)).width == 128
