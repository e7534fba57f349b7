"""The body of a form: urlencoded, or with files as multipart/form-data; built once, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlencode

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.request.uploads import Upload, uploads_in
from pytest_djworkers.units import format_size

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary="
MOST_BYTES = 100 * 1024 * 1024
"""The most bytes of a form with its files: each agent has them in memory."""
# Always the same, so that a burst sends the same bytes in each run.
_BOUNDARY = "pytest-djworkers-boundary"
_UNQUOTABLE = frozenset('"\r\n')


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """A body, and the value of its Content-Type."""

    body: bytes
    type: str

    def with_field(self, name: str, value: str) -> Content:
        """Return it with one more field, of plain text, before the others."""
        if self.type.startswith(MULTIPART):
            boundary = self.type.removeprefix(MULTIPART)
            lines = [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"', "", value]
            return Content("\r\n".join([*lines, ""]).encode() + self.body, self.type)
        added = urlencode({name: value}).encode()
        return Content(b"&".join(filter(None, [added, self.body])), self.type)


def form_content(form: object, files: object) -> Content:
    """Return the content of a form; None stands for no fields, or for no files.

    Raises BurstArgumentError for a value that can't be sent, a file that can't be read, and for
    more than ``MOST_BYTES``.
    """
    fields = list(_fields(form))
    if files is None:
        content = Content(_urlencoded(fields), URLENCODED)
    else:
        content = _multipart(fields, uploads_in(files, MOST_BYTES))
    if len(content.body) > MOST_BYTES:
        raise BurstArgumentError(
            f"the form has {format_size(len(content.body))}, and a burst sends"
            f" {format_size(MOST_BYTES)} at most with each request"
        )
    return content


def _fields(form: object) -> Iterator[tuple[str, str]]:
    """Yield the fields of a form, a field with several values several times."""
    if form is None:
        return
    if not isinstance(form, Mapping):
        raise BurstArgumentError(
            f"form= is {type(form).__name__}, not a mapping of names to values (text that is"
            " encoded already is body=)"
        )
    for name, value in form.items():
        if not isinstance(name, str):
            raise BurstArgumentError(f"form=: {name!r} is not the name of a field")
        for one in value if isinstance(value, list | tuple) else (value,):
            yield name, _text(name, one)


def _text(name: str, value: object) -> str:
    if value is None:
        raise BurstArgumentError(
            f"form=: the value of {name} is None: leave the field out, or give an empty text"
        )
    if hasattr(value, "read"):
        raise BurstArgumentError(f"form=: {name} is a file: give it with files=")
    if isinstance(value, bytes | Mapping):
        raise BurstArgumentError(
            f"form=: the value of {name} is {type(value).__name__}, not text or a number"
        )
    return str(value)


def _urlencoded(fields: list[tuple[str, str]]) -> bytes:
    try:
        return urlencode(fields).encode()
    except UnicodeError:
        raise BurstArgumentError("form= has a character that can't be encoded in UTF-8") from None


def _multipart(fields: list[tuple[str, str]], uploads: list[tuple[str, Upload]]) -> Content:
    from django.test.client import encode_multipart

    data: dict[str, list[Any]] = {}
    for name, value in (*fields, *uploads):
        if _UNQUOTABLE & {*name}:
            raise BurstArgumentError(f"the name {name!r} can't be sent in a form with files")
        data.setdefault(name, []).append(value)
    boundary = _boundary_for([upload.data for _, upload in uploads])
    try:
        return Content(encode_multipart(boundary, data), MULTIPART + boundary)
    except UnicodeError:
        raise BurstArgumentError("form= has a character that can't be encoded in UTF-8") from None


def _boundary_for(contents: list[bytes]) -> str:
    """Return a boundary that is in none of the contents."""
    for number in count():
        boundary = f"{_BOUNDARY}-{number}"
        if not any(boundary.encode() in content for content in contents):
            return boundary
    raise AssertionError
