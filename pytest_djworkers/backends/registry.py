"""The backends by name: built-in ones, those of installed packages, and of the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from packaging.requirements import Requirement

from pytest_djworkers.backends.cheroot import Cheroot
from pytest_djworkers.backends.command import command_backend
from pytest_djworkers.backends.daphne import Daphne
from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.granian_asgi import GranianAsgi
from pytest_djworkers.backends.gunicorn_asgi import GunicornAsgi
from pytest_djworkers.backends.gunicorn_gevent import GunicornGevent
from pytest_djworkers.backends.gunicorn_gthread import GunicornGthread
from pytest_djworkers.backends.gunicorn_sync import GunicornSync
from pytest_djworkers.backends.gunicorn_uvicorn import GunicornUvicorn
from pytest_djworkers.backends.hypercorn import Hypercorn
from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.runserver import Runserver
from pytest_djworkers.backends.spec import spec_of, with_settings
from pytest_djworkers.backends.unknown_names import explain_unknown
from pytest_djworkers.backends.uvicorn import Uvicorn
from pytest_djworkers.backends.uwsgi import Uwsgi
from pytest_djworkers.backends.waitress import Waitress
from pytest_djworkers.errors import SettingsError

ENTRY_POINTS = "pytest_djworkers.backends"
"""The group of entry points by which packages bring backends."""
UNKNOWN_VERSION = "unknown"

BACKENDS: Mapping[str, Backend] = {
    backend.about.name: backend
    for backend in (
        GunicornSync(),
        GunicornGthread(),
        GunicornGevent(),
        Granian(),
        Uwsgi(),
        Waitress(),
        Cheroot(),
        Uvicorn(),
        GunicornUvicorn(),
        GunicornAsgi(),
        Hypercorn(),
        Daphne(),
        GranianAsgi(),
        Runserver(),
    )
}
"""The built-in backends; importing them imports no server."""


@dataclass(frozen=True, slots=True)
class Registry:
    """The backends that a run can choose from."""

    backends: Mapping[str, Backend]
    folders: tuple[Path, ...] = ()
    """The folders in which files that a spec names are looked for; empty for the current one."""

    def find(self, spec: str, folder: Path | None = None) -> Backend:
        """Return the backend that a spec names, with the spec's settings.

        Files that the spec names are looked for in ``folder``, if it is given. Raises SettingsError
        for an unknown name, with the known ones, and for a setting, with what is accepted.
        """
        name, *settings = spec.split(":")
        try:
            backend = self.backends[name]
        except KeyError:
            raise SettingsError(explain_unknown(name, self.backends)) from None
        return with_settings(backend, settings, self.folders if folder is None else (folder,))

    def find_installed(self, spec: str, folder: Path | None = None) -> Backend:
        """Return the backend that a spec names, as ``find`` does.

        Raises SettingsError also if a package that the backend needs is not installed.
        """
        backend = self.find(spec, folder)
        if missing := missing_of(backend):
            raise SettingsError(
                f"backend {backend.about.name!r} needs {' and '.join(missing)}, which"
                f" {'is' if len(missing) == 1 else 'are'} not installed: {how_to_install(backend)}"
            )
        return backend


BUILT_IN = Registry(BACKENDS)


def registry_of(commands: Iterable[str], folders: Sequence[Path] = ()) -> Registry:
    """Return all backends: built-in ones, those of installed packages, and these commands.

    Files that a spec names are looked for in ``folders``. Raises SettingsError for a backend that
    can't be used, or that has the name of another one.
    """
    backends = dict(BACKENDS)
    for point in entry_points(group=ENTRY_POINTS):
        where = f"entry point {point.name} = {point.value} of {ENTRY_POINTS}"
        try:
            backend: Backend = point.load()
            is_its_name = backend.about.name == point.name
            spec_of(backend)  # it has settings as ours have them
        except Exception as error:  # noqa: BLE001  # another package's code
            what = f"{type(error).__name__}: {error}"
            raise SettingsError(f"{where} is no backend ({what}): mend or uninstall it") from None
        if not is_its_name:
            raise SettingsError(f"{where} is a backend named {backend.about.name!r}")
        _add(backends, backend)
    for line in commands:
        _add(backends, command_backend(line))
    return Registry(backends, tuple(folders))


def version_of_package(name: str) -> str:
    """Return the installed version of a distribution; ``unknown`` if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return UNKNOWN_VERSION


def needs_of(
    backend: Backend, installed: Callable[[str], str] = version_of_package
) -> list[Requirement]:
    """Return the distributions that a backend needs; of alternatives, the one that is installed.

    ``installed`` returns the version of a distribution; the default is that in this environment.
    """
    needs = [Requirement(need) for need in backend.about.requires]
    for other in map(Requirement, backend.about.alternatives):
        if _is_met(other, installed) and not _is_met(needs[0], installed):
            needs[0] = other
    return needs


def missing_of(backend: Backend, installed: Callable[[str], str] = version_of_package) -> list[str]:
    """Return the distributions that a backend needs and that are missing or too old, in words."""
    needs = [need for need in needs_of(backend, installed) if not _is_met(need, installed)]
    return [need.name if installed(need.name) == UNKNOWN_VERSION else str(need) for need in needs]


def how_to_install(backend: Backend) -> str:
    """Return the command that installs what a backend needs."""
    name = backend.about.name
    if name in BACKENDS:
        return f"pip install 'pytest-djworkers[{name}]'"
    return f"pip install {' '.join(repr(need) for need in backend.about.requires)}"


def version_of(backend: Backend) -> str:
    """Return the installed version of a backend's server."""
    if not backend.about.requires:
        return UNKNOWN_VERSION
    return version_of_package(needs_of(backend)[0].name)


def _is_met(need: Requirement, installed: Callable[[str], str]) -> bool:
    found = installed(need.name)
    return found != UNKNOWN_VERSION and need.specifier.contains(found, prereleases=True)


def _add(backends: dict[str, Backend], backend: Backend) -> None:
    name = backend.about.name
    if name in backends or name == "none":
        raise SettingsError(f"{name!r} is the name of another backend: choose another one")
    backends[name] = backend
