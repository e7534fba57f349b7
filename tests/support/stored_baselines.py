"""Baselines stored for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pytest_djworkers.baseline.conditions import conditions_of
from pytest_djworkers.baseline.document import StoredBurst
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.session import NO_FACTS, RunFacts, session_of
from pytest_djworkers.baseline.store import save
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.wrk_document import runs_in_document
from tests.support.results import RESULT
from tests.support.wrk_output import PRINTED


def burst_of(result: BurstResult, facts: RunFacts = NO_FACTS) -> StoredBurst:
    """Return the burst to store, with one session."""
    return StoredBurst(conditions_of(result), (session_of(result, facts),))


MACHINE = Machine("A CPU", 2, None)
# Made here, once: some tests store it where nothing can be imported any more.
_BURST = burst_of(RESULT)
RUNS = runs_in_document(PRINTED)


def a_burst(note: str = "") -> StoredBurst:
    """Return a burst with one session, known by the note in the place of its time."""
    (session,) = _BURST.sessions
    return replace(_BURST, sessions=(replace(session, saved=note),))


def store(root: Path, name: str = "default", machine: Machine = MACHINE) -> Path:
    """Store a burst, and return the file."""
    return save(root, name, machine, {"test GET /json": a_burst()}).file


def save_one(root: Path, key: str = "test GET /", note: str = "") -> Path:
    """Store a burst of this key, and return the file."""
    return save(root, "default", MACHINE, {key: a_burst(note)}).file
