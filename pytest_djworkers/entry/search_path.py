"""Where the server's processes look for modules. Imports nothing that could be found elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_PACKED = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"


def look_in(search_path: Sequence[str]) -> None:
    """From now on find modules as in the process that wrote the search path. What the server put
    before all of it stays there, and what comes after it stays behind."""
    sys.path[:] = reordered(sys.path, search_path)


def reordered(path: Sequence[str], search_path: Sequence[str]) -> list[str]:
    """A path with the folders of the search path in its order."""
    known = frozenset(search_path)
    first = next((index for index, one in enumerate(path) if one in known), len(path))
    before, after = (
        [one for one in part if one not in known] for part in (path[:first], path[first:])
    )
    return [*before, *search_path, *after]


@contextmanager
def standard_library_first() -> Iterator[None]:
    """What is imported meanwhile finds the standard library, whatever the site has of its names."""
    path = sys.path[:]
    sys.path[:] = sorted(path, key=lambda one: not _is_standard(one))
    try:
        yield
    finally:
        sys.path[:] = path


def _is_standard(folder: str) -> bool:
    standard = os.path.dirname(os.__file__)  # noqa: PTH120  # pathlib may not be there yet
    return folder.endswith(_PACKED) or (folder.startswith(standard) and "-packages" not in folder)
