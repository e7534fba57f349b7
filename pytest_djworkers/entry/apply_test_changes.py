"""Sets in the server what tests have changed of Django's settings, and reports what differs there.

Both are relative to the settings module: its own values are compared, and changes are laid on top.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief
from pytest_djworkers.entry.changed_settings import own_values, settings_module_of


def apply_test_changes(settings: Any, brief: Brief) -> None:
    """Set what tests have set, and delete what they have deleted. An Adjustment."""
    module, changes = settings_module_of(settings), brief.changed_settings
    for name, value in changes.to_apply(module, own_values(module)).items():
        setattr(settings, name, value)
    for name in changes.deleted:
        if hasattr(settings, name):
            delattr(settings, name)


def apply_added_settings(brief: Brief) -> None:
    """Set what tests have added, unless the site has set it by now.

    This comes last, once the site is loaded: packages add settings of their own as well, and the
    server's copy of such a package is right about its own.
    """
    from django.conf import settings

    for name, value in brief.changed_settings.added.items():
        if not hasattr(settings, name):
            setattr(settings, name, value)


def report_differing_settings(brief: Brief) -> None:
    """Report to the pytest process which settings have another value in this process."""
    module = brief.settings_module
    file = differing_settings_folder(Path(os.environ[ENVIRONMENT_KEY]).parent) / str(os.getpid())
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(brief.changed_settings.differing(module, own_values(module))))


def differing_settings_folder(brief_folder: Path) -> Path:
    """Return the folder in which each process writes its report; it is beside the brief."""
    return brief_folder / "differing"
