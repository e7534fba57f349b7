"""The user's commands that prepare base's files, such as ``manage.py collectstatic``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from pytest_djworkers.entry.site_environment import site_environment
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.runtime import Runtime
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.long_waits import wait_and_announce
from pytest_djworkers.system.process import GuardedProcess

_ENDED_WITHIN_S = 600.0
_PYTHONS = {"python", "python3"}


def run_prepare_commands(
    commands: Iterable[tuple[str, ...]], runtime: Runtime, label: str, spec: LaunchSpec
) -> None:
    """Run command lines, given as words, one after the other in base's worktree.

    Each gets base's interpreter first on PATH and base's settings module, and ten minutes. Raises
    SettingsError, with the end of its output, if one fails.
    """
    log = spec.folder / "preparing.log"
    for words in commands:
        log.unlink(missing_ok=True)
        shown = shlex.join(words)
        process = GuardedProcess(
            # With the path of the interpreter, since its folder may call it python3.13 only.
            [runtime.python if words[0] in _PYTHONS else words[0], *words[1:]],
            log=log,
            environment=_environment(runtime, spec.settings_module),
            watch=spec.watch,
            folder=runtime.tree,
        )
        try:
            status = wait_and_announce(process, _ENDED_WITHIN_S, spec.say, f"{shown!r} in base")
        finally:
            process.stop()
        if status != 0:
            why = f"exit status {status}"
            if status is None:
                why = f"not done within {_ENDED_WITHIN_S:g}s"
            raise SettingsError(
                f"djworkers_compare_prepare: {shown!r} in {label}: {why}{tail(log)}"
            )


def _environment(runtime: Runtime, settings_module: str) -> dict[str, str]:
    """Return the environment in which base's code finds base's code, and base's packages."""
    folder = str(Path(runtime.python).parent)
    environment = site_environment(
        ("VIRTUAL_ENV", "PYTHONHOME"),
        **{
            **runtime.environment,
            "DJANGO_SETTINGS_MODULE": settings_module,
            "PYTHONPATH": os.pathsep.join(runtime.search_path),
        },
    )
    path = environment.get("PATH", os.defpath)
    return {**environment, "PATH": os.pathsep.join((folder, path))}
