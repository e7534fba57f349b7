"""Stored baselines: one JSON file per name and machine, made to be committed.

``.djworkers/<name>/<machine key>.json`` under pytest's root::

    {"schema": 1,
     "machine": {"key": ..., "cpu": ..., "logical_cpus": ..., "cpu_quota": ..., ...},
     "bursts": {"<test id> <burst name>": {"conditions": {...}, "sessions": [...]}}}

A session is one run that was saved: when, at which commit, with which versions, and the raw
figures of its windows, so that a later version can judge them anew. Sessions are comparable
only under the same conditions; when those change, the history begins again. The types of all of
it are in ``document.py``.

What was imported is beside these files, in ``imported.json``: see ``imported.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pytest_djworkers.baseline.conditions import first_difference
from pytest_djworkers.baseline.document import StoredBurst
from pytest_djworkers.baseline.files import FOLDER, files_in, locked_for_writing
from pytest_djworkers.baseline.imported import FILE_NAME, Imported, read_imported
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.machine_file import (
    read_machine_file,
    read_own_file,
    write_machine_file,
)
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.serialization import to_simple

SESSIONS_KEPT = 30
"""The number of sessions that are kept of each burst; older ones are dropped."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """All that is stored under a name: for a machine, on others, and imported."""

    file: Path
    """That machine's file."""
    machine: Machine
    bursts: Mapping[str, StoredBurst] = field(default_factory=dict)
    elsewhere: Mapping[Machine, frozenset[str]] = field(default_factory=dict)
    """The keys of the bursts that are stored on other machines."""
    imported: tuple[Imported, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True if nothing at all is stored under the name."""
        return not (self.bursts or self.elsewhere or self.imported)


@dataclass(frozen=True, slots=True)
class Saved:
    """The result of a save."""

    file: Path
    kept: tuple[str, ...]
    """The keys of bursts that the file had and that were not saved anew."""
    begun_anew: tuple[str, ...]
    """The bursts whose history was dropped, each with the reason, in words."""


def burst_key(test: str, name: str) -> str:
    """Return the key that a burst of a test is stored under."""
    return f"{test} {name}"


def load(root: Path, name: str, machine: Machine) -> Baseline:
    """Return the baseline of this name, as a machine sees it; an empty one if there is none.

    Raises BaselineError if that machine's file, or what was imported, can't be read, is broken,
    or of a newer schema. A file of another machine that can't be read is left out.
    """
    folder = root / FOLDER / name
    file = folder / f"{machine.key}.json"
    bursts = read_own_file(file, machine).bursts
    elsewhere: dict[Machine, frozenset[str]] = {}
    for other in files_in(folder):
        # Only to say that a burst is stored elsewhere: a broken one of those is not our problem.
        if other != file and other.name != FILE_NAME:
            with suppress(BaselineError):
                found = read(other)
                elsewhere[found.machine] = frozenset(found.bursts)
    return Baseline(file, machine, bursts, elsewhere, read_imported(folder / FILE_NAME))


def read(file: Path) -> Baseline:
    """Return the baseline in a file by itself. Raises BaselineError if there is none to read."""
    found = read_machine_file(file)
    if found is None:
        raise BaselineError(f"baseline {file} does not exist")
    return Baseline(file, found.machine, found.bursts)


def save(root: Path, name: str, machine: Machine, bursts: Mapping[str, StoredBurst]) -> Saved:
    """Add the sessions of these bursts, by key, to those that are stored; keep the others.

    Written whole or not at all, and two runs that save at once both get their figures in. Raises
    BaselineError if it can't be written.
    """
    file = root / FOLDER / name / f"{machine.key}.json"
    begun_anew = []
    # Read under the lock: between a reading before and the writing another run could save.
    with locked_for_writing(file.parent):
        before = read_own_file(file, machine)
        entries = dict(before.entries)
        for key, burst in bursts.items():
            history = []
            if old := before.bursts.get(key):
                if why := first_difference(old.conditions, burst.conditions):
                    begun_anew.append(f"{key}: {why}")
                else:
                    history = entries[key]["sessions"]
            sessions = [*history, *map(to_simple, burst.sessions)]
            entries[key] = {
                "conditions": to_simple(burst.conditions),
                "sessions": sessions[-SESSIONS_KEPT:],
            }
        write_machine_file(file, machine, entries)
    return Saved(file, tuple(sorted(before.bursts.keys() - bursts.keys())), tuple(begun_anew))
