"""Text from outside, made safe to print: bodies, logs, headers, files, output of programs.

A terminal obeys escape sequences, and some of them do more than change colors: they overwrite
what is shown, change the window's title, or write to the clipboard. Characters that change the
direction of text make a line read as a different one. And XML can't hold most control characters.
"""

from __future__ import annotations

import re

_COLORS = re.compile(r"\x1b\[[0-9;:]*m")
_HARMFUL = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, except tab and line feed
    "\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible
    "\U000e0000-\U000e007f"  # tags, which are invisible
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # surrogates, and code points that are not characters
    "]"
)


def printable(text: str) -> str:
    """Return the text with harmful characters escaped as in Python: ``\\x1b``, ``\\u202e``.

    Line feeds and tabs stay. Sequences that only set colors are removed.
    """
    return _HARMFUL.sub(_escaped, _COLORS.sub("", text).replace("\r\n", "\n"))


def in_one_line(text: str) -> str:
    """Return printable text in which each run of blanks, tabs and line feeds is one blank."""
    return " ".join(printable(text).split())


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape", "surrogatepass").decode()
