"""Commands under a guard that end with their test."""

from __future__ import annotations

from typing import Any, Protocol

from pytest_djworkers.system.process import GuardedProcess


class Guarded(Protocol):
    """Starts a Python script under a guard."""

    def __call__(self, script: str, *arguments: str, **options: Any) -> GuardedProcess: ...
