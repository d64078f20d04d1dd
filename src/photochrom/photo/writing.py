"""From a page's pipeline to the bytes of a file: one picture, or all pages of a TIFF."""

from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from numpy.typing import NDArray

from photochrom import __version__
from photochrom.errors import OptionError
from photochrom.photo.color_management import managed
from photochrom.photo.engine import Image, VipsError, reason
from photochrom.photo.formats import Format
from photochrom.photo.jpeg_segments import insert_xmp
from photochrom.photo.metadata import finished, oversized_xmp, tags_for_tiff
from photochrom.photo.reading import Header, Origin, reading
from photochrom.photo.recompose import with_chroma
from photochrom.photo.saving import BIG_TIFF_BYTES, SaveOptions, at_depth, encoder_settings, written_bits
from photochrom.photo.target import unwritable
from photochrom.photo.tiff_pages import append_page, complete
from photochrom.photo.tiff_tags import Entries

Part = tuple[Header, "NDArray[Any] | None"]
"""A page and its chroma."""


class Job(NamedTuple):
    """What is to be written, and how."""

    origin: Origin
    parts: tuple[Part, ...]
    target: Format
    options: SaveOptions
    model: str | None


def color_and_alpha(origin: Origin, part: Part, bits: int) -> tuple[Image, Image | None, Image]:
    """Return a page's RGB of 8, 16 or 32 bits, its alpha or None, and the page as loaded; all lazy."""
    header, chroma = part
    loaded = origin.load(header)
    color, alpha = managed(loaded)
    if chroma is not None:
        color = with_chroma(color, chroma, bits)
    elif color.bands == 1:
        color = color.bandjoin([color, color])
    return at_depth(color, bits), None if alpha is None else at_depth(alpha, bits), loaded


def check(job: Job) -> None:
    """Raise OptionError for a photo that the target format cannot hold."""
    name = job.target.name
    if len(job.parts) > 1 and name != "tiff":
        raise OptionError(f"{job.origin.name}: {len(job.parts)} pages do not fit into one {name} file; choose tiff")
    longest = max(max(header.width, header.height) for header, _ in job.parts)
    if longest > job.target.longest:
        raise OptionError(
            f"{job.origin.name}: {longest} pixels long, {name} holds {job.target.longest} at most; choose png or tiff"
        )


def to_file(job: Job, path: Path) -> None:
    """Write all pages to ``path``; raises PhotoUnreadable when the photo, OutputUnwritable when the target fails."""
    try:
        for place, part in enumerate(job.parts):
            page_path = path if place == 0 else path.with_name(path.name + ".page")
            try:
                _write_page(job, part, path, page_path)
            finally:
                if place:
                    page_path.unlink(missing_ok=True)
    except VipsError as error:
        _blame_photo(job)
        raise unwritable(path, _fault_of_system(error) or reason(error)) from error


def to_bytes(job: Job) -> bytes:
    """Return the bytes of the file; raises PhotoUnreadable when the photo turns out to be damaged."""
    try:
        whole = BytesIO()
        for place, part in enumerate(job.parts):
            image, settings, tags = _prepared(job, part)
            page = BytesIO(getattr(image, job.target.save + "_buffer")(**settings))
            whole = page if place == 0 else whole
            _complete(job.target.name, whole, page, image, tags)
        return whole.getvalue()
    except VipsError as error:
        _blame_photo(job)
        raise OptionError(
            f"{job.origin.name}: not possible as {job.target.name} ({reason(error)}); choose png"
        ) from error


def _write_page(job: Job, part: Part, path: Path, page_path: Path) -> None:
    image, settings, tags = _prepared(job, part)
    getattr(image, job.target.save)(str(page_path), **settings)
    with path.open("r+b") as file:
        if page_path == path:
            _complete(job.target.name, file, file, image, tags)
        else:
            with page_path.open("rb") as page:
                _complete(job.target.name, file, page, image, tags)


def _complete(target: str, whole: BinaryIO, page: BinaryIO, image: Image, tags: Entries) -> None:
    """Add to a file (or to a page, then appended to the whole) what libvips does not write."""
    if target == "tiff" and page is whole:
        complete(whole, tags)
    elif target == "tiff":
        append_page(whole, page, tags)
    elif target == "jpeg" and oversized_xmp(image):
        insert_xmp(whole, oversized_xmp(image))


def _prepared(job: Job, part: Part) -> tuple[Image, dict[str, Any], Entries]:
    """Return the image to encode, the encoder's settings, and the tags to add to a TIFF page."""
    header, chroma = part
    bits = written_bits(job.target, header.samples or header.bits)
    color, alpha, loaded = color_and_alpha(job.origin, part, bits)
    if alpha is not None:
        color = color.bandjoin(alpha)
        if not job.target.alpha:
            color = color.flatten(background=255)
    color = color.copy(interpretation="srgb" if bits == 8 else "rgb16" if bits < 32 else "scrgb")
    note = None if chroma is None else (f"Photochrom {__version__}", job.model)
    image = finished(color, loaded, header.tags, job.target.name, note)
    settings = encoder_settings(job.target, bits, job.options, header.lossless, header.tags)
    if job.target.name != "tiff":
        return image, settings, {}
    size = sum(page.width * page.height * color.bands * bits // 8 for page, _ in job.parts)
    return (
        image,
        settings | {"bigtiff": size > BIG_TIFF_BYTES},
        tags_for_tiff(loaded, header.tags, header.orientation > 4),
    )


def _fault_of_system(error: VipsError) -> str | None:
    """Return what the system said when a file could not be filled, None where it said nothing."""
    found = (line.strip().partition("system error: ") for line in str(error).splitlines())
    return next((said for _, mark, said in found if mark and "Unknown" not in said), None)


def _blame_photo(job: Job) -> None:
    """Raise PhotoUnreadable if reading the photo alone fails: then the target is not to blame."""
    with reading(job.origin.name):
        for header, _ in job.parts:
            job.origin.load(header).avg()
