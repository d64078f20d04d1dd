"""Takes photos in: counts bytes and pixels before anything is decoded, and has a job on disk before it says yes."""

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi import UploadFile

from photochrom.errors import PhotochromError
from photochrom.photo import Photo, SaveOptions
from photochrom.photo.saving import resolve
from photochrom.server.folder import BESIDE, Folder
from photochrom.server.jobs import Job, JobStore, NewJob, new_id
from photochrom.server.limits import MEGABYTE, Limits, megabytes_for
from photochrom.server.painters import Painters, View
from photochrom.server.problems import Refusal, renamed
from photochrom.server.schema import Choice, UploadForm

CHUNK: Final = 1 << 20
LONGEST_NAME: Final = 120
RETRY: Final = 5
"""Seconds after which a client may try again when the queue was full."""


@dataclass(frozen=True, slots=True)
class Intake:
    """The door for photos."""

    store: JobStore
    folder: Folder
    painters: Painters
    limits: Limits

    def require_room(self) -> None:
        """Raise Refusal, 503, while the queue is full."""
        waiting = self.store.counts()["queued"]
        if waiting >= self.limits.queue:
            raise Refusal(
                503, "QueueFull", f"{waiting} photos are waiting, the queue holds no more; try again later", RETRY
            )

    def take(self, form: UploadForm, key: str | None, kept: bool) -> Job:
        """Take a photo in and return its job, or the one that the same request with the same key has made already.

        Raises Refusal when there is no room or the key was used for something else, PhotoError for what is no photo,
        PhotoTooLarge, OptionError, HintError, ModelError.
        """
        known = None if key is None else self.store.by_key(key)
        if known is None:
            self.require_room()
        name = clean_name(form.file.filename)
        with self._received(form, name) as (files, fingerprint):
            if known is not None:
                return _same(known, fingerprint)
            photo = self.painters.open(files["source"])
            choice = self._checked(form.choice(photo.width, photo.height), photo)
            for beside in files.keys() & set(BESIDE):
                self.painters.open(files[beside])
            self.require_disk(files["source"].stat().st_size)
            need, facts = megabytes_for(photo), facts_of(photo, files["source"])
            new = NewJob(new_id(), name, facts, choice.model_dump_json(), need, fingerprint, key, kept)
            return self._added(new, files)

    def beside(self, view: View, name: str, upload: UploadFile) -> None:
        """Take in a reference or a transplant for a job; raises as :meth:`take` does, also when it does not fit."""
        path, id = self.folder.incoming(), view.job.id
        try:
            with renaming(self.folder, view.job.name):
                _receive(upload, path, hashlib.sha256())
                self.painters.open(path)
                self.folder.adopt(id, {name: path})
                self.painters.forget(id)
                self.painters.chroma(view)
        except PhotochromError:
            self.folder.file(id, name).unlink(missing_ok=True)
            raise
        finally:
            path.unlink(missing_ok=True)

    def checked(self, choice: Choice, job: Job) -> Choice:
        """Return a choice that fits a job; raises OptionError, HintError or ModelError where it does not."""
        if choice.colors != "model":
            self.painters.beside(job, choice.colors)
        return self._checked(choice, self.painters.photo(job))

    def require_disk(self, more: int, spared: str = "") -> None:
        """Delete the oldest ended jobs until there is room for ``more`` bytes under the quota.

        The job of the id ``spared`` is left alone. Raises Refusal, 507, where that fails.
        """
        if self.limits.quota is None:
            return
        while self.folder.used() + more > self.limits.quota * MEGABYTE:
            oldest = self.store.oldest_ended(spared)
            if oldest is None:
                raise Refusal(
                    507, "DiskFull", f"the disk quota of {self.limits.quota} MB is used up; delete some photos"
                )
            self.forget(oldest.id)

    def forget(self, id: str) -> None:
        """Delete a job that is not being worked on, and its files."""
        self.store.delete(id)
        self.painters.forget(id)
        self.folder.remove(id)

    def _checked(self, choice: Choice, photo: Photo) -> Choice:
        choice.settings(photo.width, photo.height)
        resolve(SaveOptions(choice.format, choice.quality), photo.format)
        self.painters.colorizer(choice.model)
        return choice

    def _added(self, new: NewJob, files: dict[str, Path]) -> Job:
        self.folder.adopt(new.id, files)
        try:
            return self.store.add(new)
        except sqlite3.IntegrityError:  # the same request came twice at once
            self.folder.remove(new.id)
            return _same(self.store.by_key(new.key or ""), new.fingerprint)
        except PhotochromError:
            self.folder.remove(new.id)
            raise

    @contextmanager
    def _received(self, form: UploadForm, name: str) -> Iterator[tuple[dict[str, Path], str]]:
        """Give the files of a request by the names they get, and its fingerprint; what is not adopted is deleted."""
        digest = hashlib.sha256(form.model_dump_json(exclude={"file", *BESIDE}).encode())
        uploads = {"source": form.file, "reference": form.reference, "transplant": form.transplant}
        files = {kind: self.folder.incoming() for kind, upload in uploads.items() if upload is not None}
        try:
            with renaming(self.folder, name):
                for kind, path in files.items():
                    _receive(uploads[kind], path, digest)
                yield files, digest.hexdigest()
        finally:
            for path in files.values():
                path.unlink(missing_ok=True)


def facts_of(photo: Photo, path: Path) -> dict[str, Any]:
    """Return what is known of a photo without decoding it."""
    header = photo.pages[0].header
    return {
        "format": photo.format,
        "width": photo.width,
        "height": photo.height,
        "pages": len(photo.pages),
        "sizes": [(page.width, page.height) for page in photo.pages],
        "bits": photo.bits,
        "channels": {1: "gray", 3: "RGB", 4: "CMYK"}[header.colors],
        "alpha": header.alpha,
        "bytes": path.stat().st_size,
    }


def clean_name(name: str | None) -> str:
    """Return a client's name for a photo as a plain file name: no folders, nothing that is not text, not too long."""
    last = re.split(r"[/\\]", name or "")[-1].encode(errors="replace").decode()
    text = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    if len(text) <= LONGEST_NAME:
        return text or "photo"
    stem, dot, ending = text.rpartition(".")
    return f"{stem[: LONGEST_NAME - 10]}{dot}{ending[:8]}"


@contextmanager
def renaming(folder: Folder, name: str) -> Iterator[None]:
    """Have errors name a photo as the client did."""
    try:
        yield
    except PhotochromError as error:
        raise renamed(error, folder, name) from error


def _receive(upload: UploadFile | None, path: Path, digest: Any) -> None:
    assert upload is not None
    with path.open("xb") as file:
        while chunk := upload.file.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _same(known: Job | None, fingerprint: str) -> Job:
    if known is None or known.fingerprint != fingerprint:
        raise Refusal(422, "KeyReused", "this idempotency key was used for another request; give a new one")
    return known
