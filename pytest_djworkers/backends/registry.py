"""The backends by name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.gunicorn_gevent import GunicornGevent
from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.errors import SettingsError

BACKENDS: Mapping[str, Backend] = {
    backend.name: backend for backend in (GunicornGevent(), Granian())
}


def known(name: str) -> Backend:
    """The backend of this name. Raises SettingsError, with the list and the nearest name."""
    try:
        return BACKENDS[name]
    except KeyError:
        nearest = get_close_matches(name, BACKENDS, n=1, cutoff=0.4)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise SettingsError(
            f"unknown backend {name!r}{hint} (known: {', '.join(sorted(BACKENDS))})"
        ) from None


def installed(name: str) -> Backend:
    """The backend of this name. Raises SettingsError also when its package is missing."""
    backend = known(name)
    missing = [module for module in backend.requires if find_spec(module) is None]
    if missing:
        raise SettingsError(
            f"backend {name!r} needs {' and '.join(missing)}, which "
            f"{'is' if len(missing) == 1 else 'are'} not installed:"
            f" pip install 'pytest-djworkers[{name}]'"
        )
    return backend


def version_of(backend: Backend) -> str:
    """The installed version of its package."""
    try:
        return version(backend.package)
    except PackageNotFoundError:
        return "unknown"
