"""Files, and a prefix of keys, for each arm of a comparison.

Both arms begin with what the test and its seed wrote, and neither finds what the other writes: a
head that forgot to store what it looks up in a cache must not find it there.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from pytest_djworkers.entry.isolation import Isolation


def copy_files(source: Isolation, arm: str, folder: Path, launch: int) -> Isolation:
    """Copy what is there for an arm's launch of that number; what an earlier one wrote goes."""
    own = folder / "files"
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(source.folder, own, symlinks=True)
    prefix = f"{source.prefix.removesuffix(':')}-{arm}-{launch}:"
    return replace(source, folder=str(own), prefix=prefix)
