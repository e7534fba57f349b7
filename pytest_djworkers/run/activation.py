"""Switches the plugin on: checks what the run needs, and registers the hooks."""

from __future__ import annotations

import atexit
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.options import ACTIONS
from pytest_djworkers.printable import printable
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.hooks.collection import CollectionPlugin
from pytest_djworkers.run.hooks.databases import DatabasesPlugin
from pytest_djworkers.run.hooks.ended_by_timeout import EndedByTimeoutPlugin
from pytest_djworkers.run.hooks.expected_length import ExpectedLengthPlugin
from pytest_djworkers.run.hooks.limits import LimitsPlugin
from pytest_djworkers.run.hooks.loads import LoadsPlugin
from pytest_djworkers.run.hooks.lock_wait import LockWaitPlugin
from pytest_djworkers.run.hooks.progress import ProgressPlugin
from pytest_djworkers.run.hooks.results import ResultsPlugin
from pytest_djworkers.run.hooks.seed import SeedPlugin
from pytest_djworkers.run.hooks.teardown import TeardownPlugin
from pytest_djworkers.run.hooks.time_limits import (
    BURST_ADVICE,
    TimeLimitsPlugin,
    comparison_advice,
)
from pytest_djworkers.run.live.burst_progress import BurstProgress
from pytest_djworkers.run.site.django_settings import settings_module
from pytest_djworkers.run.site.https import sent_for_proxy
from pytest_djworkers.run.site.served_application import left_in_settings, served_applications
from pytest_djworkers.run.stash import PROGRESS, RUN
from pytest_djworkers.run.xdist import XdistWorker, has_xdist_workers
from pytest_djworkers.settings.reading import read_settings
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.system.interrupts import Interrupts


def activate(config: pytest.Config) -> None:
    """Check the settings, and register the hooks. Raises pytest.UsageError.

    Nothing is registered if no backend is chosen.
    """
    config.stash[PROGRESS] = progress = BurstProgress()
    lock_wait = LockWaitPlugin(config, progress)
    try:
        settings = _checked_settings(config)
        if settings is None:
            return
        worker = XdistWorker.of(config)
        if worker is not None:
            settings = settings.with_seed(worker.told.seed)
        kept = _cache_folder(config, "djworkers-environments")
        run = RunContext.begin(settings, worker, lock_wait, kept, progress)
        bisection = _bisection(config, run)
    except SettingsError as error:
        raise pytest.UsageError(printable(str(error))) from None
    # From here on, fixtures know that backends are chosen.
    config.stash[RUN] = run
    interrupts = Interrupts()
    interrupts.take(signal.SIGTERM)
    # pytest calls these in the opposite order: a signal is ours until nothing is left to clean up.
    config.add_cleanup(interrupts.end)
    config.add_cleanup(run.end)
    plugins: dict[str, object] = {
        "collection": CollectionPlugin(run),
        "databases": DatabasesPlugin(run),
        "seed": SeedPlugin(),
        "limits": LimitsPlugin(run),
        "results": ResultsPlugin(run, ("pytest", *map(str, config.invocation_params.args))),
        "teardown": TeardownPlugin(interrupts),
        "lock-wait": lock_wait,
        "progress": ProgressPlugin(config, progress),
    }
    if bisection is None:
        plugins["expected-length"] = ExpectedLengthPlugin(settings)
    else:
        plugins["bisection"] = bisection
    flags = settings.comparison_flags
    advice = BURST_ADVICE if flags is None else comparison_advice(flags.budget_s)
    plugins["ended-by-timeout"] = EndedByTimeoutPlugin(advice)
    if flags is None:
        plugins["loads"] = LoadsPlugin(settings)
    plugins |= _comparison_plugins(settings, lock_wait)
    plugins |= _xdist_plugins(config, run)
    for name, plugin in plugins.items():
        config.pluginmanager.register(plugin, f"djworkers-{name}")


def _comparison_plugins(settings: Settings, lock_wait: LockWaitPlugin) -> dict[str, object]:
    """Return the plugins that only a comparison needs."""
    flags = settings.comparison_flags
    if flags is None:
        return {}
    plugins: dict[str, object] = {"time-limits": TimeLimitsPlugin(flags.budget_s)}
    if flags.budget_s is not None:
        # Other runs don't wait for its modules.
        from pytest_djworkers.run.budget.stopwatch import Stopwatch
        from pytest_djworkers.run.hooks.budget import BudgetPlugin

        stopwatch = Stopwatch(lambda: lock_wait.all_waited_s)
        plugins["budget"] = BudgetPlugin(settings, flags.budget_s, stopwatch)
    return plugins


def _xdist_plugins(config: pytest.Config, run: RunContext) -> dict[str, object]:
    """Return the plugins that only a run of pytest-xdist needs."""
    if run.xdist is not None and run.beside is not None:
        from pytest_djworkers.run.hooks.xdist_worker import XdistWorkerPlugin

        # pytest cleans nothing up in a worker whose connection to the controller is gone.
        atexit.register(run.xdist.clean_up)
        return {"xdist-worker": XdistWorkerPlugin(run, run.xdist, run.beside)}
    if has_xdist_workers(config):
        from pytest_djworkers.run.hooks.xdist_controller import XdistControllerPlugin

        return {"xdist-controller": XdistControllerPlugin(config, run)}
    return {}


def _checked_settings(config: pytest.Config) -> Settings | None:
    settings = read_settings(config)
    if settings is None:
        if actions := [flag for flag in ACTIONS if config.getoption(flag)]:
            raise SettingsError(
                f"--{actions[0].replace('_', '-')}: there is nothing to measure: choose backends"
                " with --djworkers=NAME,NAME"
            )
        return None
    _check_django(config)
    _check_aliases(settings.left_out)
    if settings.origin is not None:
        return settings
    notes = (
        *served_applications(settings),
        *left_in_settings(settings),
        *sent_for_proxy(settings),
    )
    return replace(settings, site_notes=notes)


def _check_django(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin("django"):
        raise SettingsError("--djworkers needs pytest-django, which is not active (-p no:django?)")
    from pytest_django.lazy_django import django_settings_is_configured

    if not django_settings_is_configured():
        raise SettingsError(
            "--djworkers: no Django settings: set DJANGO_SETTINGS_MODULE in pytest's"
            " configuration or the environment, or use --ds"
        )
    if not settings_module():
        raise SettingsError(
            "--djworkers: the Django settings were made by settings.configure(), which a server in"
            " another process can't import: put them into a module"
        )


def _check_aliases(left_out: tuple[str, ...]) -> None:
    from django.conf import settings

    if unknown := [alias for alias in left_out if alias not in settings.DATABASES]:
        raise SettingsError(
            f"--djworkers-ignore-database={unknown[0]}: there is no such alias in DATABASES (it"
            f" has: {', '.join(settings.DATABASES)})"
        )


def _bisection(config: pytest.Config, run: RunContext) -> object | None:
    """Return the plugin of a run that bisects; None for others. Raises SettingsError."""
    flags, setup = run.settings.comparison_flags, run.comparison_setup
    if flags is None or setup is None or not flags.bisects:
        return None
    # Other runs don't wait for its modules.
    from pytest_djworkers.run.bisection.search import Search
    from pytest_djworkers.run.hooks.bisection import BisectionPlugin

    search = Search(
        run.settings,
        setup,
        environments=_cache_folder(config, "djworkers-environments"),
        verdicts=_cache_folder(config, "djworkers-bisections"),
    )
    return BisectionPlugin(config, run, search)


def _cache_folder(config: pytest.Config, name: str) -> Callable[[], Path] | None:
    """Return what gives a folder in pytest's cache; None without the cache."""
    # Under -p no:cacheprovider there is none.
    cache = getattr(config, "cache", None)
    return None if cache is None else partial(cache.mkdir, name)
