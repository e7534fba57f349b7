"""Finds development settings that stay in effect although the site is served with DEBUG off.

DEBUG is turned off before URLs and views read it. But the settings module itself has run by then,
with its own value. The plugin can't know what the module would have done with DEBUG off, and must
not try: it might name the real caches. So it tells the user.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

_TOOLS = ("debug_toolbar", "silk", "django_browser_reload", "nplusone", "zeal", "pyinstrument")
"""Apps and middleware for development."""
_MOST_LINES = 3
"""The number of lines of the settings module that the message names at most."""


def left_by_debug(settings_module: str) -> str | None:
    """Return a line on what an imported settings module did because DEBUG was on.

    Return None if DEBUG is off in the module, or nothing in the settings depends on it.
    """
    module = sys.modules.get(settings_module)
    if not getattr(module, "DEBUG", False):
        return None
    found = [f"{file.name}, line {line}" for file, line in _readings(settings_module)]
    found = [*found[:_MOST_LINES], *(["more lines"] if len(found) > _MOST_LINES else [])]
    found += [tool for tool in _TOOLS if _is_in_use(module, tool)]
    if not found:
        return None
    return (
        f"DEBUG is on in {settings_module} and off where it is served, but what depends on it"
        f" there ({'; '.join(found)}) is measured, too: name settings that have it off with"
        " --djworkers-settings=MODULE"
    )


def _readings(name: str) -> Iterator[tuple[Path, int]]:
    """Yield each file and line that reads DEBUG: of a module, and of those that it imports ``*``
    from."""
    module = sys.modules.get(name)
    file = Path(getattr(module, "__file__", None) or "")
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        # Settings may have no source to read; then nothing is said.
        return
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="DEBUG", ctx=ast.Load()):
                yield file, node.lineno
            # Split settings: "from .base import *" runs, and may read, another module's DEBUG.
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                package = getattr(module, "__package__", None) or None
                base = "." * node.level + (node.module or "")
                yield from _readings(resolve_name(base, package))


def _is_in_use(module: object, tool: str) -> bool:
    named = [*getattr(module, "INSTALLED_APPS", ()), *getattr(module, "MIDDLEWARE", ())]
    return any(str(one).partition(".")[0] == tool for one in named)
