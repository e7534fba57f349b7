"""The keys under which the plugin keeps its state on pytest's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_djworkers.run.burst import Burst
    from pytest_djworkers.run.context import RunContext

RUN: pytest.StashKey[RunContext] = pytest.StashKey()
"""On the config: what this process holds while the plugin is on."""

BURST: pytest.StashKey[Burst] = pytest.StashKey()
"""On an item: what fires the bursts of this attempt, once its fixture is set up."""

ATTEMPT: pytest.StashKey[int] = pytest.StashKey()
"""On an item: how many times it was begun, by this run and by plugins that run tests again."""
