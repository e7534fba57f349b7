"""Settings that tests have changed, on their way from the pytest process into the server's."""

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
"""What Django's and pytest-django's test environments change for the tests, and what the server
has instead."""
_DIFFERS_ANYWAY = ("SECRET", "KEY", "KEYS", "TOKEN", "SALT", "PASSWORD", "SECRET_KEY_FALLBACKS")
"""How the names end of what settings modules draw anew in each process."""


def own_values(module: str) -> dict[str, Any]:
    """The settings that a module has itself, if it has been imported in this process."""
    found = vars(sys.modules[module]) if module in sys.modules else {}
    return {name: value for name, value in found.items() if name.isupper()}


def settings_module_of(settings: Any) -> str:
    """Return the name of the module that settings were made from; empty if they were made without
    one."""
    return getattr(settings, "SETTINGS_MODULE", None) or ""


@dataclass(frozen=True, slots=True)
class ChangedSettings:
    """Plain data, by the setting's name."""

    module: str = ""
    """The settings module of the tests, which all of this is relative to."""
    overridden: Mapping[str, Any] = field(default_factory=dict)
    """By ``override_settings`` and the like."""
    deleted: tuple[str, ...] = ()
    """By the same; the setting is not there."""
    changed: Mapping[str, Any] = field(default_factory=dict)
    """On the settings themselves, as in ``pytest_configure``: others than the module's own."""
    added: Mapping[str, Any] = field(default_factory=dict)
    """Likewise, where the module has none: by a test, or by a package that has settings of its
    own, which the server finds for itself."""
    digests: Mapping[str, str | None] = field(default_factory=dict)
    """Of the module's own values here; None for what is no plain data."""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON. Raises NotPlainError."""
        return {one.name: encoded(getattr(self, one.name)) for one in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``to_json``."""
        return cls(**{name: decoded(value) for name, value in data.items()})

    def to_apply(self, module: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """What to put in place of the values that this module has in the server.

        Another module than that of the tests is for the server alone: what it says itself wins
        over what was changed for the tests at large, and not over what a test overrides.
        """
        changed = {
            name: value
            for name, value in self.changed.items()
            if module == self.module or digest(values.get(name)) == self.digests.get(name)
        }
        return {**changed, **self.overridden}

    def differing(self, module: str, values: Mapping[str, Any]) -> dict[str, str | None]:
        """The settings of which the module makes others in the server, in order; with a digest of
        the value there, if there is one.

        Such as a module that looks whether it is being tested. Of plain data only, and of nothing
        that differs in every process.
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
