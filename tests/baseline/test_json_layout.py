"""The text of a baseline: JSON that says the same, in lines that make small diffs."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_djworkers.baseline.json_layout import laid_out

plain = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)
anything = st.recursive(
    plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(), anything))
def test_the_text_is_json_of_the_same_document(document: dict[str, Any]) -> None:
    text = laid_out(document)
    assert json.loads(text) == document
    assert text == laid_out(dict(reversed(document.items())))
    assert text.endswith("}\n")


def test_collections_have_an_entry_a_line_down_to_the_windows() -> None:
    a_window = {"b": [1, 2], "a": {"deep": [{}]}}
    document = {"bursts": {"key": {"sessions": [{"windows": [a_window, a_window]}]}}, "schema": 1}
    assert laid_out(document).splitlines() == [
        "{",
        ' "bursts": {',
        '  "key": {',
        '   "sessions": [',
        "    {",
        '     "windows": [',
        '      {"a": {"deep": [{}]}, "b": [1, 2]},',
        '      {"a": {"deep": [{}]}, "b": [1, 2]}',
        "     ]",
        "    }",
        "   ]",
        "  }",
        " },",
        ' "schema": 1',
        "}",
    ]
