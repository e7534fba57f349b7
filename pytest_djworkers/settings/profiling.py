"""When a run looks for what servers spend their time on: the switches, read and checked."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.profiling.py_spy import NOT_INSTALLED, find_py_spy
from pytest_djworkers.settings.values import read_switch

if TYPE_CHECKING:
    import pytest

_ALWAYS = "--djworkers-profile"
_NEVER = "--djworkers-no-profile"


class Profiles(Enum):
    """When servers are profiled."""

    NEVER = "never"
    AFTER_A_CHANGE = "after a change"
    """After each comparison that found head slower or faster."""
    ALWAYS = "always"


def _in_file(switch: str) -> str:
    """Return the name of a switch in a configuration file."""
    return switch.removeprefix("--").replace("-", "_")


def read_profiles(config: pytest.Config, *, is_served: bool) -> Profiles:
    """Return when servers are profiled; ``is_served`` is False if the run starts none.

    Raises SettingsError if the switches contradict each other, or can't be met.
    """
    always, never = read_switch(config, _ALWAYS), read_switch(config, _NEVER)
    if always and never:
        raise SettingsError(
            f"{_ALWAYS} and {_NEVER} can't be combined: choose one. One in a configuration file is"
            f" switched off by -o {_in_file(_ALWAYS)}=false, or -o {_in_file(_NEVER)}=false"
        )
    if always and not is_served:
        raise SettingsError(
            f"{_ALWAYS} can't be combined with --djworkers-url: only servers that this run starts"
            " can be profiled"
        )
    if always and find_py_spy() is None:
        raise SettingsError(f"{_ALWAYS}: {NOT_INSTALLED}")
    if always:
        return Profiles.ALWAYS
    return Profiles.NEVER if never else Profiles.AFTER_A_CHANGE
