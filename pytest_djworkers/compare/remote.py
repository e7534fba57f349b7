"""Run a task with the code of one arm: in the arm's interpreter and tree, before any server starts.

``remote_main`` is the other end. The request and the response are files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
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
from pytest_djworkers.entry.site_environment import site_environment
from pytest_djworkers.entry.startup_hook import STARTUP
from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.server.diagnosis import explain_failed_start
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.system.long_waits import wait_and_announce
from pytest_djworkers.system.process import GuardedProcess

Migrations = frozenset[tuple[str, str]]
"""Migrations as pairs of an app and a name."""
_WAITS_FOR = {
    remote_main.LAST_MIGRATIONS: "to be set up",
    remote_main.MAKE_DATABASES: "to make its test databases",
    remote_main.LOG_IN: "to log in users",
}


def last_migrations(spec: LaunchSpec) -> Migrations:
    """Return the last migrations of each app, as the code of an arm has them.

    Raises ServerStartError with the end of its output if the site can't be set up within the
    start-up timeout.
    """
    try:
        found = run_remotely(
            remote_main.LAST_MIGRATIONS, spec, timeout_s=spec.startup_timeout_s, arguments={}
        )
    except ServerStartError as error:
        raise ServerStartError(f"its site can't be set up: {error}") from None
    return frozenset((app, name) for app, name in found)


def run_remotely(
    task: str,
    spec: LaunchSpec,
    *,
    timeout_s: float,
    arguments: Mapping[str, Any],
    to_make: Mapping[str, DatabaseTarget] | None = None,
    changed_settings: ChangedSettings | None = None,
) -> Any:
    """Run a task of ``remote_main`` in the spec's runtime, and return its result.

    The site's code sees the spec's databases meanwhile, and writes files where the spec's isolation
    says. ``to_make`` are the databases that the task makes, and ``changed_settings`` are what tests
    have changed. Raises ServerStartError with the end of its output if the task fails or doesn't
    end in time.
    """
    files = _Files(spec.folder)
    files.remove_old()
    _write_request(files, task, spec, arguments)
    changed = changed_settings or ChangedSettings(spec.settings_module)
    _write_brief(files, spec, changed, to_make or {})
    process = _start(files, spec)
    try:
        where = "" if spec.runtime.tree is None else f" in {spec.runtime.tree}"
        waits_for = f"the site{where} {_WAITS_FOR[task]}"
        status = wait_and_announce(process, timeout_s, spec.say, waits_for)
    finally:
        process.stop()
        # Both may hold the password of a database.
        files.request.unlink()
        files.brief.unlink()
    if status is None:
        raise ServerStartError(f"not done within {timeout_s:g}s{explain_failed_start(files.log)}")
    if status:
        raise ServerStartError(f"exit status {status}{explain_failed_start(files.log)}")
    response = json.loads(files.response.read_text(encoding="utf-8"))
    # It may hold the keys of sessions.
    files.response.unlink()
    return response


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a task, all in one folder."""

    folder: Path

    @property
    def request(self) -> Path:
        return self.folder / "remote.request"

    @property
    def response(self) -> Path:
        return self.folder / "remote.response"

    @property
    def brief(self) -> Path:
        return self.folder / "remote.brief"

    @property
    def log(self) -> Path:
        return self.folder / "remote.log"

    @property
    def strays(self) -> Path:
        return self.folder / "remote.strays"

    def remove_old(self) -> None:
        """Remove what the task before wrote: this one may end without writing anything."""
        for file in (self.response, self.log, self.strays):
            file.unlink(missing_ok=True)


def _write_request(
    files: _Files, task: str, spec: LaunchSpec, arguments: Mapping[str, Any]
) -> None:
    bounds = spec.runtime.bounds(files.strays)
    request = {
        "task": task,
        "search_path": spec.runtime.module_path,
        "bounds": None if bounds is None else bounds.to_dict(),
        "arguments": arguments,
    }
    write_for_the_user(files.request, request)


def _write_brief(
    files: _Files,
    spec: LaunchSpec,
    changed_settings: ChangedSettings,
    to_make: Mapping[str, DatabaseTarget],
) -> None:
    Brief(
        spec.settings_module,
        spec.databases,
        ready_socket="",
        bounds=spec.runtime.bounds(files.strays),
        isolation=spec.isolation,
        changed_settings=changed_settings,
        left_out=spec.left_out,
        to_make=to_make,
    ).write(files.brief)


def _start(files: _Files, spec: LaunchSpec) -> GuardedProcess:
    runtime = spec.runtime
    # Our start-up code comes first, then this plugin before any copy of it in the arm's tree.
    path = (STARTUP, str(plugin_folder(spec.folder)), runtime.start_path)
    variables = {
        **runtime.environment,
        **spec.environment,
        "DJANGO_SETTINGS_MODULE": spec.settings_module,
        "PGAPPNAME": application_name(),
        "PYTHONPATH": os.pathsep.join(path),
        ENVIRONMENT_KEY: str(files.brief),
    }
    # -P: the folder of remote_main must not get onto the search path.
    command = [runtime.python, "-P", "-m", remote_main.__name__]
    return GuardedProcess(
        [*command, str(files.request), str(files.response)],
        log=files.log,
        environment=site_environment((), **variables),
        watch=spec.watch,
        folder=runtime.folder,
    )
