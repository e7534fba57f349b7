"""The environment of child processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from pytest_djworkers.system.python_folders import python_folders

_SCRUBBED = (
    "PYTHONDEVMODE",
    "PYTHONWARNINGS",
    "PYTHONASYNCIODEBUG",
    "PYTHONTRACEMALLOC",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONSTARTUP",
    "PYTHONINSPECT",
    "PYTHONVERBOSE",
    "PYTHONMALLOC",
    "PYTHONMALLOCSTATS",
    "PYTHONDUMPREFS",
    "PYTHONPERFSUPPORT",
    "COVERAGE_",
    "COV_CORE_",
)
"""Variables that no child gets. A name that ends in an underscore stands for all with that prefix.

Variables that change how the interpreter runs the site's code, such as PYTHONOPTIMIZE, are kept.
"""


def child_environment(scrubbed: tuple[str, ...] = (), **added: str) -> dict[str, str]:
    """Return this process's environment, without variables that would slow a child down.

    ``scrubbed`` are names of more variables to leave out; a name that ends in an underscore
    stands for all that begin with it. ``added`` are variables to set. Unless PYTHONPATH is one of
    them, the child finds the same modules as this process.
    """
    names = frozenset(_SCRUBBED + scrubbed)
    prefixes = tuple(name for name in names if name.endswith("_"))
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in names and not key.startswith(prefixes)
    }
    return {**kept, "PYTHONPATH": python_path(filter(None, sys.path)), **added}


def python_path(search_path: Iterable[str], python: str = sys.executable) -> str:
    """Return a PYTHONPATH with the folders of a search path, the interpreter's own first."""
    # The site may have an app, or a configuration file, that is named like a module of the standard
    # library or like its server. While the server starts, it must not be found instead.
    own = python_folders(python)
    return os.pathsep.join(dict.fromkeys((*own, *search_path)))
