"""What tests have changed, in the server's settings; and what the site writes, kept apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_djworkers.entry.brief import Brief
from pytest_djworkers.entry.carried import own_values
from pytest_djworkers.entry.isolation import SETTINGS, Isolation, isolated, named_in


def carry(settings: Any, brief: Brief) -> None:
    """Set what tests have set. An Adjustment."""
    module, carried = _module_of(settings), brief.carried
    for name, value in carried.settings(module, own_values(module)).items():
        setattr(settings, name, value)
    for name in carried.deleted:
        if hasattr(settings, name):
            delattr(settings, name)


def isolate(settings: Any, brief: Brief) -> None:
    """Move files, caches, sessions and logs, and give shared caches a prefix. An Adjustment."""
    isolation = isolation_of(settings, brief)
    if isolation is not None:
        keep_apart(settings, isolation)


def keep_apart(settings: Any, isolation: Isolation) -> None:
    """Set what ``isolated`` gives."""
    isolation.make()
    values = {name: getattr(settings, name, None) for name in SETTINGS}
    for name, value in isolated(values, isolation).items():
        setattr(settings, name, value)


def isolation_of(settings: Any, brief: Brief) -> Isolation | None:
    """Where the site writes; what these settings name as real included."""
    if brief.isolation is None:
        return None
    module = _module_of(settings)
    # Settings for the served site alone say where it writes, if it is not where it writes anyway.
    is_for_load = module == brief.settings_module != brief.carried.module
    return with_paths_of(brief.carried.module if is_for_load else module, brief.isolation)


def with_paths_of(module: str, isolation: Isolation) -> Isolation:
    """The isolation, with what this settings module names as real."""
    return replace(isolation, real=tuple({*isolation.real, *named_in(own_values(module))}))


def add_settings(brief: Brief) -> None:
    """Set what tests have added, where nobody has by now."""
    from django.conf import settings

    for name, value in brief.carried.added.items():
        if not hasattr(settings, name):
            setattr(settings, name, value)


def differing_settings(brief: Brief) -> list[str]:
    """The settings of which the module makes others here than in the pytest process."""
    module = brief.settings_module
    return brief.carried.differing(module, own_values(module))


def _module_of(settings: Any) -> str:
    return getattr(settings, "SETTINGS_MODULE", None) or ""
