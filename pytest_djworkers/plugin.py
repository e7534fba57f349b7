"""The entry point of the plugin. A run without backends imports little more than this."""

from __future__ import annotations

import pytest

from pytest_djworkers.fixtures import (  # noqa: F401  # pytest finds fixtures by name here
    WITHOUT_BACKENDS,
    _djworkers_isolation,
    _djworkers_measurement,
    _djworkers_plan,
    _djworkers_prepare,
    _djworkers_server,
    burst,
    djworkers_backend,
    djworkers_environment,
    djworkers_seed,
    djworkers_server,
)
from pytest_djworkers.run.load_tests import is_load_test
from pytest_djworkers.run.stash import RUN


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hooks known, also in runs without backends, whose conftest.py may have some."""
    from pytest_djworkers import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    from pytest_djworkers.options import add_options

    add_options(parser)


def pytest_cmdline_main(config: pytest.Config) -> pytest.ExitCode | None:
    """List the backends instead of running tests, with ``--djworkers-list``."""
    if not config.getoption("djworkers_list"):
        return None
    from pytest_djworkers.report.backend_listing import print_backends

    return print_backends(config)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and if backends are chosen, everything else."""
    from pytest_djworkers.options import MARKERS

    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if _is_wanted(config):
        from pytest_djworkers.run.activation import activate

        activate(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip load tests if no backend is chosen, before any fixture is set up."""
    if RUN in config.stash:
        return
    skip = pytest.mark.skip(reason=WITHOUT_BACKENDS)  # says how to choose them
    for item in items:
        if is_load_test(item):
            item.add_marker(skip)


def _is_wanted(config: pytest.Config) -> bool:
    """Return True if a flag or the configuration file may choose a backend or an action."""
    from pytest_djworkers.options import ACTIONS

    flags = ("djworkers", "djworkers_url", *ACTIONS)
    if any(config.getoption(flag) not in {None, False} for flag in flags):
        return True
    try:
        return bool(config.getini("djworkers") or config.getini("djworkers_url"))
    except (TypeError, ValueError, pytest.UsageError):
        # A value that can't be read: the error is raised, in words, where the settings are read.
        return True
