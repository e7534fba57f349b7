"""Rules for the text of headers and cookies."""

from __future__ import annotations

import re

# A token of RFC 9110, section 5.6.2.
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""Names of headers, and of cookies."""


def why_not_sendable(value: object, allowed: re.Pattern[str]) -> str:
    """Return why a value can't be sent, without showing it: it may be a secret.

    Empty if it can. ``allowed`` matches any number of allowed characters.
    """
    if not isinstance(value, str):
        return f"it is {type(value).__name__}, not text"
    if allowed.fullmatch(value):
        return ""
    wrong = next(c for c in value if not allowed.fullmatch(c))
    return f"it has {wrong!r} in it"
