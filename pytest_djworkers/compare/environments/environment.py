"""An environment that an arm is served in: an interpreter as it is, or one that is built."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.compare.environments.cache import EnvironmentCache
from pytest_djworkers.compare.environments.install import Installation, find_uv, python_of
from pytest_djworkers.compare.environments.interpreter import (
    Interpreter,
    ask_interpreter,
    refuse_unfit,
)
from pytest_djworkers.compare.environments.requirement_files import kind_of, read_requirements
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.server.launch import LaunchSpec

_INSTALL_IT = "install it there"


@dataclass(frozen=True, slots=True)
class ServedEnvironment:
    """The packages of an arm, as the user has named them; what has to be built is built once."""

    name: str
    """The name for people: a revision's, or what the user wrote."""
    place: str
    """The option and its value, for messages."""
    interpreter: Interpreter
    """The interpreter to serve with, or to build an environment for."""
    backends: tuple[Backend, ...]
    """The backends that must be able to run in it."""
    requirements: str | None = None
    """The path of the file with requirements; None if nothing is built."""
    folder: Path = Path()
    """The folder that the path of that file starts from."""
    kept: Callable[[], Path] | None = None
    """Returns the folder that keeps what is built; None if nothing is kept."""

    @property
    def description(self) -> str:
        """The environment for people, as far as it is known before anything is built."""
        if self.requirements is not None:
            return f"{self.name} (built for Python {self.interpreter.version})"
        return f"{self.name} ({self.interpreter.description})"

    @property
    def differs(self) -> str:
        """The environment of base, unless it is this run's own; for the end of a line."""
        if self.requirements is not None:
            return f", which has the packages of {self.requirements}"
        if self.interpreter.path != sys.executable:
            return f", served by {self.interpreter.path} ({self.interpreter.description})"
        return ""

    def resolve(self, spec: LaunchSpec, tree: Path | None) -> tuple[Interpreter, tuple[str, ...]]:
        """Return the interpreter that serves the arm, and folders that belong to no tree.

        The requirements are those in ``tree``, base's worktree, if there is one. Raises
        SettingsError if they can't be installed, or lack what a backend needs.
        """
        if self.requirements is None:
            return self.interpreter, (self.interpreter.prefix,)
        folder = self.folder if tree is None else tree
        requirements = read_requirements(folder / self.requirements)
        kept = None if self.kept is None or requirements.is_local else self.kept()
        cache = EnvironmentCache(kept, spec.folder, spec.watch, spec.say)
        python = cache.python_for(Installation(requirements, self.interpreter, folder, self.name))
        built = ask_interpreter(python, self.place, self.backends)
        remedy = f"add it to {self.requirements}"
        if tree is not None:
            remedy += (
                f" in {self.name}, or name an interpreter that has base's packages and it with"
                " --djworkers-compare-python"
            )
        refuse_unfit(built, self.place, self.backends, remedy)
        # A link of an environment leads to the same interpreter: its folder is what counts.
        return built, (built.prefix, str(Path(python).parents[1]))


def named_environment(
    name: str,
    folders: Sequence[Path],
    backends: tuple[Backend, ...],
    kept: Callable[[], Path] | None,
) -> ServedEnvironment:
    """Return an environment by what the user wrote: an interpreter, its folder, or a file.

    Paths are relative to the first of ``folders`` that has them. Raises SettingsError if there is
    no such thing, or it can't serve the backends.
    """
    place = f"--djworkers-compare-environments: {name}"
    path = next((one / name for one in folders if (one / name).exists()), None)
    if path is not None and path.is_dir():
        path = python_of(path)
    if path is None or not path.is_file():
        found = shutil.which(name)
        if found is None or "/" in name:
            raise SettingsError(
                f"{place} is not there: it must be a Python interpreter, the folder of a virtual"
                " environment, or a file with requirements"
            )
        path = Path(found)
    if shutil.which(str(path)):
        interpreter = ask_interpreter(str(path), place, backends)
        refuse_unfit(interpreter, place, backends, _INSTALL_IT)
        return ServedEnvironment(name, place, interpreter, backends)
    refuse_format(str(path), place)
    # Read here to refuse a file that includes one that is missing, before tests are collected.
    read_requirements(path)
    here = this_interpreter(place)
    return ServedEnvironment(name, place, here, backends, str(path), folders[-1], kept)


def this_interpreter(place: str, backends: tuple[Backend, ...] = ()) -> Interpreter:
    """Return the interpreter of this run."""
    return ask_interpreter(sys.executable, place, backends)


def refuse_format(file: str, place: str) -> None:
    """Raise SettingsError if a file's format can't be installed here."""
    try:
        kind = kind_of(file)
    except SettingsError as error:
        raise SettingsError(f"{place}: {error}") from None
    if kind.needs_uv and find_uv() is None:
        raise SettingsError(f"{place}: only uv can install {file}, and it is not on PATH")
