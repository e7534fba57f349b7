"""Files and cache keys for each arm of a comparison.

Both arms start with what the test and its seed wrote, and neither sees what the other writes.
Otherwise a head that forgot to store what it looks up in a cache would find base's entry there.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from pytest_djworkers.entry.isolation import Isolation


def copy_arm_files(source: Isolation, arm: str, folder: Path, launch: int) -> Isolation:
    """Return a new isolation for one launch of an arm, with a copy of the source's files.

    ``launch`` is the number of the launch. Files that an earlier launch wrote are removed.
    """
    files = folder / "files"
    shutil.rmtree(files, ignore_errors=True)
    shutil.copytree(source.folder, files, symlinks=True)
    # Keys can't be copied from all caches, so each launch gets a prefix that no key has yet.
    prefix = f"{source.prefix.removesuffix(':')}-{arm}-{launch}:"
    return replace(source, folder=str(files), prefix=prefix)
