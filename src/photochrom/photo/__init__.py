"""Photo files: the only part of photochrom that knows libvips."""

from photochrom.photo.engine import Image, use_threads
from photochrom.photo.photo import Page, Photo
from photochrom.photo.reading import reading
from photochrom.photo.recompose import with_chroma
from photochrom.photo.saving import SaveOptions

__all__ = ["Image", "Page", "Photo", "SaveOptions", "reading", "use_threads", "with_chroma"]
