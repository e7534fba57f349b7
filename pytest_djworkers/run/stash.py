"""The keys under which the plugin keeps its state on pytest's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_djworkers.run.budget.turn import Turn
    from pytest_djworkers.run.burst import Burst
    from pytest_djworkers.run.context import RunContext
    from pytest_djworkers.run.live.burst_progress import BurstProgress
    from pytest_djworkers.server.protocol import AnyServer

RUN: pytest.StashKey[RunContext] = pytest.StashKey()
"""On the config, if backends are chosen: the state of the run in this process."""

PROGRESS: pytest.StashKey[BurstProgress] = pytest.StashKey()
"""On the config, if backends are chosen: the object that shows the burst at hand."""

SERVER: pytest.StashKey[AnyServer] = pytest.StashKey()
"""On an item: the server of the current attempt, once its fixture is set up."""

BURST: pytest.StashKey[Burst] = pytest.StashKey()
"""On an item: the object that fires the bursts of the current attempt, once its fixture is set up.
"""

ATTEMPT: pytest.StashKey[int] = pytest.StashKey()
"""On an item: the number of attempts at it so far; plugins may run a test again."""

TURN: pytest.StashKey[Turn] = pytest.StashKey()
"""On an item, in a run with a budget: the turn that its comparisons have now."""

RETURNED: pytest.StashKey[bool] = pytest.StashKey()
"""On an item: True once the test function of the current attempt has returned."""
