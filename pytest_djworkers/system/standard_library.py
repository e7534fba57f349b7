"""Imports rarely used modules of the standard library, even if the site has modules of their names.

``python -m pytest`` puts the site's folder first on ``sys.path``, so that ``import resource`` may
give the site's app of that name. The name in ``sys.modules`` remains the site's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import BuiltinImporter, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any


@cache
def standard_module(name: str) -> Any:
    """Return the standard library's module of this name. Raises ImportError if there is none."""
    place = Path(os.__file__).parent
    loaded = getattr(sys.modules.get(name), "__spec__", None)
    if loaded is not None and (
        loaded.origin == "built-in" or Path(loaded.origin or "").parent in _folders(place)
    ):
        return sys.modules[name]
    folders = list(map(str, _folders(place)))
    spec = BuiltinImporter.find_spec(name) or PathFinder.find_spec(name, folders)
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no {name!r} in the standard library", name=name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _folders(place: Path) -> tuple[Path, ...]:
    # Compiled modules may lie in another folder, for this machine's architecture.
    found = (Path(one) for one in sys.path if one.endswith("lib-dynload"))
    return (place, place / "lib-dynload", *found)


@cache
def load_psutil() -> Any:
    """Return the library psutil, which itself imports such modules."""
    with _in_their_names("resource", "pwd"):
        import psutil
    return psutil


@contextmanager
def _in_their_names(*names: str) -> Iterator[None]:
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update({name: standard_module(name) for name in names})
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
