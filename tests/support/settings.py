"""The settings of a run, for tests of what it prints."""

from __future__ import annotations

from pathlib import Path

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.registry import BUILT_IN
from pytest_djworkers.load.agent_places import AgentPlaces
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.settings.settings import Settings

SETTINGS = Settings(
    backends={"granian": Granian()},
    registry=BUILT_IN,
    generator="auto",
    requested_workers=2,
    agents=AgentPlaces(),
    baseline="default",
    tolerance=0.1,
    startup_timeout_s=30.0,
    reports=(),
    probe=None,
    application=None,
    save_baseline=False,
    root=Path("/root-of-the-project"),
    shape=Shape(),
    shape_flags={},
)
