"""Which files a server's site consists of, and which interpreter serves them."""

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
    apart: Path | None = None
    """The tree of the other side, which none of its code may come from."""
    kept: tuple[str, ...] = ()
    """Folders that count as neither side's, wherever they lie."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that name other paths here than in this process."""

    def bounds(self, strays: Path, command: Sequence[str] = ()) -> TreeBounds | None:
        """What holds its processes to its tree; they tell in a file what they have from the
        other. None where there is no other.

        A configuration file that the server's command names is not the site's: it is the one
        that the run was asked to serve both with.
        """
        if self.tree is None or self.apart is None:
            return None
        kept = (*self.kept, *_configurations_in(command))
        return TreeBounds(str(self.tree), str(self.apart), kept, str(strays))

    @property
    def module_path(self) -> tuple[str, ...]:
        """The same with the interpreter's own places."""
        return tuple(dict.fromkeys((*self.search_path, *python_folders(self.python))))

    @property
    def start_path(self) -> str:
        """The PYTHONPATH that a server is started with; once our entry is there, modules are
        looked for in ``module_path``."""
        return python_path((str(ENTRY_FOLDER), *self.search_path), self.python)


def this_runtime(folder: Path | None = None) -> Runtime:
    """Return this process's own runtime, with modules looked for as it is done here now.

    ``folder`` is the one that this process was started in, by default the current one: relative
    places of ``sys.path`` mean what they meant there.
    """
    folder = folder or Path.cwd()
    return Runtime(sys.executable, folder, tuple(str(folder / path) for path in sys.path if path))


def _configurations_in(command: Sequence[str]) -> Iterator[str]:
    for flag, value in pairwise((*command, "")):
        name, _, joined = flag.partition("=")
        file = joined or value
        if name in {"-c", "--config"} and Path(file).is_absolute():
            yield file
