"""The environment of the processes that pytest starts."""

from __future__ import annotations

import os
import sys

_SCRUBBED = (
    "PYTHONDEVMODE",
    "PYTHONWARNINGS",
    "PYTHONASYNCIODEBUG",
    "PYTHONTRACEMALLOC",
    "PYTHONPROFILEIMPORTTIME",
    "PYTHONSTARTUP",
    "COVERAGE_",
    "COV_CORE_",
    # Several servers take their number of workers, or a socket, from here.
    "WEB_CONCURRENCY",
    "LISTEN_FDS",
    "LISTEN_PID",
)


def child_environment(scrubbed: tuple[str, ...] = (), **added: str) -> dict[str, str]:
    """This process's environment, without what would slow a child down or change what it serves.

    ``scrubbed`` are more prefixes to leave out. The child's ``sys.path`` is this process's own,
    unless PYTHONPATH is among what is added: the site and this package are found there wherever
    pytest found them.
    """
    prefixes = _SCRUBBED + scrubbed
    kept = {key: value for key, value in os.environ.items() if not key.startswith(prefixes)}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **added}
