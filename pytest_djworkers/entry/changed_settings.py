"""The settings that tests have changed, as data that the pytest process sends to the server's."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from pytest_djworkers.entry.typed_json import decoded, digest, encoded

NOT_APPLIED: Mapping[str, str] = {
    "DATABASES": "the server gets the test databases",
    "DEBUG": "a server under load has it off, as it is deployed",
    "ALLOWED_HOSTS": "every host is allowed",
    "EMAIL_BACKEND": "mail goes nowhere",
    "MAILERS": "mail goes nowhere",
    "MIGRATION_MODULES": "the databases are made by then",
}
"""Settings of the tests that the server doesn't get, with the reason. The test environments of
Django and pytest-django change them."""
_DIFFERS_ANYWAY = ("SECRET", "KEY", "KEYS", "TOKEN", "SALT", "PASSWORD", "SECRET_KEY_FALLBACKS")
"""The ends of names of settings that settings modules may draw at random in each process."""


def own_values(module: str) -> dict[str, Any]:
    """Return the settings that a module itself has; none if this process hasn't imported it."""
    found = vars(sys.modules[module]) if module in sys.modules else {}
    return {name: value for name, value in found.items() if name.isupper()}


def settings_module_of(settings: Any) -> str:
    """Return the name of the module that settings were made from; empty if they were made without
    one."""
    return getattr(settings, "SETTINGS_MODULE", None) or ""


@dataclass(frozen=True, slots=True)
class ChangedSettings:
    """The changes of tests to Django's settings: plain data, by the setting's name."""

    module: str = ""
    """The settings module of the tests, to which these are the changes."""
    overridden: Mapping[str, Any] = field(default_factory=dict)
    """Settings that ``override_settings`` and the like have set."""
    deleted: tuple[str, ...] = ()
    """Settings that the same have deleted."""
    changed: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the module that were changed for good, such as in ``pytest_configure``."""
    added: Mapping[str, Any] = field(default_factory=dict)
    """Settings that were set for good and that the module doesn't have: by a test, or by a package
    with settings of its own. The server's copy of such a package sets them itself."""
    digests: Mapping[str, str | None] = field(default_factory=dict)
    """Digests of the module's own values in the pytest process; None for a value that isn't plain
    data."""

    def to_json(self) -> dict[str, Any]:
        """Return it as data for JSON. Raises NotPlainError."""
        return {one.name: encoded(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the changes that ``to_json`` gave this data for."""
        return cls(**{name: decoded(value) for name, value in data.items()})

    def to_apply(self, module: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings to set in the server, whose settings module is ``module`` and has
        these values of its own.
        """
        # Another module than that of the tests is for the served site alone. What it changes itself
        # wins over changes that were made for all tests, but not over what a test overrides.
        changed = {
            name: value
            for name, value in self.changed.items()
            if module == self.module or digest(values.get(name)) == self.digests.get(name)
        }
        return {**changed, **self.overridden}

    def differing(self, module: str, values: Mapping[str, Any]) -> dict[str, str | None]:
        """Return the settings whose values in the server differ from those in the pytest process,
        sorted, with a digest of the server's value; None if the server has no such setting.

        A module may look whether it is being tested, for example. Only plain data is compared, and
        nothing that differs in every process.
        """
        if module != self.module:
            return {}
        return {
            name: digest(values[name]) if name in values else None
            for name in sorted(self._differing(values))
        }

    def _differing(self, values: Mapping[str, Any]) -> Iterator[str]:
        for name in {*self.digests, *values}:
            if name in NOT_APPLIED or name.endswith(_DIFFERS_ANYWAY):
                continue
            if name not in values or name not in self.digests:
                yield name
                continue
            here, there = self.digests[name], digest(values[name])
            if here != there and None not in {here, there}:
                yield name
