"""Waits that are told."""

from __future__ import annotations

import pytest

from pytest_djworkers.system import long_waits
from pytest_djworkers.system.long_waits import wait_and_announce
from tests.support.guarded import Guarded

ENDS = "import sys; sys.exit(7)"
HANGS = "import signal; signal.pause()"


@pytest.mark.parametrize(
    ("script", "within_s", "status", "said"),
    [
        (ENDS, 60.0, 7, []),
        (HANGS, 0.3, None, ["waiting for it, 0.3s at most"]),
        (HANGS, 0.05, None, []),
    ],
)
def test_the_user_is_told_once_what_is_waited_for(
    script: str,
    within_s: float,
    status: int | None,
    said: list[str],
    guarded: Guarded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if status is None:
        monkeypatch.setattr(long_waits, "ANNOUNCE_AFTER_S", 0.1)
    heard: list[str] = []
    assert wait_and_announce(guarded(script), within_s, heard.append, "it") == status
    assert heard == said
