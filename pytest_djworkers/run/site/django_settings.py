"""Reads Django's settings in the pytest process, with what tests have changed of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_djworkers.entry.changed_settings import NOT_APPLIED, ChangedSettings, own_values
from pytest_djworkers.entry.typed_json import NotPlainError, digest, encoded
from pytest_djworkers.errors import OverrideError

_NONE = object()


def settings_module() -> str:
    """Return the name of the settings module that pytest-django found, whatever is overridden.

    It is empty if the settings were made by ``settings.configure()``.
    """
    return getattr(_layers()[-1], "SETTINGS_MODULE", None) or ""


def read_changed_settings(not_of_tests: Mapping[str, Any]) -> ChangedSettings:
    """Return the settings that tests have changed by now, for a server to apply.

    ``not_of_tests`` are values that the plugin itself has set. Raises OverrideError for a value
    that can't be sent to another process.
    """
    from django.conf import Settings

    *overriding, base = _layers()
    overridden: dict[str, Any] = {}
    deleted: set[str] = set()
    # The latest override comes first, and wins: one that a later layer deleted stays deleted.
    for layer in overriding:
        for name, value in _values(layer):
            if name not in deleted and value is not not_of_tests.get(name, _NONE):
                overridden.setdefault(name, value)
        # Django remembers names that were deleted in an override, for which it looks no further.
        deleted |= vars(layer)["_deleted"] - overridden.keys()
    module = settings_module()
    own = own_values(module)
    changed, added = _on_base(base, own) if isinstance(base, Settings) else ({}, {})
    return ChangedSettings(
        module,
        _plain({name: overridden[name] for name in overridden if name not in NOT_APPLIED}),
        tuple(sorted(deleted - NOT_APPLIED.keys())),
        _plain({name: changed[name] for name in changed if name not in overridden}),
        added,
        {name: digest(value) for name, value in own.items() if name not in NOT_APPLIED},
    )


def _layers() -> list[Any]:
    """Return the objects that Django looks settings up in: overrides, the latest first, then the
    settings that they override."""
    from django.conf import UserSettingsHolder, settings

    # Django makes the settings when the first of them is read.
    settings.DATABASES  # noqa: B018  # read for its effect
    layers: list[Any] = [settings._wrapped]  # type: ignore[misc]  # noqa: SLF001  # no public way
    # dynaconf's holder is of the same class, but holds copies instead of default_settings.
    while isinstance(layers[-1], UserSettingsHolder) and "default_settings" in vars(layers[-1]):
        layers.append(layers[-1].default_settings)
    return layers


def _values(layer: Any) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in vars(layer).items() if name.isupper())


def _on_base(base: Any, own: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the values that were assigned to the settings object itself, without an override.

    The first are settings that their module or Django has, too, with another value; the second
    are settings that neither has.
    """
    from django.conf import global_settings

    changed, added = {}, {}
    for name, value in _values(base):
        if name in NOT_APPLIED or name == "SETTINGS_MODULE":
            continue
        if name in own or hasattr(global_settings, name):
            if _differ(value, own.get(name, getattr(global_settings, name, None))):
                changed[name] = value
        elif digest(value) is not None:
            # A value that is no plain data is a package's own object: no server misses it.
            added[name] = value
    return changed, added


def _differ(one: Any, other: Any) -> bool:
    if one is other:
        return False
    # Values without a digest are no plain data: whether they are equal can't be told.
    return digest(one) is None or digest(one) != digest(other)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values. Raises OverrideError for one that is no plain data."""
    for name, value in values.items():
        try:
            encoded(value)
        except (NotPlainError, RecursionError) as error:
            reason = (
                "it contains itself"
                if isinstance(error, RecursionError)
                else f"an object of {error}"
            )
            raise OverrideError(
                f"the tests change the setting {name} to {value!r:.80}, which can't be sent to a"
                f" server in another process ({reason}). Text, numbers, dates, paths, and lists,"
                " tuples, sets and dicts of these can. Put it into settings for the served site"
                " (--djworkers-settings=MODULE), or undo the change before burst()"
            ) from None
    return values
