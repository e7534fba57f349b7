"""What settings do because DEBUG is on in their module.

It is off where the site is served, for URLs and all that reads ``settings.DEBUG``. But the module
itself has run by then, with its own value; what it would have done with another, such as naming the
real caches, can't be known, and must not be done by a test.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

_TOOLS = ("debug_toolbar", "silk", "django_browser_reload", "nplusone", "zeal", "pyinstrument")
"""Apps and middleware for development."""
_SHOWN = 3


def left_by_debug(settings_module: str) -> str | None:
    """In words, what a settings module that has been imported did because DEBUG was on; None where
    it is off, or nothing hangs on it."""
    module = sys.modules.get(settings_module)
    if not getattr(module, "DEBUG", False):
        return None
    found = [f"{file.name}, line {line}" for file, line in _readings(settings_module)]
    found = [*found[:_SHOWN], *(["more lines"] if len(found) > _SHOWN else [])]
    found += [tool for tool in _TOOLS if _is_in_use(module, tool)]
    if not found:
        return None
    return (
        f"DEBUG is on in {settings_module} and off where it is served, but what hangs on it there"
        f" ({'; '.join(found)}) is in what is measured: name settings without it with"
        " --djworkers-settings=MODULE"
    )


def _readings(name: str) -> Iterator[tuple[Path, int]]:
    """Where the source of a module, and of those that it takes all names from, reads DEBUG."""
    module = sys.modules.get(name)
    file = Path(getattr(module, "__file__", None) or "")
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="DEBUG", ctx=ast.Load()):
                yield file, node.lineno
            case ast.ImportFrom(names=[ast.alias(name="*")]):
                package = getattr(module, "__package__", None) or None
                base = "." * node.level + (node.module or "")
                yield from _readings(resolve_name(base, package))


def _is_in_use(module: object, tool: str) -> bool:
    named = [*getattr(module, "INSTALLED_APPS", ()), *getattr(module, "MIDDLEWARE", ())]
    return any(str(one).partition(".")[0] == tool for one in named)
