"""The files of a form: from paths, from open files, and from bytes."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.units import format_size

_FORMS = "a path, (filename, bytes), (filename, bytes, content type), or a file opened with 'rb'"
_FILENAME = re.compile(r"[^/\\\0]+")
# One half of a pair, which UTF-8 has no bytes for.
_UNSENDABLE = re.compile("[\ud800-\udfff]")
_TYPE = re.compile(r"[!-~][ -~]*")
MOST_BYTES = 100 * 2**20
"""The most bytes of all files together: each agent has them in memory."""
_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True, repr=False)
class Upload:
    """One file of a form."""

    field: str
    filename: str
    data: bytes
    content_type: str


def refuse_unsendable(what: str, text: str) -> None:
    """Raise BurstArgumentError if a text can't be encoded, without showing it."""
    if _UNSENDABLE.search(text):
        raise BurstArgumentError(f"{what} has a character that can't be encoded in UTF-8")


def uploads_in(files: object) -> list[Upload]:
    """Return the files; a field may have several in a list.

    Raises BurstArgumentError for a file that can't be read or sent, and for more than 100 MiB.
    """
    if not isinstance(files, Mapping):
        raise BurstArgumentError(
            f"files= is {type(files).__name__}, not a mapping of names to files: {_FORMS}"
        )
    found: list[Upload] = []
    left = MOST_BYTES
    for field, value in files.items():
        if not isinstance(field, str):
            raise BurstArgumentError(f"files=: {field!r} is not the name of a field")
        refuse_unsendable("files=", field)
        for one in value if isinstance(value, list) else [value]:
            upload = _upload(field, one, left)
            left -= len(upload.data)
            found.append(upload)
    return found


def _upload(field: str, value: Any, left: int) -> Upload:
    """Return one file, of which ``left`` bytes at most are allowed."""
    if isinstance(value, str | PathLike):
        path = Path(value)
        return _checked(field, left, path.name, _read_path(field, path, left))
    if isinstance(value, tuple) and len(value) in {2, 3}:
        return _checked(field, left, *value)
    if hasattr(value, "read"):
        # A file without a name, such as TemporaryFile, has the number of its descriptor as one.
        name = getattr(value, "name", None)
        filename = Path(name).name if isinstance(name, str) and name else field
        return _checked(field, left, filename, value.read())
    raise BurstArgumentError(f"files=: {field} is {type(value).__name__}, not {_FORMS}")


def _read_path(field: str, path: Path, left: int) -> bytes:
    try:
        # Before it is read: it may be larger than the memory.
        _refuse_too_large(field, path.stat().st_size, left)
        return path.read_bytes()
    except OSError as error:
        raise BurstArgumentError(
            f"files=: {field} can't be read: {path.absolute()} ({error.strerror or error})"
        ) from None


def _refuse_too_large(field: str, size: int, left: int) -> None:
    if size > left:
        others = f" beside {format_size(MOST_BYTES - left)} of other files" * (left < MOST_BYTES)
        raise BurstArgumentError(
            f"files=: {field} has {format_size(size)}{others}, and a request has 100 MiB"
            f" ({format_size(MOST_BYTES)}) of files at most"
        )


def _checked(field: str, left: int, name: object, data: object, kind: object = None) -> Upload:
    if not isinstance(name, str) or not _FILENAME.fullmatch(name):
        raise BurstArgumentError(f"files=: {field} has no file name that can be sent: {name!r}")
    refuse_unsendable(f"files=: the file name of {field}", name)
    if not isinstance(data, bytes):
        hint = ": open it with 'rb'" if isinstance(data, str) else ""
        raise BurstArgumentError(f"files=: {field} has {type(data).__name__}, not bytes{hint}")
    _refuse_too_large(field, len(data), left)
    kind = kind or mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise BurstArgumentError(f"files=: {field} has no content type that can be sent")
    return Upload(field, name, data, kind)
