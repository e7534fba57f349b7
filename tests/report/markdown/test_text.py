"""A parser of GitHub's kind shows escaped text as it was given."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pytest_djworkers.printable import in_one_line
from pytest_djworkers.report.markdown.text import escaped

PARSER = MarkdownIt("gfm-like")
assert PARSER.linkify is not None
# GitHub makes no link of a bare host, unless it begins with www., which is checked below.
PARSER.linkify.set({"fuzzy_link": False})
UNSEEN = "\N{ZERO WIDTH SPACE}"
ORDERS = (
    "[a](http://b.c)", "![a](b)", "[a]: /b", "[a][b]", "<b>", "<!-- ", "&amp;", "&#64;", "`a`",
    "**a**", "_a_", "__a__", "~~a~~", "|", "\\", "\\|", "@me", "#12", "GH-12", "http://a.b",
    "HTTPS://a.b", "www.a.b", "a@b.cd", "mailto:a@b.c", "$a$", "\n\n# a", "\n| --- |\n", "- ",
    "\t", "ftp://a.b", "//a",
)  # fmt: skip  # a long list of short texts
TEXTS = st.lists(st.one_of(st.sampled_from(ORDERS), st.text(max_size=4))).map("".join)
# Plain text that GitHub turns into links and mentions, beyond what the parser knows.
MENTION = re.compile(r"@\w|#\d|\bGH-\d|https?://|www\.", re.IGNORECASE)


def shown(markdown: str, kind: str) -> str:
    """Return the text of the only element of this kind, which must hold nothing but text."""
    tokens = PARSER.parse(markdown)
    (inline,) = (
        inline
        for before, inline in pairwise(tokens)
        if before.type == kind and inline.content != "x"
    )
    assert inline.children is not None
    assert {child.type for child in inline.children} <= {"text", "text_special"}, inline.children
    text = "".join(child.content for child in inline.children)
    assert not MENTION.search(text)
    return text.replace(UNSEEN, "")


@given(TEXTS)
def test_a_heading_an_item_and_a_cell_show_the_text_as_given(text: str) -> None:
    # Whatever is escaped is in one line before.
    given = in_one_line(text)
    # Markdown trims blanks at both ends, hence the letters around the text.
    assert shown(f"### a{escaped(text)}b", "heading_open") == f"a{given}b"
    assert shown(f"- a: {escaped(text)}!", "paragraph_open") == f"a: {given}!"
    table = f"| x |\n| --- |\n| a{escaped(text)}b |\n"
    assert shown(table, "td_open") == f"a{given}b"


@pytest.mark.parametrize(
    "text",
    [
        "test_site.py::test_json[granian-sync]",
        "GET /json?a=1&b=2",
        "8 connections, 10s, timeout 2s; asyncio 3.11",
        "regressed: -5.0% (interval -6.0% to -4.0%), 30% > 10%!",
    ],
)
def test_text_without_special_characters_is_not_changed(text: str) -> None:
    assert escaped(text).replace("&amp;", "&") == text


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("@me", "@&#8203;me"),
        ("see #12", "see #&#8203;12"),
        ("http://a", "http:&#8203;//a"),
        ("[a](b)", r"[a\](b)"),
        ("\x1b[2J", r"\\x1b[2J"),
    ],
)
def test_special_characters_are_escaped_like_this(text: str, markdown: str) -> None:
    assert escaped(text) == markdown
