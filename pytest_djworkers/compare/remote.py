"""Questions to an arm, which its own interpreter answers in its own tree."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_djworkers.compare import remote_main
from pytest_djworkers.compare.trees import plugin_folder
from pytest_djworkers.databases.sessions import application_name
from pytest_djworkers.entry.brief import (
    ENVIRONMENT_KEY,
    Brief,
    DatabaseTarget,
    write_for_the_user,
)
from pytest_djworkers.entry.changed_settings import ChangedSettings
from pytest_djworkers.entry.startup_hook import STARTUP
from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.server.diagnosis import why_not_started
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.system.environment import child_environment
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.long_waits import wait_and_announce
from pytest_djworkers.system.process import GuardedProcess

_DOES = {"leaves": "to be set up", "databases": "to make its test databases"}


def ask(
    what: str,
    spec: LaunchSpec,
    *,
    within_s: float,
    to_make: Mapping[str, DatabaseTarget] | None = None,
    **named: Any,
) -> Any:
    """The answer of ``answering`` to this question, in that runtime.

    Its code sees the spec's databases, whatever it does there, and writes where the spec's
    isolation says; ``to_make`` are the databases that it is to make.

    Raises ServerStartError, with the end of what it said, where it fails, or does not answer
    within that time.
    """
    runtime, settings_module = spec.runtime, spec.settings_module
    asked, answered, log, strays, brief = (
        spec.folder / f"answering.{name}" for name in ("asked", "told", "log", "strays", "brief")
    )
    for old in (answered, log, strays):
        old.unlink(missing_ok=True)
    bounds = runtime.bounds(strays)
    held = None if bounds is None else bounds.to_dict()
    path = runtime.module_path
    write_for_the_user(asked, {"what": what, "search_path": path, "bounds": held, **named})
    Brief(
        settings_module,
        spec.databases,
        ready_socket="",
        bounds=bounds,
        isolation=spec.isolation,
        carried=ChangedSettings(settings_module),
        left_out=spec.left_out,
        to_make=to_make or {},
    ).write(brief)
    process = GuardedProcess(
        [runtime.python, "-P", "-m", remote_main.__name__, str(asked), str(answered)],
        log=log,
        environment=child_environment(
            (),
            **{
                **runtime.environment,
                "DJANGO_SETTINGS_MODULE": settings_module,
                "PGAPPNAME": application_name(),
                "PYTHONPATH": os.pathsep.join(
                    (STARTUP, str(plugin_folder(spec.folder)), runtime.start_path)
                ),
                ENVIRONMENT_KEY: str(brief),
            },
        ),
        watch=spec.watch,
        folder=runtime.folder,
    )
    try:
        status = wait_and_announce(
            process, within_s, spec.say, f"the site in {runtime.tree} {_DOES[what]}"
        )
    finally:
        process.stop()
        asked.unlink()
        brief.unlink()
    if status is None:
        raise ServerStartError(f"not done within {within_s:g}s{_told(log)}")
    if status:
        raise ServerStartError(f"exit status {status}{_told(log)}")
    return json.loads(answered.read_text(encoding="utf-8"))


def _told(log: Path) -> str:
    """What it said, and what is known of that."""
    return "".join(f"\n{reason}" for reason in why_not_started(log)) + tail(log)
