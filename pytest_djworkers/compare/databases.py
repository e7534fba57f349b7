"""An arm's own databases: copies of the test databases."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pytest_djworkers.server.brief import DatabaseTarget


def copy_databases(
    targets: Mapping[str, DatabaseTarget], arm: str, folder: Path
) -> dict[str, DatabaseTarget]:
    """Copies for an arm, made anew each time."""
    made = {}
    for alias, target in targets.items():
        copy = folder / f"{alias}-{arm}.sqlite3"
        shutil.copyfile(target.name, copy)
        made[alias] = replace(target, name=str(copy))
    return made


def drop_copies(copies: Iterable[Mapping[str, DatabaseTarget]]) -> None:
    """Remove them."""
    for made in copies:
        for target in made.values():
            Path(target.name).unlink(missing_ok=True)
