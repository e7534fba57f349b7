"""Text from outside is made safe for terminals and XML."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.printable import in_one_line, printable

ANY_TEXT = st.text(
    st.one_of(st.characters(exclude_categories=()), st.sampled_from("\x1b\r\n\t\x9b\u202e[m0"))
)


@given(ANY_TEXT)
def test_no_character_is_left_that_a_terminal_obeys_or_xml_forbids(text: str) -> None:
    shown = printable(text)
    left = {unicodedata.category(character) for character in shown if character not in "\n\t"}
    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    assert ET.fromstring(f"<a>{shown.replace('&', '').replace('<', '')}</a>") is not None  # ours
    assert printable(shown) == shown
    assert shown.isascii() or shown.encode()
    assert len(shown.splitlines()) <= shown.count("\n") + 1


@given(st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S", "Zs"))))
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert printable(f"{text}\n\t") == f"{text}\n\t"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\r\n\ttwo\n", "one\n\ttwo\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07\x1b[2J", r"\x1b]0;title\x07\x1b[2J"),
        ("\x9b31m over\rwritten", r"\x9b31m over\rwritten"),
        ("a\u202eb\u2066c", r"a\u202eb\u2066c"),
        ("\udcff", r"\udcff"),
        ("日本語 é 👩‍💻", "日本語 é 👩‍💻"),
    ],
)
def test_escape_sequences_are_escaped_and_colors_are_removed(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_text_is_put_into_one_line() -> None:
    assert in_one_line(" a\r\n b\x0b\tc\n") == r"a b\x0b c"
