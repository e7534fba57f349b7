"""Baselines stored for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.store import (
    conditions_of,
    save,
    window_of,
)
from pytest_djworkers.load.wrk_document import runs_in_document
from tests.support.results import RESULT
from tests.support.wrk_output import PRINTED

MACHINE = Machine("A CPU", 2, None)
CONDITIONS = conditions_of(RESULT)
RUNS = runs_in_document(PRINTED)


def a_session(note: str = "") -> dict[str, Any]:
    return {"saved": note, "windows": [window_of(RESULT)]}


def store(root: Path, name: str = "default", machine: Machine = MACHINE) -> Path:
    session: dict[str, Any] = {"windows": [window_of(RESULT)]}
    return save(root, name, machine, {"test GET /json": (conditions_of(RESULT), session)}).file


def save_one(root: Path, key: str = "test GET /", note: str = "") -> Path:
    sessions = {key: (CONDITIONS, a_session(note))}
    return save(root, "default", MACHINE, sessions).file
