"""The value of one option: from its flag, from the configuration file, or its default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.options import BY_NAME, Option, destination_of
from pytest_djworkers.settings.checks import check
from pytest_djworkers.settings.swallowed import swallowed

# How to say that a value in a TOML file has the wrong type.
_INI_TYPES = {
    "string": "a string",
    "int": "a whole number",
    "int or string": "a whole number or a string",
    "linelist": "a list of strings",
    "bool": "true or false",
}


@dataclass(frozen=True, slots=True)
class Value:
    """A value that has been parsed and checked, and where it is from."""

    parsed: Any
    place: str
    """The place for messages: ``--djworkers=granian``, ``djworkers in pytest.ini``."""
    folder: Path
    """The folder that names of files in it are relative to."""
    is_flag: bool = False


def read_value(config: pytest.Config, option: Option) -> Value:
    """Return the flag's value if there is one, else the configuration's, else the default.

    Raises SettingsError for a value that can't be used.
    """
    return read_flag(config, option) or read_ini(config, option)


def read_flag(config: pytest.Config, option: Option) -> Value | None:
    """Return the value on the command line, or None. Raises SettingsError."""
    given = None if option.ini_only else config.getoption(option.ini)
    if given is None:
        return None
    folder, place = config.invocation_params.dir, f"{option.flag}={given}"
    # Backends are judged by those that know their names: a folder may be named as one.
    if option.name and (reason := _swallowed(config, option, given)):
        raise SettingsError(reason)
    parsed: Any
    if option.ini_type == "linelist":
        # A flag that may be repeated: an error names the one that is wrong.
        parsed = tuple(_parse(option, line, f"{option.flag}={line}", folder) for line in given)
    else:
        parsed = _parse(option, given, place, folder)
    return Value(parsed, place, folder, is_flag=True)


def refuse_swallowed_backends(config: pytest.Config, specs: Value) -> None:
    """Raise SettingsError if the unknown backends of ``--djworkers`` seem to be a path."""
    given = ",".join(specs.parsed)
    if specs.is_flag and (reason := _swallowed(config, BY_NAME[""], given)):
        raise SettingsError(reason)


def read_ini(config: pytest.Config, option: Option) -> Value:
    """Return the value in the configuration file, or the default. Raises SettingsError."""
    folder, place = config.rootpath, _place(config, option.ini)
    if option.flag_only:
        return Value(option.default, place, folder)
    given = _ini(config, option.ini, option.ini_type)
    # pytest gives "" or [] where an ini option has no default of its own.
    parsed: Any
    if given is None or given == "" or given == []:
        parsed = option.default
    elif option.ini_type == "linelist":
        parsed = tuple(_parse(option, line, place, folder) for line in given)
    else:
        parsed = _parse(option, given, place, folder)
    return Value(parsed, place, folder)


def read_switch(config: pytest.Config, flag: str) -> bool:
    """Return True if a flag without a value is given, or set in the configuration file.

    Raises SettingsError for a value there that is not true or false.
    """
    name = destination_of(flag)
    return bool(config.getoption(name) or _ini(config, name, "bool"))


def _ini(config: pytest.Config, name: str, ini_type: str) -> Any:
    """Return what the configuration file has. Raises SettingsError for another type."""
    try:
        return config.getini(name)
    except (TypeError, ValueError, pytest.UsageError) as error:
        # pytest converts values to the ini type, and raises any of these, by version and file type.
        reason = str(error).removeprefix(f"{config.inipath}: ")
        place = _place(config, name)
        raise SettingsError(f"{place}: must be {_INI_TYPES[ini_type]} ({reason})") from None


def _place(config: pytest.Config, name: str) -> str:
    return f"{name} in {config.inipath.name if config.inipath else 'the configuration'}"


def _swallowed(config: pytest.Config, option: Option, given: str | list[str]) -> str | None:
    values = [given] if isinstance(given, str) else given
    words, folder = config.invocation_params.args, config.invocation_params.dir
    reasons = (swallowed(option, value, list(map(str, words)), folder) for value in values)
    return next(filter(None, reasons), None)


def _parse(option: Option, given: object, place: str, folder: Path) -> Any:
    try:
        return check(option.name, option.parse(given), folder)
    except ValueError as error:
        raise SettingsError(f"{place}: {error}") from None
