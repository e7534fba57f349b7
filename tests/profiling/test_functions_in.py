"""The functions in a source text."""

from __future__ import annotations

from types import CodeType

import pytest

from pytest_djworkers.profiling.functions_in import functions_in

SOURCE = '''
@decorated
@twice(
    1,
)
def outer(a, *, b=1):
    """It."""
    if a:
        def inner():
            return [lambda: one for one in a]
    class Local:
        def method(self): ...
    return inner


class Shop:
    class Inner:
        async def gét(self):
            return 1
    try:
        def page(self):
            return 2
    except ValueError:
        pass
'''


def test_names_and_lines_are_those_that_python_gives() -> None:
    found = functions_in(SOURCE)
    assert [(one.name, one.first, one.last) for one in found] == [
        ("outer", 2, 13),
        ("outer.<locals>.inner", 9, 10),
        ("outer.<locals>.Local.method", 12, 12),
        ("Shop.Inner.gét", 18, 19),
        ("Shop.page", 21, 22),
    ]
    code = {one.co_qualname: one.co_firstlineno for one in _codes(compile(SOURCE, "", "exec"))}
    assert {one.name: one.first for one in found}.items() <= code.items()


def test_the_body_is_without_name_comments_and_places() -> None:
    (first,) = functions_in("def one(a):\n    return a + 1\n")
    (second,) = functions_in("\n\nclass Shop:\n    def two(a):  # other\n        return (a+1)\n")
    (third,) = functions_in("def one(a, b=1):\n    return a + 1\n")
    assert first.body == second.body != third.body


@pytest.mark.parametrize("source", ["def broken(:", "\0", "", "x = 1"])
def test_a_text_that_cannot_be_read_has_none(source: str) -> None:
    assert functions_in(source) == ()


def _codes(code: CodeType) -> list[CodeType]:
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return [code, *(found for one in inner for found in _codes(one))]
