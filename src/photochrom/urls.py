"""File systems that fsspec reaches by URL (s3://, gs://, az://, sftp://, memory://): the way there, and its faults."""

import logging
import math
import random
import re
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, TypeVar

from photochrom.errors import PhotochromError

T = TypeVar("T")

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 20.0
"""Seconds; pauses double from the first to the longest."""
GREETING: Final = 60.0
"""Seconds after which nothing is tried again before anything has begun: a name may be wrong. Some file systems try
again by themselves, Azure's for more than a minute."""

_FRESH: Final[dict[str, Any]] = {"use_listings_cache": False}
_OTHERS: Final[dict[str, dict[str, Any]]] = {"sftp": {"timeout": 10}, "ssh": {"timeout": 10}}
"""What file systems are given that hand all on to their connection and know no ``use_listings_cache``."""
_BROUGHT: Final = ("fsspec", "s3fs", "aiobotocore", "botocore")
"""Packages that ``photochrom[batch]`` brings."""
_STAMPS: Final = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "last_modified", "mtime", "created")
_HOPELESS: Final = re.compile("Credentials|NoSuchBucket|ParamValidation|InvalidRegion|UnknownEndpoint")

for _package in ("azure", "gcsfs"):  # they write what they raise, whole stacks of calls, to stderr, too
    logging.getLogger(_package).addHandler(logging.NullHandler())


def is_url(name: str) -> bool:
    """Tell whether a name is a URL."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.:-]*://", name) is not None


def scheme_of(url: str) -> str:
    """Return what stands before ://, of a chain such as simplecache::s3:// the last."""
    return url.partition("://")[0].rpartition("::")[2].lower()


def without_password(url: str) -> str:
    """Return a URL as it may be shown."""
    return re.sub(r"(://[^/@:]+):[^/@]*@", r"\1@", url)


def reach(url: str, options: dict[str, Any], name: str, kind: type[PhotochromError], example: str) -> tuple[Any, str]:
    """Return the file system of a URL, of fsspec's own cache, one for each thread, and the path there.

    Listings are as they are now. Raises an error of this ``kind``, which begins with ``name``, where a package is
    missing or the URL is none; ``example`` is what was expected.
    """
    try:
        core: Any = import_module("fsspec.core")
        system, path = core.url_to_fs(url, **{**_OTHERS.get(scheme_of(url), _FRESH), **options})
    except ImportError as error:
        raise kind(f"{name}: {_missing(error)}") from error
    except (ValueError, TypeError) as error:
        raise kind(f"{name}: {said(error)}; expected a URL such as {example}, and the options it needs") from error
    return system, str(path)


def stamp_of(info: dict[str, Any]) -> str:
    """Return what tells a changed file, of what a file system knows of it."""
    return next((str(info[name]) for name in _STAMPS if info.get(name) is not None), "")


def is_hopeless(error: BaseException) -> bool:
    """Tell whether an error of a store comes again however often one tries: wrong credentials, no such bucket."""
    return is_refused(error) or status_of(error) == 404 or _HOPELESS.search(type(error).__name__) is not None


def is_refused(error: BaseException) -> bool:
    """Tell whether a store does not know who asks, or does not let them."""
    told = "Credentials" in type(error).__name__ or str(error).startswith("Forbidden: ")  # as gcsfs says it
    return told or isinstance(error, PermissionError) or status_of(error) in (401, 403)


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status an error carries, None where it has none."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        found = next((getattr(error, name) for name in ("status", "status_code", "code") if hasattr(error, name)), None)
    return found if isinstance(found, int) else None


def retry(
    do: Callable[[], T],
    times: int,
    passes: Callable[[Exception], bool],
    note: Callable[[], None] = lambda: None,
    patience: float = math.inf,
) -> T:
    """Return what ``do`` does, tried up to ``times`` more while what it raises ``passes``, with growing pauses.

    ``note`` is called before each further try; none begins after ``patience``, in seconds.
    """
    start = time.monotonic()
    for turn in range(times + 1):
        try:
            return do()
        except Exception as error:  # each file system has its own
            if turn == times or not passes(error) or time.monotonic() - start > patience:
                raise
        note()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**turn)
        time.sleep(pause * random.uniform(0.5, 1))  # so that not all who wait come back at once
    raise AssertionError("unreachable")


def said(error: BaseException) -> str:
    """Return what an error says, on one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join((str(text) or type(error).__name__).split())
    line = re.sub(r"\.? RequestId:.*", "", line)  # what Azure says for its own engineers
    if isinstance(error, FileNotFoundError) and ("/" in line or " " not in line):
        return "there is none"  # many say the path only
    if isinstance(error, KeyError):
        return f"no {line}"
    return line[:300]


def _missing(error: ImportError) -> str:
    """Return what to install where fsspec, or what it needs for a scheme, is missing."""
    cause = error.__cause__ if isinstance(error.__cause__, ImportError) else error
    name = (cause.name or error.name or "").partition(".")[0]
    if name in _BROUGHT:
        return f"needs {name}; pip install 'photochrom[batch]' brings it"
    return f"{said(error)}; pip install {name} brings it" if name and name in said(error) else said(error)
