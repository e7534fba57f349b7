"""A backend that users describe by its command line, in the ini value ``djworkers_commands``."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from pytest_djworkers.backends.protocol import (
    ASGI_ENTRY,
    ENTRY_FILES,
    WSGI_ENTRY,
    About,
    LaunchPlan,
)
from pytest_djworkers.backends.spec import setting
from pytest_djworkers.errors import SettingsError

_LINE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*=\s*(?P<template>\S.*)")
_SCRUBBED = ("DAPHNE_", "GRANIAN_", "GUNICORN_", "HYPERCORN_", "UVICORN_", "UWSGI_")
"""The prefixes of variables that configure the known servers: a command may start any of them, and
what is not in the command must not decide its figures."""
_TAKE_FILES = ("granian", "hypercorn")
"""The servers that need the entry as a file (see ``ENTRY_FILES``)."""
_PLACEHOLDERS = ("python", "host", "port", "wsgi", "asgi", "workers")


@dataclass(frozen=True, slots=True)
class CommandBackend:
    """A backend with a template for its command line."""

    about: About
    template: str
    workers: int | None = setting("worker processes, where its command has {workers}")

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return the template, filled in."""
        # Split first: a value, such as a path with a space, must not be split.
        parts = shlex.split(self.template)
        takes_files = any(Path(part).name in _TAKE_FILES for part in parts)
        values = {
            "python": python,
            "host": plan.host,
            "port": plan.port,
            "wsgi": ENTRY_FILES[WSGI_ENTRY] if takes_files else WSGI_ENTRY,
            "asgi": ENTRY_FILES[ASGI_ENTRY] if takes_files else ASGI_ENTRY,
            "workers": plan.workers,
        }
        return [part.format_map(values) for part in parts]

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return the template, so that a baseline of another one does not count."""
        return {"command": self.template}

    def backlog(self, plan: LaunchPlan) -> int | None:
        """Return None: only the server knows."""
        return None


def command_backend(line: str) -> CommandBackend:
    """Return the backend that a line of ``djworkers_commands`` describes.

    Raises SettingsError for a line that can't be used.
    """
    match = _LINE.fullmatch(line.strip())
    if match is None:
        raise SettingsError(f"{line!r} is not NAME = command")
    name, template = match["name"], match["template"]
    used = _placeholders(name, template)
    if "port" not in used:
        raise SettingsError(f"{name}: its command has no {{port}}")
    if len(interfaces := used & {"wsgi", "asgi"}) != 1:
        raise SettingsError(f"{name}: its command needs one of {{wsgi}} and {{asgi}}")
    program = shlex.split(template)[0]
    if "{" not in program and shutil.which(program) is None:
        raise SettingsError(f"{name}: there is no program {program!r}")
    # The template says the rest: its interface is that of the placeholder, and a server that
    # can't be told its workers is a single process.
    about = About(
        name=name,
        requires=(),
        interface=interfaces.pop().upper(),
        raised_limits="none: its command says what they are",
        notes=(),
        scrubbed=_SCRUBBED,
        max_workers=None if "workers" in used else 1,
    )
    return CommandBackend(about, template)


def _placeholders(name: str, template: str) -> set[str]:
    """Return the placeholders in a template. Raises SettingsError for an unknown one."""
    accepted = ", ".join(f"{{{placeholder}}}" for placeholder in _PLACEHOLDERS)
    try:
        parts = [part for text in shlex.split(template) for part in Formatter().parse(text)]
    except ValueError as error:
        raise SettingsError(f"{name}: its command can't be read: {error}") from None
    used = {field for _, field, _, _ in parts if field is not None}
    if unknown := sorted(used - set(_PLACEHOLDERS)):
        raise SettingsError(f"{name}: {{{unknown[0]}}} is not one of {accepted}")
    return used
