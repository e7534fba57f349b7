"""Install the packages of a requirements file into a new virtual environment."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.compare.environments.interpreter import Interpreter
from pytest_djworkers.compare.environments.requirement_files import Kind, Requirements
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.environment import child_environment
from pytest_djworkers.system.log import tail
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.units import format_duration

INSTALLED_WITHIN_S = 600.0
_TAIL_LINES = 15
_NOT_FOR_PIP = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT")
"""Variables that lead an installer to this process's environment."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The packages to install, for which interpreter, and where the files' own paths begin."""

    requirements: Requirements
    interpreter: Interpreter
    folder: Path
    """The folder that relative paths in pip's requirements start from."""
    name: str
    """The environment for people, such as ``main (1a2b3c4d5e)``."""


def find_uv() -> str | None:
    """Return the path of uv; None if it is not on PATH."""
    return shutil.which("uv")


def python_of(environment: Path) -> Path:
    """Return the path of a virtual environment's interpreter."""
    return environment / "bin" / "python"


def install(
    installation: Installation, environment: Path, log: Path, watch: tuple[int, ...] = ()
) -> None:
    """Make a virtual environment in a new folder, and install the packages into it.

    The output goes to ``log``. Raises SettingsError, with the end of the log, if that fails or is
    not done within ten minutes.
    """
    deadline = CLOCK.monotonic() + INSTALLED_WITHIN_S
    uv = find_uv()
    log.unlink(missing_ok=True)
    for command in _commands(installation, environment, uv):
        process = GuardedProcess(
            command,
            log=log,
            environment=_variables(environment),
            watch=watch,
            folder=installation.folder,
        )
        try:
            status = process.wait(max(0.0, deadline - CLOCK.monotonic()))
        finally:
            process.stop()
        if status != 0:
            why = f"exit status {status}"
            if status is None:
                why = f"not done within {format_duration(INSTALLED_WITHIN_S)}"
            raise SettingsError(_failure(installation, uv, why) + tail(log, _TAIL_LINES))


def _commands(installation: Installation, environment: Path, uv: str | None) -> Iterator[list[str]]:
    requirements, python = installation.requirements, installation.interpreter.executable
    file, own = str(requirements.file), str(python_of(environment))
    if uv is None:
        yield [python, "-m", "venv", str(environment)]
        pip = [own, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
        yield [*pip, "--progress-bar=off", "-r", file]
        return
    # Byte code is compiled beforehand, as pip does it: launches must not differ in that.
    options = ["--no-progress", "--compile-bytecode"]
    if requirements.kind is Kind.UV_LOCK:
        # Which extras and groups the site is served with is unknown: the server may be in any.
        everything = ["--frozen", "--all-extras", "--all-groups"]
        project = ["--project", str(requirements.file.parent)]
        yield [uv, "sync", *everything, *options, *project, "--python", python]
        return
    yield [uv, "venv", "--no-project", "--no-progress", "--python", python, str(environment)]
    yield [uv, "pip", "install", *options, "--python", own, "-r", file]


def _variables(environment: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in child_environment().items() if name not in _NOT_FOR_PIP}
    return {**kept, "UV_PROJECT_ENVIRONMENT": str(environment)}


def _failure(installation: Installation, uv: str | None, why: str) -> str:
    tool, hint = "pip", ""
    if uv is not None:
        tool = "uv"
        if installation.requirements.kind is Kind.REQUIREMENTS:
            hint = " (uv does not read pip's configuration: it has UV_INDEX and uv.toml)"
    return (
        f"{installation.name}: {tool} can't install {installation.requirements.file} for Python"
        f" {installation.interpreter.version}: {why}{hint}"
    )
