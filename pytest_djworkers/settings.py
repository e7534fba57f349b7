"""Flags and ini values, validated, as one frozen object."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_djworkers.errors import BurstArgumentError, SettingsError
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.options import OPTIONS, SHAPE_OPTIONS, Option

if TYPE_CHECKING:
    import pytest

_BY_NAME = {option.name: option for option in OPTIONS}


@dataclass(frozen=True, slots=True)
class Settings:
    """What this run was asked to do. Times in seconds, tolerance as a fraction."""

    backends: tuple[str, ...]
    generator: str
    workers: int
    agents: int
    baseline: str
    tolerance: float
    startup_timeout_s: float
    reports: tuple[Path, ...]
    probe: str | None
    save_baseline: bool
    root: Path
    shape: Shape
    """What a burst is where neither its test nor a flag says more: ini over default."""
    shape_flags: Mapping[str, float]
    """What flags say of the shape, by option name; they win over everything."""

    def shape_for(
        self, marker: Mapping[str, object], call: Mapping[str, object]
    ) -> tuple[Shape, tuple[str, ...]]:
        """The shape of a burst, and what a flag overrides in it, in words.

        A flag wins over the call's argument, that over the marker, that over ini and default.
        Raises BurstArgumentError for a value that can't be used.
        """
        asked = {**parse_shape(marker), **parse_shape(call)}
        wanted = {**_fields(self.shape), **asked}
        overridden = tuple(
            f"{_BY_NAME[name].flag}={value:g} (instead of {wanted[name]:g})"
            for name, value in self.shape_flags.items()
            if wanted[name] != value
        )
        return _shape({**wanted, **self.shape_flags}), overridden


def read_settings(config: pytest.Config) -> Settings | None:
    """The run's settings, or None when no backend is asked for.

    Raises SettingsError for a flag or ini value that can't be used.
    """
    backends, _ = _value(config, _BY_NAME[""])
    if not backends:
        return None
    values: dict[str, Any] = {}
    shape_flags: dict[str, float] = {}
    for option in OPTIONS:
        value, is_flag = _value(config, option)
        values[option.name] = value
        if option.name in SHAPE_OPTIONS and is_flag:
            shape_flags[option.name] = value
            values[option.name] = _from_ini(config, option)
    reports = values["report"] or ()
    return Settings(
        backends=backends,
        generator=values["generator"],
        workers=values["workers"] or available_cpus(),
        agents=values["agents"],
        baseline=values["baseline"],
        tolerance=values["tolerance"],
        startup_timeout_s=values["startup_timeout"],
        reports=tuple(config.invocation_params.dir / file for file in reports),
        probe=values["probe"],
        save_baseline=config.getoption("djworkers_save_baseline"),
        root=config.rootpath,
        shape=_shape({name: values[name] for name in SHAPE_OPTIONS}),
        shape_flags=shape_flags,
    )


def available_cpus() -> int:
    """The CPUs that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _value(config: pytest.Config, option: Option) -> tuple[Any, bool]:
    """An option's value, and whether a flag said so."""
    given = None if option.ini_only else config.getoption(option.ini)
    if given is None:
        return _from_ini(config, option), False
    if option.ini_type == "linelist":
        return tuple(_parse(option, item, f"{option.flag}={item}") for item in given), True
    return _parse(option, given, f"{option.flag}={given}"), True


def _from_ini(config: pytest.Config, option: Option) -> Any:
    file = config.inipath.name if config.inipath else "the configuration"
    try:
        given = config.getini(option.ini)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{option.ini} in {file}: {error}") from None
    if given is None or given == "" or given == []:
        return option.default
    if option.ini_type == "linelist":
        return tuple(_parse(option, item, f"{option.ini} in {file}") for item in given)
    return _parse(option, given, f"{option.ini} in {file}")


def _parse(option: Option, given: object, where: str) -> Any:
    try:
        return option.parse(given)
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from None


def _fields(shape: Shape) -> dict[str, float]:
    return {name: getattr(shape, field) for name, field in SHAPE_OPTIONS.items()}


def _shape(values: Mapping[str, Any]) -> Shape:
    return Shape(**{field: values[name] for name, field in SHAPE_OPTIONS.items()})


def parse_shape(given: Mapping[str, object]) -> dict[str, float]:
    """A marker's or a call's values of the shape, parsed; None stands for not given."""
    values: dict[str, float] = {}
    for name, value in given.items():
        if name not in SHAPE_OPTIONS:
            raise BurstArgumentError(f"{name} is not one of {', '.join(SHAPE_OPTIONS)}")
        if value is None:
            continue
        try:
            values[name] = _BY_NAME[name].parse(value)
        except ValueError as error:
            raise BurstArgumentError(f"{name}={value!r}: {error}") from None
    return values
