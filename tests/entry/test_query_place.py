"""The place of a query is the innermost line of the site's code, else that of a library."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import django
import pytest

from pytest_djworkers.entry.query_place import PlaceFinder

DJANGO = Path(django.__file__).parent
SITE, LIBRARY = "/srv/shop/views.py", "/venv/lib/python3/site-packages/rest_framework/views.py"

Call = Callable[[], str]


def outermost(call: Call) -> str:
    """Where the search ends: what is around it does not count."""
    return call()


def in_file(file: str, call: Call, *, name: str = "view", **local: object) -> Call:
    """Return a function of a file, which calls another in its third line."""
    source = f"def {name}(self=None):\n    pass\n    return call()\n"
    names: dict[str, object] = {"call": call}
    exec(compile(source, file, "exec"), names)
    function = names[name]
    assert callable(function)
    # A lambda would be a frame of its own.
    return partial(function, **local)


def place(*files: str) -> str:
    """Return the place of a query under functions of these files, the outermost first."""
    call: Call = PlaceFinder(outermost.__code__)
    for file in reversed(files):
        call = in_file(file, call)
    return outermost(call)


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ((SITE,), f"{SITE}:3"),
        (("/srv/shop/urls.py", SITE, LIBRARY, f"{DJANGO}/db/models/query.py"), f"{SITE}:3"),
        ((LIBRARY, f"{DJANGO}/db/models/query.py"), "rest_framework/views.py:3"),
        ((f"{DJANGO}/db/models/query.py", os.__file__), ""),
        (("/venv/lib/python3/site-packages/pytest_djworkers/entry/query_recorder.py",), ""),
        ((SITE, "<string>", "/srv/shop/page.html"), f"{SITE}:3"),
        ((SITE, "/usr/lib/python3/dist-packages/asgiref/sync.py"), f"{SITE}:3"),
    ],
)
def test_the_innermost_line_of_the_site_wins(files: tuple[str, ...], found: str) -> None:
    assert place(*files) == found


def rendered(template: str) -> str:
    """Return the place of a query that a node of this template runs, in a view of the site."""
    node = SimpleNamespace(origin=SimpleNamespace(name=template), token=SimpleNamespace(lineno=12))
    query: Call = PlaceFinder(outermost.__code__)
    base = f"{DJANGO}/template/base.py"
    node_renders = in_file(base, query, name="render_annotated", self=node)
    return outermost(in_file(SITE, node_renders))


def test_the_line_of_a_template_is_more_exact_than_that_of_its_view() -> None:
    assert rendered("/srv/shop/templates/list.html") == "/srv/shop/templates/list.html:12"
    # A package's own template, and one from memory, are not the site's.
    assert rendered(f"{DJANGO}/contrib/admin/templates/x.html") == f"{SITE}:3"
    assert rendered("<unknown source>") == f"{SITE}:3"
