"""Makes training pairs: a random view of a photo, and the same view as an old black-and-white print.

`paired` changes only geometry, never color. `age` changes only the network's input, never its target: it
stands for what a hundred years of cameras, films, prints and scans do to a scene's lightness.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from photochrom.color.lab import LUMINANCE, decode_srgb, encode_srgb

UInt8Array = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]

AREA_SCALE = (0.5, 1.0)
ASPECT = (3 / 4, 4 / 3)
ROTATE_CHANCE = 0.15
ROTATE_DEGREES = 5.0

CLEAN_CHANCE = 0.38
LIGHT_STEPS = 65535
REDUCING_GAP = 3.0


def paired(rgb: UInt8Array, size: int, rng: np.random.Generator) -> UInt8Array:
    """Cut a random view out of a photo (H, W, 3) and return it as uint8 (size, size, 3).

    The view covers 50 to 100% of the largest area that fits, its aspect is stretched by 3:4 to 4:3 (some
    collections were squashed to squares), it is flipped half the time and turned by up to 5 degrees now and
    then. Photos smaller than `size` are enlarged. Colors are not changed.
    """
    height, width = rgb.shape[:2]
    aspect = math.exp(rng.uniform(math.log(ASPECT[0]), math.log(ASPECT[1])))
    view_width = min(width, height * aspect) * math.sqrt(rng.uniform(*AREA_SCALE))
    view_height = min(height, view_width / aspect)
    left, top = rng.uniform(0, width - view_width), rng.uniform(0, height - view_height)
    box = (left, top, min(width, left + view_width), min(height, top + view_height))
    flip, turn = rng.random() < 0.5, rng.random() < ROTATE_CHANCE
    degrees = rng.uniform(-ROTATE_DEGREES, ROTATE_DEGREES)
    view = _turned(rgb, box, size, degrees) if turn else _resized(rgb, box, size)
    if flip:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return np.asarray(view, dtype=np.uint8)


def centered(rgb: UInt8Array, size: int) -> UInt8Array:
    """Cut the largest centered square out of a photo (H, W, 3) and return it as uint8 (size, size, 3)."""
    height, width = rgb.shape[:2]
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    return np.asarray(_resized(rgb, (left, top, left + side, top + side), size), dtype=np.uint8)


def clean_gray(rgb: UInt8Array) -> UInt8Array:
    """Return the sRGB gray (H, W) of the same CIE lightness L as the photo (H, W, 3)."""
    return _encode_light(_exposure(rgb, LUMINANCE))


def age(rgb: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return the photo (H, W, 3) as an old black-and-white photograph, uint8 gray (H, W).

    38% of the time this is exactly `clean_gray`. Otherwise each of these happens with its own chance and
    strength: a film that sees colors differently (orthochromatic film hardly sees red), a soft or sharpened
    lens, another tone curve, fading, a vignette, grain, dust and scratches, and JPEG compression.
    """
    if rng.random() < CLEAN_CHANCE:
        return clean_gray(rgb)
    chances = rng.random(8)
    weights = _film(rng) if chances[0] < 0.6 else LUMINANCE
    gray = _encode_light(_exposure(rgb, weights))
    if chances[1] < 0.35:
        gray = _lens(gray, rng)
    if chances[2] < 0.6 or chances[3] < 0.4:
        gray = _tones(gray, rng, gamma=chances[2] < 0.6, fade=chances[3] < 0.4)
    if chances[4] < 0.25 or chances[5] < 0.4:
        gray = _vignette_and_grain(gray, rng, vignette=chances[4] < 0.25, grain=chances[5] < 0.4)
    if chances[6] < 0.08:
        gray = _dust(gray, rng)
    if chances[7] < 0.4:
        gray = _jpeg(gray, rng)
    return gray


def _resized(rgb: UInt8Array, box: Box, size: int) -> Image.Image:
    """Crop and resize in one antialiased pass."""
    image = Image.fromarray(rgb)
    return image.resize((size, size), Image.Resampling.BICUBIC, box=box, reducing_gap=REDUCING_GAP)


def _turned(rgb: UInt8Array, box: Box, size: int, degrees: float) -> Image.Image:
    """Crop, resize a little larger, turn, and keep the middle that has no empty corners."""
    angle = math.radians(abs(degrees))
    larger = math.ceil(size * (math.cos(angle) + math.sin(angle))) + 2
    view = _resized(rgb, box, larger).rotate(degrees, Image.Resampling.BICUBIC)
    edge = (larger - size) // 2
    return view.crop((edge, edge, edge + size, edge + size))


_RAMP = np.linspace(0.0, 1.0, 256)
_LIGHT: npt.NDArray[np.float64] = decode_srgb(_RAMP)
_CODE: UInt8Array = np.round(encode_srgb(np.linspace(0.0, 1.0, LIGHT_STEPS + 1)) * 255.0).astype(np.uint8)


def _exposure(rgb: UInt8Array, weights: Sequence[float]) -> npt.NDArray[np.uint16]:
    """Weigh the linear light of the three channels; weights sum to 1; the result is 0..LIGHT_STEPS."""
    red, green, blue = ((_LIGHT * weight * LIGHT_STEPS).astype(np.uint16) for weight in weights)
    light: npt.NDArray[np.uint16] = red[rgb[..., 0]] + green[rgb[..., 1]]
    light += blue[rgb[..., 2]]
    return light


def _encode_light(light: npt.NDArray[np.uint16]) -> UInt8Array:
    return _CODE[light]


def _film(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw the color sensitivity of a film: orthochromatic, or panchromatic with or without a filter."""
    if rng.random() < 0.4:
        raw = np.array([rng.uniform(0.0, 0.08), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.6)])
    else:
        raw = rng.dirichlet((2.0, 3.0, 1.5))
    red, green, blue = (raw / raw.sum()).tolist()
    return red, green, blue


def _lens(gray: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Soften, or sharpen as some scanners do."""
    image = Image.fromarray(gray)
    kind: ImageFilter.Filter
    if rng.random() < 0.75:
        kind = ImageFilter.GaussianBlur(rng.uniform(0.3, 1.4))
    else:
        kind = ImageFilter.UnsharpMask(rng.uniform(0.6, 1.5), int(rng.integers(30, 120)), 0)
    return np.asarray(image.filter(kind), dtype=np.uint8)


def _tones(gray: UInt8Array, rng: np.random.Generator, *, gamma: bool, fade: bool) -> UInt8Array:
    """Bend the tone curve and compress its range, as one table of 256 values."""
    curve = _RAMP
    if gamma:
        curve = curve ** math.exp(rng.uniform(-0.5, 0.5))
    if fade:
        black, white = rng.uniform(0.0, 0.25), rng.uniform(0.75, 1.0)
        curve = black + (white - black) * curve
    return np.round(curve * 255.0).astype(np.uint8)[gray]


def _vignette_and_grain(gray: UInt8Array, rng: np.random.Generator, *, vignette: bool, grain: bool) -> UInt8Array:
    """Darken the corners and add film grain, strongest in the middle tones."""
    values = gray.astype(np.float32)
    if vignette:
        values *= _falloff(gray.shape[0], gray.shape[1], rng)
    if grain:
        strength = ((2.0 + 10.0 * rng.random() ** 2) * (0.35 + 2.6 * _RAMP * (1.0 - _RAMP))).astype(np.float32)
        values += _noise(gray.shape[0], gray.shape[1], rng) * strength[gray]
    values += 0.5
    return values.clip(0.0, 255.0).astype(np.uint8)


def _falloff(height: int, width: int, rng: np.random.Generator) -> FloatArray:
    """Factor 1 at a center somewhere near the middle, falling with the square of the distance."""
    strength = rng.uniform(0.1, 0.55)
    rows = np.linspace(-1.0, 1.0, height, dtype=np.float32) - np.float32(rng.uniform(-0.2, 0.2))
    columns = np.linspace(-1.0, 1.0, width, dtype=np.float32) - np.float32(rng.uniform(-0.2, 0.2))
    distance = np.add.outer(rows * rows, columns * columns)
    return (1.0 - np.float32(strength / 2.0) * distance).clip(min=0.0)


def _noise(height: int, width: int, rng: np.random.Generator) -> FloatArray:
    """Normal noise of deviation 1 whose neighbors are a little alike, as grains are."""
    noise = rng.standard_normal((height + 1, width + 1), dtype=np.float32)
    mix = np.float32(rng.uniform(0.0, 0.9))
    noise = noise[1:] + noise[:-1] * mix
    noise = noise[:, 1:] + noise[:, :-1] * mix
    noise *= np.float32(1.0 / (1.0 + mix * mix))
    return noise


def _dust(gray: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Draw a few specks and perhaps a scratch, light or dark."""
    height, width = gray.shape
    image = Image.fromarray(gray)
    draw = ImageDraw.Draw(image)
    for x, y, radius, tone in rng.random((int(rng.integers(2, 12)), 4)).tolist():
        left, top, reach = x * width, y * height, 0.3 + radius * 0.9
        draw.ellipse((left - reach, top - reach, left + reach, top + reach), fill=int(40 + 200 * tone))
    if rng.random() < 0.5:
        x, drift, start, stop, tone = rng.random(5).tolist()
        line = (x * width, start * height, (x + 0.1 * (drift - 0.5)) * width, stop * height)
        draw.line(line, fill=int(60 + 180 * tone), width=1)
    return np.asarray(image, dtype=np.uint8)


def _jpeg(gray: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Compress and decompress at a quality of 25 to 90."""
    buffer = io.BytesIO()
    Image.fromarray(gray).save(buffer, "JPEG", quality=int(rng.integers(25, 91)))
    with Image.open(buffer) as image:
        return np.asarray(image, dtype=np.uint8)
