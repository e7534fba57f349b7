"""Flags and ini values, validated, as one frozen object."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.registry import Registry, registry_of
from pytest_djworkers.backends.spec import spec_of
from pytest_djworkers.compare.flags import Against, ComparisonFlags, read_comparison_flags
from pytest_djworkers.errors import BurstArgumentError, SettingsError
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.wrk import find_wrk
from pytest_djworkers.options import OPTIONS, SHAPE_OPTIONS, Option
from pytest_djworkers.server.external import NAME as EXTERNAL
from pytest_djworkers.server.external import Origin
from pytest_djworkers.system.cpus import this_process
from pytest_djworkers.units import format_duration, written

_BY_NAME = {option.name: option for option in OPTIONS}
_INI_VALUES = {
    "string": "a string",
    "int": "a whole number",
    "linelist": "a list of strings",
}
"""What a configuration file must hold, by the type that pytest knows."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What this run was asked to do. Times in seconds, tolerance as a fraction."""

    backends: Mapping[str, Backend]
    """With their settings, by the name they are shown with."""
    registry: Registry
    """All there are, for markers that name them."""
    generator: str
    workers: int
    agents: int
    baseline: str
    tolerance: float
    startup_timeout_s: float
    reports: tuple[Path, ...]
    probe: str | None
    application: str | None
    """The one to serve, as MODULE:ATTRIBUTE; None for what the site has."""
    save_baseline: bool
    root: Path
    shape: Shape
    """What a burst is where neither its test nor a flag says more: ini over default."""
    shape_flags: Mapping[str, float]
    """What flags say of the shape, by option name; they win over everything."""
    settings_module: str | None = None
    """What the served site has for settings; None where it has the tests' own."""
    origin: Origin | None = None
    """Where the server is that somebody else runs; then there are no backends."""
    comparison_flags: ComparisonFlags | None = None
    strict: bool = False
    """Whether what is inconclusive or not compared fails."""
    max_regression: float | None = None
    """The loss of requests/s that fails a test without a marker of its own."""
    started_in: Path = field(default_factory=Path.cwd)
    """The folder that pytest was started in."""
    max_errors: float = 0.01
    """The share of errors above which a test without a marker of its own fails."""
    left_out: tuple[str, ...] = ()
    """Aliases of DATABASES that no load is to reach."""
    notes: tuple[str, ...] = ()
    """What was asked for and can't be had, in words."""

    @property
    def names(self) -> tuple[str, ...]:
        """What each test runs under: the backends, or the one server that is there already.

        Where backends are compared with the first, each of the others.
        """
        if self.origin:
            return (EXTERNAL,)
        return tuple(name for name in self.backends if name != self.base)

    @property
    def base(self) -> str | None:
        """The backend that the others are compared with, where backends are."""
        if self.comparison_flags is None or self.comparison_flags.against is not Against.BACKEND:
            return None
        return next(iter(self.backends))

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that shape every burst, as on the command line."""
        return tuple(
            f"{_BY_NAME[name].flag}={_shown(name, value)}"
            for name, value in self.shape_flags.items()
        )

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
            f"{_BY_NAME[name].flag}={_shown(name, value)} (instead of {_shown(name, wanted[name])})"
            for name, value in self.shape_flags.items()
            if wanted[name] != value
        )
        return _shape({**wanted, **self.shape_flags}), overridden


def read_settings(config: pytest.Config) -> Settings | None:
    """The run's settings, or None when no backend is asked for.

    Raises SettingsError for a flag or ini value that can't be used.
    """
    specs, where, folder = _specs(config)
    origin = _origin(config, specs)
    if not specs and origin is None:
        return None
    registry = read_registry(config)
    backends = _configured(registry, specs, where, folder)
    values: dict[str, Any] = {}
    shape_flags: dict[str, float] = {}
    for option in OPTIONS:
        value, is_flag = _value(config, option)
        values[option.name] = value
        if option.name in SHAPE_OPTIONS and is_flag:
            shape_flags[option.name] = value
            values[option.name] = _from_ini(config, option)
    asked_workers = values["workers"]
    return Settings(
        backends=backends,
        registry=registry,
        generator=values["generator"],
        workers=asked_workers or this_process().processes,
        agents=values["agents"],
        baseline=values["baseline"],
        tolerance=values["tolerance"],
        startup_timeout_s=values["startup_timeout"],
        reports=values["report"],
        probe=values["probe"],
        application=values["application"],
        save_baseline=config.getoption("djworkers_save_baseline"),
        root=config.rootpath,
        started_in=config.invocation_params.dir,
        shape=_shape({name: values[name] for name in SHAPE_OPTIONS}),
        shape_flags=shape_flags,
        settings_module=values["settings"],
        origin=origin,
        comparison_flags=read_comparison_flags(config, values, tuple(backends)),
        strict=config.getoption("djworkers_strict") or config.getini("djworkers_strict"),
        max_regression=values["max_regression"],
        max_errors=values["max_errors"],
        left_out=values["ignore_database"],
        notes=tuple(_too_many_workers(backends, asked_workers)),
    )


def _origin(config: pytest.Config, specs: tuple[str, ...]) -> Origin | None:
    option = _BY_NAME["url"]
    url, is_flag = _value(config, option)
    if url is None:
        return None
    where = f"{option.flag}={url}" if is_flag else _in_file(config, option)
    if specs:
        raise SettingsError(f"{where}: it excludes --djworkers={','.join(specs)}")
    try:
        return Origin.of(url, _value(config, _BY_NAME["allow_host"])[0])
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from None


def read_registry(config: pytest.Config) -> Registry:
    """All the backends that this run may name. Raises SettingsError."""
    option = _BY_NAME["commands"]
    lines = _from_ini(config, option)
    try:
        return registry_of(lines, (config.invocation_params.dir, config.rootpath))
    except SettingsError as error:
        raise SettingsError(
            f"{_in_file(config, option)}: {error}" if lines else str(error)
        ) from None


def _specs(config: pytest.Config) -> tuple[tuple[str, ...], str, Path]:
    """The backends asked for, as written, where that is, and what their files are relative to."""
    option = _BY_NAME[""]
    specs, is_flag = _value(config, option)
    given = f"{option.flag}={config.getoption(option.ini)}"
    if is_flag:
        return specs, given, config.invocation_params.dir
    return specs, _in_file(config, option), config.rootpath


def _configured(
    registry: Registry, specs: tuple[str, ...], where: str, folder: Path
) -> dict[str, Backend]:
    backends: dict[str, Backend] = {}
    try:
        for spec in specs:
            backend = registry.installed(spec, folder)
            shown = spec_of(backend)
            if shown in backends:
                raise SettingsError(f"{shown} is named twice")
            backends[shown] = backend
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from None
    return backends


def _too_many_workers(backends: Mapping[str, Backend], default: int | None) -> Iterator[str]:
    for shown, backend in backends.items():
        asked, most = backend.workers or default, backend.about.most_workers
        if asked is not None and most is not None and asked > most:
            yield f"{shown} is a single process: it has {most} worker, not the {asked} asked for"


def _value(config: pytest.Config, option: Option) -> tuple[Any, bool]:
    """An option's value, and whether a flag said so."""
    given = None if option.ini_only else config.getoption(option.ini)
    if given is None:
        return (option.default if option.flag_only else _from_ini(config, option)), False
    folder = config.invocation_params.dir
    if option.ini_type == "linelist":
        return tuple(_parse(option, one, f"{option.flag}={one}", folder) for one in given), True
    return _parse(option, given, f"{option.flag}={given}", folder), True


def _from_ini(config: pytest.Config, option: Option) -> Any:
    where = _in_file(config, option)
    try:
        given = config.getini(option.ini)
    except (TypeError, ValueError, pytest.UsageError) as error:
        said = str(error).removeprefix(f"{config.inipath}: ")
        raise SettingsError(f"{where}: not {_INI_VALUES[option.ini_type]} ({said})") from None
    if given is None or given == "" or given == []:
        return option.default
    if option.ini_type == "linelist":
        return tuple(_parse(option, one, where, config.rootpath) for one in given)
    return _parse(option, given, where, config.rootpath)


def _in_file(config: pytest.Config, option: Option) -> str:
    return f"{option.ini} in {config.inipath.name if config.inipath else 'the configuration'}"


def _parse(option: Option, given: object, where: str, folder: Path) -> Any:
    """The value, checked; ``folder`` is what a file's name is relative to."""
    try:
        value = option.parse(given)
        check = _CHECKS.get(option.name)
        return check(value, folder) if check else value
    except (ValueError, SettingsError) as error:
        raise SettingsError(f"{where}: {error}") from None


def _on_path(generator: str, _: Path) -> str:
    if generator == "wrk" and find_wrk() is None:
        raise ValueError("wrk is not on PATH: install it, or use asyncio")
    return generator


def _in_a_folder(name: str, folder: Path) -> Path:
    file = folder / name
    if file.is_dir() or not file.parent.is_dir():
        raise ValueError(f"{str(file)!r} is not a file in a folder that exists")
    return file


def _interpreter(name: str, folder: Path) -> str:
    # With a slash in it, which() takes a name for a path.
    if found := shutil.which(str(folder / name) if "/" in name else name):
        return found
    raise ValueError(f"{name!r} is not a program that can be run: the path of a Python interpreter")


def _findable(name: str, _: Path) -> str:
    """The module's name, where there is such a module. It is not imported: in this process its
    settings are nobody's."""
    top, *rest = name.split(".")
    spec = importlib.util.find_spec(top)
    found = top
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            break
        found = f"{found}.{part}"
        spec = PathFinder.find_spec(found, spec.submodule_search_locations)
    if spec is None or found != name:
        raise ValueError(
            f"there is no module {found!r}: it must be found as DJANGO_SETTINGS_MODULE is, from"
            " pytest's pythonpath or the folder of manage.py"
            if spec is None
            else f"{found!r} is a module, not a package with {name!r} in it"
        )
    return name


_CHECKS: Mapping[str, Callable[[Any, Path], Any]] = {
    "generator": _on_path,
    "report": _in_a_folder,
    "compare_python": _interpreter,
    "settings": _findable,
}
"""What this machine must have for a value to be of use, by option."""


def _fields(shape: Shape) -> dict[str, float | None]:
    return {name: getattr(shape, field) for name, field in SHAPE_OPTIONS.items()}


def _shape(values: Mapping[str, Any]) -> Shape:
    return Shape(**{field: values[name] for name, field in SHAPE_OPTIONS.items()})


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "a closed loop"
    return format_duration(value) if SHAPE_OPTIONS[name].endswith("_s") else f"{value:g}"


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
            raise BurstArgumentError(f"{name}={written(value)}: {error}") from None
    return values
