"""sRGB <-> CIE L*a*b* (D65, 2 degree observer), with exactly neutral grays.

IEC 61966-2-1 gives the transfer curve and the primaries, CIE 15:2004 (eq. 8.3 to 8.5) gives Lab:

    L = 116 f(Y/Yn) - 16,  a = 500 (f(X/Xn) - f(Y/Yn)),  b = 200 (f(Y/Yn) - f(Z/Zn))

The published matrices are rounded, so that white comes out slightly colored. Here every row is divided by its sum and
every product is taken relative to green (or to Y on the way back): R = G = B gives a = b = 0 and a = b = 0 gives
R = G = B to the last bit, whatever the precision.

Works on NumPy arrays and torch tensors through the array API; ``axis`` is where the three channels lie.
"""

from photochrom.color.arrays import Array, namespace

# CIE XYZ of linear sRGB (IEC 61966-2-1), rows divided by their sums: XYZ relative to the white.
_X_ROW = (0.4124564, 0.3575761, 0.1804375)
_Y_ROW = (0.2126729, 0.7151522, 0.0721750)
_Z_ROW = (0.0193339, 0.1191920, 0.9503041)
_EPSILON = 216 / 24389
_KAPPA = 24389 / 27


def _inverse(rows: tuple[tuple[float, ...], ...]) -> list[list[float]]:
    (a, b, c), (d, e, f), (g, h, i) = rows
    cofactors = [
        [e * i - f * h, c * h - b * i, b * f - c * e],
        [f * g - d * i, a * i - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, a * e - b * d],
    ]
    determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    return [[value / determinant for value in row] for row in cofactors]


_TO_XYZ = tuple(tuple(value / sum(row) for value in row) for row in (_X_ROW, _Y_ROW, _Z_ROW))
_TO_RGB = _inverse(_TO_XYZ)
LUMINANCE = _TO_XYZ[1]
"""Weights of linear red, green and blue in relative luminance Y; they sum to one."""


def decode_srgb(rgb: Array) -> Array:
    """Turn gamma-encoded sRGB (0..1) into linear light (0..1); values outside are continued smoothly."""
    xp = namespace(rgb)
    low = rgb / 12.92
    high = ((xp.where(rgb > 0.04045, rgb, 0.04045 + 0 * rgb) + 0.055) / 1.055) ** 2.4
    return xp.where(rgb > 0.04045, high, low)


def encode_srgb(linear: Array) -> Array:
    """Turn linear light (0..1) into gamma-encoded sRGB (0..1), the inverse of :func:`decode_srgb`."""
    xp = namespace(linear)
    floor = 0.0031308
    high = 1.055 * xp.where(linear > floor, linear, floor + 0 * linear) ** (1 / 2.4) - 0.055
    return xp.where(linear > floor, high, 12.92 * linear)


def _compress(value: Array) -> Array:
    xp = namespace(value)
    root = xp.where(value > _EPSILON, value, _EPSILON + 0 * value) ** (1 / 3)
    return xp.where(value > _EPSILON, root, (_KAPPA * value + 16) / 116)


def _expand(value: Array) -> Array:
    xp = namespace(value)
    cube = value * value * value
    return xp.where(cube > _EPSILON, cube, (116 * value - 16) / _KAPPA)


def _channels(array: Array, axis: int) -> tuple[Array, Array, Array]:
    if array.shape[axis] != 3:
        raise ValueError(f"expected 3 channels on axis {axis}, got an array of shape {tuple(array.shape)}")
    moved = namespace(array).moveaxis(array, axis, 0)
    return moved[0, ...], moved[1, ...], moved[2, ...]


def linear_to_lab(linear: Array, axis: int = -1) -> Array:
    """Turn linear sRGB light (three channels on ``axis``, 0..1) into L (0..100), a and b."""
    xp = namespace(linear)
    red, green, blue = _channels(linear, axis)
    f_x, f_y, f_z = (_compress(green + row[0] * (red - green) + row[2] * (blue - green)) for row in _TO_XYZ)
    return xp.stack([116 * f_y - 16, 500 * (f_x - f_y), 200 * (f_y - f_z)], axis=axis)


def lab_to_linear(lab: Array, axis: int = -1) -> Array:
    """Turn Lab into linear sRGB light; colors that sRGB cannot show come out below 0 or above 1."""
    xp = namespace(lab)
    lightness, a, b = _channels(lab, axis)
    f_y = (lightness + 16) / 116
    x, y, z = _expand(f_y + a / 500), _expand(f_y), _expand(f_y - b / 200)
    return xp.stack([y + row[0] * (x - y) + row[2] * (z - y) for row in _TO_RGB], axis=axis)


def rgb_to_lab(rgb: Array, axis: int = -1) -> Array:
    """Turn gamma-encoded sRGB (three channels on ``axis``, 0..1) into CIE Lab of the same shape.

    L is 0..100; a and b are in Lab units, inside -87..99 and -108..95 for colors of sRGB.
    """
    return linear_to_lab(decode_srgb(rgb), axis)


def lab_to_rgb(lab: Array, axis: int = -1) -> Array:
    """Turn CIE Lab (three channels on ``axis``) into gamma-encoded sRGB of the same shape.

    Nothing is clipped: a color outside sRGB comes out below 0 or above 1. See
    :func:`photochrom.color.resample.fit_gamut` for the way to bring it back.
    """
    return encode_srgb(lab_to_linear(lab, axis))


def lightness(rgb: Array, axis: int = -1) -> Array:
    """Return L (0..100) of gamma-encoded sRGB (0..1); the channel axis is kept with length one."""
    xp = namespace(rgb)
    red, green, blue = _channels(decode_srgb(rgb), axis)
    luminance = green + LUMINANCE[0] * (red - green) + LUMINANCE[2] * (blue - green)
    return xp.expand_dims(116 * _compress(luminance) - 16, axis=axis)


def gray(lightness_values: Array) -> Array:
    """Return the gamma-encoded sRGB level (0..1) of a neutral gray of lightness L (0..100), same shape."""
    return encode_srgb(_expand((lightness_values + 16) / 116))
