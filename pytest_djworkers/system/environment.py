"""The environment of the processes that pytest starts."""

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
    # Several servers take their number of workers, or a socket, from here.
    "WEB_CONCURRENCY",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    # gunicorn takes it from the environment of each request that has none, and answers 500 to a
    # path that lies elsewhere.
    "SCRIPT_NAME",
    # Whose word about the client is taken; gunicorn and uvicorn.
    "FORWARDED_ALLOW_IPS",
    "SENDFILE",
    # Browser tests set it, and it hides mistakes in async views.
    "DJANGO_ALLOW_ASYNC_UNSAFE",
)
"""Variables that no child gets; prefixes, where they end in an underscore. Those that say how the
interpreter works for the site, such as PYTHONOPTIMIZE, are the site's own, and are kept."""


def child_environment(scrubbed: tuple[str, ...] = (), **added: str) -> dict[str, str]:
    """This process's environment, without what would slow a child down or change what it serves.

    ``scrubbed`` are more to leave out, named as in ``_SCRUBBED``. A child without a PYTHONPATH of
    its own among what is added finds what this process does.
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
    """A PYTHONPATH that leads to all modules of a search path, those of the interpreter first.

    The site may have an app, or a configuration file, named like a module of the standard library
    or like its server: while that starts, none of them must be found.
    """
    own = python_folders(python)
    return os.pathsep.join(dict.fromkeys((*own, *search_path)))
