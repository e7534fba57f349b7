"""Text escaped for Markdown, so that GitHub shows it as it is.

Names, versions and messages may come from a server, a baseline or another program.
"""

from __future__ import annotations

import re

from pytest_djworkers.printable import in_one_line

_BROKEN = "&#8203;"
"""A space without a width. It breaks a mention, a reference or an address."""
# A backslash escapes what CommonMark lets it escape. "<" and "&" need entities, since a backslash
# doesn't stop all HTML. "@", "#", "://" and the like are GitHub's own, and no escape stops them,
# but the space without a width does. "_" within a word and "]" before anything but a link are left
# alone, so that parameters such as test_json[granian] stay readable in the file.
_ORDERS = re.compile(
    r"(?P<escaped>[\\`*|~$]|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_]))"
    r"|(?P<entity><|&(?=[#\w]))"
    r"|(?P<split>@(?=\S|\Z)|#(?=\d|\Z)|(?<=:)//|(?i:(?<=www)\.|(?<=gh)-(?=\d|\Z)|(?<=mailto):|(?<=xmpp):))"
)


def escaped(text: str) -> str:
    """Return one line of Markdown that shows this text.

    No link, image, HTML, table cell, emphasis, mention or reference is made of it.
    """
    return _ORDERS.sub(_replaced, in_one_line(text))


def _replaced(found: re.Match[str]) -> str:
    order = found.group()
    if found["escaped"]:
        return f"\\{order}"
    if found["entity"]:
        return {"<": "&lt;", "&": "&amp;"}[order]
    return f"{_BROKEN}{order}" if order in {"//", ".", ":"} else f"{order}{_BROKEN}"
