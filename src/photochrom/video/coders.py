"""What the picture track is written with: codecs by the names people use, each with a good default quality."""

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
    """

    encoder: str
    quality: str | None
    usual: float
    options: dict[str, str]
    preset: str | None = None
    presets: str = ""
    counts: bool = False


KINDS: Final = {
    "h264": Kind("libx264", "crf", 17, {}, "fast", "preset"),
    "h265": Kind("libx265", "crf", 19, {"x265-params": "log-level=none"}, "fast", "preset"),
    "av1": Kind("libsvtav1", "crf", 24, {}, "8", "preset"),
    "vp9": Kind("libvpx-vp9", "crf", 24, {"row-mt": "1", "deadline": "good"}, "4", "cpu-used"),
    "mpeg4": Kind("mpeg4", "qscale", 3, {}, counts=True),
    "mpeg2": Kind("mpeg2video", "qscale", 3, {}, counts=True),
    "prores": Kind("prores_ks", None, 0, {"profile": "hq", "vendor": "apl0"}),
    "ffv1": Kind("ffv1", None, 0, {"level": "3", "slicecrc": "1"}),
}

MPEG2_RATES: Final = (Fraction(24000, 1001), *map(Fraction, (24, 25)), Fraction(30000, 1001), *map(Fraction, (30, 50)))
"""Rates that an MPEG-2 stream can name and that films have; the file's time stamps hold, whatever it names."""

BY_SUFFIX: Final = {".webm": "vp9", ".avi": "mpeg4", ".mpg": "mpeg2", ".mpeg": "mpeg2", ".vob": "mpeg2"}
"""Codecs of containers that hold no H.264, or not well; h264 is taken for all others."""


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

    def kind(self, target: Path) -> Kind:
        """Return the encoder for a file of this name."""
        return KINDS[self.codec or BY_SUFFIX.get(target.suffix.lower(), "h264")]

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
    kind = coder.kind(target)
    try:
        stream: av.VideoStream = container.add_stream(kind.encoder, options=coder.options(target))
    except ValueError as error:
        raise OptionError(f"a file {target.suffix} holds no {kind.encoder}; give another --codec or ending") from error
    context = stream.codec_context
    context.width, context.height = clip.width, clip.height
    context.pix_fmt = pixel_format(kind.encoder, clip)
    context.framerate = told_rate(kind, clip.rate)
    context.time_base = 1 / context.framerate if kind.counts else clip.time_base
    stream.time_base = clip.time_base
    context.sample_aspect_ratio = clip.aspect
    context.color_range, context.colorspace = FULL if clip.coding.is_full else 1, clip.coding.matrix
    context.color_primaries, context.color_trc = clip.tags
    if kind.quality == "qscale":
        context.qscale = True
        context.global_quality = round(118 * (kind.usual if coder.quality is None else max(1.0, coder.quality)))
    if clip.interlaced and kind.encoder == "libx264":
        context.options = {**context.options, "x264-params": f"{clip.interlaced}=1"}
    if clip.matrix is not None:
        stream.set_display_matrix(clip.matrix)
    return stream


def told_rate(kind: Kind, rate: Fraction) -> Fraction:
    """Return the frame rate that an encoder is told: the film's, or one near to it that it can name."""
    if kind.encoder == "mpeg2video":
        return min(MPEG2_RATES, key=lambda known: abs(known - rate))
    return Fraction(max(1, round(rate * 1000)), 1000) if kind.counts and rate.numerator > 65535 else rate


def pixel_format(encoder: str, clip: Clip) -> str:
    """Return the pixel format that keeps the film's bits and size of chroma as far as the encoder can.

    Gray and RGB films get chroma of half the size, as nearly all films have. A side of odd length needs full chroma
    where the encoder cuts such sides.
    """
    known = [format.name for format in av.codec.Codec(encoder, "w").video_formats or []]
    bits, name = clip.coding.bits, clip.planar
    kind = next((kind for kind in ("422", "444") if kind in name and not clip.from_rgb), "420")
    if encoder.startswith(("libx26", "libsvtav1")):
        kind = "444" if clip.width % 2 or (clip.height % 2 and kind == "420") else kind
    deep = [depth for depth in (16, 14, 12, 10, 9, 8) if depth <= max(bits, 8)] + [9, 10, 12]
    for wanted in (kind, "420", "422", "444"):
        for depth in deep:
            format = f"yuv{wanted}p{'' if depth == 8 else f'{depth}le'}"
            if format in known:
                return format
    raise OptionError(f"the encoder {encoder} takes none of the planar formats; give another --codec")
