"""Photo files: the only part of photochrom that knows libvips."""

from photochrom.photo.photo import Page, Photo
from photochrom.photo.saving import SaveOptions

__all__ = ["Page", "Photo", "SaveOptions"]
