"""Loads our entry inside a server, whatever lies on its way to modules.

Servers put the current folder in front of ``sys.path``, and some take an entry's dotted name for a
path. So the entries are in this folder, which is no package and holds nothing else: it can be put
on any path without hiding anything. From here on our modules are found by their files, and the
standard library's in their own place: the site may have folders named like either.
"""

import importlib.util
import os
import sys
from typing import Any

_PACKAGE = "pytest_djworkers"


def load(interface: str) -> Any:
    """The site's application for ``wsgi`` or ``asgi``."""
    _import_package()
    from pytest_djworkers.entry.search_path import standard_library_first

    with standard_library_first():
        from pytest_djworkers.entry import app
    return app.load(interface)


def _import_package() -> None:
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    file = os.path.join(folder, "__init__.py")
    found = getattr(sys.modules.get(_PACKAGE), "__file__", None)
    if found is not None and os.path.realpath(found) == os.path.realpath(file):
        return
    for name in [one for one in sys.modules if one.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, file, submodule_search_locations=[folder]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = module
    spec.loader.exec_module(module)
