"""Sets Django's settings so that what the site writes stays in the run's own folder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_djworkers.entry.brief import Brief
from pytest_djworkers.entry.changed_settings import own_values, settings_module_of
from pytest_djworkers.entry.isolation import SETTINGS, Isolation, isolated, named_in


def apply_isolation(settings: Any, brief: Brief) -> None:
    """Move files, caches, sessions and logs, and give shared caches a prefix. An Adjustment."""
    isolation = isolation_of(settings, brief)
    if isolation is not None:
        set_isolated(settings, isolation)


def set_isolated(settings: Any, isolation: Isolation) -> None:
    """Make the run's folder, and set the settings that ``isolated`` gives."""
    isolation.make()
    values = {name: getattr(settings, name, None) for name in SETTINGS}
    for name, value in isolated(values, isolation).items():
        setattr(settings, name, value)


def isolation_of(settings: Any, brief: Brief) -> Isolation | None:
    """Return where the site writes, with what its settings module names as real; None if the brief
    has no isolation."""
    if brief.isolation is None:
        return None
    module = settings_module_of(settings)
    if brief.is_for_load(module):
        # A path that only the settings for load tests name was chosen for load tests: the site
        # may write there. What the settings of the tests name is real.
        module = brief.changed_settings.module
    return with_paths_of(module, brief.isolation)


def with_paths_of(module: str, isolation: Isolation) -> Isolation:
    """Return the isolation, with the paths that this settings module names as real ones."""
    return replace(isolation, real=tuple({*isolation.real, *named_in(own_values(module))}))
