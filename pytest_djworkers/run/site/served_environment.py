"""The environment variables that the fixture ``djworkers_environment`` adds for the served site."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_djworkers.entry.brief import ENVIRONMENT_KEY
from pytest_djworkers.errors import OverrideError
from pytest_djworkers.units import written

_NAME = re.compile(r"[^=\0]+")
_OURS: Mapping[str, str] = {
    "DJANGO_SETTINGS_MODULE": "use --djworkers-settings=MODULE",
    "PYTHONPATH": "use pytest's pythonpath",
    "PYTHONHASHSEED": "comparisons choose it at random",
    ENVIRONMENT_KEY: "the plugin sets it",
}
"""The variables that can't be set, and what to do instead."""


def checked_environment(given: object) -> Mapping[str, str]:
    """Return the variables that the fixture returns. Raises OverrideError, without any value."""
    where = "the fixture djworkers_environment"
    if not isinstance(given, Mapping):
        raise OverrideError(
            f"{where} must return a mapping of names to values, but it returns {written(given)}"
        )
    for name, value in given.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise OverrideError(f"{where}: {written(name)} is not the name of a variable")
        if name in _OURS:
            raise OverrideError(f"{where} can't set {name}: {_OURS[name]}")
        # A value may be a secret.
        if not isinstance(value, str):
            raise OverrideError(f"{where}: {name} is {type(value).__name__}, not text")
        if "\0" in value:
            raise OverrideError(f"{where}: {name} has a null character, which no variable can have")
    return dict(given)
