"""Sets ``sys.path`` in the server's processes.

It imports only modules that are loaded anyway: the site may have others of the same names.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_PACKED = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"


def look_in(search_path: Sequence[str]) -> None:
    """Find modules from now on in the folders of a search path, in its order.

    Folders that the server has put in front stay in front, and others stay behind.
    """
    sys.path[:] = reordered(sys.path, search_path)


def reordered(path: Sequence[str], search_path: Sequence[str]) -> list[str]:
    """Return a path with the folders of the search path in that order."""
    known = frozenset(search_path)
    first = next((index for index, one in enumerate(path) if one in known), len(path))
    before, after = (
        [one for one in part if one not in known] for part in (path[:first], path[first:])
    )
    return [*before, *search_path, *after]


@contextmanager
def standard_library_first() -> Iterator[None]:
    """While this is entered, imports find the standard library before the site's modules."""
    path = sys.path[:]
    sys.path[:] = sorted(path, key=lambda one: not _is_standard(one))
    try:
        yield
    finally:
        sys.path[:] = path


def _is_standard(folder: str) -> bool:
    standard = os.path.dirname(os.__file__)  # noqa: PTH120  # pathlib may not be there yet
    return folder.endswith(_PACKED) or (folder.startswith(standard) and "-packages" not in folder)
