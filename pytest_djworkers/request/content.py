"""The body of a form: urlencoded, or with files as multipart/form-data; built once, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.request.uploads import Upload, refuse_unsendable, uploads_in

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary="
# Always the same, so that a burst sends the same bytes in each run.
_BOUNDARY = "pytest-djworkers-boundary"


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """A body, and the value of its Content-Type."""

    body: bytes
    type: str

    def with_field(self, name: str, value: str) -> Content:
        """Return it with one more field, of plain text, before the others."""
        if self.type.startswith(MULTIPART):
            head = _head(self.type.removeprefix(MULTIPART), name)
            return Content(b"".join([head, value.encode(), b"\r\n", self.body]), self.type)
        added = urlencode({name: value}).encode()
        return Content(b"&".join(filter(None, [added, self.body])), self.type)


def form_content(form: object, files: object) -> Content:
    """Return the content of a form; None stands for no fields, or for no files.

    Raises BurstArgumentError for a value that can't be sent, a file that can't be read, and for
    files of more than 100 MiB.
    """
    fields = list(_fields(form))
    if files is None:
        return Content(urlencode(fields).encode(), URLENCODED)
    return _multipart(fields, uploads_in(files))


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
        refuse_unsendable("form=", name)
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
    text = str(value)
    refuse_unsendable(f"form=: the value of {name}", text)
    return text


def _multipart(fields: list[tuple[str, str]], uploads: list[Upload]) -> Content:
    """Return the content of a form with files, as RFC 7578 has it."""
    boundary = _boundary_for([upload.data for upload in uploads])
    pieces = []
    for name, value in fields:
        pieces += [_head(boundary, name), value.encode(), b"\r\n"]
    for upload in uploads:
        pieces += [_head(boundary, upload.field, upload), upload.data, b"\r\n"]
    # Joined once: a large file is not copied for each piece.
    return Content(b"".join([*pieces, f"--{boundary}--\r\n".encode()]), MULTIPART + boundary)


def _head(boundary: str, field: str, upload: Upload | None = None) -> bytes:
    """Return what stands before a value."""
    line = f'Content-Disposition: form-data; name="{_escaped(field)}"'
    if upload is not None:
        line += f'; filename="{_escaped(upload.filename)}"\r\nContent-Type: {upload.content_type}'
    return f"--{boundary}\r\n{line}\r\n\r\n".encode()


def _escaped(name: str) -> str:
    """Return a name without the characters that would end it, as browsers write it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _boundary_for(contents: list[bytes]) -> str:
    """Return a boundary that is in none of the contents."""
    boundary = _BOUNDARY
    while any(boundary.encode() in content for content in contents):
        boundary += "-"
    return boundary
