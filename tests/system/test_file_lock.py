"""Locks on files."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pytest_djworkers.system.file_lock import lock_within


def test_the_wait_for_a_lock_that_somebody_holds_ends_in_time(tmp_path: Path) -> None:
    one, other = (os.open(tmp_path, os.O_RDONLY) for _ in range(2))
    fcntl.flock(other, fcntl.LOCK_EX)
    assert not lock_within(one, 0.05)
    os.close(other)
    assert lock_within(one, 15)
    os.close(one)
