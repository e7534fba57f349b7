"""Waits that are told."""

from __future__ import annotations

import pytest

from pytest_djworkers.system import patience
from pytest_djworkers.system.patience import wait_aloud
from tests.support.guarded import Guarded

ENDS = "import sys; sys.exit(7)"
HANGS = "import signal; signal.pause()"


@pytest.mark.parametrize(
    ("script", "within_s", "status", "said"),
    [
        (ENDS, 60.0, 7, []),
        (HANGS, 0.3, None, ["waits for it, 0.3s at most"]),
        (HANGS, 0.05, None, []),
    ],
)
def test_what_is_waited_for_is_said_once(
    script: str,
    within_s: float,
    status: int | None,
    said: list[str],
    guarded: Guarded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if status is None:
        monkeypatch.setattr(patience, "SILENT_FOR_S", 0.1)
    heard: list[str] = []
    assert wait_aloud(guarded(script), within_s, heard.append, "it") == status
    assert heard == said
