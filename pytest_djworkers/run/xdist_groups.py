"""The groups in which pytest-xdist hands out tests with ``--dist=loadgroup``."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]  # it has no types

from pytest_djworkers.run.xdist import Collected, shared


class GroupsByBackend(LoadGroupScheduling):  # type: ignore[misc]  # likewise
    """Hands out the load tests of a backend as one group, and other tests as pytest-xdist does.

    ``folder`` is the one that all workers share.
    """

    # Not by the marker xdist_group: pytest-xdist puts its name at the end of the node id, which is
    # the key of a baseline. With pytest 9.2 it can't: the attribute that 3.8 sets is gone.

    def __init__(self, config: pytest.Config, log: Any, folder: Path) -> None:
        super().__init__(config, log)
        self._folder = folder

    @cached_property
    def _groups(self) -> dict[str, str]:
        # Asked for when the first tests are handed out: all workers have collected them by then.
        collected = shared(self._folder, Collected)
        return {} if collected is None else collected.groups

    def _split_scope(self, nodeid: str) -> str:
        group: str = self._groups.get(nodeid) or super()._split_scope(nodeid)
        return group
