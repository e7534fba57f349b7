"""Text from outside, made safe to show: bodies, logs, headers, committed files, other programs.

A terminal obeys escape sequences, and some of them do more than colour: they move the cursor over
what is there, change the window's title, or write to the clipboard. Marks of direction make a
line read as another one. XML can't hold most control characters at all.
"""

from __future__ import annotations

import re

_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_HARMFUL = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, but for tab and line feed
    "\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"  # what formats and is not seen
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # what is no character
    "]"
)


def printable(text: str) -> str:
    """The text with every character that is an order to a terminal written as Python would.

    Line feeds and tabs stay; colours are left out.
    """
    return _HARMFUL.sub(_written, _COLOURS.sub("", text).replace("\r\n", "\n"))


def in_one_line(text: str) -> str:
    """The same, with each stretch of blanks, tabs and line feeds as one blank."""
    return " ".join(printable(text).split())


def _written(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape", "surrogatepass").decode()
