"""Flags and the configuration file, read into Settings."""

from __future__ import annotations

import os

import pytest

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.registry import Registry, registry_of
from pytest_djworkers.backends.spec import spec_of
from pytest_djworkers.compare.flags import read_comparison_flags
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.options import BY_NAME, OPTIONS, SHAPE_OPTIONS
from pytest_djworkers.server.origin import Origin
from pytest_djworkers.settings.agents import checked_agents
from pytest_djworkers.settings.bind import bound_address
from pytest_djworkers.settings.github import github_step
from pytest_djworkers.settings.profiling import read_profiles
from pytest_djworkers.settings.report_files import report_files
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.settings.shape import contradiction, shape_of
from pytest_djworkers.settings.tls import checked_tls
from pytest_djworkers.settings.unix_socket import checked_unix_socket
from pytest_djworkers.settings.values import (
    Value,
    read_ini,
    read_switch,
    read_value,
    refuse_swallowed_backends,
)


def read_settings(config: pytest.Config) -> Settings | None:
    """Return the settings of the run, or None if it names no backend and no server.

    Raises SettingsError for a flag or a configuration value that can't be used.
    """
    # These two decide whether the run fires load at all. A run without load does not complain about
    # other options.
    specs, url = read_value(config, BY_NAME[""]), read_value(config, BY_NAME["url"])
    if not specs.parsed and url.parsed is None:
        return None
    given = {"": specs, "url": url}
    given |= {
        option.name: read_value(config, option) for option in OPTIONS if option.name not in given
    }
    registry = _registry(config, given["commands"])
    allowed_hosts = given["allow_host"].parsed
    origin = _origin(url, specs, allowed_hosts)
    bind = bound_address(given["bind"], url, allowed_hosts)
    backends = _backends(config, registry, specs)
    shape_flags = {name: given[name].parsed for name in SHAPE_OPTIONS if given[name].is_flag}
    values = {name: value.parsed for name, value in given.items()}
    # A failure says what a flag has overridden, so the shape without flags is kept, too.
    values |= {name: read_ini(config, BY_NAME[name]).parsed for name in shape_flags}
    if reason := contradiction(shape_of({name: given[name].parsed for name in SHAPE_OPTIONS})):
        raise SettingsError(reason)
    comparison = read_comparison_flags(config, values, tuple(backends))
    tls = checked_tls(
        config,
        given["certificate"],
        is_served=origin is None,
        backends=backends.values(),
        known=registry.backends,
    )
    return Settings(
        backends=backends,
        registry=registry,
        generator=values["generator"],
        requested_workers=values["workers"],
        agents=checked_agents(
            given["agents"],
            generator=values["generator"],
            addresses=(bind,) if origin is None else tuple(host for host, _ in origin.addresses),
            comparison=comparison,
        ),
        baseline=values["baseline"],
        tolerance=values["tolerance"],
        startup_timeout_s=values["startup_timeout"],
        reports=report_files(given["report"], given["report_format"]),
        github=github_step(given["report"], os.environ),
        probe=values["probe"],
        application=values["application"],
        save_baseline=config.getoption("djworkers_save_baseline"),
        root=config.rootpath,
        started_in=config.invocation_params.dir,
        shape=shape_of(values),
        shape_flags=shape_flags,
        settings_module=values["settings"],
        origin=origin,
        bind=bind,
        comparison_flags=comparison,
        strict=read_switch(config, "--djworkers-strict"),
        counts_queries=not read_switch(config, "--djworkers-no-queries"),
        profiles=read_profiles(config, is_served=origin is None),
        max_regression=values["max_regression"],
        max_errors=values["max_errors"],
        left_out=values["ignore_database"],
        tls=tls,
        on_unix_socket=checked_unix_socket(
            config,
            given,
            has_tls=tls is not None,
            backends=backends.values(),
            known=registry.backends,
        ),
    )


def read_registry(config: pytest.Config) -> Registry:
    """Return all the backends that this run may name. Raises SettingsError."""
    return _registry(config, read_ini(config, BY_NAME["commands"]))


def _registry(config: pytest.Config, commands: Value) -> Registry:
    try:
        return registry_of(commands.parsed, (config.invocation_params.dir, config.rootpath))
    except SettingsError as error:
        # Without commands, the error is in the entry point of an installed package, and names it.
        raise SettingsError(
            f"{commands.place}: {error}" if commands.parsed else str(error)
        ) from None


def _backends(config: pytest.Config, registry: Registry, specs: Value) -> dict[str, Backend]:
    """Return the backends that are named, by the spec they are shown with."""
    backends: dict[str, Backend] = {}
    try:
        for spec in specs.parsed:
            backend = registry.find_installed(spec, specs.folder)
            shown = spec_of(backend)
            if shown in backends:
                raise SettingsError(f"{shown} is named twice")
            backends[shown] = backend
    except SettingsError as error:
        refuse_swallowed_backends(config, specs)
        raise SettingsError(f"{specs.place}: {error}") from None
    return backends


def _origin(url: Value, specs: Value, allowed_hosts: tuple[str, ...]) -> Origin | None:
    """Return the address of the server that runs already; None if no URL is given."""
    if url.parsed is None:
        return None
    if specs.parsed:
        raise SettingsError(
            f"{url.place} can't be combined with --djworkers={','.join(specs.parsed)}"
        )
    try:
        return Origin.of(url.parsed, allowed_hosts)
    except ValueError as error:
        raise SettingsError(f"{url.place}: {error}") from None
