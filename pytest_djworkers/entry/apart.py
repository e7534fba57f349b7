"""What tests have changed, in the server's settings; and what the site writes, kept apart."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief
from pytest_djworkers.entry.changed_settings import own_values
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
    # Settings for the served site alone say where it writes, if it is not where it writes anyway.
    is_for_load = _is_for_load(settings, brief)
    module = brief.carried.module if is_for_load else _module_of(settings)
    return with_paths_of(module, brief.isolation)


def with_paths_of(module: str, isolation: Isolation) -> Isolation:
    """The isolation, with what this settings module names as real."""
    return replace(isolation, real=tuple({*isolation.real, *named_in(own_values(module))}))


def add_settings(brief: Brief) -> None:
    """Set what tests have added, where nobody has by now."""
    from django.conf import settings

    for name, value in brief.carried.added.items():
        if not hasattr(settings, name):
            setattr(settings, name, value)


def tell_differing(brief: Brief) -> None:
    """Tell the pytest process of which settings the module has made others here."""
    module = brief.settings_module
    file = differing_files(Path(os.environ[ENVIRONMENT_KEY]).parent) / str(os.getpid())
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(brief.carried.differing(module, own_values(module))))


def differing_files(folder: Path) -> Path:
    """Where each process tells them, in the folder of the brief."""
    return folder / "differing"


def refuse_other_aliases(settings: Any, brief: Brief) -> None:
    """Raise RuntimeError where settings for the served site have other databases than those of the
    tests. An Adjustment."""
    if not _is_for_load(settings, brief):
        return
    here, tests = set(settings.DATABASES), {*brief.databases, *brief.left_out}
    missing = tests - here if brief.tree is None else set()
    for aliases, what in (
        (here - tests, "which the tests' settings do not, so that it has no test database"),
        (missing, ""),
    ):
        if aliases:
            named = " and ".join(map(repr, sorted(aliases)))
            said = (
                f"have database {named}, {what}" if what else f"lack database {named} of the tests"
            )
            raise RuntimeError(
                f"refusing to serve: the settings {brief.settings_module} (--djworkers-settings)"
                f" {said}. Let both have the same aliases"
            )


def _is_for_load(settings: Any, brief: Brief) -> bool:
    tests = brief.carried.module
    return bool(tests) and _module_of(settings) == brief.settings_module != tests


def _module_of(settings: Any) -> str:
    return getattr(settings, "SETTINGS_MODULE", None) or ""
