"""Which files a server's site consists of, and which interpreter serves them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """Where a site lives."""

    python: str
    """The interpreter, with its packages."""
    folder: Path
    """The current folder of the server."""
    search_path: tuple[str, ...]
    """Where modules are looked for before the interpreter's own places."""
    tree: Path | None = None
    """What the site's settings and URLs must lie in, or the server refuses to serve; None where
    any place will do."""


def this_home() -> Home:
    """This process's own: the site is found there wherever pytest found it."""
    return Home(sys.executable, Path.cwd(), tuple(path for path in sys.path if path))
