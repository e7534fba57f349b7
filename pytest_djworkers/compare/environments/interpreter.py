"""An interpreter that serves an arm: its version, and the versions of what a server needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.registry import UNKNOWN_VERSION, missing_of
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.system.run_command import run_command

_SCRIPT = Path(__file__).with_name("ask_interpreter.py")
_ASKED_WITHIN_S = 30.0
_OLDEST = (3, 11)
"""The oldest Python that runs our entry, as in pyproject.toml."""
_OLDEST_DJANGO = Requirement("django>=5.2")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python interpreter, and what it says about itself."""

    path: str
    """The path that the user gave, which may be that of a script."""
    executable: str
    """The path of the interpreter itself."""
    version: str
    """The version, with a ``t`` at its end if it is free-threaded."""
    identity: tuple[str, ...]
    """All that a package that is built for it depends on: version, ABI, platform and place."""
    prefix: str
    """The folder of its environment."""
    packages: Mapping[str, str]
    """The versions of the distributions that it was asked for, without those that it lacks."""

    @property
    def description(self) -> str:
        """The versions, for people: ``Python 3.13.0, Django 5.2.9``."""
        django = self.packages.get("django")
        return f"Python {self.version}{f', Django {django}' if django else ''}"

    def version_of(self, name: str) -> str:
        """Return the version of a distribution; ``unknown`` if it is not installed."""
        return self.packages.get(name, UNKNOWN_VERSION)


def ask_interpreter(path: str, place: str, backends: Iterable[Backend] = ()) -> Interpreter:
    """Return what an interpreter says about itself, and about what these backends need.

    ``place`` says where its path is from, for messages. Raises SettingsError if it can't be run,
    is not Python, or is too old to run our entry.
    """
    names = ["django", *_distributions(backends)]
    try:
        # -E: PYTHONPATH leads to this process's packages. The folder: with old versions of Python,
        # modules in the current one can be found in place of the standard library's.
        done = run_command(
            [path, "-E", str(_SCRIPT), *names], within_s=_ASKED_WITHIN_S, cwd=_SCRIPT.parent
        )
    except OSError as error:
        reason = str(error) if isinstance(error, TimeoutError) else error.strerror
        raise SettingsError(f"{place}: {path} can't be run: {reason}") from None
    facts = _read(done.stdout)
    if done.returncode or facts is None:
        said = " ".join((done.stderr or done.stdout).split()[-40:])
        raise SettingsError(
            f"{place}: {path} is not a Python interpreter{f' (it says: {said})' if said else ''}"
        )
    if tuple(facts["number"]) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise SettingsError(
            f"{place}: {path} is Python {facts['version']}, and {oldest} is the oldest that can"
            " serve the site here"
        )
    identity = (facts["version"], facts["tag"], facts["platform"], facts["base_prefix"])
    return Interpreter(
        path,
        facts["executable"],
        facts["version"],
        identity,
        facts["prefix"],
        facts["packages"],
    )


def refuse_unfit(
    interpreter: Interpreter, place: str, backends: Iterable[Backend], remedy: str
) -> None:
    """Raise SettingsError if an interpreter lacks Django, or what one of the backends needs.

    ``remedy`` says what to do about a package that is missing.
    """
    django = interpreter.version_of("django")
    if django == UNKNOWN_VERSION:
        raise SettingsError(f"{place}: {interpreter.path} has no Django: {remedy}")
    if not _OLDEST_DJANGO.specifier.contains(django, prereleases=True):
        raise SettingsError(
            f"{place}: {interpreter.path} has Django {django}, and the oldest that can be served"
            f" here is {next(iter(_OLDEST_DJANGO.specifier)).version}"
        )
    for backend in backends:
        if missing := missing_of(backend, interpreter.version_of):
            raise SettingsError(
                f"{place}: {interpreter.path} has no {' and '.join(missing)}, which"
                f" {backend.about.name} needs: {remedy}"
            )


def _distributions(backends: Iterable[Backend]) -> list[str]:
    """Return the names of all distributions that decide if backends can be served."""
    needs = (
        Requirement(need).name
        for backend in backends
        for need in (*backend.about.requires, *backend.about.alternatives)
    )
    return sorted(set(needs))


def _read(text: str) -> dict[str, Any] | None:
    # A sitecustomize may print lines of its own before.
    lines = text.strip().splitlines()
    try:
        facts = json.loads(lines[-1]) if lines else None
    except ValueError:
        return None
    return facts if isinstance(facts, dict) and "number" in facts else None
