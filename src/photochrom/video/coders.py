"""What the picture track is written with: codecs by the names people use, each with a good default quality."""

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.error

from photochrom.errors import OptionError
from photochrom.video.clip import FULL, Clip


@dataclass(frozen=True, slots=True)
class Kind:
    """An encoder of FFmpeg, how it is told the quality, the quality it gets, and what else it is told.

    ``counts`` says that it knows no times but frames at a rate: it is given numbers, and the file has the times.
    ``worst`` is the highest quality number it knows. ``full`` are the endings of files that tell players of it that
    luma has full range (None: all files); others get the studio range.
    """

    encoder: str
    quality: str | None
    usual: float
    options: dict[str, str]
    preset: str | None = None
    presets: str = ""
    counts: bool = False
    worst: int = 51
    full: tuple[str, ...] | None = None


KINDS: Final = {
    "h264": Kind("libx264", "crf", 17, {}, "fast", "preset"),
    "h265": Kind("libx265", "crf", 19, {"x265-params": "log-level=none"}, "fast", "preset"),
    "av1": Kind("libsvtav1", "crf", 24, {}, "8", "preset", worst=63),
    "vp9": Kind("libvpx-vp9", "crf", 24, {"row-mt": "1", "deadline": "good"}, "4", "cpu-used", worst=63),
    "mpeg4": Kind("mpeg4", "qscale", 3, {}, counts=True, worst=31, full=(".mkv", ".mp4")),
    "mpeg2": Kind("mpeg2video", "qscale", 3, {}, counts=True, worst=31, full=()),
    "prores": Kind("prores_ks", None, 0, {"profile": "hq", "vendor": "apl0"}, full=()),
    "ffv1": Kind("ffv1", None, 0, {"level": "3", "slicecrc": "1"}, full=(".mkv", ".mp4")),
}

MPEG2_RATES: Final = (Fraction(24000, 1001), *map(Fraction, (24, 25)), Fraction(30000, 1001), *map(Fraction, (30, 50)))
"""Rates that an MPEG-2 stream can name and that films have; the file's time stamps hold, whatever it names."""

BY_SUFFIX: Final = {".webm": "vp9", ".avi": "mpeg4", ".mpg": "mpeg2", ".mpeg": "mpeg2", ".vob": "mpeg2"}
"""Codecs of containers that hold no H.264, or not well; h264 is taken for all others."""

TRANSPORT: Final = (".ts", ".mts", ".m2ts")
ONLY: Final = {
    **dict.fromkeys(TRANSPORT, ("h264", "h265", "mpeg4", "mpeg2")),
    **dict.fromkeys((".mpg", ".mpeg", ".vob"), ("mpeg2",)),
}
"""Codecs that players find in containers into which FFmpeg writes any, readable or not."""

SHAPELESS: Final = ("av1", "vp9", "ffv1", "prores")
"""Codecs that do not tell the shape of pixels themselves, so that only some containers do."""

OF_APPLE: Final = {".mp4", ".m4v", ".mov"}
"""Files in which H.265 must be marked hvc1, or the players of Apple do not know it."""


@dataclass(frozen=True, slots=True)
class Coder:
    """How the picture track is written; None leaves it to the container and the codec.

    ``codec`` is a key of ``KINDS``; ``quality`` is the codec's constant quality, lower is better; ``preset`` how much
    time the encoder takes, in its own words.
    """

    codec: str | None = None
    quality: float | None = None
    preset: str | None = None

    def __post_init__(self) -> None:
        """Raise OptionError for a codec that there is not, or a quality that none has."""
        if self.codec is not None and self.codec not in KINDS:
            raise OptionError(f"the codec is {self.codec!r}; expected one of {', '.join(KINDS)}")
        if self.quality is not None and not 0 <= self.quality <= 63:
            raise OptionError(f"the quality is {self.quality:g}; expected 0 (best) to 51, or 63 for av1 and vp9")
        if self.quality is not None and self.codec is not None and KINDS[self.codec].quality is None:
            raise OptionError(f"{self.codec} has no quality to choose; leave out --quality")

    def name(self, target: Path) -> str:
        """Return the codec for a file of this name."""
        return self.codec or BY_SUFFIX.get(target.suffix.lower(), "h264")

    def kind(self, target: Path) -> Kind:
        """Return the encoder for a file of this name."""
        return KINDS[self.name(target)]

    def is_full(self, clip: Clip, target: Path) -> bool:
        """Whether the file has luma of full range: the film does, and the file can tell."""
        told = self.kind(target).full
        return clip.coding.is_full and (told is None or target.suffix.lower() in told)

    def notes(self, clip: Clip, target: Path) -> list[str]:
        """Return what is not as it was in the film, a line each."""
        name, found = self.name(target), []
        if clip.coding.is_full and not self.is_full(clip, target):
            found.append(f"luma was brought from full to studio range: a {target.suffix} of {name} has no other")
        if clip.aspect != 1 and name in SHAPELESS and target.suffix.lower() not in OF_APPLE:
            found.append(
                f"pixels of the film are not square, {clip.aspect} as wide as high, but a {target.suffix} of {name} "
                f"does not say so; {'a .mov' if name == 'prores' else 'an .mp4'} does"
            )
        if clip.interlaced and not _keeps_fields(self.kind(target).encoder, clip):
            found.append(f"the film is interlaced, but {name} does not say so; h264 does")
        return found

    def check(self, target: Path) -> None:
        """Raise OptionError for a codec that the container does not hold, or a quality that the codec does not know."""
        name, kind, suffix = self.name(target), self.kind(target), target.suffix.lower()
        if name not in ONLY.get(suffix, KINDS):
            raise OptionError(f"a file {suffix} holds no {name} that players find; it holds {', '.join(ONLY[suffix])}")
        if self.quality is not None and (kind.quality is None or self.quality > kind.worst):
            expected = "leave out --quality" if kind.quality is None else f"expected 0 (best) to {kind.worst}"
            raise OptionError(f"the quality is {self.quality:g} for {name}; {expected}")

    def options(self, target: Path) -> dict[str, str]:
        """Return what the encoder is told."""
        kind = self.kind(target)
        options = dict(kind.options)
        if kind.quality is not None and kind.quality != "qscale":
            options[kind.quality] = f"{kind.usual if self.quality is None else self.quality:g}"
        if kind.presets:
            options[kind.presets] = self.preset or kind.preset or ""
        if kind.encoder == "libx264" and target.suffix.lower() == ".avi":
            options["bf"] = "0"
        return options


def add_picture_track(container: Any, clip: Clip, coder: Coder, target: Path) -> av.VideoStream:
    """Add a track to a container that is written, with the size, times, aspect, turn and color tags of the film.

    Raises OptionError where the container does not hold the codec, or the encoder refuses the film.
    """
    kind, name = coder.kind(target), coder.name(target)
    coder.check(target)
    if name == "av1":
        os.putenv("SVT_LOG", "1")  # else it writes its settings to stderr, for each segment
    try:
        stream: av.VideoStream = container.add_stream(kind.encoder, options=coder.options(target))
    except ValueError as error:
        raise OptionError(f"a file {target.suffix} holds no {name}; give another --codec or ending") from error
    if name == "h265" and target.suffix.lower() in OF_APPLE:
        stream.codec_context.codec_tag = "hvc1"
    context = stream.codec_context
    context.width, context.height = clip.width, clip.height
    context.pix_fmt = pixel_format(kind.encoder, clip)
    context.framerate = told_rate(kind, clip.rate)
    context.time_base = 1 / context.framerate if kind.counts else clip.time_base
    stream.time_base = clip.time_base
    context.sample_aspect_ratio = clip.aspect
    context.color_range, context.colorspace = FULL if coder.is_full(clip, target) else 1, clip.coding.matrix
    context.color_primaries, context.color_trc = clip.tags
    if kind.quality == "qscale":
        context.qscale = True
        context.global_quality = round(118 * (kind.usual if coder.quality is None else max(1.0, coder.quality)))
    if clip.interlaced and _keeps_fields(kind.encoder, clip):
        context.options = {**context.options, "x264-params": f"{clip.interlaced}=1"}
    if clip.matrix is not None:
        stream.set_display_matrix(clip.matrix)
    return stream


def _keeps_fields(encoder: str, clip: Clip) -> bool:
    return encoder == "libx264" and clip.height % 2 == 0


def told_rate(kind: Kind, rate: Fraction) -> Fraction:
    """Return the frame rate that an encoder is told: the film's, or one near to it that it can name."""
    if kind.encoder == "mpeg2video":
        return min(MPEG2_RATES, key=lambda known: abs(known - rate))
    return Fraction(max(1, round(rate * 1000)), 1000) if kind.counts and rate.numerator > 65535 else rate


def pixel_format(encoder: str, clip: Clip) -> str:
    """Return the pixel format that keeps the film's bits and size of chroma as far as the encoder can.

    Gray and RGB films get chroma of half the size, as nearly all films have. A side of odd length needs full chroma
    where the encoder cuts such sides; fields of an odd number of rows, as in 720 x 486, chroma in each row.
    """
    known = [format.name for format in av.codec.Codec(encoder, "w").video_formats or []]
    bits, name = clip.coding.bits, clip.planar
    kind = next((kind for kind in ("422", "444") if kind in name and not clip.from_rgb), "420")
    if encoder.startswith(("libx26", "libsvtav1")):
        kind = "444" if clip.width % 2 or (clip.height % 2 and kind == "420") else kind
        if clip.interlaced and clip.height % 4 == 2 and kind == "420" and _keeps_fields(encoder, clip):
            kind = "422"
    deep = [depth for depth in (16, 14, 12, 10, 9, 8) if depth <= max(bits, 8)] + [9, 10, 12]
    for wanted in (kind, "420", "422", "444"):
        for depth in deep:
            format = f"yuv{wanted}p{'' if depth == 8 else f'{depth}le'}"
            if format in known:
                return format
    raise OptionError(f"the encoder {encoder} takes none of the planar formats; give another --codec")
