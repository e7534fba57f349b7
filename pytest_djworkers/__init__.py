"""pytest-djworkers: did the Django site get slower under the server it is deployed on?"""

from __future__ import annotations

from pytest_djworkers.errors import (
    BaselineError,
    BurstArgumentError,
    BusyMachineError,
    DatabaseError,
    DjworkersError,
    GeneratorError,
    MarkerError,
    OverrideError,
    ProbeError,
    ResourceError,
    ServerDiedError,
    ServerError,
    ServerStartError,
    SettingsError,
)

__all__ = [
    "BaselineError",
    "BurstArgumentError",
    "BusyMachineError",
    "DatabaseError",
    "DjworkersError",
    "GeneratorError",
    "MarkerError",
    "OverrideError",
    "ProbeError",
    "ResourceError",
    "ServerDiedError",
    "ServerError",
    "ServerStartError",
    "SettingsError",
]
