"""The interpreter that serves a site, and the files that the site consists of."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from pytest_djworkers.backends.protocol import ENTRY_FOLDER
from pytest_djworkers.entry.tree_bounds import TreeBounds
from pytest_djworkers.system.environment import python_path
from pytest_djworkers.system.python_folders import python_folders


@dataclass(frozen=True, slots=True)
class Runtime:
    """An interpreter, a tree of files, and the search path of modules."""

    python: str
    """The path of the interpreter, which has its packages."""
    folder: Path
    """The current folder of the server."""
    search_path: tuple[str, ...]
    """The folders of modules that come before those of the interpreter itself."""
    tree: Path | None = None
    """The folder that the site's settings and URLs must be in, or the server refuses to serve; None
    if they may be anywhere."""
    apart: Path | None = None
    """The other arm's tree, which none of this one's code may come from."""
    kept: tuple[str, ...] = ()
    """Folders that belong to neither arm, even if they are in a tree."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables whose value names other paths here than in this process."""

    def bounds(self, strays: Path, command: Sequence[str] = ()) -> TreeBounds | None:
        """Return the bounds of its processes' imports; None if there is no other tree.

        In the file ``strays`` they report what they have loaded from the other tree.
        """
        if self.tree is None or self.apart is None:
            return None
        # A server's configuration file is no part of the site: both arms are served with the one
        # that the user named.
        kept = (*self.kept, *_configurations_in(command))
        return TreeBounds(str(self.tree), str(self.apart), kept, str(strays))

    @property
    def module_path(self) -> tuple[str, ...]:
        """The search path, followed by the interpreter's own folders."""
        return tuple(dict.fromkeys((*self.search_path, *python_folders(self.python))))

    @property
    def start_path(self) -> str:
        """The PYTHONPATH that a server is started with.

        Our entry replaces the path by ``module_path`` as soon as it runs.
        """
        return python_path((str(ENTRY_FOLDER), *self.search_path), self.python)


def this_runtime(folder: Path | None = None) -> Runtime:
    """Return the runtime of this process, with its present search path.

    ``folder`` is the folder that the process was started in; the default is the current one.
    """
    # Relative entries of sys.path were meant from there, wherever a test has gone since.
    folder = folder or Path.cwd()
    return Runtime(sys.executable, folder, tuple(str(folder / path) for path in sys.path if path))


def _configurations_in(command: Sequence[str]) -> Iterator[str]:
    """Yield the configuration files that a command line names, as -c FILE or --config=FILE."""
    for flag, value in pairwise((*command, "")):
        name, _, joined = flag.partition("=")
        file = joined or value
        if name in {"-c", "--config"} and Path(file).is_absolute():
            yield file
