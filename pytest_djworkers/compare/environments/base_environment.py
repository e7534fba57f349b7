"""The environment that base is served in, from the flags of a comparison."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.compare.environments.environment import ServedEnvironment, refuse_format
from pytest_djworkers.compare.environments.interpreter import ask_interpreter, refuse_unfit
from pytest_djworkers.compare.revision import Revision
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.git import run_git

_PYTHON = "--djworkers-compare-python"
_REQUIREMENTS = "--djworkers-compare-requirements"


def base_environment(
    revision: Revision,
    python: str | None,
    requirements: str | None,
    root: Path,
    backends: tuple[Backend, ...],
    kept: Callable[[], Path] | None,
) -> ServedEnvironment:
    """Return base's environment, before anything is built or checked out.

    ``python`` and ``requirements`` are the values of the two options, and ``root`` the folder that
    the latter may start from. Raises SettingsError if the interpreter can't serve the site, or base
    has no such file.
    """
    place = f"{_PYTHON}={python}" if python else _REQUIREMENTS
    interpreter = ask_interpreter(python or sys.executable, place, backends)
    if requirements is None:
        if python is not None:
            remedy = "install it there, or name base's requirements with " + _REQUIREMENTS
            refuse_unfit(interpreter, place, backends, remedy)
        return ServedEnvironment(revision.label, place, interpreter, backends)
    place = f"{_REQUIREMENTS}={requirements}"
    refuse_format(requirements, place)
    file = _in_base(revision, requirements, root, place)
    return ServedEnvironment(revision.label, place, interpreter, backends, file, Path(), kept)


def _in_base(revision: Revision, name: str, root: Path, place: str) -> str:
    """Return the path of a file in base, relative to its top folder."""
    for path in dict.fromkeys(_candidates(revision.top, name, root)):
        if not run_git(revision.top, "cat-file", "-e", f"{revision.commit}:{path}").returncode:
            return path
    raise SettingsError(
        f"{place}: {revision.label} has no such file in git: name one that base has, relative to"
        " the top folder of the repository, or base's interpreter with " + _PYTHON
    )


def _candidates(top: Path, name: str, root: Path) -> Iterator[str]:
    for folder in (root, top):
        path = os.path.relpath(os.path.realpath(folder / name), os.path.realpath(top))
        if not path.startswith(".."):
            yield path
