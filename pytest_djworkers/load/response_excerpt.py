"""The excerpt of a response: enough to tell people what came instead of the expected one."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Self

from httptools import HttpParserError, HttpResponseParser

from pytest_djworkers.load.masking import masked
from pytest_djworkers.printable import in_one_line

KEPT_BYTES = 16_384
"""The number of bytes that are kept of a response. Django's page for a refused POST has 2.6 kB."""
_KEPT_TEXT = 1_000
_NOT_SHOWN = re.compile(
    r"<!--.*?-->|<(head|style|script)\b.*?(?:</\1\s*>|\Z)|<[^>]*(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ResponseExcerpt:
    """The status of a response, its redirect, and the beginning of its body."""

    status: int
    location: str = ""
    """The target of its redirect, without the values of a query; empty without one."""
    text: str = ""
    """The beginning of its body on one line, without HTML's tags."""

    @classmethod
    def of(cls, data: bytes) -> Self | None:
        """Return the excerpt of the first bytes of a response; None if they have no whole head."""
        reader = _Reader()
        try:
            reader.parser.feed_data(data)
        except HttpParserError:
            # The excerpt may end anywhere, and what was read before the error is of use.
            pass
        finally:
            status = reader.parser.get_status_code()
            # The parser refers back to its reader, and an agent collects no cycles.
            del reader.parser
        if not reader.is_final:
            return None
        return cls(status, in_one_line(masked(reader.location))[:_KEPT_TEXT], reader.text)


class _Reader:
    """Reads one response, however little of its body there is."""

    def __init__(self) -> None:
        self.parser = HttpResponseParser(self)
        self.is_final = False
        self.location = ""
        self._encoding = ""
        self._is_html = False
        self._body = b""

    @property
    def text(self) -> str:
        if self._encoding not in {"", "identity"}:
            return f"(a body in {self._encoding})" if self._body else ""
        text = self._body.decode(errors="replace")
        if self._is_html:
            text = html.unescape(_NOT_SHOWN.sub(" ", text))
        return in_one_line(text)[:_KEPT_TEXT]

    def on_header(self, name: bytes, value: bytes) -> None:
        said = value.decode("latin-1")
        match name.lower():
            case b"location":
                self.location = said
            case b"content-encoding":
                self._encoding = in_one_line(said.lower())
            case b"content-type":
                self._is_html = "html" in said.lower()

    def on_headers_complete(self) -> None:
        self.is_final = self.parser.get_status_code() >= 200

    def on_body(self, data: bytes) -> None:
        self._body += data
