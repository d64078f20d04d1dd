"""The one thing libvips does not write into JPEG files: XMP packets of more than 60,000 bytes."""

import struct
from typing import BinaryIO

LIBVIPS_LIMIT = 60_000
_MARK = b"http://ns.adobe.com/xap/1.0/\0"
SEGMENT_LIMIT = 65_533 - len(_MARK)
_BEFORE = (0xE0, 0xE1)


def insert_xmp(file: BinaryIO, packet: bytes) -> None:
    """Insert a packet, of SEGMENT_LIMIT bytes at most, behind the JFIF and EXIF segments of a JPEG file."""
    file.seek(0)
    data = file.read()
    at = 2
    while data[at] == 0xFF and data[at + 1] in _BEFORE:
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    body = _MARK + packet
    file.seek(at)
    file.write(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[at:])
