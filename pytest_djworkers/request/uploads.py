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
_FILENAME = re.compile(r'[^"\r\n/\\]+')
_TYPE = re.compile(r"[!-~][ -~]*")
_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True, repr=False)
class Upload:
    """One file of a form, as ``encode_multipart`` of Django's test client takes it."""

    name: str
    data: bytes
    content_type: str

    def read(self) -> bytes:
        """Return what is in it."""
        return self.data


def uploads_in(files: object, most_bytes: int) -> list[tuple[str, Upload]]:
    """Return the files, each with the name of its field; a field may have several in a list.

    Raises BurstArgumentError for a file that can't be read or sent, and for more bytes than this
    in one.
    """
    if not isinstance(files, Mapping):
        raise BurstArgumentError(
            f"files= is {type(files).__name__}, not a mapping of names to files: {_FORMS}"
        )
    found: list[tuple[str, Upload]] = []
    for field, value in files.items():
        if not isinstance(field, str):
            raise BurstArgumentError(f"files=: {field!r} is not the name of a field")
        each = value if isinstance(value, list) else [value]
        found += [(field, _upload(field, one, most_bytes)) for one in each]
    return found


def _upload(field: str, value: Any, most_bytes: int) -> Upload:
    if isinstance(value, str | PathLike):
        path = Path(value)
        return _checked(field, path.name, _read_path(field, path, most_bytes))
    if isinstance(value, tuple) and len(value) in {2, 3}:
        name, data, *kind = value
        return _checked(field, name, data, *kind)
    if hasattr(value, "read"):
        # A file without a name, such as TemporaryFile, has the number of its descriptor as one.
        name = getattr(value, "name", None)
        shown = Path(name).name if isinstance(name, str) and name else field
        return _checked(field, shown, value.read())
    raise BurstArgumentError(f"files=: {field} is {type(value).__name__}, not {_FORMS}")


def _read_path(field: str, path: Path, most_bytes: int) -> bytes:
    try:
        # Before it is read: it may be larger than the memory.
        if (size := path.stat().st_size) > most_bytes:
            raise BurstArgumentError(
                f"files=: {field} has {format_size(size)}, and a burst sends"
                f" {format_size(most_bytes)} at most with each request: {path}"
            )
        return path.read_bytes()
    except OSError as error:
        raise BurstArgumentError(
            f"files=: {field} can't be read: {path.absolute()} ({error.strerror or error})"
        ) from None


def _checked(field: str, name: object, data: object, kind: object = None) -> Upload:
    if not isinstance(name, str) or not _FILENAME.fullmatch(name):
        raise BurstArgumentError(f"files=: {field} has no file name that can be sent: {name!r}")
    if not isinstance(data, bytes):
        hint = ": open it with 'rb'" if isinstance(data, str) else ""
        raise BurstArgumentError(f"files=: {field} has {type(data).__name__}, not bytes{hint}")
    kind = kind or mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise BurstArgumentError(f"files=: {field} has no content type that can be sent")
    return Upload(name, data, kind)
