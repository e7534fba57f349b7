"""Finds the site's application to serve: the one that its team deploys.

Both the pytest process, for the header, and the server use this.
"""

# The setting alone is not enough: ``manage.py startproject`` makes ``asgi.py``, but sets no
# ASGI_APPLICATION. Django's own application would leave out whatever wraps it in ``asgi.py``.

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from pytest_djworkers.entry.find_module import binds, folder_of, spec_of

DJANGO = "django"
"""The value of the option that asks for Django's own application."""
_OTHER = {"wsgi": "asgi", "asgi": "wsgi"}
_NAMED_BY_MANAGE = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*[,\]]\s*=?\s*["']([\w.]+)["']""")


@dataclass(frozen=True, slots=True)
class Application:
    """An application to serve, and the reason why it is this one."""

    module: str | None
    """The module that it is in; None for Django's own application."""
    attribute: str
    why: str
    is_of_setting: bool = False
    """True if a setting of Django names it."""

    def __str__(self) -> str:
        return "Django's own" if self.module is None else f"{self.module}:{self.attribute}"

    def load(self, interface: str) -> Any:
        """Import and return it. Raises RuntimeError if the module has no such attribute."""
        if self.module is None:
            module = importlib.import_module(f"django.core.{interface}")
            return getattr(module, f"get_{interface}_application")()
        module = importlib.import_module(self.module)
        try:
            return reduce(getattr, self.attribute.split("."), module)
        except AttributeError:
            raise RuntimeError(
                f"refusing to serve: module {self.module!r} has no {self.attribute!r}"
                f" ({self.why}): name the application with --djworkers-application=MODULE:ATTRIBUTE"
            ) from None


def application_of(
    interface: str, settings: Any, settings_module: str, asked: str | None
) -> Application:
    """Return the application to serve through ``wsgi`` or ``asgi``, without importing the site.

    It is the one that the user asked for, or that of the setting, or ``application`` in a module
    ``wsgi`` or ``asgi`` of the project. Raises RuntimeError if that module has no such name.
    """
    if asked == DJANGO:
        return Application(None, "", "as asked for")
    if asked is not None:
        module, _, attribute = asked.partition(":")
        return Application(module, attribute, "as asked for")
    setting = f"{interface.upper()}_APPLICATION"
    if path := getattr(settings, setting, None):
        module, _, attribute = str(path).rpartition(".")
        return Application(module, attribute, f"the setting {setting}", is_of_setting=True)
    names = list(dict.fromkeys(_candidates(interface, settings, settings_module)))
    for name, where in names:
        if (spec := spec_of(name)) is None:
            continue
        if not binds(spec, "application"):
            raise RuntimeError(
                f"{setting} is not set, and {spec.origin}, which is {where}, has no"
                " 'application': name the one that you deploy with --djworkers-application="
                f"{name}:ATTRIBUTE, or Django's own with --djworkers-application={DJANGO}"
            )
        return Application(name, "application", f"{where}; {setting} is not set")
    return Application(None, "", f"{setting} is not set, and there is no {interface}.py beside it")


def _candidates(interface: str, settings: Any, settings_module: str) -> Iterator[tuple[str, str]]:
    """Yield names of modules that may contain it, the likeliest first, with words for the place."""
    yield from _beside(interface, settings_module, "beside the settings")
    other = getattr(settings, f"{_OTHER[interface].upper()}_APPLICATION", None)
    for path, where in (
        (str(other).rpartition(".")[0] if other else "", f"beside the {_OTHER[interface]} one"),
        (str(getattr(settings, "ROOT_URLCONF", "")), "beside the root URLconf"),
    ):
        package = path.rpartition(".")[0]
        if package:
            yield f"{package}.{interface}", where
    for folder in dict.fromkeys((Path.cwd(), *map(Path, filter(None, sys.path)))):
        if named := _named_by_manage(folder / "manage.py"):
            yield from _beside(interface, named, "beside the settings that manage.py names")


def _beside(interface: str, settings_module: str, where: str) -> Iterator[tuple[str, str]]:
    """Yield names in each package that the settings are in, and beside the outermost package."""
    parts = settings_module.split(".")
    for number in range(len(parts) - 1, 0, -1):
        yield f"{'.'.join(parts[:number])}.{interface}", where
    first, top = spec_of(parts[0]), spec_of(interface)
    # Only if it lies in the same folder: any package may be named "wsgi" or "asgi".
    if first is not None and top is not None and folder_of(first) == folder_of(top) is not None:
        yield interface, where


def _named_by_manage(file: Path) -> str | None:
    try:
        found = _NAMED_BY_MANAGE.search(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return None if found is None else found[1]
