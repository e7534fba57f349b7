"""Notes on books."""

from __future__ import annotations

import re

NOTE = f"a note{' ' * 160}on a book  "
"""With many blanks, as an old form leaves them."""
ENDS = re.compile(r"[ ]{1,9}\Z")


def stripped(text: str) -> str:
    """Return a text without the blanks at its end."""
    return ENDS.sub("", text)
