"""The list of all backends, for ``--djworkers-list``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.registry import (
    how_to_install,
    missing_of,
    needs_of,
    version_of_package,
)
from pytest_djworkers.backends.spec import settings_of
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.printable import printable
from pytest_djworkers.settings.reading import read_registry

_INDENT = "    "


def print_backends(config: pytest.Config) -> pytest.ExitCode:
    """Print all backends. Raises pytest.UsageError if the configuration can't be used."""
    try:
        registry = read_registry(config)
    except SettingsError as error:
        raise pytest.UsageError(str(error)) from None
    for backend in registry.backends.values():
        print(printable("\n".join(describe_backend(backend))))
    return pytest.ExitCode.OK


def describe_backend(backend: Backend) -> Iterator[str]:
    """Yield a backend's lines: interface, version, workers, limits and settings."""
    about = backend.about
    yield f"{about.name}  {about.interface}, {_availability(backend)}"
    if about.max_workers is not None:
        yield f"{_INDENT}workers: {about.max_workers}, it is a single process"
    yield f"{_INDENT}raised for a burst: {about.raised_limits}"
    # Another package's may have none.
    if not (settings := settings_of(backend)):
        return
    yield f"{_INDENT}settings, as in {about.name}:{next(iter(settings))}=VALUE:"
    width = max(map(len, settings))
    yield from (f"{_INDENT * 2}{name:{width}}  {one.help}" for name, one in settings.items())


def _availability(backend: Backend) -> str:
    """Return the versions of the packages that a backend needs, or how to install it."""
    if missing_of(backend):
        # Of several missing packages one command installs all: each backend is an extra.
        return f"not installed: {how_to_install(backend)}"
    names = (need.name for need in needs_of(backend))
    versions = [f"{name} {version_of_package(name)}" for name in names]
    return ", ".join(versions) or "a command of the configuration"
