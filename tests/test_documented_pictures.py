"""The pictures of a terminal: they show what it showed, and need nothing from elsewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

pictures = pytest.importorskip(  # pyte and rich are in the group docs
    "docs.make_pictures", reason="pyte and rich are in the group docs", exc_type=ImportError
)
# A line that is erased again, as that of a running burst is.
PROGRAM = r"""
print("\x1b[32mpassed\x1b[0m")
print("running\r\x1b[2Kover")
"""


def test_a_picture_shows_the_terminal_at_the_end(tmp_path: Path) -> None:
    passed, over = pictures.on_terminal([sys.executable, "-c", PROGRAM], tmp_path, 80)
    assert (passed.plain, over.plain) == ("passed", "over")
    assert {str(span.style) for span in passed.spans} == {"green"}


def test_a_picture_needs_nothing_from_the_network(tmp_path: Path) -> None:
    shown = pictures.on_terminal([sys.executable, "-c", PROGRAM], tmp_path, 80)
    for theme in pictures._THEMES.values():
        svg = pictures.draw_terminal(shown[0], theme, 80)
        assert "passed" in "".join(ET.fromstring(svg).itertext())
        assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
