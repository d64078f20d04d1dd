"""What goes over the wire; the documentation of every field is in the OpenAPI schema that is made of this."""

import json
from typing import Annotated, Any, Literal

from fastapi import Path as PathPart
from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field

from photochrom.answer import Settings
from photochrom.errors import HintError
from photochrom.hints import Hint, Hints, parse_color
from photochrom.photo import Photo
from photochrom.photo.formats import HEADER_BYTES, sniff
from photochrom.reference import Reference
from photochrom.server.jobs import State
from photochrom.server.pictures import LARGEST, PictureFormat

Id = Annotated[str, PathPart(pattern="^[0-9a-f]{32}$", description="A job's id.")]
Look = Literal[
    "natural", "conservative", "vivid",
    "sample-1", "sample-2", "sample-3", "sample-4", "sample-5",
]  # fmt: skip
Colors = Literal["model", "reference", "transplant"]
Effort = Literal["normal", "best"]
Of = Literal["photo", "result"]
PAGE: Any = Field(0, ge=0, le=5000, description="For TIFF files of several pages.")


def gives(text: str, *media: str) -> dict[int | str, dict[str, Any]]:
    """Return what the schema says of an answer that is no JSON of ours."""
    return {200: {"description": text, "content": {one: {} for one in media}}}


def _range(least: float, most: float) -> dict[str, Any]:
    """Put a range into the schema; the library itself checks it, in its own words."""
    return {"minimum": least, "maximum": most}


class Wire(BaseModel):
    """Anything that comes in: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class HintIn(Wire):
    """A color for a point or a stroke of the photo."""

    points: list[tuple[float, float]] = Field(
        min_length=1, max_length=2000, description="(x, y) in pixels of the upright photo."
    )
    color: str = Field(max_length=16, description="#rrggbb; only its chroma counts.", examples=["#3a6ea5"])
    radius: float | None = Field(None, description="In pixels of the photo; a hundredth of its long side if not given.")

    def hint(self) -> Hint:
        """Return the library's hint; raises HintError for what is none."""
        return Hint(tuple(self.points), parse_color(self.color), self.radius)


class Choice(Wire):
    """What was chosen for a photo; everything has a default."""

    model: str | None = Field(None, max_length=100, description="A name that /models lists; the first if not given.")
    temperature: float | None = Field(
        None, description="0 (vivid) to 1 (careful); the model's own if not given.", json_schema_extra=_range(0, 1)
    )
    saturation: float = Field(1.0, description="Factor on chroma.", json_schema_extra=_range(0, 4))
    warmth: float = Field(0.0, description="-1 (cold) to 1 (warm).", json_schema_extra=_range(-1, 1))
    effort: Effort = Field("normal", description="best is the consensus of six looks, for eight times the work.")
    look: Look = Field("natural", description="Which version: /looks tells them.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Another number draws other samples.")
    colors: Colors = Field("model", description="Where colors come from; the others need that file to be uploaded.")
    hints: list[HintIn] = Field(default_factory=list, max_length=1000)
    format: Literal["jpeg", "png", "tiff", "webp", "avif"] | None = Field(None, description="The photo's own if null.")
    quality: int | None = Field(None, description="For lossy formats.", json_schema_extra=_range(1, 100))

    def hinted(self, width: int, height: int) -> Hints | None:
        """Return the hints for a photo of this size, None where there are none; raises HintError."""
        return Hints(width, height, tuple(hint.hint() for hint in self.hints)) if self.hints else None

    def settings(self, width: int, height: int, reference: Reference | None = None) -> Settings:
        """Return the library's settings for a photo of this size; raises OptionError or HintError."""
        hints = self.hinted(width, height)
        return Settings(self.temperature, self.saturation, hints, self.warmth, reference, self.effort)


def hints_in(hints: Hints) -> list[HintIn]:
    """Return hints as they go over the wire."""
    return [HintIn(points=list(hint.points), color=hint.color, radius=hint.radius) for hint in hints.items]


class UploadForm(Wire):
    """A photo and what is wanted of it, as multipart/form-data."""

    file: UploadFile = Field(description="The photo: JPEG, PNG, TIFF, WebP, AVIF or GIF, told by content.")
    reference: UploadFile | None = Field(None, description="Another photo, in color: its palette is wanted.")
    transplant: UploadFile | None = Field(None, description="A colored version of this photo: its colors are wanted.")
    model: str | None = None
    temperature: float | None = None
    saturation: float = 1.0
    warmth: float = 0.0
    effort: Effort = "normal"
    look: Look = "natural"
    seed: int = Field(0, ge=0, le=2**32 - 1)
    hints: str | None = Field(None, max_length=2_000_000, description="JSON as photochrom's hint files have it.")
    format: Literal["jpeg", "png", "tiff", "webp", "avif"] | None = None
    quality: int | None = None

    def choice(self, width: int, height: int) -> Choice:
        """Return what was chosen for the photo, which has this size; raises HintError for hints of another one."""
        values = self.model_dump(exclude={"file", "reference", "transplant", "hints"})
        beside: Colors = "transplant" if self.transplant else "reference" if self.reference else "model"
        choice = Choice(colors=beside, **values)
        if self.hints:
            return with_hints(choice, self.hints.encode(), (width, height))
        return choice


def with_hints(choice: Choice, content: bytes, size: tuple[int, int]) -> Choice:
    """Return the choice with the hints of a hint file, JSON or painted PNG, for a photo of ``size`` (width, height).

    Raises HintError for anything else, or for the hints of another photo; PhotoUnreadable for a damaged PNG.
    """
    if sniff(content[:HEADER_BYTES]) is not None:
        layer = Photo.open(content)
        Hints(layer.width, layer.height).require_size(*size)
        hints = Hints.from_overlay(layer.to_array(), size)
    elif content.lstrip().startswith(b"{"):
        hints = Hints.from_json(content.decode(errors="replace"))
        hints.require_size(*size)
    else:
        raise HintError("the hints are no JSON object and no PNG; give what Hints.to_json wrote, or a painted layer")
    return choice.model_copy(update={"hints": hints_in(hints)})


class PhotoOut(BaseModel):
    """What is known of a photo; ``sizes`` are width and height of each page, upright."""

    format: str
    width: int
    height: int
    pages: int
    sizes: list[tuple[int, int]]
    bits: int
    channels: str
    alpha: bool
    bytes: int
    colored: bool | None = Field(None, description="Whether it had color already; known once it was processed.")


class ProblemOut(BaseModel):
    """An error, as RFC 9457 (problem+json) has it; ``detail`` is photochrom's own text."""

    type: str = Field(examples=["urn:photochrom:photo-unreadable"])
    title: str
    status: int
    detail: str
    request_id: str


class JobOut(BaseModel):
    """A photo in the server, what was chosen for it, and how far it is."""

    id: str
    name: str
    state: State
    progress: float = Field(description="0..1, told by what was read and written.")
    place: int | None = Field(description="How many are before it in the queue; null where it does not wait.")
    photo: PhotoOut
    choice: Choice
    revision: int = Field(description="Counts the changes of the choice: add it to addresses of pictures.")
    ready: bool = Field(description="Whether the result shows what was chosen last, and can be downloaded.")
    result_name: str
    problem: str | None = Field(description="Why it failed.")
    command: str = Field(description="The command line that makes the same.")
    created: str
    finished: str | None
    seconds: float | None


class JobPage(BaseModel):
    """Some of the jobs, newest first; ``next`` is for the parameter ``before``, null at the end."""

    jobs: list[JobOut]
    total: int
    next: int | None


class LookOut(BaseModel):
    """A version of the photo; ``preview`` is the address of its picture."""

    name: Look
    preview: str


class AlternativeOut(BaseModel):
    """A color that the thing at a point may have; ``hint`` chooses it."""

    color: str
    ab: tuple[float, float]
    probability: float
    hint: HintIn


class ModelOut(BaseModel):
    """A model; ``card`` is what its file says of itself."""

    name: str
    takes_hints: bool
    card: dict[str, Any]


class HealthOut(BaseModel):
    """How the server is, and what it takes."""

    status: Literal["ok"]
    version: str
    queued: int
    running: int
    needs_token: bool
    max_upload_bytes: int
    max_pixels: int
    queue: int


class PreviewQuery(Wire):
    """What is to be seen of a whole page."""

    of: Of = "result"
    side: int = Field(1024, ge=16, le=LARGEST, description="The longer side, in pixels, at most.")
    page: int = PAGE
    format: PictureFormat = "jpeg"
    look: Look | None = Field(None, description="Another version than the one chosen.")
    seed: int | None = Field(None, ge=0, le=2**32 - 1)
    revision: int | None = Field(None, description="The job's: the browser may then keep the picture.")


class TrialQuery(Wire):
    """How another choice is to be seen."""

    side: int = Field(640, ge=16, le=LARGEST, description="The longer side, in pixels, at most.")
    page: int = PAGE
    format: PictureFormat = "jpeg"


class TileQuery(Wire):
    """Which piece of a page is to be seen, in pixels of the upright page at its full size."""

    x: int = Field(ge=0, le=1_000_000)
    y: int = Field(ge=0, le=1_000_000)
    w: int = Field(ge=1, le=1_000_000)
    h: int = Field(ge=1, le=1_000_000)
    scale: float = Field(1.0, description="1, 0.5, 0.25 and so on.")
    of: Of = "result"
    page: int = PAGE
    format: PictureFormat = "jpeg"
    revision: int | None = Field(None, description="The job's: the browser may then keep the picture.")


def choice_of(text: str) -> Choice:
    """Read a choice that was kept."""
    return Choice.model_validate(json.loads(text))
