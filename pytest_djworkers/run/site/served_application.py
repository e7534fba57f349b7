"""Says in the header which application is served, before any server starts."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_djworkers.entry.find_application import DJANGO, application_of
from pytest_djworkers.entry.find_module import spec_of
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.run.site.debug_settings import left_by_debug
from pytest_djworkers.run.site.django_settings import settings_module
from pytest_djworkers.settings.settings import Settings


def served_applications(settings: Settings) -> Iterator[str]:
    """Yield a line for each interface of the backends whose application is not the one of Django's
    own setting: which it is, and why.

    Raises SettingsError if the application can't be found out.
    """
    from django.conf import settings as of_site

    for_load = settings.settings_module
    module, unless = settings_module(), ""
    if for_load is not None:
        # Its values are known only in the server: this process must not import it.
        module, unless = for_load, f", unless {for_load} sets it"
    requested = settings.application
    interfaces: dict[str, list[str]] = {}
    for name, backend in settings.backends.items():
        interfaces.setdefault(backend.about.interface, []).append(name)
    if requested is not None and requested != DJANGO:
        _check(requested, interfaces)
    for interface, names in interfaces.items():
        try:
            found = application_of(interface.lower(), of_site, module, requested)
        except RuntimeError as error:
            raise SettingsError(str(error)) from None
        # The application that Django itself would serve is no news.
        if found.is_of_setting:
            continue
        where = f"under {' and '.join(names)}: " if len(interfaces) > 1 else ""
        yield f"{where}serves {found} ({found.why}{unless})"


def left_in_settings(settings: Settings) -> Iterator[str]:
    """Yield a line if the settings have development tools in them that are measured, too."""
    from django.conf import settings as of_site

    if settings.settings_module is None and (left := left_by_debug(of_site.SETTINGS_MODULE)):
        yield left


def _check(requested: str, interfaces: dict[str, list[str]]) -> None:
    """Raise SettingsError if backends of two interfaces share one application, or its module is
    missing."""
    flag = f"--djworkers-application={requested}"
    if len(interfaces) > 1:
        which = " and ".join(f"{name} ({', '.join(of)})" for name, of in interfaces.items())
        raise SettingsError(
            f"{flag}: one application can't be both {which}: use these backends in separate runs,"
            " or set WSGI_APPLICATION and ASGI_APPLICATION instead"
        )
    module = requested.partition(":")[0]
    if spec_of(module) is None:
        raise SettingsError(f"{flag}: there is no module {module!r}")
