"""Files of JSON that people write: an object, or an error that says what is wrong with the file."""

import json
from pathlib import Path
from typing import Any

from photochrom.errors import PhotochromError


def read_object(path: Path, kind: type[PhotochromError], example: str) -> dict[str, Any]:
    """Return the object that a JSON file in UTF-8 holds, with or without the mark that some editors begin it with.

    Raises an error of this ``kind``, with an ``example`` of what was expected, where the file is not there, no JSON,
    or holds something else than an object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise kind(f"{path} cannot be read ({error.strerror}); give a JSON file such as {example}") from error
    except ValueError as error:  # not UTF-8, too
        raise kind(f"{path} is not JSON ({error}); expected such as {example}") from error
    except RecursionError as error:
        raise kind(f"{path} is nested too deeply; expected JSON such as {example}") from error
    if not isinstance(found, dict):
        raise kind(f"{path} holds no JSON object but a {type(found).__name__}; expected such as {example}")
    return found
