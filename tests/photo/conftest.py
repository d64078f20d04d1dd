"""Pictures and files that the photo tests need; every odd file is made here, none is stored."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import tifffile
from numpy.typing import NDArray
from PIL import Image as Pillow
from skimage.color import rgb2lab

Array = NDArray[Any]

ADOBE_RGB = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])


class Make:
    """Makes pictures as arrays and files in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def smooth(height: int = 96, width: int = 128) -> Array:
        """Soft waves and one edge, 0.08..0.92, shape (height, width)."""
        down, across = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
        waves = 0.5 + 0.25 * np.sin(9 * across + 4 * down) + 0.12 * np.cos(17 * down - 3 * across)
        return np.clip(waves + 0.1 * (across > 0.6), 0.08, 0.92)

    @classmethod
    def gray(cls, bits: int = 8, height: int = 96, width: int = 128) -> Array:
        picture = cls.smooth(height, width)
        return np.rint(picture * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)

    @classmethod
    def color(cls, bits: int = 8, height: int = 96, width: int = 128) -> Array:
        picture = cls.smooth(height, width)
        rgb = np.stack([picture, picture**1.3, picture**1.8], axis=-1)
        return np.rint(rgb * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)

    @staticmethod
    def alpha(bits: int = 8, height: int = 96, width: int = 128) -> Array:
        full = 2**bits - 1
        noise = np.random.default_rng(7).integers(0, full, (height, width), endpoint=True)
        return noise.astype(np.uint8 if bits == 8 else np.uint16)

    @staticmethod
    def gentle(height: int = 12, width: int = 16) -> Array:
        """Chroma that every lightness of ``smooth`` can show, |ab| <= 9."""
        down, across = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
        return np.stack([9 * np.sin(5 * across), 9 * np.cos(4 * down + across)], axis=-1).astype(np.float32)

    @classmethod
    def strong(cls, height: int = 12, width: int = 16) -> Array:
        """Chroma far outside sRGB."""
        return cls.gentle(height, width) * np.float32(14)

    @staticmethod
    def lightness(rgb: Array) -> Array:
        """L by scikit-image, of gray or RGB, whole numbers or floats."""
        full = {"u1": 255, "u2": 65535}.get(rgb.dtype.str[1:], 1)
        values = rgb[..., :3].astype(np.float64) / full if rgb.ndim == 3 else np.stack([rgb / full] * 3, axis=-1)
        return np.asarray(rgb2lab(values)[..., 0])

    def pillow(self, name: str, array: Array, mode: str | None = None, **options: Any) -> Path:
        path = self.folder / name
        image = Pillow.fromarray(array)
        (image.convert(mode) if mode else image).save(path, **options)
        return path

    def jpeg(self, array: Array, name: str = "in.jpg", **options: Any) -> Path:
        return self.pillow(name, array, quality=97, subsampling=0, **options)

    def vips(self, name: str, array: Array, interpretation: str, icc: bytes | None = None, **options: Any) -> Path:
        image = pyvips.Image.new_from_array(array).copy(interpretation=interpretation)
        if icc:
            image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
        image.write_to_file(str(self.folder / name), **options)
        return self.folder / name

    def tiff(self, array: Array, name: str = "in.tif", **options: Any) -> Path:
        tifffile.imwrite(self.folder / name, array, **options)
        return self.folder / name

    @staticmethod
    def built_in_profile(name: str) -> bytes:
        """One of libvips' own ICC profiles: "srgb", "p3" or "cmyk"."""
        return bytes(pyvips.Image.profile_load(name))

    @staticmethod
    def profile(gamma: float, primaries: Array | None = None) -> bytes:
        """A small ICC profile: gray with a gamma curve, or RGB with D50 primaries (rows X, Y, Z) and a gamma."""
        curve = b"curv\0\0\0\0\0\0\0\1" + round(gamma * 256).to_bytes(2, "big") + b"\0\0"

        def xyz(values: Array) -> bytes:
            return b"XYZ \0\0\0\0" + b"".join(round(v * 65536).to_bytes(4, "big", signed=True) for v in values)

        text = b"desc\0\0\0\0\0\0\0\5test\0".ljust(96, b"\0")
        parts = {b"desc": text, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": xyz(np.array([0.9642, 1.0, 0.8249]))}
        if primaries is None:
            parts[b"kTRC"] = curve
        else:
            for letter, column in zip((b"r", b"g", b"b"), primaries.T, strict=True):
                parts |= {letter + b"XYZ": xyz(column), letter + b"TRC": curve}
        table, body = len(parts).to_bytes(4, "big"), b""
        start = 132 + 12 * len(parts)
        for tag, data in parts.items():
            table += tag + (start + len(body)).to_bytes(4, "big") + len(data).to_bytes(4, "big")
            body += data
        space = b"GRAY" if primaries is None else b"RGB "
        header = (start + len(body)).to_bytes(4, "big") + b"lcms\x02\x10\0\0mntr" + space + b"XYZ " + b"\0" * 12
        header += b"acsp" + b"\0" * 28 + bytes.fromhex("0000f6d6000100000000d32d") + b"\0" * 48
        return header + table + body

    @classmethod
    def adobe_rgb(cls) -> bytes:
        return cls.profile(2.19921875, ADOBE_RGB)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return Make(tmp_path)
