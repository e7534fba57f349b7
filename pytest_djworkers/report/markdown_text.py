"""Text as Markdown that shows it as it is, on GitHub too: names, versions and what was said may be
anybody's."""

from __future__ import annotations

import re

from pytest_djworkers.printable import in_one_line

_BROKEN = "&#8203;"
"""A space without a width: what it is put into is no mention, reference or address any more."""
_ORDERS = re.compile(
    r"(?P<escaped>[\\`*|~$]|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_]))"
    r"|(?P<entity><|&(?=[#\w]))"
    r"|(?P<split>@(?=\S|\Z)|#(?=\d|\Z)|(?<=:)//|(?i:(?<=www)\.|(?<=gh)-(?=\d|\Z)|(?<=mailto):|(?<=xmpp):))"
)


def escaped(text: str) -> str:
    """One line of Markdown that shows this text: no link, image, HTML, table cell, emphasis,
    mention or reference is made of it."""
    return _ORDERS.sub(_replaced, in_one_line(text))


def _replaced(found: re.Match[str]) -> str:
    order = found.group()
    if found["escaped"]:
        return f"\\{order}"
    if found["entity"]:
        return {"<": "&lt;", "&": "&amp;"}[order]
    return f"{_BROKEN}{order}" if order in {"//", ".", ":"} else f"{order}{_BROKEN}"
